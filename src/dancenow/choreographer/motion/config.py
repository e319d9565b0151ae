"""How a choreographer of poses is configured; each field is explained below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from dancenow.choreographer.config import MethodConfig
from dancenow.schema import Count, Depth, Minutes, Schema, Share, Step, Weight, Width


class MotionConfig(Schema):
    """The diffusion model of motion and its training (pose codec)."""

    window: Width = 64
    """Vectors that are denoised together, 15 a second."""
    width: Width = 192
    heads: Depth = 4
    layers: Depth = 4
    learning_rate: Step = 1e-3
    weight_decay: Share = 0.02
    warmup_steps: Count = 50
    batch: Width = 32
    average_decay: Share = 0.995
    """Decay of the averaged weights, a step."""
    noise_mean: float = Field(default=-0.6, ge=-20, le=20)
    """Mean of the logarithm of the noise level, in training."""
    noise_deviation: float = Field(default=1.3, ge=0, le=20)
    pace: Weight = 0.2
    """Weight of the error of the changes from vector to vector."""
    joints: Weight = 0.1
    """Weight of the error of the joints' places and speeds."""
    stray: Weight = 0.15
    """Noise on the given beginning of a window in training, in standard deviations."""
    mirror: bool = True
    """Learn every dance mirrored, too."""
    held_out: Share = 0.1
    """The last part of every clip, kept for measuring."""

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> MotionConfig:
        if min(self.width, self.heads) < 1 or self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {self.width}")
        return self


class PoseChoreographerConfig(MethodConfig):
    """Everything that decides how a choreographer of poses is trained."""

    codec: Literal["pose"] = "pose"
    motion: MotionConfig = MotionConfig()
    minutes: Minutes = 5.0
    """Default length of the training."""


PRESETS: Final[Mapping[str, PoseChoreographerConfig]] = {
    "fast": PoseChoreographerConfig(preset="fast"),
    "dancenet": PoseChoreographerConfig(preset="dancenet"),  # its pictures differ, not its motion
    "tiny": PoseChoreographerConfig(
        preset="tiny",
        motion=MotionConfig(window=40, width=96, heads=2, layers=3, batch=16),
        minutes=0.5,
    ),
}

# A network of 40 steps jitters, one of 1,200 to 2,400 dances well; `tiny` is for trying out.
ENOUGH_STEPS: Final[Mapping[str, int]] = {"fast": 600, "dancenet": 600}

# One class once held the fields of both methods.
_FORMER_FIELDS: Final = {"picture", "vae", "sequence", "reference", "codec_share"}


def read_config(values: Mapping[str, Any]) -> PoseChoreographerConfig:
    """The configuration in a `config.json`, of this or an older version."""
    return PoseChoreographerConfig.model_validate(
        {name: value for name, value in values.items() if name not in _FORMER_FIELDS}
    )
