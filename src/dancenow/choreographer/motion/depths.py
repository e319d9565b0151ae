"""Depth in the vectors: how far each limb's end is behind its beginning, and the ears the nose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.motion.body import (
    CHILDREN,
    CORE,
    LIMB_NAMES,
    OTHER_SIDE,
    PARENTS,
    Body,
)
from dancenow.choreographer.motion.series import Array
from dancenow.pose import PoseTrack
from dancenow.pose.gaps import filled
from dancenow.pose.layout import INDEX, NUM_KEYPOINTS

EARS: Final = (INDEX["left_ear"], INDEX["right_ear"])
COUNT: Final = len(LIMB_NAMES) + len(EARS)  # of the values
WEIGHTS: Final = np.array([*(0.4 if core else 0.15 for core in CORE), 0.15, 0.15])

_SHORTEST: Final = 0.1  # body heights: what a limb's length counts at least
_MOST: Final = 1.5
_KNOWN: Final = 0.5  # part of the frames in which the depth must be known


def are_known(tracks: Sequence[PoseTrack]) -> bool:
    """Whether the depth of tracks is known, of each and most of the time."""
    ends = [INDEX["left_ankle"], INDEX["right_ankle"], INDEX["neck"]]
    known = [
        np.zeros(len(track), bool)
        if track.depth is None
        else np.isfinite(track.depth[:, ends]).all(axis=1)
        for track in tracks
    ]
    return all(part.any() for part in known) and np.concatenate(known).mean() >= _KNOWN


def encode(track: PoseTrack, body: Body) -> Array:
    """The depths as fractions of the limbs' lengths, float64 `(T, COUNT)`, in -1..1 or nearly so.

    What is unknown is interpolated.
    """
    depth = np.full((len(track), NUM_KEYPOINTS), np.nan)
    if track.depth is not None:
        depth = track.depth.astype(np.float64)
    limbs = (depth[:, CHILDREN] - depth[:, PARENTS]) / lengths(body)
    ears = (depth[:, EARS] - depth[:, [INDEX["nose"]]]) / _SHORTEST
    values = np.concatenate([limbs, ears], axis=1)
    known = np.isfinite(values)
    columns = [filled(values[:, [i]], known[:, i])[:, 0] for i in range(COUNT)]
    return np.asarray(np.stack(columns, axis=1).clip(-_MOST, _MOST))


def lengths(body: Body) -> Array:
    """What depths are fractions of: limbs' lengths, but feet hardly ever show theirs."""
    found: Array = np.maximum(body.limbs, _SHORTEST)
    return found


def decode(values: Array, body: Body) -> Array:
    """The depths of keypoints, float64 `(T, 137)` in body heights; NaN where unknown.

    Args:
        values: `(T, COUNT)`.
        body: whose limbs they are.
    """
    depth = np.full((len(values), NUM_KEYPOINTS), np.nan)
    depth[:, INDEX["mid_hip"]] = 0
    for number, (parent, child) in enumerate(zip(PARENTS, CHILDREN, strict=True)):
        depth[:, child] = depth[:, parent] + lengths(body)[number] * values[:, number]
    depth[:, EARS] = depth[:, [INDEX["nose"]]] + _SHORTEST * values[:, -len(EARS) :]
    return depth


def mirrored(values: NDArray[Any]) -> NDArray[Any]:
    """Values `(T, COUNT)` with left and right swapped."""
    ears = len(LIMB_NAMES) + np.arange(len(EARS))[::-1]
    return values[:, [*OTHER_SIDE, *ears]]
