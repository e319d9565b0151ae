"""Feet on the ground: which stand, and how fast they slide."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dancenow.pose.body import MIN_CONFIDENCE, body_height
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import INDEX
from dancenow.pose.track import PoseTrack

SIDES: Final = ("left", "right")

_PARTS: Final = ("big_toe", "heel", "ankle")
_NEAR_GROUND: Final = 0.035  # body heights above the ground at which a foot still stands
_SMOOTH: Final = 0.04  # seconds; standard deviation, before speeds are taken


class Feet(NamedTuple):
    """Both feet, left and right, over time; lengths in body heights.

    Attributes:
        height: how far above the ground, float64 `(T, 2)`.
        speed: how fast along the picture's width, a second, float64 `(T, 2)`.
        standing: whether it is on the ground, by its height alone, bool `(T, 2)`.
    """

    height: NDArray[np.float64]
    speed: NDArray[np.float64]
    standing: NDArray[np.bool_]


def find_feet(track: PoseTrack) -> Feet:
    """How the feet of a (cleaned) track stand and move.

    A foot's place is the mean of its toe, heel and ankle, as far as they are seen; what is never
    seen stands nowhere.

    Raises:
        InputError: the torso is never seen.
    """
    unit = float(np.nanmedian(body_height(track)))
    ground = find_ground(track).ankle
    xy = np.where(
        track.confidence[..., None] >= MIN_CONFIDENCE, track.xy.astype(np.float64), np.nan
    )
    ankles = xy[:, [INDEX[f"{side}_ankle"] for side in SIDES], 1]
    height = (ground[:, None] - ankles) / unit
    places = np.stack([_place(xy, side) for side in SIDES], axis=1)
    seen = np.isfinite(places) & np.isfinite(height)
    smooth = np.stack([_smoothed(places[:, i], track.fps) for i in range(2)], axis=1)
    speed = np.abs(np.gradient(smooth, axis=0)) * track.fps / unit if len(track) > 1 else 0 * smooth
    speed = np.where(seen, speed, np.nan)
    return Feet(height, speed, seen & (height < _NEAR_GROUND))


def _place(xy: NDArray[np.float64], side: str) -> NDArray[np.float64]:
    """x of a foot, `(T,)`."""
    points = xy[:, [INDEX[f"{side}_{part}"] for part in _PARTS], 0]
    seen = np.isfinite(points)
    total = np.where(seen, points, 0).sum(axis=1)
    place: NDArray[np.float64] = np.where(
        seen.all(axis=1), total / len(_PARTS), xy[:, INDEX[f"{side}_ankle"], 0]
    )
    return place


def _smoothed(values: NDArray[np.float64], fps: float) -> NDArray[np.float64]:
    known = np.isfinite(values)
    if not known.any():
        return values
    frames = np.arange(len(values))
    filled = np.interp(frames, frames[known], values[known])
    smooth: NDArray[np.float64] = gaussian_filter1d(filled, _SMOOTH * fps, mode="nearest")
    return smooth
