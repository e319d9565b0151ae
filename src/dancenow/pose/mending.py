"""Mending poses by hand: keypoints put where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.pose.layout import HANDS, INDEX, NUM_KEYPOINTS, SIDES
from dancenow.pose.track import FloatArray, PoseTrack

_BETWEEN: Final = 1.0  # seconds; between edits that are nearer to each other, all is moved along
_AROUND: Final = 0.12  # seconds before the first and after the last edit in which the move fades


@dataclass(frozen=True)
class Edit:
    """A keypoint's right place in a frame: `x` and `y` in pixels, as in a track."""

    frame: int
    keypoint: int
    x: float
    y: float


def _taken_along(name: str) -> list[int]:
    """The keypoints that a keypoint takes along."""
    side, _, part = name.partition("_")
    along: list[int] = []
    if part == "wrist" and side in SIDES:
        along += range(*HANDS[side].indices(NUM_KEYPOINTS))
    if part == "ankle":
        along += [INDEX[f"{side}_{end}"] for end in ("big_toe", "small_toe", "heel")]
    return along


_ALONG: Final = {INDEX[name]: _taken_along(name) for name in INDEX}


def with_edits(track: PoseTrack, edits: Sequence[Edit]) -> PoseTrack:
    """A track with keypoints where they belong, marked as edited.

    Between edits of one keypoint that are at most a second apart it is moved along; before the
    first and after the last, the move fades within an eighth of a second.  A hand goes with its
    wrist, a foot with its ankle, unless it has edits of its own.

    Args:
        track: the (cleaned) poses.
        edits: in any order; of several of a keypoint in one frame, the last counts.

    Raises:
        InputError: an edit lies outside of the track.
    """
    keypoints = track.keypoints.copy()
    edited = track.edits.copy()
    own = {edit.keypoint for edit in edits}
    for edit in edits:
        if not (0 <= edit.frame < len(track) and 0 <= edit.keypoint < NUM_KEYPOINTS):
            raise InputError(f"frame {edit.frame}: the track has {len(track)} frames.")
        if not np.isfinite([edit.x, edit.y]).all():
            raise InputError(f"frame {edit.frame}: a place must be a number of pixels.")
    ordered = sorted(edits, key=lambda edit: (edit.keypoint, edit.frame))  # stable: the last stays
    for keypoint, group in groupby(ordered, key=lambda edit: edit.keypoint):
        places = {edit.frame: (edit.x, edit.y) for edit in group}
        frames, goals = np.array(list(places)), np.array(list(places.values()), np.float64)
        along = [k for k in _ALONG.get(keypoint, ()) if k not in own]
        apart = np.flatnonzero(np.diff(frames) > _BETWEEN * track.fps) + 1
        for part in np.split(np.arange(len(frames)), apart):
            _move(track, keypoints, edited, (keypoint, *along), frames[part], goals[part])
    return replace(track, keypoints=keypoints, edited=edited)


def _move(
    track: PoseTrack,
    keypoints: FloatArray,
    edited: NDArray[np.bool_],
    which: Sequence[int],
    frames: NDArray[np.int64],
    goals: NDArray[np.float64],
) -> None:
    """Move a keypoint to its goals, and what it takes along; in place.

    Args:
        track: as it was.
        keypoints: its keypoints, which are changed.
        edited: which are edited, likewise.
        which: the keypoint, and those that it takes along.
        frames: ascending, in which the goals are given, not far apart.
        goals: `(N, 2)` in pixels.
    """
    keypoint = which[0]
    around = round(_AROUND * track.fps)
    rows = np.arange(max(0, frames[0] - around), min(len(track), frames[-1] + around + 1))
    inner = (rows >= frames[0]) & (rows <= frames[-1])
    seen = track.confidence[frames, keypoint] > 0
    if seen.any():
        moves = goals[seen] - track.xy[frames[seen], keypoint]
        shift = np.stack([np.interp(rows, frames[seen], moves[:, k]) for k in (0, 1)], axis=1)
        outside = np.maximum(frames[0] - rows, rows - frames[-1]).clip(0)
        shift *= (1 - outside / (around + 1))[:, None]
        for each in which:
            there = track.confidence[rows, each] > 0
            keypoints[rows[there], each, :2] += shift[there].astype(np.float32)
            edited[rows[there & inner], each] = True
    hidden = rows[inner & (track.confidence[rows, keypoint] <= 0)]
    hidden = np.union1d(hidden, frames[~seen])
    for axis in (0, 1):
        keypoints[hidden, keypoint, axis] = np.interp(hidden, frames, goals[:, axis])
    keypoints[np.union1d(hidden, frames), keypoint, 2] = 1.0
    edited[np.union1d(hidden, frames), keypoint] = True
