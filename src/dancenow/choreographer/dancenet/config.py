"""How a choreographer of pictures is configured; each field is explained below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, field_validator

from dancenow.choreographer.config import MethodConfig
from dancenow.schema import Count, Depth, Minutes, Schema, Share, Step, Weight, Width

Background = Literal["auto", "threshold", "person", "grey", "colour"]
UNCUT: Final = ("grey", "colour")
"""The backgrounds that stay: no figure is found and cut out."""


class PictureConfig(Schema):
    """The pictures that are learned."""

    height: int = Field(default=120, le=4096)
    """In pixels; a multiple of 8."""
    width: int = Field(default=208, le=4096)
    """In pixels; a multiple of 8."""
    background: Background = "auto"
    """How the background is removed; "auto" looks at the clip."""
    crop: Literal["auto", "off"] = "off"
    """"auto" shows the part of the frame that the figure ever reaches, in its own shape; "off" the
    whole frame, as the original does."""
    reshape: bool = False
    """Give the pictures the crop's shape; `height` times `width` is then their number of pixels."""
    colour: bool = False
    """Learn the figure's colours beside its silhouette."""
    stride: Count | None = None
    """One in this many frames is kept; None: 4, or fewer where the clip is short."""

    @field_validator("height", "width")
    @classmethod
    def _pooled_thrice(cls, value: int) -> int:
        if value < 8 or value % 8:
            raise ValueError("must be a multiple of 8")
        return value

    @property
    def channels(self) -> int:
        """Channels of a picture: grey; red, green and blue; or these and the silhouette."""
        if self.colour:
            return 4
        return 3 if self.background == "colour" else 1

    @property
    def silhouettes(self) -> bool:
        """Whether the pictures are silhouettes: white figures on black."""
        return self.cuts_out and not self.colour

    @property
    def cuts_out(self) -> bool:
        """Whether a figure is found and cut out."""
        return self.background not in UNCUT


class VAEConfig(Schema):
    """The autoencoder's size and its training (DanceNet's own values)."""

    latent: Width = 128
    filters: tuple[Width, Width, Width] = (128, 64, 32)
    dense: Width = 128
    optimizer: Literal["rmsprop", "adam"] = "rmsprop"
    learning_rate: Step = 1e-3
    decay: Share = 0.9
    """Of RMSprop's mean square."""
    epsilon: Step = 1e-7
    batch: Width = 100
    epochs: Count | None = 50
    """Default length of the training; None: `FrameChoreographerConfig.minutes` decides."""
    absolute: Weight = 0.0
    """Weight of the absolute difference of pixels beside the cross-entropy: crisp edges."""
    anneal: bool = False
    """Let the learning rate fall along half a cosine."""
    strided: bool = False
    """The layers at the picture's own size are convolutions of stride 2 instead of convolutions
    with pooling and with upsampling: of a large picture they take half the time."""


class SequenceConfig(Schema):
    """The LSTM, its mixture density network and their training."""

    hidden: Width = 512
    layers: Depth = 3
    dropout: Share = 0.4
    dense: Width = 1000
    mixtures: Width = 24
    gate: Literal["sigmoid", "hard_sigmoid"] = "sigmoid"
    """What the LSTM's gates compute; "hard_sigmoid" is clip(0.2 x + 0.5, 0, 1), as Keras before
    2.3 has it."""
    principal_axes: bool = False
    """Turn the latents to their principal axes before they are scaled: along these the steps of a
    dance are nearly independent, as the mixture's diagonal Gaussians assume."""
    residual: bool = False
    """Means are relative to what a linear model of the dance expects next, not to 0."""
    learning_rate: Step = 5e-4
    window: Width = 32
    """Latents in a window: how far back-propagation through time reaches."""
    batch: Width = 32
    """Windows side by side; each continues where the previous step left it."""
    input_noise: Weight = 0.0
    """Standard deviation of the noise that is added to the scaled inputs in training."""
    epochs: Count | None = None
    """Default length of the training; None: `FrameChoreographerConfig.minutes` decides."""
    held_out: Share = 0.2
    """The last part of every clip, kept for measuring."""


