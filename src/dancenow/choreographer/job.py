"""A choreographer that is to be trained: what is asked for, and what a method made of it."""

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
    """A choreographer that is to be trained.

    Attributes:
        clips: what to learn from, one file or folder at least.
        config: what the method made of the options.
        options: budget, seed and logger.
        device: where the networks compute.
        times: the seconds of each stage are added to it.
        progress: told about every frame and step.
    """

    clips: list[Path]
    config: ConfigT
    options: TrainChoreographerOptions
    device: Device
    times: StageTimes = field(default_factory=StageTimes)
    progress: ProgressCallback = silent
