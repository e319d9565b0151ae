"""Options that only the presets of the paper's system have."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from dancenow.errors import InputError
from dancenow.performer.edn.config import AUGMENTED, EDNConfig


@dataclass(frozen=True)
class PaperOptions:
    """What may be changed in a preset of the paper's system.

    Attributes:
        size: longer side of the painted picture in px; None: the preset's.
        batch: pairs of frames a step on every device; None: the preset's.
        vgg_weights: VGG-19's weights, where the model hub is out of reach.
        no_perceptual: go without the perceptual loss.
        per_frame: go without temporal smoothing.
        no_face: go without the face network.
        augment: move and scale the poses slightly at random.
        history: up to so many frames are painted before a pair; None: the preset's.
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

    def applied(self, config: EDNConfig) -> EDNConfig:
        """The configuration with these options in it.

        Raises:
            InputError: an option has no possible value.
        """
        update: dict[str, Any] = {"temporal": not self.per_frame}
        if self.size is not None:
            update["size"] = self.size
        if self.batch is not None:
            if self.batch < 1:
                raise InputError(f"--batch {self.batch}: must be at least 1.")
            update["optimizer"] = config.optimizer.model_copy(update={"batch": self.batch})
        if self.no_perceptual and self.vgg_weights is not None:
            raise InputError("--vgg-weights: is not used with --no-perceptual; leave one out.")
        if self.no_perceptual:
            update["loss"] = config.loss.model_copy(update={"perceptual": 0.0})
        elif self.vgg_weights is not None and not config.loss.perceptual:
            raise InputError(
                f"--vgg-weights: --preset {config.preset} has no perceptual loss; leave it out."
            )
        if self.no_face:
            update["stages"] = tuple(s for s in config.stages if s.name != "face")
        if self.augment:
            update["augment"] = AUGMENTED
        if self.history is not None:
            if self.history < 0:
                raise InputError(f"--history {self.history}: must be at least 0.")
            update["history"] = self.history
        if self.upsampling is not None:
            networks = config.networks.model_copy(update={"upsampling": self.upsampling})
            update["networks"] = networks
        return config.model_copy(update=update)

    def refuse(self, preset: str) -> None:
        """Raise `InputError` where an option is given to a preset that does not have it."""
        for field in fields(self):
            if getattr(self, field.name) != field.default:
                raise InputError(
                    f"--{field.name.replace('_', '-')}: --preset {preset} does not have it; "
                    "choose --preset edn-512 or edn-1024, or leave it out."
                )
