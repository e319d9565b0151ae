"""How long-running work reports progress: one callback, one small event."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Progress:
    """A step forward in one stage of a longer job.

    Attributes:
        stage: what is being done, in words ("detecting poses in dance.mp4").
        done: how much of the stage is done, in `unit`s.
        total: how much there is to do, or None if unknown.
        unit: what is counted: "frames", "steps", "s".
        note: the latest figure worth showing ("loss 0.031"), or "".
        picture: the newest picture that was made, uint8 `(H, W, 3)` RGB or `(H, W, 4)` RGBA, valid
            during the call; None where none is made.
    """

    stage: str
    done: float
    total: float | None = None
    unit: str = "frames"
    note: str = ""
    picture: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)


ProgressCallback = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """A progress callback that reports nothing."""


@dataclass
class StageTimes:
    """Seconds spent in each named stage of a job, in the order in which they began."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside the block to `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + spent

    def rounded(self) -> dict[str, float]:
        """The same, to a hundredth of a second."""
        return {name: round(seconds, 2) for name, seconds in self.seconds.items()}
