"""How long a stage of a job still takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_FIRST: Final = 2.0  # seconds; before, nobody knows the pace


class Pace:
    """Guesses the time left from the pace so far.

    Args:
        now: the clock that is read, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._stage, self._began, self._first = "", 0.0, 0.0

    def left(self, stage: str, done: float, total: float | None, unit: str) -> float | None:
        """Seconds until `stage` is over; None where nobody knows.

        Args:
            stage: what is being done.
            done: how much of it is done.
            total: of how much.
            unit: what is counted; seconds ("s") need no guess.
        """
        now = self._now()
        if stage != self._stage:
            self._stage, self._began, self._first = stage, now, done
        if total is None:
            return None
        rest = max(0.0, total - done)
        if unit == "s" or rest == 0:
            return rest
        spent, gone = now - self._began, done - self._first
        if spent < _FIRST or gone <= 0:
            return None
        return rest * spent / gone
