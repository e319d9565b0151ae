"""How a detector is configured; each field is explained below it."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, model_validator

from dancenow.schema import Count, Minutes, Schema, Share, Step, Width


class DetectorConfig(Schema):
    """Everything that decides how a detector is trained and how it looks."""

    canvas: Annotated[int, Field(ge=16, le=512)] = 384
    """Sides, in pixels, of the pictures that are cut around the person."""
    body: Annotated[int, Field(ge=8, le=512)] = 300
    """Height of the standing person in them, in pixels."""
    passages: Annotated[int, Field(ge=1, le=32)] = 10
    """How many passages of a clip are looked at."""
    frames: Annotated[int, Field(ge=3, le=16)] = 5
    """Consecutive frames of each."""
    recompressed: Annotated[int, Field(ge=0, le=8)] = 2
    """Copies of every learned clip that are compressed once more, some of them smaller."""
    crop: Width = 192
    """Sides of the parts that are learned."""
    widths: Annotated[tuple[Width, ...], Field(min_length=2, max_length=8)] = (24, 48, 64)
    """Channels of the layers, each of which halves the picture."""
    batch: Width = 16
    learning_rate: Step = 2e-3
    weight_decay: Share = 0.05
    warmup_steps: Count = 50
    average_decay: Share = 0.99
    """Decay of the averaged weights, a step."""
    dropout: Share = 0.2
    smoothing: Share = 0.05
    """How far the labels keep away from 0 and 1."""
    held_out: Share = 0.2
    """Part of the clips, of whole rooms where there are many, kept for calibration."""
    minutes: Minutes = 10.0
    """Default length of the training."""

    @model_validator(mode="after")
    def _parts_fit(self) -> DetectorConfig:
        if self.crop > self.canvas or not self.canvas / 4 <= self.body <= self.canvas:
            raise ValueError("parts and bodies do not fit into the pictures")
        sizes = [width * self.canvas**2 // 4**k for k, width in enumerate(self.widths)]
        if max(sizes) > _LARGEST:
            raise ValueError("layers that take too much memory")
        return self


RUN: Final = 3
"""Consecutive frames that the network sees at once."""
_LARGEST: Final = 2**25
"""Values of a layer for one run."""
ENOUGH_STEPS: Final = 1_000
"""Steps of a training that is not cut short."""
