"""The outline of a new dance: passages of the learned one, each continuing the one before.

An outline is a way through a motion graph (Kovar, Gleicher and Pighin, "Motion graphs", SIGGRAPH
2002): known phrases in a new order, joined where they are alike.  `composing` turns it into new
motion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.motion.codec import RATE, Moves
from dancenow.choreographer.motion.scaler import MoveScaler, limb_speeds

PHRASE: Final = (4.0, 8.0)  # seconds after which a dance goes on from another passage

_COMPARED: Final = 10  # vectors on either side of a passage that it must agree with
_CANDIDATES: Final = 400  # passages of which the best is taken
_USED: Final = 1.0  # what counts against a passage that was used once more than others
_ENERGY: Final = 0.5  # what a standard deviation of energy counts, squared
_BALANCE: Final = 1.0  # what it counts to be lively after lively passages, or calm after calm ones
_RECENT: Final = 0.8  # of the energy so far, what is remembered after a phrase
_FADE: Final = 1.0  # seconds in which what is left of a difference fades


class Passages:
    """All passages of a learned dance.

    Args:
        pieces: vectors `(T, D)` each.
        scaler: scales them, and measures how lively they are.
        weights: how much each value counts when passages are compared, `(D,)`.
        styles: of each piece; may be empty if `mix` is.
        mix: shares of styles in an outline; empty: any.
    """

    def __init__(
        self,
        pieces: Sequence[Moves],
        scaler: MoveScaler,
        weights: NDArray[np.float32],
        styles: Sequence[str] = (),
        mix: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        lengths = np.array([len(piece) for piece in pieces])
        ends = lengths.cumsum()
        self._mix = mix or {"": 1.0}
        self._spans = {}  # of each style, where its pieces begin and end
        for name in self._mix:
            chosen = np.array([not mix or style == name for style in styles or [""] * len(pieces)])
            self._spans[name] = (ends - lengths)[chosen], ends[chosen]
        moves = np.concatenate(pieces)
        self._frames, self._scaler, self._weights = scaler.scale(moves), scaler, weights
        self._travelled = _summed(limb_speeds(moves))

    def outline(
        self,
        rng: np.random.Generator,
        count: int,
        before: Moves,
        after: Moves,
        energy: NDArray[np.float32] | None = None,
    ) -> Moves:
        """Passages that continue each other, scaled, float32 `(count, D)`.

        Args:
            rng: draws the lengths of phrases, and the passages to choose from.
            count: length of the result.
            before: scaled vectors that it continues, `(B, D)`; may be empty.
            after: scaled vectors that it leads to, `(A, D)`; may be empty.
            energy: how lively it should be at every vector, `(count,)`, in standard deviations of
                what was learned; None: as lively on the whole.
        """
        made, used, lively = before, np.zeros(len(self._frames)), 0.0
        danced = dict.fromkeys(self._mix, 0.0)
        while (begun := len(made) - len(before)) < count:
            style = self._behind(rng, danced)
            room = self._phrase(rng, count - begun, style, -(-count // len(self._mix)))
            danced[style] += room
            left = made[-_COMPARED:]
            right = after[:_COMPARED] if begun + room == count else after[:0]
            starts = self._possible(style, len(left), room, len(right))
            chosen = len(left) or len(right) or energy is not None  # else there is nothing to fit
            starts = rng.choice(
                starts, min(_CANDIDATES if chosen else 1, len(starts)), replace=False
            )
            sums = _summed(used)
            cost = _USED * (sums[starts + room] - sums[starts]) / room
            cost += self._apart(starts - len(left), left) + self._apart(starts + room, right)
            energies = self._energies(starts, room)
            if energy is None:
                cost += _BALANCE * lively * energies
            else:
                cost += _ENERGY * (energies - energy[begun : begun + room].mean()) ** 2
            best = int(cost.argmin())
            start = int(starts[best])
            used[start : start + room] += 1
            lively = _RECENT * lively + (1 - _RECENT) * float(energies[best])
            made = np.concatenate([made, self._joined(start, left, right, room)])
        return made[len(before) :]

    def _behind(self, rng: np.random.Generator, danced: Mapping[str, float]) -> str:
        """The style that is furthest behind its share; at first, one by chance."""
        total = sum(danced.values())
        if not total:
            return str(rng.choice(list(self._mix), p=list(self._mix.values())))
        return max(self._mix, key=lambda name: self._mix[name] - danced[name] / total)

    def _phrase(self, rng: np.random.Generator, left: int, style: str, most: int) -> int:
        """Length of the next phrase, when so many vectors are left, and `most` are one style's."""
        shortest, longest = (min(most, round(seconds * RATE)) for seconds in PHRASE)
        length = int(rng.integers(shortest, longest + 1))
        if left - length < shortest // 2:  # no scraps at the end
            length = left
        begins, ends = self._spans[style]
        known = int((ends - begins).max())
        return max(1, min(length, known - 2 * _COMPARED))

    def _possible(self, style: str, before: int, room: int, after: int) -> NDArray[np.int64]:
        """Where passages of a style begin that have so many vectors before and after them."""
        begins, ends = self._spans[style]
        first, last = begins + before, ends - room - after
        return np.concatenate([np.arange(a, b + 1) for a, b in zip(first, last, strict=True)])

    def _energies(self, starts: NDArray[np.int64], length: int) -> NDArray[np.float64]:
        """How lively passages are, in standard deviations of what was learned."""
        way = self._travelled[starts + length - 1] - self._travelled[starts]
        return self._scaler.energy_of(way / max(1, length - 1))

    def _joined(self, start: int, left: Moves, right: Moves, length: int) -> Moves:
        """A passage whose ends meet what is left and right of it.

        What is left of the difference fades, as in Bollo, "Inertialization", GDC 2018.
        """
        passage = self._frames[start : start + length].copy()
        passed = (np.arange(length) / min(_FADE * RATE, length)).clip(0, 1)
        fade = (0.5 + 0.5 * np.cos(np.pi * passed)).astype(np.float32)[:, None]
        if len(left):
            passage += fade * (left[-1] - self._frames[start - 1])
        if len(right):
            passage += fade[::-1] * (right[0] - self._frames[start + length])
        return passage

    def _apart(self, starts: NDArray[np.int64], like: Moves) -> NDArray[np.float64] | float:
        """Weighted mean squared difference of the vectors from each start on and some others."""
        if not len(like):
            return 0.0
        rows = self._frames[starts[:, None] + np.arange(len(like))]
        squares = ((rows - like) ** 2 * self._weights).mean(axis=(1, 2)) / self._weights.mean()
        return np.asarray(squares, dtype=np.float64)


def _summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of the first 0, 1, 2, ... values."""
    return np.concatenate([[0.0], values.cumsum()])
