"""Frame rates and presentation times: plain arithmetic, no files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

DEFAULT_RATE: Final = Fraction(25)
NTSC: Final = tuple(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120))
STANDARD_RATES: Final = tuple(
    sorted((*NTSC, *map(Fraction, (5, 6, 8, 10, 12, 15, 16, 20, 24, 25, 30, 48, 50, 60, 90, 120))))
)
FASTEST: Final = 60  # frames a second that are read unless more are asked for
# How many frames a timestamp may lie from its place at a constant rate.  Containers round times
# by up to 10 ms (GIF); a dropped frame moves its neighbours by about half a frame.
JITTER: Final = 0.25
_ABOUT: Final = 0.1  # frames; rates whose misfits differ by no more cannot be told apart


def as_rate(fps: float | Fraction) -> Fraction:
    """The exact frame rate that a number stands for: 29.97 is 30000/1001, 25.0 is 25."""
    if not (np.isfinite(float(fps)) and fps > 0):
        raise ValueError(f"fps must be above 0, not {fps}")
    if isinstance(fps, Fraction):
        return fps
    for rate in NTSC:
        if abs(fps - rate) < 0.005:
            return rate
    simple = Fraction(fps).limit_denominator(1001)
    return simple if simple > 0 else Fraction(fps)


def nearest_slot(seconds: Fraction, rate: Fraction) -> int:
    """The frame, at `rate`, nearest to a time; halves round up."""
    return int((2 * seconds * rate + 1) // 2)


@dataclass(frozen=True)
class Timeline:
    """A constant frame rate fitted to the frames of a stream.

    Attributes:
        rate: frames a second.
        frames: how many frames the clip has at that rate.
        variable: whether the stream's own frames come at a variable rate.
    """

    rate: Fraction
    frames: int
    variable: bool


def fit_timeline(
    stamps: NDArray[np.int64],
    time_base: Fraction,
    declared: Sequence[Fraction],
    last_duration: int = 0,
) -> Timeline:
    """Find the frame rate of a stream from the times of its frames.

    If a rate puts every frame within `JITTER` frames of its place, the rate is constant and all
    frames are kept.  Otherwise the stream is resampled at a rate near its median interval: a
    declared or standard one if there is one, at most 60 frames a second.

    Args:
        stamps: int64 `(N,)`, N >= 1, presentation times in ticks of `time_base`, in order.
        time_base: seconds a tick.
        declared: rates that the container states, the most trusted first.
        last_duration: ticks for which the last frame is shown, 0 if unknown.
    """
    count = len(stamps)
    ticks = stamps - stamps[0]
    span = int(ticks[-1])
    if count == 1 or span <= 0:
        rate = declared[0] if declared else DEFAULT_RATE
        if last_duration > 0 and count == 1:
            rate = as_rate(float(1 / (last_duration * time_base)))
        return Timeline(rate, count, variable=False)

    mean = Fraction(count - 1) / (span * time_base)
    candidates = (*declared, *_standards_near(mean), mean.limit_denominator(10_000))
    seconds = ticks * float(time_base)
    misfits = {rate: _misfit(seconds, rate) for rate in candidates}
    fitting = [rate for rate in misfits if misfits[rate] <= JITTER]
    if fitting:
        # The first that fits about as well as any, so that a declared rate wins over a mean.
        least = min(misfits[rate] for rate in fitting)
        best = next(rate for rate in fitting if misfits[rate] <= least + _ABOUT)
        return Timeline(best, count, variable=False)

    intervals = np.diff(ticks)
    interval = int(np.median(intervals[intervals > 0]))
    rate = _snap(1 / (interval * time_base), declared)
    end = (span + (last_duration if last_duration > 0 else interval)) * time_base
    last = nearest_slot(span * time_base, rate)
    return Timeline(rate, max(last + 1, nearest_slot(end, rate)), variable=True)


def _misfit(seconds: NDArray[Any], rate: Fraction) -> float:
    """The largest distance, in frames, of a frame from its place at a constant rate."""
    return float(np.abs(seconds * float(rate) - np.arange(len(seconds))).max())


def _standards_near(rate: Fraction) -> list[Fraction]:
    """Standard rates near a rate, integers first: rounded times cannot tell them apart."""
    near = [standard for standard in STANDARD_RATES if abs(standard - rate) <= rate / 50]
    return sorted(near, key=lambda standard: standard.denominator)


def _snap(rate: Fraction, declared: Sequence[Fraction]) -> Fraction:
    trusted = [sensible for sensible in declared if abs(sensible - rate) <= rate / 50]
    sensible = (*trusted, *_standards_near(rate), as_rate(float(rate)))
    return min(sensible[0], Fraction(FASTEST))


def hold(stamped: Iterable[tuple[int, T]], start: int, stop: int) -> Iterator[T]:
    """Yield, for each slot from `start` to `stop - 1`, the frame shown there.

    A frame is shown from its own slot until the next frame's.  Slots before the first frame show
    the first, slots after the last show the last; of several frames in one slot the last wins.

    Args:
        stamped: (slot, frame) in order of time.
    """
    slot = start
    shown: list[T] = []  # no frame or one; a frame itself may be anything, None as well
    for at, frame in stamped:
        while shown and slot < min(at, stop):
            yield shown[0]
            slot += 1
        if slot >= stop:
            return
        shown = [frame]
    while shown and slot < stop:
        yield shown[0]
        slot += 1
