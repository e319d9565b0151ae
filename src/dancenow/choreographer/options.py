"""How a choreographer is trained: what is asked for, and the job that a method makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

from dancenow.choreographer.config import ConfigT
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.training import Budget, Device
from dancenow.training.logs import LoggerName


@dataclass(frozen=True)
class ChoreographyOptions:
    """How a choreographer is trained.

    Attributes:
        preset: name of the configuration.
        codec: "frame", DanceNet's, or "pose".
        minutes: budget of all its networks together; the preset's own where neither this nor
            `steps` is given.
        steps: likewise, in steps.
        background: how the background is removed: auto, threshold, person, grey or colour.
        stride: one of this many frames is learned; None: what suits the clip.
        reference: train and generate as the original does.
        device: "auto", "cpu", "cuda" or "mps".
        seed: of the weights and of everything that is drawn.
        logger: where losses and previews are logged.
    """

    preset: str = "fast"
    codec: str = "frame"
    minutes: float | None = None
    steps: int | None = None
    background: str | None = None
    stride: int | None = None
    reference: bool = False
    device: str = "auto"
    seed: int = 0
    logger: LoggerName = "tensorboard"

    def budget(self, share: float = 1.0) -> Budget | None:
        """The part of what was asked for; None where nothing was.

        Raises:
            InputError: it makes no sense.
        """
        if self.minutes is None and self.steps is None:
            return None
        whole = Budget(self.minutes, self.steps)
        if share == 1:
            return whole
        return Budget(
            None if whole.minutes is None else share * whole.minutes,
            None if whole.steps is None else max(1, round(share * whole.steps)),
        )


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
    options: ChoreographyOptions
    device: Device
    times: StageTimes = field(default_factory=StageTimes)
    progress: ProgressCallback = silent
