"""Simple dancers with known poses, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dancenow.pose import PoseTrack
from dancenow.pose.layout import FACE, INDEX, LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND

# Joints of a standing body: x to the picture's right, y up from the ankles, in body heights.
_STANDING = {
    "neck": (0.0, 0.80), "nose": (0.0, 0.915), "mid_hip": (0.0, 0.51),
    "right_eye": (-0.02, 0.935), "left_eye": (0.02, 0.935),
    "right_ear": (-0.045, 0.925), "left_ear": (0.045, 0.925),
    "right_shoulder": (-0.12, 0.80), "right_elbow": (-0.16, 0.63), "right_wrist": (-0.18, 0.47),
    "left_shoulder": (0.12, 0.80), "left_elbow": (0.16, 0.63), "left_wrist": (0.18, 0.47),
    "right_hip": (-0.06, 0.51), "right_knee": (-0.065, 0.255), "right_ankle": (-0.07, 0.0),
    "left_hip": (0.06, 0.51), "left_knee": (0.065, 0.255), "left_ankle": (0.07, 0.0),
    "left_big_toe": (0.09, -0.04), "left_small_toe": (0.11, -0.035), "left_heel": (0.065, -0.02),
    "right_big_toe": (-0.09, -0.04), "right_small_toe": (-0.11, -0.035),
    "right_heel": (-0.065, -0.02),
}  # fmt: skip


def standing() -> NDArray[np.float64]:
    """A standing body `(137, 2)`: ankles at the origin, 1 high, y down."""
    body = np.zeros((NUM_KEYPOINTS, 2))
    for name, (x, y) in _STANDING.items():
        body[INDEX[name]] = x, -y
    angle = np.linspace(0, 2 * np.pi, FACE.stop - FACE.start)
    body[FACE] = body[INDEX["nose"]] + 0.05 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    for part, wrist, sign in ((LEFT_HAND, "left_wrist", 1), (RIGHT_HAND, "right_wrist", -1)):
        body[part] = body[INDEX[wrist]]
        for i in range(1, 21):
            finger, joint = divmod(i - 1, 4)
            body[part.start + i] += (sign * 0.008 * (finger - 2), 0.02 * (joint + 1))
    return body


def dance(
    ankle: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    *,
    x: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda t: 320 + 0 * t,
    height: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda t: 300 + 0 * t,
    lift: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda t: 0 * t,
    seconds: float = 4.0,
    fps: float = 25.0,
    size: tuple[int, int] = (640, 480),
) -> PoseTrack:
    """A body whose ankle y, x, height (px) and height above ground (px) are functions of time.

    It waves its arms all the while.
    """
    t = np.arange(round(seconds * fps)) / fps
    body = np.repeat(standing()[None], len(t), axis=0)
    for wrist, part in (("left_wrist", LEFT_HAND), ("right_wrist", RIGHT_HAND)):
        wave = 0.2 * np.sin(2 * np.pi * t)[:, None] * np.array([0.5, 1.0])
        body[:, INDEX[wrist]] += wave
        body[:, part] += wave[:, None]
    xy = body * height(t)[:, None, None]
    xy += np.stack([x(t), ankle(t) - lift(t)], axis=-1)[:, None]
    return PoseTrack(np.concatenate([xy, np.ones((*xy.shape[:2], 1))], axis=-1), fps, size)


def moved(
    track: PoseTrack, scale: float, by: tuple[float, float], size: tuple[int, int]
) -> PoseTrack:
    """The same dance elsewhere in another frame; missing keypoints stay missing."""
    keypoints = track.keypoints.astype(np.float64)
    keypoints[..., :2] = keypoints[..., :2] * scale + by
    keypoints[track.confidence == 0] = 0
    return PoseTrack(keypoints, track.fps, size)


def without(track: PoseTrack, *names: str, frames: slice = slice(None)) -> PoseTrack:
    """The track with some keypoints missing."""
    keypoints = track.keypoints.copy()
    for name in names:
        keypoints[frames, INDEX[name]] = 0
    return track.with_keypoints(keypoints)
