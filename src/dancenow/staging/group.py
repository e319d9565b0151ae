"""Several dancers of one clip in one room: who stands where, and who is in front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import INDEX, USABLE
from dancenow.pose.legs import with_standing_legs
from dancenow.pose.normalize import PoseStatistics, pose_statistics

Array = NDArray[np.float64]

_STEADY: Final = 0.5  # seconds; standard deviation of the smoothing of a dancer's path
_FILLED: Final = 0.96  # of the room's width that a group takes up at most
_SMALLEST: Final = 0.7  # of its size to which a group is made smaller before the room is widened
_NEARER: Final = 0.02  # body heights by which another must stand lower to come to the front
_BELOW: Final = 0.02  # of the room's height, free below the feet of the nearest


@dataclass(frozen=True)
class Place:
    """Where a performer's picture comes to lie in a shared one.

    Attributes:
        scale: pixels of the shared picture per pixel of the performer's own.
        here: float64 `(T, 2)`, a point of the performer's picture in each frame.
        there: float64 `(T, 2)`, the same point in the shared picture.
    """

    scale: float
    here: Array
    there: Array


@dataclass(frozen=True)
class Group:
    """Dancers in one room.

    Attributes:
        width: of the room in pixels, at least the given one.
        tracks: their poses, each in pixels of its performer's own picture.
        places: where these pictures come to lie in the room.
        order: int64 `(T, N)`, the dancers from the farthest to the nearest.
    """

    width: int
    tracks: list[PoseTrack]
    places: list[Place]
    order: NDArray[np.int64]


def gather(
    tracks: Sequence[PoseTrack], homes: Sequence[PoseStatistics], size: tuple[int, int]
) -> Group:
    """Bring dancers who were filmed together into a performer's room, as they stood and moved.

    Distances are scaled as the dancers are, who on average become as tall as the first performer;
    each performer becomes as tall as the dancer whom it follows.  A group too wide for the room
    is made a little smaller; then the room is widened.

    Args:
        tracks: one dancer each, in pixels of the same source.
        homes: where each performer stands in its own picture; the room is the first one's.
        size: width and height of the room in pixels.

    Raises:
        InputError: a track shows no body.
    """
    tracks = [with_standing_legs(track) for track in tracks]
    seen = [pose_statistics(track) for track in tracks]
    left, right = _span(tracks)
    home, (width, height) = homes[0], size
    scale = home.middle_height / float(np.mean([each.middle_height for each in seen]))
    scale = float(np.clip(_FILLED * width / (right - left), _SMALLEST * scale, scale))
    reach = scale * (right - left)
    wide = max(width, round(reach / _FILLED))
    middle = home.x + float(np.clip(wide / 2 - home.x, 0, wide - width))
    spare = reach / 2 + (1 - _FILLED) / 2 * wide
    middle = float(np.clip(middle, min(spare, wide / 2), max(wide - spare, wide / 2)))
    ankles = np.stack([find_ground(track).ankle for track in tracks], axis=1)
    lowest = float(np.quantile(ankles, 0.99))
    ground = float(np.mean([each.middle for each in seen]))
    floor = min(home.middle, (1 - _BELOW) * height - scale * (lowest - ground))
    danced, places = [], []
    for track, own, there, ankle in zip(tracks, homes, seen, ankles.T, strict=True):
        path = np.stack([_path(track), _smooth(ankle, track.fps)], axis=1)
        own_scale = own.middle_height / there.middle_height
        here = np.array([own.x, own.middle])
        danced.append(_brought(track, path, own_scale, here))
        in_room = scale * (path - ((left + right) / 2, ground)) + (middle, floor)
        places.append(Place(scale / own_scale, np.broadcast_to(here, path.shape), in_room))
    tall = float(np.mean([each.middle_height for each in seen]))
    return Group(wide, danced, places, _from_the_back(ankles, _NEARER * tall))


def _span(tracks: Sequence[PoseTrack]) -> tuple[float, float]:
    """The columns between which all dance, pixels."""
    extents = [body_extent(track) for track in tracks]
    left = min(float(np.nanquantile(extent[:, 0], 0.01)) for extent in extents)
    right = max(float(np.nanquantile(extent[:, 2], 0.99)) for extent in extents)
    return left, max(right, left + 1)


def _path(track: PoseTrack) -> Array:
    """x of the hips in each frame, `(T,)`, smoothed, and bridged where they are not seen."""
    hips = track.keypoints[:, INDEX["mid_hip"]].astype(np.float64)
    frames, known = np.arange(len(track)), hips[:, 2] >= USABLE
    bridged = np.interp(frames, frames[known], hips[known, 0])
    return _smooth(bridged, track.fps)


def _smooth(values: Array, fps: float) -> Array:
    return np.asarray(gaussian_filter1d(values, _STEADY * fps, mode="nearest"), np.float64)


def _brought(track: PoseTrack, path: Array, scale: float, here: Array) -> PoseTrack:
    """A track scaled about a path, which becomes one point."""
    keypoints = track.keypoints.copy()
    moved = scale * (track.xy - path[:, None]) + here
    seen = (track.confidence > 0)[..., None]
    keypoints[..., :2] = np.where(seen, moved, keypoints[..., :2])
    return track.with_keypoints(keypoints)


def _from_the_back(ankles: Array, margin: float) -> NDArray[np.int64]:
    """Dancers from the farthest to the nearest: who stands lower is nearer.

    Two change places only when one stands lower by a margin in pixels.
    """
    order = np.argsort(ankles[0], kind="stable")
    orders = np.empty(ankles.shape, np.int64)
    for index, ankle in enumerate(ankles):
        for _ in range(len(order)):
            for place in range(len(order) - 1):
                behind, before = order[place : place + 2]
                if ankle[behind] > ankle[before] + margin:
                    order[place : place + 2] = before, behind
        orders[index] = order
    return orders


def in_one_frame(tracks: Sequence[PoseTrack]) -> list[PoseTrack]:
    """Tracks of several dancers in one frame, each in a part of it, from left to right."""
    width, height = tracks[0].size
    placed = []
    for number, track in enumerate(tracks):
        keypoints = track.keypoints.copy()
        keypoints[..., 0] += np.where(keypoints[..., 2] > 0, number * width, 0)
        placed.append(replace(track, keypoints=keypoints, size=(len(tracks) * width, height)))
    return placed
