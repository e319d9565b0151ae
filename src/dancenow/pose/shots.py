"""The shots of an edited clip as one dance: each is normalised by itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from dancenow.errors import InputError
from dancenow.pose.normalize import normalize, pose_statistics
from dancenow.pose.track import PoseTrack

_FEWEST: Final = 5  # frames with a person; a shot with fewer tells no place


def shots_of(cuts: Sequence[int], count: int) -> list[slice]:
    """The shots of a clip of `count` frames, given the frames with which new ones begin."""
    return [slice(a, b) for a, b in pairwise((0, *cuts, count)) if a < b]


def join_shots(track: PoseTrack, cuts: Sequence[int]) -> PoseTrack:
    """A track whose shots all show the dancer where the longest one does, and as large.

    A shot in which nobody can be placed stays as it is.

    Args:
        track: the (cleaned) poses of the whole clip.
        cuts: the frames with which new shots begin, ascending.
    """
    shots = shots_of(cuts, len(track))
    seen = (track.confidence > 0).any(axis=1)
    if len(shots) < 2 or not seen.any():
        return track
    placed = {}
    for number, shot in enumerate(shots):
        if seen[shot].sum() >= _FEWEST:
            try:
                placed[number] = pose_statistics(track[shot])
            except InputError:  # a close-up
                continue
    if len(placed) < 2:
        return track
    main = max(placed, key=lambda number: int(seen[shots[number]].sum()))
    keypoints = track.keypoints.copy()
    for number, statistics in placed.items():
        if number != main:
            shot = shots[number]
            moved = normalize(track[shot], statistics, placed[main], track.size)
            keypoints[shot] = np.where(moved.confidence[..., None] > 0, moved.keypoints, 0)
    return track.with_keypoints(keypoints)
