"""Laying pieces of motion on a time line, each where the one before it left the dancer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from dancenow.choreographer.motion.codec import PLACE, RATE, Moves
from dancenow.choreographer.motion.series import Array
from dancenow.pose.gaps import filled

_BACK: Final = 3.0  # seconds in which who begins elsewhere comes to where the clip has them
_STRIKES: Final = 0.6  # seconds before and after a pinned pose in which it is reached and left
_NEAR: Final = 1e-3  # seconds; nearer pieces adjoin
_MARGIN: Final = 2  # vectors around a curve's ends that it is drawn through


class Curve:
    """Motion between two moments of some vectors.

    Args:
        vectors: `(T, D)`, evenly spaced.
        first, last: where it begins and ends, in vectors; they may be fractions.
    """

    def __init__(self, vectors: Array | Moves, first: float, last: float) -> None:
        self.length = last - first
        low = max(0, int(first) - _MARGIN)
        part = vectors[low : int(np.ceil(last)) + 1 + _MARGIN].astype(np.float64)
        self._first = first - low
        self._spline = CubicSpline(np.arange(len(part)), part, axis=0) if len(part) > 1 else None
        self._pose = part[0]

    def __call__(self, parts: Array) -> Array:
        """The vectors at some parts of it, 0..1; `(N, D)`."""
        if self._spline is None:
            return np.repeat(self._pose[None], len(parts), axis=0)
        found: Array = self._spline(self._first + parts.clip(0, 1) * self.length)
        return found


@dataclass(frozen=True)
class Piece:
    """Motion at its place on the time line.

    Attributes:
        begins, ends: seconds of the dance.
        fade: seconds in which it passes into the next one.
        curve: the motion.
    """

    begins: float
    ends: float
    fade: float
    curve: Curve

    def at(self, times: Array) -> Array:
        """The vectors at seconds of the dance, `(N, D)`."""
        return self.curve((times - self.begins) / (self.ends - self.begins))

    @property
    def held(self) -> bool:
        """Whether it is a pose that is held."""
        return self.curve.length == 0


@dataclass
class Laid:
    """A dance of which some vectors are known.

    Attributes:
        moves: `(T, D)`, `RATE` a second; between known ones, a straight line.
        known: which are given, `(T,)`.
        joints: which of these lie where pieces meet or a pose is struck, and should be made anew.
    """

    moves: Moves
    known: NDArray[np.bool_]
    joints: NDArray[np.bool_]


def lay(
    pieces: Sequence[Piece],
    pins: Sequence[tuple[float, Array]],
    seconds: float,
    dimensions: int,
) -> Laid:
    """Lay out pieces, and let poses be struck.

    Args:
        pieces: in the order of time; they do not overlap.
        pins: moments in seconds, ascending, and the vectors `(D,)` of poses; where the dancer
            stands is not theirs to say.
        seconds: length of the dance.
        dimensions: D.
    """
    count = int(np.ceil(seconds * RATE - 1e-6)) + 1
    times = np.minimum(np.arange(count) / RATE, seconds)
    moves, known = np.zeros((count, dimensions)), np.zeros(count, bool)
    joints = np.zeros(count, bool)
    ends: list[Array] = []
    for number, piece in enumerate(pieces):
        rows = _rows(times, piece)
        first, last = piece.at(np.array([piece.begins, piece.ends]))
        moves[rows], known[rows] = piece.at(times[rows]), True
        if number and piece.begins - pieces[number - 1].ends < _NEAR:
            offset = ends[-1][PLACE] - first[PLACE]
            left = _still_away(piece, np.append(times[rows], piece.ends))
            moves[rows[:, None], PLACE] += left[:-1, None] * offset
            first[PLACE] += offset
            last[PLACE] += left[-1] * offset
        ends += [first, last]
    for number, (one, other) in enumerate(pairwise(pieces)):
        if other.begins - one.ends < _NEAR:
            apart = ends[2 * number + 2] - ends[2 * number + 1]
            joints |= _meet(moves, times, one, other, apart)
    moves = filled(moves, known) if known.any() else moves
    laid = Laid(moves.astype(np.float32), known, joints)
    struck = np.zeros(count, bool)
    for at, pose in pins:
        _strike(laid, at, pose, struck)
    return laid


def _rows(times: Array, piece: Piece) -> NDArray[np.int64]:
    """The vectors of a piece; the last one belongs to what ends with the dance."""
    within = (times >= piece.begins - _NEAR) & (times < piece.ends - _NEAR)
    if piece.ends > times[-1] - _NEAR:
        within |= times >= times[-1] - _NEAR
    return np.flatnonzero(within)


def _still_away(piece: Piece, times: Array) -> Array:
    """How much of a distance to where its clip has the dancer is left, 1..0."""
    if piece.held:
        return np.ones(len(times))
    back = min(_BACK, piece.ends - piece.begins)
    return _falling((times - piece.begins) / back)


def _meet(moves: Array, times: Array, one: Piece, other: Piece, apart: Array) -> NDArray[np.bool_]:
    """Let two pieces give way to each other by what they are apart; where, `(T,)`.

    What is left of the difference fades, as in Bollo, "Inertialization", GDC 2018.
    """
    halves = [min(one.fade, piece.ends - piece.begins) / 2 for piece in (one, other)]
    before, after = halves
    away = times - other.begins
    near: NDArray[np.bool_] = (away > -before) & (away < after)
    if min(halves) <= 0 or not near.any():
        return np.zeros(len(times), bool)
    gives = before / (before + after)  # who is short, or ends soon, gives way less
    there = away[near]
    share = np.where(
        there < -_NEAR, gives * _falling(-there / before), (gives - 1) * _falling(there / after)
    )
    moves[near] += share[:, None] * apart
    return near


def _strike(laid: Laid, at: float, pose: Array, struck: NDArray[np.bool_]) -> None:
    """Let a pose be struck, at the vectors just before and after a moment.

    Args:
        laid: the dance.
        at: the moment in seconds.
        pose: the vector `(D,)`.
        struck: the vectors of poses that are struck, `(T,)`, which stay; these are added.
    """
    times, last = np.arange(len(laid.moves)) / RATE, len(laid.moves) - 1
    rows = np.unique([min(int(at * RATE), last), min(int(np.ceil(at * RATE)), last)])
    place = laid.moves[rows[:, None], PLACE]
    change = pose - laid.moves[rows].mean(axis=0)
    change[PLACE] = 0
    near: NDArray[np.bool_] = (np.abs(times - at) < _STRIKES) & laid.known & ~struck
    share = _falling(np.abs(times[near] - at) / _STRIKES)
    laid.moves[near] += (share[:, None] * change).astype(np.float32)
    laid.joints |= near
    laid.moves[rows] = pose
    laid.moves[rows[:, None], PLACE] = place
    laid.known[rows] = struck[rows] = True
    laid.joints &= ~struck


def _falling(part: Array) -> Array:
    """A smooth way from 1 to 0 while a part goes from 0 to 1."""
    falling: Array = 0.5 + 0.5 * np.cos(np.pi * part.clip(0, 1))
    return falling
