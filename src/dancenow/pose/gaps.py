"""Values over time of which some are unknown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def filled(values: Array, known: NDArray[np.bool_]) -> Array:
    """Values `(T, D)` with unknown ones interpolated; 0 if none is known."""
    if known.all():
        return values
    if not known.any():
        return np.zeros_like(values)
    frames = np.arange(len(values))
    columns = [np.interp(frames, frames[known], column[known]) for column in values.T]
    return np.stack(columns, axis=1)


def runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Start and end of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
