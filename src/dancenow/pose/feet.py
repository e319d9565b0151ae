"""Feet: which stand on the ground, and how fast they slide."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d

from dancenow.errors import InputError
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import INDEX, SIDES, USABLE
from dancenow.pose.track import PoseTrack

_PARTS: Final = ("big_toe", "heel", "ankle")
_AT: Final = np.array([[INDEX[f"{side}_{part}"] for part in _PARTS] for side in SIDES])
_NEAR_GROUND: Final = 0.035  # body heights above the ground at which a foot still stands
_SMOOTH: Final = 0.04  # seconds; standard deviation, before speeds are taken


class Feet(NamedTuple):
    """Both feet, left and right, over time; lengths in body heights, NaN where not seen.

    Attributes:
        height: float64 `(T, 2)`, above the ground.
        speed: float64 `(T, 2)`, per second along the picture's width.
        standing: bool `(T, 2)`, whether the foot is on the ground, by its height alone.
    """

    height: NDArray[np.float64]
    speed: NDArray[np.float64]
    standing: NDArray[np.bool_]


def find_feet(track: PoseTrack) -> Feet:
    """How the feet of a (cleaned) track stand and move.

    A foot's height is its ankle's; its speed is the mean of its toe's, heel's and ankle's, as far
    as these are seen.

    Raises:
        InputError: the track has no frames, or the torso is never seen.
    """
    if len(track) == 0:
        raise InputError("the track has no frames; make it anew.")
    ground = find_ground(track)
    unit = float(np.nanmedian(ground.height))
    seen = track.confidence[:, _AT] >= USABLE  # (T, sides, parts)
    points = track.xy[:, _AT].astype(np.float64)
    ankle = _PARTS.index("ankle")
    stood = seen[..., ankle]
    height = np.where(stood, (ground.ankle[:, None] - points[..., ankle, 1]) / unit, np.nan)
    # Part by part, so that a foot does not jump when one of them is hidden.
    speeds = np.zeros(seen.shape)
    for side, part in np.ndindex(_AT.shape):
        speeds[:, side, part] = _speed(points[:, side, part, 0], seen[:, side, part], track.fps)
    mean = np.where(seen, speeds, 0).sum(axis=-1) / np.maximum(seen.sum(axis=-1), 1)
    speed = np.where(stood, np.abs(mean) / unit, np.nan)
    return Feet(height, speed, stood & (height < _NEAR_GROUND))


def held_still(
    feet: NDArray[np.float64], firm: NDArray[np.bool_], fades: float
) -> NDArray[np.float64]:
    """How a body must move along an axis for its standing feet to stay where they are, `(T,)`.

    The correction c minimises the sum of squares of w (slide + c[t + 1] - c[t]) over both feet, and
    of c itself, so that it fades; w is 1 where a foot stands in both frames.

    Args:
        feet: `(2, T)`, where the feet are.
        firm: `(2, T)`, whether they stand.
        fades: frames in which a correction fades.
    """
    weight = (firm[:, 1:] & firm[:, :-1]).astype(np.float64)
    joint, pull = weight.sum(axis=0), (weight * np.diff(feet, axis=1)).sum(axis=0)
    diagonal = np.full(feet.shape[1], 1 / fades**2)
    diagonal[1:] += joint
    diagonal[:-1] += joint
    right = np.zeros(feet.shape[1])
    right[:-1] += pull
    right[1:] -= pull
    banded = np.stack([np.concatenate([[0.0], -joint]), diagonal])
    correction: NDArray[np.float64] = solveh_banded(banded, right)
    return correction


def _speed(
    values: NDArray[np.float64], known: NDArray[np.bool_], fps: float
) -> NDArray[np.float64]:
    """Change per second, `(T,)`; unknown values are interpolated."""
    if not known.any() or len(values) < 2:
        return np.zeros(len(values))
    frames = np.arange(len(values))
    filled = np.interp(frames, frames[known], values[known])
    smooth = gaussian_filter1d(filled, _SMOOTH * fps, mode="nearest")
    speed: NDArray[np.float64] = np.gradient(smooth) * fps
    return speed
