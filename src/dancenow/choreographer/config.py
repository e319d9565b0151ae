"""Named configurations of a choreographer.  What a field means stands beside it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dancenow.errors import InputError

Background = Literal["auto", "threshold", "person", "grey", "colour"]
BACKGROUNDS: tuple[Background, ...] = ("auto", "threshold", "person", "grey", "colour")


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PictureConfig(_Config):
    """The pictures that are learned."""

    height: int = 120
    """In px; a multiple of 8."""
    width: int = 208
    """In px; a multiple of 8."""
    background: Background = "auto"
    """How the background is removed; "auto" looks at the clip."""
    stride: int | None = Field(default=None, ge=1)
    """Every so many-th frame is kept; None: 4, or fewer where the clip is short."""

    @field_validator("height", "width")
    @classmethod
    def _pooled_thrice(cls, value: int) -> int:
        if value < 8 or value % 8:
            raise ValueError("must be a multiple of 8")
        return value

    @property
    def channels(self) -> int:
        """Channels of a picture."""
        return 3 if self.background == "colour" else 1


class VAEConfig(_Config):
    """The autoencoder's size and its training (DanceNet's own values)."""

    latent: int = 128
    filters: tuple[int, int, int] = (128, 64, 32)
    dense: int = 128
    optimizer: Literal["rmsprop", "adam"] = "rmsprop"
    learning_rate: float = 1e-3
    decay: float = 0.9
    """Of RMSprop's mean square."""
    epsilon: float = 1e-7
    batch: int = 100
    epochs: int | None = 50
    """How long to train when nobody says; None: `ChoreographerConfig.minutes` decide."""
    anneal: bool = False
    """Let the learning rate fall along half a cosine."""


class SequenceConfig(_Config):
    """The LSTM, its mixture density network and their training."""

    hidden: int = 512
    layers: int = 3
    dropout: float = 0.4
    dense: int = 1000
    mixtures: int = 24
    gate: Literal["sigmoid", "hard_sigmoid"] = "sigmoid"
    """What the LSTM's gates compute; "hard_sigmoid" is clip(0.2 x + 0.5, 0, 1), as Keras before
    2.3 has it."""
    principal_axes: bool = False
    """Turn the latents to their principal axes before they are scaled: along these the steps of a
    dance are nearly independent, as the mixture's diagonal Gaussians want them."""
    residual: bool = False
    """Means count from what a linear model of the dance expects next, and not from 0."""
    learning_rate: float = 5e-4
    window: int = 32
    """Latents of a window: how far back-propagation through time goes."""
    batch: int = 32
    """Windows, side by side; each goes on where the step before left it."""
    input_noise: float = 0.0
    """Standard deviation of the noise that is added to the scaled inputs in training."""
    epochs: int | None = None
    """How often the dance is gone through when nobody says how long; None:
    `ChoreographerConfig.minutes` decide."""
    held_out: float = 0.2
    """The last part of every clip, kept for measuring."""


class MotionConfig(_Config):
    """The diffusion model of motion and its training (pose codec)."""

    window: int = 64
    """Vectors that are denoised together, 15 a second."""
    width: int = 192
    heads: int = 4
    layers: int = 4
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warmup_steps: int = 50
    batch: int = 32
    average_decay: float = 0.995
    """Decay of the averaged weights, a step."""
    noise_mean: float = -0.6
    """Mean of the logarithm of the noise level, in training."""
    noise_deviation: float = 1.3
    pace: float = 0.2
    """Weight of what is missed of the changes from vector to vector."""
    joints: float = 0.1
    """Weight of what is missed of the joints' places and speeds."""
    stray: float = 0.15
    """How far what a dance goes on from strays in training, in standard deviations."""
    mirror: bool = True
    """Learn every dance also as seen in a mirror."""
    held_out: float = 0.1
    """The last part of every clip, kept for measuring."""

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> MotionConfig:
        if min(self.width, self.heads) < 1 or self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {self.width}")
        return self


class ChoreographerConfig(_Config):
    """Everything that decides how a choreographer is trained."""

    preset: str
    codec: Literal["frame", "pose"] = "frame"
    picture: PictureConfig = PictureConfig()
    vae: VAEConfig = VAEConfig()
    sequence: SequenceConfig = SequenceConfig()
    motion: MotionConfig = MotionConfig()
    reference: bool = False
    """Train and generate as the original does: drawn latents, one at a time, no memory."""
    minutes: float = 6.0
    """How long to train when nobody says."""
    codec_share: float = 0.6
    """The part of the time that the autoencoder gets."""


# DanceNet's filters are most where the picture is largest: a quarter of them there, and more where
# it is small, learn three times as much in the same minutes.
_FAST_VAE = VAEConfig(filters=(32, 64, 64), optimizer="adam", batch=12, epochs=None, anneal=True)
# Without these two, what a short dance teaches in minutes is a jitter (see docs/dancenet.md).
_FAST_SEQUENCE = SequenceConfig(principal_axes=True, residual=True, batch=8)

PRESETS: dict[str, ChoreographerConfig] = {
    "fast": ChoreographerConfig(preset="fast", vae=_FAST_VAE, sequence=_FAST_SEQUENCE),
    "dancenet": ChoreographerConfig(preset="dancenet", sequence=SequenceConfig(epochs=300)),
    "tiny": ChoreographerConfig(
        preset="tiny",
        picture=PictureConfig(height=64, width=64),
        vae=VAEConfig(
            latent=32,
            filters=(16, 32, 64),
            dense=64,
            optimizer="adam",
            batch=12,
            epochs=None,
            anneal=True,
        ),
        sequence=SequenceConfig(
            hidden=128,
            layers=2,
            dropout=0.1,
            dense=128,
            mixtures=8,
            principal_axes=True,
            residual=True,
            window=16,
            batch=8,
        ),
        motion=MotionConfig(window=40, width=96, heads=2, layers=3, batch=16),
        minutes=0.5,
    ),
}


def choreographer_preset(name: str) -> ChoreographerConfig:
    """The preset of that name.

    Raises:
        InputError: there is none.
    """
    if name not in PRESETS:
        raise InputError(f"--preset {name}: unknown; choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]
