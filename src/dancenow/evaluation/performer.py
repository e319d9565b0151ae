"""Comparing a performer with a true clip of its person, on frames that make a fair test."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from dancenow.errors import DanceNowWarning, InputError
from dancenow.evaluation.clip import ClipScores, PerFrame
from dancenow.evaluation.page import Compared, write_clip_page
from dancenow.hashing import content_hash
from dancenow.progress import StageTimes
from dancenow.video import ClipInfo

Seen = Literal["held out", "another clip", "learned", "unknown"]

_SEEN_WORDS: Final = {
    "held out": "held out from its training",
    "another clip": "another clip than the one that was learned",
    "learned": "which were learned",
    "unknown": "which may have been learned",
}
_FEWEST: Final = 2  # frames: one has no motion


@dataclass(frozen=True)
class PerformerScores:
    """A performer compared with a clip of its person.

    Attributes:
        folder: the performer.
        clip: the true clip.
        span: the performed frames of the clip, as in `range(*span)`.
        held_out: whether none of them was learned.
        seen: how they relate to the training: "held out" from it, of "another clip", "learned", or
            "unknown" if the performer has no record.
        preset: how the performer was trained.
        scores: the performed frames compared with the true ones.
        fps_performed: frames painted per second, excluding other work.
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

    def summary(self) -> str:
        """The figures for the user."""
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The figures for people, a line each."""
        start, stop = self.span
        return [
            f"{self.folder} (preset {self.preset}), frames {start} to {stop - 1} of {self.clip}, "
            f"{_SEEN_WORDS[self.seen]}",
            *self.scores.lines(),
            f"painted {self.fps_performed:.1f} frames a second",
        ]


def write_performer_page(
    folder: Path, measured: PerformerScores, frames: PerFrame, made: Path
) -> Path:
    """Write the page of an evaluated performer.

    Args:
        folder: where it goes, with the pictures.
        measured: the figures.
        frames: those of every frame.
        made: the performed clip.
    """
    start, stop = measured.span
    entries = {
        "performer": measured.folder.name,
        "preset": measured.preset,
        "clip": measured.clip.name,
        "frames": f"{start:,} to {stop - 1:,}, {_SEEN_WORDS[measured.seen]}",
        "painted": f"{measured.fps_performed:.1f} frames a second",
    }
    return write_clip_page(
        folder,
        f"{measured.folder.name} dances {measured.clip.name}",
        entries,
        measured.scores,
        frames,
        Compared(made, measured.clip, start),
        measured.times.seconds,
    )


def choose_span(info: ClipInfo, learned: Mapping[str, Any] | None) -> tuple[tuple[int, int], Seen]:
    """The frames of a clip that make a fair test of a performer, and their relation to it.

    Args:
        info: the clip.
        learned: the performer's record of its training clip; None if it has none.

    Returns:
        The frames, as in `range(*span)`: those after the learned ones, or all.

    Raises:
        InputError: there are too few.

    Warns:
        DanceNowWarning: the frames were learned, or may have been.
    """
    start, seen = 0, _relation(info, learned)
    if seen == "held out" and learned is not None:
        start = int(learned["stop"])
    if seen == "learned":
        warnings.warn(
            f"{info.path}: all of its frames were learned; train with `hold_out=0.2` for a fair "
            "figure.",
            DanceNowWarning,
            stacklevel=3,
        )
    if seen == "unknown":
        warnings.warn(
            f"{info.path}: this performer does not tell which frames it learned; if they are "
            "these, train it again with `hold_out=0.2` for a fair figure.",
            DanceNowWarning,
            stacklevel=3,
        )
    if info.frames - start < _FEWEST:
        raise InputError(
            f"{info.path}: too few frames to measure on ({info.frames - start}, at least "
            f"{_FEWEST} are needed); train with a larger `hold_out`, or give a longer clip."
        )
    return (start, info.frames), seen


def _relation(info: ClipInfo, learned: Mapping[str, Any] | None) -> Seen:
    if learned is None:
        return "unknown"
    if learned["clip"] != content_hash(info.path):
        return "another clip"
    return "held out" if learned["stop"] < info.frames else "learned"
