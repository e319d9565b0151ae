"""How long a stage of a job will still take."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_WARM_UP: Final = 2.0  # seconds after which the rate can be trusted


class EtaEstimator:
    """Estimates the time left from the rate so far.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage, self._start, self._first = "", 0.0, 0.0

    def seconds_left(self, stage: str, done: float, total: float | None, unit: str) -> float | None:
        """Seconds until `stage` is over; None where that is unknown.

        Args:
            stage: what is being done.
            done: how much of it is done.
            total: how much there is to do.
            unit: what is counted; seconds ("s") need no estimate.
        """
        now = self._clock()
        if stage != self._stage:
            self._stage, self._start, self._first = stage, now, done
        if total is None:
            return None
        rest = max(0.0, total - done)
        if unit == "s" or rest == 0:
            return rest
        # A resumed training does not start at 0: only what was done since counts.
        spent, progress = now - self._start, done - self._first
        if spent < _WARM_UP or progress <= 0:
            return None
        return rest * spent / progress
