"""The number of compute threads, measured repeatedly while the work runs.

Threads that share a layer wait for the slowest one.  Beside another busy program one thread is
always slow, so fewer threads are faster; on an idle computer more are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import torch

_TRIAL_SECONDS: Final = 0.3  # minimum length of a trial
_TRIAL_UNITS: Final = 2  # minimum work in a trial
_INTERVAL_SECONDS: Final = 10.0  # minimum time between trials
_TRIAL_SHARE: Final = 0.03  # maximum fraction of time spent on trials
_GAIN: Final = 1.05  # speed-up that another count needs to be chosen
_DEFAULT: Final = torch.get_num_threads()  # before any tuner changed it


def spare_cores() -> int:
    """Cores that may draw pictures while a GPU works, 1 to 8."""
    return min(8, max(1, _DEFAULT - 1))


class ThreadTuner:
    """Times pieces of work and sets PyTorch's number of threads to the fastest.

    Args:
        most: the largest number of threads; None: PyTorch's default.
        now: the clock to read, in seconds.
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
        self._rates: dict[int, float] = {}  # units of work per second in this trial
        self._untried = list(self._counts)
        self._units, self._seconds = 0, 0.0  # of the count that is being tried
        self._settled = False  # the first work with a count also starts threads and plans memory
        self._trial_began = self._next_trial = now()

    @contextmanager
    def measure(self, units: int = 1) -> Iterator[None]:
        """Run the work inside the block with the current number of threads, and time it.

        Args:
            units: amount of work, such as steps or frames.
        """
        if len(self._counts) == 1:
            yield
            return
        self._apply(self.threads)  # each time, as other work may have its own tuner
        start = self._now()
        yield
        self._tell(units, self._now() - start)

    def _tell(self, units: int, seconds: float) -> None:
        if not self._untried:
            if self._now() < self._next_trial:
                return
            # Retry the current count too, under the same conditions as the others.
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
        first, *others = self._rates  # the first one is in use
        best = max(others, key=self._rates.__getitem__)
        self.threads = best if self._rates[best] > _GAIN * self._rates[first] else first
        now = self._now()
        spent = now - self._trial_began
        self._next_trial = now + max(_INTERVAL_SECONDS, spent / _TRIAL_SHARE)
