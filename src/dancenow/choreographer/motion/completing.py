"""Completing a dance of which some vectors are known: gaps are filled, joints are made anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.motion.codec import RATE, Moves
from dancenow.choreographer.motion.composing import Denoiser, MotionRequest, Windows
from dancenow.choreographer.motion.laying import Laid
from dancenow.choreographer.stretches import Stretches
from dancenow.pose.gaps import runs

_JOINT: Final = 0.4  # temperature at which a joint is made anew; more of it invents new moves


@dataclass(frozen=True)
class Gap:
    """How a gap should be filled.

    Attributes:
        begins, ends: seconds of the dance.
        seed: of all random draws.
        temperature: 1 composes as learned.
        liveliness: in standard deviations of what was learned; None: any.
        style: shares of learned styles; empty: any.
    """

    begins: float
    ends: float
    seed: int = 0
    temperature: float = 1.0
    liveliness: float | None = None
    style: Mapping[str, float] = field(default_factory=dict)


class Completion:
    """Completes dances with what a choreographer learned.

    Args:
        learned: the choreographer.
        stretches: those that were made before.
    """

    def __init__(self, learned: PoseChoreographer, stretches: Stretches) -> None:
        self._learned, self._stretches = learned, stretches
        self._scaler = learned.learned.scaler
        self._denoiser = Denoiser(learned.network, self._scaler, learned.device)
        self._seen = learned.network.window // 3  # vectors on either side that matter

    def complete(self, laid: Laid, gaps: Sequence[Gap]) -> None:
        """Fill what is not known of a dance, then make its joints anew."""
        moves, known = laid.moves, laid.known.copy()
        borders = {round(at * RATE) for gap in gaps for at in (gap.begins, gap.ends)}
        for start, stop in _parted(runs(~laid.known), borders):
            moves[start:stop] = self._filled(moves, known, start, stop, _of(gaps, start, stop))
            known[start:stop] = True
        for start, stop in runs(laid.joints):
            moves[start:stop] = self._rejoined(moves, start, stop)

    def _filled(
        self, moves: Moves, known: NDArray[np.bool_], start: int, stop: int, gap: Gap
    ) -> Moves:
        """The vectors of a gap."""
        before = moves[max(0, start - self._seen) : start]
        after = moves[stop : stop + self._seen]
        unknown = np.flatnonzero(~known[stop : stop + self._seen])
        after = after[: unknown[0]] if len(unknown) else after
        energy = gap.liveliness

        def make() -> Moves:
            request = MotionRequest(
                stop - start,
                gap.seed,
                gap.temperature,
                lead=self._scaler.scale(before) if len(before) else None,
                after=self._scaler.scale(after) if len(after) else None,
                energy=None if energy is None else np.full(stop - start, energy, np.float32),
                style=gap.style,
            )
            return self._learned.compose_scaled(request)

        how = (gap.seed, gap.temperature, energy, sorted(gap.style.items()))
        return self._stretches.get(make, "gap", stop - start, *how, before, after)

    def _rejoined(self, moves: Moves, start: int, stop: int) -> Moves:
        """The vectors of a joint, made anew between what is on both sides."""
        first = max(0, start - self._seen)
        around = moves[first : stop + self._seen]
        free = np.zeros(len(around), bool)
        free[start - first : stop - first] = True

        def make() -> Moves:
            windows = Windows(
                self._scaler.scale(around), ~free, np.full(len(around), np.nan, np.float32), False
            )
            made = self._denoiser.denoise(windows, np.random.default_rng(0), _JOINT)
            remade: Moves = self._scaler.unscale(made)[free]
            return remade

        return self._stretches.get(make, "joint", start - first, stop - start, around)


def _parted(spans: Iterable[tuple[int, int]], borders: set[int]) -> Iterator[tuple[int, int]]:
    """Spans, cut at borders."""
    for start, stop in spans:
        inner = sorted(border for border in borders if start < border < stop)
        yield from pairwise([start, *inner, stop])


def _of(gaps: Sequence[Gap], start: int, stop: int) -> Gap:
    """The gap in which vectors lie; of which nothing is said, any will do."""
    middle = (start + stop) / 2 / RATE
    return next((gap for gap in gaps if gap.begins <= middle <= gap.ends), Gap(0, 0))
