"""What may be changed in a preset; a method refuses what it has no use for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class PresetOptions:
    """Changes to a preset.  Today only the presets of the paper's system, edn-..., have them.

    Attributes:
        size: longer side of the painted picture in pixels; None: the preset's.
        batch: pairs of frames a step on every device; None: the preset's.
        vgg_weights: VGG-19's weights, where the model hub is out of reach.
        no_perceptual: train without the perceptual loss.
        per_frame: train without temporal smoothing.
        no_face: train without the face network.
        augment: move and scale the poses slightly at random.
        history: paint up to this many frames before a pair; None: the preset's.
        upsampling: "transposed" or "resize"; None: the preset's.
        devices: how many devices train together on every machine.
        nodes: how many machines train together.
    """

    size: int | None = None
    batch: int | None = None
    vgg_weights: Path | None = None
    no_perceptual: bool = False
    per_frame: bool = False
    no_face: bool = False
    augment: bool = False
    history: int | None = None
    upsampling: Literal["transposed", "resize"] | None = None
    devices: int = 1
    nodes: int = 1

    def changed(self) -> list[str]:
        """Names of the fields that are not at their defaults."""
        return [each.name for each in fields(self) if getattr(self, each.name) != each.default]
