"""Timing a dance to music: its accents fall on beats, and no move is stretched much."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

Array = NDArray[np.float64]

MOST: Final = 0.15  # a move becomes at most this much faster or slower

_GRID: Final = 0.01  # seconds
_DRIFT: Final = 1.5  # seconds that the dance may be ahead or behind
_ROUNDING: Final = 1e-6  # seconds
_NEAR: Final = 0.06  # seconds from a beat at which an accent still counts as on it
_STEADY: Final = 0.15  # cost of the largest stretch allowed, in accents
_SOFT: Final = 0.08  # seconds; standard deviation of the change of pace
_SIGMA: Final = 3 / 60  # seconds: 3 frames at 60 a second, as in AI Choreographer
_SMOOTH: Final = 0.08  # seconds; standard deviation, before accents are searched for
_PROMINENT: Final = 0.25  # of the speed's standard deviation
_EVEN: Final = 1e-6  # of the highest speed; a smaller spread is rounding


def find_accents(speed: Array, fps: float) -> tuple[Array, Array]:
    """The accents of a dance: minima of its speed, where a move ends.

    Args:
        speed: mean speed of the joints, `(T,)`.
        fps: frames a second.

    Returns:
        The accents' times in seconds, ascending, and how clear each is, 0..1.
    """
    if len(speed) == 0:
        return np.empty(0), np.empty(0)
    smooth = gaussian_filter1d(speed.astype(np.float64), _SMOOTH * fps, mode="nearest")
    spread = float(smooth.std())
    if not spread > _EVEN * float(smooth.max()):  # of constant speed, or with NaN
        return np.empty(0), np.empty(0)
    places, found = find_peaks(-smooth, prominence=_PROMINENT * spread)
    clarity = np.minimum(found["prominences"] / (2 * spread), 1.0)
    return places / fps, clarity


def beat_alignment(accents: Array, beats: Array) -> float:
    """How close accents are to beats: the mean of exp(-d^2 / 2 sigma^2) over the accents.

    d is the distance from an accent to the nearest beat and sigma is 0.05 s (Li et al., "AI
    Choreographer", ICCV 2021, equation 5).  NaN without accents or beats.
    """
    if len(accents) == 0 or len(beats) == 0:
        return float("nan")
    ordered = np.concatenate([[-np.inf], np.sort(beats), [np.inf]])
    after = np.searchsorted(ordered, accents)
    distance = np.minimum(accents - ordered[after - 1], ordered[after] - accents)
    return float(np.exp(-(distance**2) / (2 * _SIGMA**2)).mean())


def align_to_beats(
    accents: Array, clarity: Array, beats: Array, seconds: float, available: float
) -> Array:
    """Retime a dance so that its accents fall on beats.

    The pace between two beats stays within 1 / 1.15 and 1.15; among all such timings, dynamic
    programming finds the one with the most accents on beats.

    Args:
        accents: times of the dance's accents in seconds, ascending.
        clarity: how clear each is, 0..1.
        beats: times of the beats in seconds.
        seconds: length of the result.
        available: length of the dance in seconds; at least `seconds`, preferably a few more.

    Returns:
        float64 `(N,)`, ascending: which moment of the dance, in seconds, to show at every
        hundredth of a second.

    Raises:
        ValueError: the dance is shorter than the result.
    """
    if available < seconds - _ROUNDING:
        raise ValueError(f"a dance of {available} s cannot be shown for {seconds} s")
    knots = np.unique(np.concatenate([[0.0], beats[(beats > 0) & (beats < seconds)], [seconds]]))
    offsets = np.arange(-round(_DRIFT / _GRID), round(_DRIFT / _GRID) + 1)  # ahead of the music
    on_beat = np.isin(knots, beats)
    widest = len(offsets) - 1
    score = np.where(np.abs(offsets) == 0, 0.0, -np.inf)  # it begins with the music
    came_from = np.zeros((len(knots), len(offsets)), np.int64)
    for number in range(1, len(knots)):
        step = float(knots[number] - knots[number - 1])
        # The offset grows by at most step * MOST, and shrinks by at most step * (1 - 1 / 1.15).
        faster = min(widest, int(np.floor(step * MOST / _GRID + 1e-9)))
        slower = min(widest, int(np.floor(step * (1 - 1 / (1 + MOST)) / _GRID + 1e-9)))
        best = np.full(len(offsets), -np.inf)
        for change in range(-slower, faster + 1):
            cost = _STEADY * (change * _GRID / (step * MOST)) ** 2 if change else 0.0
            moved = _shifted(score, change) - cost
            better = moved > best
            best[better] = moved[better]
            came_from[number][better] = change
        moments = knots[number] + offsets * _GRID
        if on_beat[number]:
            best += _on_accents(moments, accents, clarity)
        best[(moments < 0) | (moments > available + _ROUNDING)] = -np.inf
        score = best
    ahead = np.zeros(len(knots))
    place = int(score.argmax())
    for number in range(len(knots) - 1, -1, -1):
        ahead[number] = offsets[place] * _GRID
        place -= int(came_from[number][place])
    times = np.arange(max(1, round(seconds / _GRID))) * _GRID
    moments = np.interp(times, knots, knots + ahead)
    pace = gaussian_filter1d(np.diff(moments, prepend=moments[0] - _GRID), _SOFT / _GRID)
    shown: Array = np.clip(np.cumsum(pace) - pace[0] + moments[0], 0, available)
    return shown


def _on_accents(moments: Array, accents: Array, clarity: Array) -> Array:
    """How well ascending moments fall on ascending accents, 0..1."""
    first, last = np.searchsorted(accents, (moments[0] - 5 * _NEAR, moments[-1] + 5 * _NEAR))
    distance = moments[:, None] - accents[None, first:last]
    falls = clarity[first:last] * np.exp(-(distance**2) / (2 * _NEAR**2))
    best: Array = np.max(falls, axis=1, initial=0.0)
    return best


def _shifted(score: Array, change: int) -> Array:
    """Scores shifted up by `change` places."""
    moved = np.full_like(score, -np.inf)
    if change >= 0:
        moved[change:] = score[: len(score) - change]
    else:
        moved[:change] = score[-change:]
    return moved
