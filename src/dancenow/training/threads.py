"""How many threads compute, chosen by measuring, and chosen again while the work runs.

Threads that share one layer's work wait for the slowest of them.  Beside another busy program one
of them always is slow, and fewer threads are then faster; on an idle computer more are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import torch

_TRIAL_SECONDS: Final = 0.3  # that one count is tried for, at least
_TRIAL_UNITS: Final = 2  # of work, likewise
_INTERVAL_SECONDS: Final = 10.0  # between two trials, at least
_TRIAL_SHARE: Final = 0.03  # of the time that trials may take
_GAIN: Final = 1.05  # by which another count must be faster to be taken
_DEFAULT: Final = torch.get_num_threads()  # before any tuner changed it


class ThreadTuner:
    """Measures pieces of work and sets the number of PyTorch's threads to the fastest.

    Args:
        most: the largest number of threads; None: PyTorch's default.
        now: the clock that is read, in seconds.
        apply: sets the number of threads.
    """

    def __init__(
        self,
        most: int | None = None,
        *,
        now: Callable[[], float] = time.perf_counter,
        apply: Callable[[int], None] = torch.set_num_threads,
    ) -> None:
        most = _DEFAULT if most is None else most
        self._counts = sorted({1, max(1, most // 2), most}, reverse=True)
        self._now, self._apply = now, apply
        self.threads = most
        self._rates: dict[int, float] = {}  # units of work a second, in the trial at hand
        self._untried = list(self._counts)
        self._units, self._seconds = 0, 0.0  # of the count that is being tried
        self._settled = False  # the first work with a count also starts threads and plans memory
        self._trial_began = self._next_trial = now()

    @contextmanager
    def measure(self, units: int = 1) -> Iterator[None]:
        """Compute the work inside the block with the number of threads that is due.

        Args:
            units: how much work it is: steps, frames.
        """
        if len(self._counts) == 1:
            yield
            return
        self._apply(self.threads)  # every time: other work may have its own tuner
        start = self._now()
        yield
        self._tell(units, self._now() - start)

    def _tell(self, units: int, seconds: float) -> None:
        if not self._untried:
            if self._now() < self._next_trial:
                return
            # The count in use is tried first, under the conditions of the others.
            self._untried = sorted(self._counts, key=lambda count: count != self.threads)
            self._rates, self._trial_began = {}, self._now()
            self._units, self._seconds = 0, 0.0
            return
        if not self._settled:
            self._settled = True
            return
        self._units, self._seconds = self._units + units, self._seconds + seconds
        if self._units < _TRIAL_UNITS or self._seconds < _TRIAL_SECONDS:
            return
        self._rates[self._untried.pop(0)] = self._units / self._seconds
        self._units, self._seconds = 0, 0.0
        self._settled = False
        if self._untried:
            self.threads = self._untried[0]
        else:
            self._choose()

    def _choose(self) -> None:
        first, *others = self._rates  # the first is the one that was in use
        best = max(others, key=self._rates.__getitem__)
        self.threads = best if self._rates[best] > _GAIN * self._rates[first] else first
        now = self._now()
        spent = now - self._trial_began
        self._next_trial = now + max(_INTERVAL_SECONDS, spent / _TRIAL_SHARE)
