"""How long a body is in the picture, measured on its keypoints."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from dancenow.pose.gaps import filled
from dancenow.pose.layout import INDEX, SIDES, USABLE
from dancenow.pose.track import FloatArray, PoseTrack

# Shares of the length from the ankle to the top of the head, for an average adult's OpenPose joints
# (after the segment lengths of Drillis and Contini, 1966).
HEAD: Final = 0.20  # neck to top of head
TORSO: Final = 0.29  # neck to mid-hip
THIGH: Final = 0.255
SHANK: Final = 0.255
NECK_TO_NOSE: Final = 0.115

DEEPEST: Final = 2.0  # how much larger or smaller than usual depth makes a body at most
SLOW: Final = 0.8  # seconds; how slowly the size of a body changes with depth


def frame_height(keypoints: NDArray[Any]) -> float:
    """Length of the body in one frame's keypoints `(137, 3)`, pixels; NaN if unknown."""
    return float(body_heights(keypoints[None])[0])


def body_height(track: PoseTrack) -> FloatArray:
    """Length of the body, from the ankle to the top of the head, in each frame.

    It is measured along the skeleton (neck, mid-hip, hip, knee, ankle; the head by proportion),
    so raised arms do not matter, and bent knees or hips shorten it only by foreshortening.  If a
    leg or the head is not seen, its length follows from an adult's proportions.

    Args:
        track: the pose track.

    Returns:
        float32 `(T,)`, pixels; NaN if the torso is not seen.
    """
    return body_heights(track.keypoints)


def body_heights(keypoints: NDArray[Any]) -> FloatArray:
    """`body_height` of keypoints `(T, 137, 3)`."""
    xy = np.where(keypoints[..., 2:] >= USABLE, keypoints[..., :2], np.nan)
    xy = xy.astype(np.float64)

    def length(a: str, b: str) -> NDArray[Any]:
        distance: NDArray[Any] = np.linalg.norm(xy[:, INDEX[a]] - xy[:, INDEX[b]], axis=-1)
        return distance

    torso = length("neck", "mid_hip")
    legs = [
        length(f"{side}_hip", f"{side}_knee") + length(f"{side}_knee", f"{side}_ankle")
        for side in ("left", "right")
    ]
    leg = np.fmax(legs[0], legs[1])
    leg = np.where(np.isnan(leg), torso * ((THIGH + SHANK) / TORSO), leg)
    head = length("neck", "nose") * (HEAD / NECK_TO_NOSE)
    head = np.where(np.isnan(head), torso * (HEAD / TORSO), head)
    return np.asarray(torso + leg + head, dtype=np.float32)


def depth_scale(track: PoseTrack) -> NDArray[np.float64]:
    """How large depth makes the body in each frame, slowly changing, float64 `(T,)`.

    A crouch or a limb that points at the camera is not depth: the largest of two seconds counts.
    """
    heights = body_height(track).astype(np.float64)
    heights = filled(heights[:, None], np.isfinite(heights))[:, 0]
    window = max(1, round(2 * track.fps)) | 1
    largest = maximum_filter1d(heights, window, mode="nearest")
    slow = gaussian_filter1d(largest, SLOW * track.fps, mode="nearest")
    slow /= max(float(np.median(slow)), 1e-6)
    scale: NDArray[np.float64] = slow.clip(1 / DEEPEST, DEEPEST)
    return scale


def height_in_space(points: NDArray[Any]) -> NDArray[Any]:
    """Length of a body from the ankle to the top of the head, `(...)`, in the unit of its points.

    Args:
        points: `(..., 25 or more, 3)`, in the order of the layout; neck, hips, knees and ankles
            count.
    """

    def length(a: str, b: str) -> NDArray[Any]:
        apart: NDArray[Any] = np.linalg.norm(
            points[..., INDEX[a], :] - points[..., INDEX[b], :], axis=-1
        )
        return apart

    legs = sum(
        length(f"{side}_{a}", f"{side}_{b}") / 2
        for side in SIDES
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    )
    return np.asarray((length("neck", "mid_hip") + legs) / (TORSO + THIGH + SHANK))
