"""Legs that a source does not show: they stand still below the body, or are left out of view."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.pose.body_size import SHANK, THIGH, body_height
from dancenow.pose.layout import INDEX, SIDES, USABLE
from dancenow.pose.track import FloatArray, PoseTrack

HARDLY: Final = 0.5  # of the frames; legs that are seen in fewer are hidden
_SURE: Final = 0.5  # confidence of what is put there
# Body heights from the ankle: right (for the left foot; mirrored for the right), down.
_FOOT: Final = {"heel": (0.0, 0.03), "big_toe": (0.025, 0.05), "small_toe": (0.04, 0.045)}
_CLOSEST: Final = 3.0  # times as large as in the frame
_STANCE: Final = 0.02  # body heights by which an ankle stands beside its hip


def share_of_legs(track: PoseTrack) -> float:
    """The share of the frames with a person in which an ankle is seen, 0..1."""
    somebody = (track.confidence > 0).any(axis=1)
    ankles = track.confidence[:, [INDEX["left_ankle"], INDEX["right_ankle"]]] >= USABLE
    return float(ankles.any(axis=1)[somebody].mean()) if somebody.any() else 1.0


def with_standing_legs(track: PoseTrack) -> PoseTrack:
    """A track whose hidden legs stand still below the hips, straight and as long as an adult's.

    Unchanged where hips are not seen either, or if legs are seen in most frames.
    """
    heights = body_height(track)
    known = np.isfinite(heights)
    hips = track.keypoints[:, INDEX["mid_hip"]]
    known &= hips[:, 2] >= USABLE
    if share_of_legs(track) >= HARDLY or not known.any():
        return track
    height = float(np.median(heights[known]))
    ground = float(np.median(hips[known, 1])) + (THIGH + SHANK) * height
    keypoints = track.keypoints.copy()
    for side, outwards in zip(SIDES, (1, -1), strict=True):
        hip = keypoints[:, INDEX[f"{side}_hip"]]
        seen = hip[:, 2] >= USABLE
        if not seen.any():
            continue
        stance = float(np.median(hip[seen, 0])) + outwards * _STANCE * height
        ankle = np.array([stance, ground])
        knee = hip[:, :2] + (ankle - hip[:, :2]) * (THIGH / (THIGH + SHANK))
        _put(keypoints, f"{side}_knee", knee, seen)
        _put(keypoints, f"{side}_ankle", ankle, seen)
        for part, (right, down) in _FOOT.items():
            place = ankle + np.array([outwards * right, down]) * height
            _put(keypoints, f"{side}_{part}", place, seen)
    return track.with_keypoints(keypoints)


def view_above_legs(moved: PoseTrack, source: PoseTrack) -> NDArray[np.float64]:
    """A still view of a performance that ends where the source's own picture cuts the body.

    It is as near as the source's, as far as the frame allows.

    Args:
        moved: the poses in the frame that they are performed in.
        source: the same poses in the source's frame.

    Returns:
        float64 `(2, 3)`, from points of that frame to the view, which has the same size.
    """
    width, height = moved.size
    neck, hip = INDEX["neck"], INDEX["mid_hip"]
    known = (source.confidence[:, [neck, hip]] >= USABLE).all(axis=1)
    if not known.any():
        return np.eye(2, 3)
    lengths = [
        np.linalg.norm(each.xy[known, neck] - each.xy[known, hip], axis=1)
        for each in (moved, source)
    ]
    scale = float(np.median(lengths[0] / np.maximum(lengths[1], 1e-6)))
    below = (source.size[1] - source.xy[known, hip, 1]) * scale
    line = float(np.clip(np.median(moved.xy[known, hip, 1] + below), height / _CLOSEST, height))
    zoom = float(np.clip(height / (scale * source.size[1]), height / line, _CLOSEST))
    half = width / (2 * zoom)
    middle = float(np.clip(np.median(moved.xy[known, hip, 0]), half, width - half))
    return np.array([[zoom, 0, width / 2 - zoom * middle], [0, zoom, height - zoom * line]])


def _put(keypoints: FloatArray, name: str, place: NDArray[Any], where: NDArray[np.bool_]) -> None:
    """Put a keypoint into the frames in which it is missing."""
    missing = where & (keypoints[:, INDEX[name], 2] < USABLE)
    keypoints[missing, INDEX[name], :2] = np.broadcast_to(place, (len(keypoints), 2))[missing]
    keypoints[missing, INDEX[name], 2] = _SURE
