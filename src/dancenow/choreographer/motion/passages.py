"""Passages of the learned dance, from which new windows are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.motion.codec import Moves
from dancenow.choreographer.motion.scaler import MoveScaler

_CANDIDATES: Final = 400  # passages of which the best is taken; more: better joined, less varied
_COMPARED: Final = 10  # vectors before and after the window that it must agree with
_ENERGY: Final = 0.5  # what a standard deviation of energy counts, squared


class Passages:
    """All windows of a learned dance.

    Args:
        pieces: vectors `(T, D)`; those shorter than a window are skipped.
        window: length of a passage.
        scaler: scales them, and measures how lively they are.
        weights: how much each value counts when passages are compared, `(D,)`.

    Raises:
        ValueError: no piece is as long as a window.
    """

    def __init__(
        self,
        pieces: Sequence[Moves],
        window: int,
        scaler: MoveScaler,
        weights: NDArray[np.float32],
    ) -> None:
        long = [piece for piece in pieces if len(piece) >= window]
        if not long:
            raise ValueError("no piece is as long as a window")
        ends = np.cumsum([len(piece) for piece in long])
        self._moves = np.concatenate(long)
        self._frames = scaler.scale(self._moves)
        self._starts = np.concatenate(
            [np.arange(end - len(p), end - window + 1) for p, end in zip(long, ends, strict=True)]
        )
        self._scaler, self._weights = scaler, weights

    def draw(
        self,
        rng: np.random.Generator,
        before: Moves,
        after: Moves,
        room: int,
        energy: float = float("nan"),
    ) -> Moves:
        """A passage for a window, scaled, `(B + room + A, D)`: the best fit of some drawn.

        Args:
            rng: draws those to choose from.
            before: what comes before the window, scaled, `(B, D)`.
            after: what comes after it, scaled, `(A, D)`.
            room: vectors in between.
            energy: how lively it should be; NaN: any.
        """
        length = len(before) + room + len(after)
        count = min(_CANDIDATES, len(self._starts))
        if len(before) == len(after) == 0 and np.isnan(energy):
            count = 1  # there is nothing to fit to
        starts = rng.choice(self._starts, count, replace=False)
        apart = np.zeros(count)
        near = min(len(before), _COMPARED)
        if near:
            apart += self._apart(starts + len(before) - near, before[-near:])
        if len(after):
            apart += self._apart(starts + length - len(after), after[:_COMPARED])
        if not np.isnan(energy):
            windows = (self._moves[start : start + length] for start in starts)
            lively = [self._scaler.energy(moves) for moves in windows]
            apart += _ENERGY * (np.array(lively) - energy) ** 2
        best = int(starts[np.argmin(apart)])
        return self._frames[best : best + length].copy()

    def _apart(self, starts: NDArray[np.int64], like: Moves) -> NDArray[np.float64]:
        """Weighted mean squared difference of the vectors from each start on and some others."""
        rows = self._frames[starts[:, None] + np.arange(len(like))]
        squares = ((rows - like) ** 2 * self._weights).mean(axis=(1, 2)) / self._weights.mean()
        return np.asarray(squares, dtype=np.float64)