class FrameChoreographerConfig(MethodConfig):
    """Everything that decides how a choreographer of pictures is trained."""

    codec: Literal["frame"] = "frame"
    picture: PictureConfig = PictureConfig()
    vae: VAEConfig = VAEConfig()
    sequence: SequenceConfig = SequenceConfig()
    reference: bool = False
    """Train and generate as the original does: drawn latents, one at a time, no memory."""
    neighbours: int = Field(default=0, ge=0, le=1000)
    """A drawn latent is replaced by a blend of this many learned ones, the nearest; 0: by none."""
    minutes: Minutes = 6.0
    """Default length of both trainings together."""
    codec_share: Share = 0.6
    """The autoencoder's share of the time."""
    calibration_seconds: float = Field(default=15.0, gt=0, le=3600)
    """Length of the dances by which the default temperature is found."""


# DanceNet has most filters where the picture is largest: a quarter of them there, and more where it
# is small, learn three times as much in the same time.
_FAST_VAE = VAEConfig(
    filters=(32, 64, 64), optimizer="adam", batch=12, epochs=None, absolute=3.0, anneal=True
)
# Without these two, what a short dance teaches in minutes is a jitter (see docs/dancenet.md).
_FAST_SEQUENCE = SequenceConfig(principal_axes=True, residual=True, batch=8)

PRESETS: Final[Mapping[str, FrameChoreographerConfig]] = {
    "fast": FrameChoreographerConfig(
        preset="fast",
        picture=PictureConfig(crop="auto", reshape=True),
        vae=_FAST_VAE,
        sequence=_FAST_SEQUENCE,
        neighbours=6,
    ),
    "dancenet": FrameChoreographerConfig(preset="dancenet", sequence=SequenceConfig(epochs=300)),
    "tiny": FrameChoreographerConfig(
        preset="tiny",
        picture=PictureConfig(height=64, width=64, crop="auto"),
        vae=VAEConfig(
            latent=32,
            filters=(16, 32, 64),
            dense=64,
            optimizer="adam",
            batch=12,
            epochs=None,
            absolute=3.0,
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
        neighbours=6,
        minutes=0.5,
        calibration_seconds=4.0,
    ),
}


# Steps of the autoencoder and of the sequence network below which the result is visibly worse.
# Two cores make twice as many in the default six minutes (docs/performance.md); the sequence
# network's are those of 72 s, which docs/dancenet.md measures.  `tiny` is for trying out, and
# `dancenet` has epochs of its own.
ENOUGH_STEPS: Final[Mapping[str, tuple[int, int]]] = {"fast": (900, 700)}


# A picture in colours has three times the pixels, and needs as much time with fewer filters.
_COLOUR_SIZE: Final = {"height": 208, "width": 360, "reshape": True}
_COLOUR_LAYERS: Final = {"filters": (32, 32, 32), "strided": True}


def in_colours(config: FrameChoreographerConfig) -> FrameChoreographerConfig:
    """The configuration to dream the figure in its colours: larger pictures, but for `tiny`."""
    picture: dict[str, Any] = {"colour": True}
    vae = config.vae
    if config.preset != "tiny":
        picture |= _COLOUR_SIZE
    if config.preset == "fast":
        vae = vae.model_copy(update=_COLOUR_LAYERS)
    changed = config.picture.model_copy(update=picture)
    return config.model_copy(update={"picture": changed, "vae": vae})


def read_config(values: Mapping[str, Any]) -> FrameChoreographerConfig:
    """The configuration in a `config.json`; one class once held the fields of both methods."""
    return FrameChoreographerConfig.model_validate(
        {name: value for name, value in values.items() if name != "motion"}
    )
