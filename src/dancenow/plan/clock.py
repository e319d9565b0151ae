"""Beats and seconds of a dance, and how messages tell them."""

from __future__ import annotations

from typing import Final

import numpy as np

from dancenow.music import Music
from dancenow.plan.document import LONGEST, DancePlan

_FINEST: Final = 2  # digits of a beat


class Clock:
    """Converts a document's unit into seconds of the dance.

    Args:
        plan: the document.
        music: its music, analysed.

    Attributes:
        beats: seconds of the beats; empty if there are none.

    Raises:
        InputError: there are no beats to count in; the message tells the line.
    """

    def __init__(self, plan: DancePlan, music: Music | None) -> None:
        self.beats = np.empty(0) if music is None else music.beats
        if music is None and plan.bpm is not None:
            self.beats = np.arange((plan.first_beat or 0.0), LONGEST, 60 / plan.bpm)
        self._counts = plan.unit == "beats"
        if not self._counts:
            return
        if music is None and plan.bpm is not None and not len(self.beats):
            raise plan.fault("`first_beat`: is later than any dance.", "first_beat")
        if not len(self.beats):
            raise plan.fault(
                "`unit`: no clear beat is heard in the music; add `bpm`."
                if music is not None
                else "`unit`: without `music`, beats need `bpm`.",
                "unit",
            )
        self._step = float(np.diff(self.beats).mean()) if len(self.beats) > 1 else 0.5

    def __call__(self, at: float) -> float:
        """Seconds of a time in the unit; beats go on before the first and after the last."""
        if not self._counts:
            return at
        last = len(self.beats) - 1
        inside = float(np.interp(at, np.arange(last + 1), self.beats))
        return inside + self._step * (min(at, 0.0) + max(at - last, 0.0))

    def back(self, seconds: float) -> float:
        """The inverse."""
        if not self._counts:
            return seconds
        last = len(self.beats) - 1
        inside = float(np.interp(seconds, self.beats, np.arange(last + 1)))
        outside = min(seconds - self.beats[0], 0.0) + max(seconds - self.beats[-1], 0.0)
        return inside + float(outside) / self._step

    def moment(self, seconds: float) -> str:
        """A moment for people, in the document's unit: "6.00 s", or "beat 12 (6.00 s)"."""
        if not self._counts:
            return f"{seconds:.2f} s"
        return f"beat {round(self.back(seconds), _FINEST) + 0:g} ({seconds:.2f} s)"
