"""Values over time: bridging gaps, changing rates."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from dancenow.pose.gaps import runs

Array = NDArray[np.float64]

_LONGEST_GAP: Final = 0.5  # seconds over which a hidden limb is guessed


def bridged(known: NDArray[np.bool_], fps: float) -> NDArray[np.bool_]:
    """What is known, `(T,)`, including short gaps in between."""
    whole = known.copy()
    for start, stop in runs(~known):
        if start > 0 and stop < len(known) and (stop - start) / fps <= _LONGEST_GAP:
            whole[start:stop] = True
    return whole


def resampled(values: NDArray[Any], rate: float, wanted: float) -> NDArray[np.float32]:
    """Values `(T, D)` at another rate, by cubic splines."""
    if rate == wanted:
        return values.astype(np.float32)
    count = max(1, round(len(values) / rate * wanted))
    if len(values) < 2:
        return np.repeat(values, count, axis=0).astype(np.float32)
    at = np.minimum(np.arange(count) * (rate / wanted), len(values) - 1)
    smooth = CubicSpline(np.arange(len(values)), values, axis=0)(at)
    return np.asarray(smooth, dtype=np.float32)
