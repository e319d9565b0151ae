"""What is told of a dance that was composed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dancenow.errors import counted
from dancenow.progress import StageTimes


@dataclass(frozen=True)
class Composed:
    """A dance that was composed.

    Attributes:
        output: the clip, track or capture; of several dancers, the first one's.
        frames: number of frames.
        fps: frames per second.
        size: width and height in pixels.
        segments: of the plan.
        stretches: how many stretches were composed, filled or joined.
        reused: how many of them had not changed since they were made before.
        times: seconds of each stage.
        credentials: whether the clip carries Content Credentials.
        others: the further dancers' files.
        dancers: their names in the plan; "" is who has none.
    """

    output: Path
    frames: int
    fps: float
    size: tuple[int, int]
    segments: int
    stretches: int
    reused: int
    times: StageTimes
    credentials: bool = False
    others: tuple[Path, ...] = ()
    dancers: tuple[str, ...] = ("",)

    def summary(self) -> str:
        """One line for the user."""
        spent = ", ".join(f"{name} {s:.1f} s" for name, s in self.times.rounded().items())
        files = ", ".join(map(str, (self.output, *self.others)))
        return (
            f"{files}: {counted(self.frames, 'frame')} at {self.fps:.4g} a second out of "
            f"{counted(self.segments, 'segment')}{self._parts()}{self._cast()} ({spent})"
        )

    def _parts(self) -> str:
        """What was composed, as distinct from found in the cache."""
        if not self.stretches:
            return ""
        old = {0: "all made now", self.stretches: "all from the cache"}
        found = old.get(self.reused, f"{self.reused:,} of them from the cache")
        return f"; {counted(self.stretches, 'part')} composed, filled or joined, {found}"

    def _cast(self) -> str:
        """Who dances, if there are several: a mistyped name makes another dancer."""
        if len(self.dancers) == 1:
            return ""
        names = ", ".join(name or "one without a name" for name in self.dancers)
        each = ", a file for each" if self.others else ""
        return f"; the plan has {len(self.dancers)} dancers ({names}){each}"
