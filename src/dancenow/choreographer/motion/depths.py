"""Depth in the vectors: how far each limb's end is behind its beginning, and the ears the nose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from dancenow.choreographer.motion.body import CHILDREN, CORE, LIMB_NAMES, PARENTS, Body
from dancenow.choreographer.motion.series import Array, filled
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX, NUM_KEYPOINTS

EARS: Final = (INDEX["left_ear"], INDEX["right_ear"])
COUNT: Final = len(LIMB_NAMES) + len(EARS)  # of the values
WEIGHTS: Final = np.array([*(0.4 if core else 0.15 for core in CORE), 0.15, 0.15])

_KNOWN: Final = 0.5  # part of the frames in which the depth must be known


def are_known(tracks: Sequence[PoseTrack]) -> bool:
    """Whether the depth of all tracks is known, most of the time."""
    ends = [INDEX["left_ankle"], INDEX["right_ankle"], INDEX["neck"]]
    return all(
        track.depth is not None and np.isfinite(track.depth[:, ends]).all(axis=1).mean() >= _KNOWN
        for track in tracks
    )


def encode(track: PoseTrack, body: Body) -> Array:
    """The depths as fractions of the limbs' lengths, float64 `(T, COUNT)` in -1..1.

    Those of the ears are fractions of the head's size; what is unknown is interpolated.
    """
    depth = np.full((len(track), NUM_KEYPOINTS), np.nan)
    if track.depth is not None:
        depth = track.depth.astype(np.float64)
    lengths = np.where(body.limbs > 0, body.limbs, 1)
    limbs = (depth[:, CHILDREN] - depth[:, PARENTS]) / lengths
    ears = (depth[:, EARS] - depth[:, [INDEX["nose"]]]) / (body.head or 1)
    values = np.concatenate([limbs, ears], axis=1)
    known = np.isfinite(values)
    columns = [filled(values[:, [i]], known[:, i])[:, 0] for i in range(COUNT)]
    return np.asarray(np.stack(columns, axis=1).clip(-1, 1))


def decode(values: Array, body: Body) -> Array:
    """The depths of keypoints, float64 `(T, 137)` in body heights; NaN where unknown.

    Args:
        values: `(T, COUNT)`.
        body: whose limbs they are.
    """
    depth = np.full((len(values), NUM_KEYPOINTS), np.nan)
    depth[:, INDEX["mid_hip"]] = 0
    for number, (parent, child) in enumerate(zip(PARENTS, CHILDREN, strict=True)):
        depth[:, child] = depth[:, parent] + body.limbs[number] * values[:, number]
    depth[:, EARS] = depth[:, [INDEX["nose"]]] + body.head * values[:, -len(EARS) :]
    return depth
