"""How near a performer comes to a true clip of its person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from dancenow.evaluation.clip import ClipScores
from dancenow.progress import StageTimes

Seen = Literal["held out", "another clip", "learned", "unknown"]

SEEN_AS: Final = {
    "held out": "held out from its training",
    "another clip": "another clip than the one that was learned",
    "learned": "which were learned",
    "unknown": "and nobody knows whether they were learned",
}


@dataclass(frozen=True)
class PerformerScores:
    """A performer against a clip of its person.

    Attributes:
        folder: the performer.
        clip: the true clip.
        span: the frames of the clip that were performed, as in `range(*span)`.
        held_out: whether none of them was learned.
        seen: what they are to the performer: "held out" of the clip that it learned, from
            "another clip", "learned", or "unknown" where the performer does not tell.
        preset: how the performer was trained.
        scores: the performed frames against the true ones.
        fps_performed: frames painted a second, nothing else counted.
        times: seconds of each stage.
    """

    folder: Path
    clip: Path
    span: tuple[int, int]
    held_out: bool
    seen: Seen
    preset: str
    scores: ClipScores
    fps_performed: float
    times: StageTimes

    def lines(self) -> list[str]:
        """The figures for people, a line each."""
        start, stop = self.span
        return [
            f"{self.folder} (preset {self.preset}), frames {start} to {stop - 1} of {self.clip}, "
            f"{SEEN_AS[self.seen]}",
            *self.scores.lines(),
            f"painted {self.fps_performed:.1f} frames a second",
        ]
