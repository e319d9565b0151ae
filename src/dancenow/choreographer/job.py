"""A choreographer to be trained: the options, and the configuration made from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

from dancenow.choreographer.config import ConfigT
from dancenow.options import TrainChoreographerOptions
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.training import Device


@dataclass(frozen=True)
class TrainingJob(Generic[ConfigT]):
    """A choreographer to be trained.

    Attributes:
        clips: at least one file or folder to learn from.
        config: made by the method from the options.
        options: budget, seed and logger.
        device: where the networks compute.
        times: the seconds of each stage are added to it.
        progress: called for every frame and step.
        styles: of each clip, "" if it has none; empty if none has.
    """

    clips: list[Path]
    config: ConfigT
    options: TrainChoreographerOptions
    device: Device
    times: StageTimes = field(default_factory=StageTimes)
    progress: ProgressCallback = silent
    styles: tuple[str, ...] = ()

    @property
    def budget(self) -> list[float | int | str | None]:
        """What the options say of the length, to tell whether the same was asked for before."""
        return [self.options.minutes, self.options.steps, self.options.quality]
