"""From MediaPipe Holistic's landmarks to the layout of 137 keypoints.

MediaPipe names its 33 pose landmarks in `PoseLandmark`; left and right are the person's own.
The face mesh has 468 points without names, and 10 more for the irises; the 68 points of the
iBUG/dlib scheme are picked along its face oval, brows, eyes, nose and lips (the contours that
MediaPipe publishes as `FACEMESH_*`).  The 21 hand points are already in OpenPose's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from dancenow.pose.body_size import height_in_space
from dancenow.pose.layout import (
    FACE,
    INDEX,
    LEFT_HAND,
    MIDPOINTS,
    NUM_KEYPOINTS,
    RIGHT_HAND,
    add_midpoints,
)
from dancenow.pose.track import FloatArray

# MediaPipe has no small toes: those keep confidence 0.
BODY_LANDMARKS: Final = {
    "nose": 0,
    "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8,
    "left_shoulder": 11, "right_shoulder": 12, "left_elbow": 13, "right_elbow": 14,
    "left_wrist": 15, "right_wrist": 16,
    "left_hip": 23, "right_hip": 24, "left_knee": 25, "right_knee": 26,
    "left_ankle": 27, "right_ankle": 28, "left_heel": 29, "right_heel": 30,
    "left_big_toe": 31, "right_big_toe": 32,
}  # fmt: skip

_KNUCKLES: Final = {
    "left_hand_index_1": 19, "left_hand_little_1": 17,
    "right_hand_index_1": 20, "right_hand_little_1": 18,
}  # fmt: skip

FACE_POINTS: Final = (
    127, 234, 93, 132, 58, 172, 150, 176,  # jaw: the person's right half, from the ear down
    152,  # chin
    400, 379, 397, 288, 361, 323, 454, 356,  # jaw: the left half, up to the ear
    70, 63, 105, 66, 107,  # right brow
    336, 296, 334, 293, 300,  # left brow
    168, 197, 5, 4,  # nose bridge
    98, 97, 2, 326, 327,  # nose base
    33, 160, 158, 133, 153, 144,  # right eye
    362, 385, 387, 263, 373, 380,  # left eye
    61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91,  # outer lip
    78, 81, 13, 311, 308, 402, 14, 178,  # inner lip
    468, 473,  # right pupil, left pupil
)  # fmt: skip

# Holistic reports a hand or a face only if its own model gives it a presence above this.
_PRESENCE: Final = 0.5
# A hand's own wrist and the body's agree to about a third of the forearm; if they are much farther
# apart, the hand model has found the other hand.
_HAND_REACH: Final = 0.75


def to_layout(landmarks: Any, scale: float, origin: tuple[float, float]) -> FloatArray | None:
    """Turn what MediaPipe saw in one frame into keypoints.

    Args:
        landmarks: what `Holistic.process` returned for a square picture; or `Pose.process`, which
            returns the body alone.
        scale: side of that picture, pixels of the frame.
        origin: where its upper left corner lies in the frame, pixels.

    Returns:
        float32 `(137, 3)`, or None if nobody was seen.  Confidence is MediaPipe's visibility for
        the body.  For face and hands it is that of nose or wrist, but at least 0.5: MediaPipe
        states none of their own and drops them when it is unsure.
    """
    if landmarks.pose_landmarks is None:
        return None
    keypoints = np.zeros((NUM_KEYPOINTS, 3), dtype=np.float32)
    pose = landmarks.pose_landmarks.landmark
    for name, i in BODY_LANDMARKS.items():
        keypoints[INDEX[name]] = pose[i].x, pose[i].y, pose[i].visibility
    add_midpoints(keypoints)
    face = getattr(landmarks, "face_landmarks", None)
    if face is not None:
        _put(keypoints, FACE, [face.landmark[i] for i in FACE_POINTS], INDEX["nose"])
    for side, part in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
        hand = getattr(landmarks, f"{side}_hand_landmarks", None)
        if hand is not None:
            _put(keypoints, part, hand.landmark, INDEX[f"{side}_wrist"])
            _drop_if_other_hand(keypoints, part, side)
    seen = keypoints[:, 2] > 0
    keypoints[seen, :2] = keypoints[seen, :2] * np.float32(scale) + np.asarray(origin, np.float32)
    return keypoints


def _put(keypoints: FloatArray, part: slice, points: Sequence[Any], anchor: int) -> None:
    confidence = max(float(keypoints[anchor, 2]), _PRESENCE)
    keypoints[part] = [(point.x, point.y, confidence) for point in points]


def _drop_if_other_hand(keypoints: FloatArray, hand: slice, side: str) -> None:
    wrist, elbow = keypoints[INDEX[f"{side}_wrist"], :2], keypoints[INDEX[f"{side}_elbow"], :2]
    shoulder = keypoints[INDEX[f"{side}_shoulder"], :2]
    # A forearm that points at the camera looks short; the upper arm then tells the scale.
    arm = max(float(np.linalg.norm(wrist - elbow)), float(np.linalg.norm(elbow - shoulder)))
    if np.linalg.norm(keypoints[hand.start, :2] - wrist) > _HAND_REACH * arm:
        keypoints[hand] = 0


def depth_of(landmarks: Any) -> FloatArray | None:
    """How far keypoints are behind the hips, float32 `(137,)` in body heights; NaN if unknown.

    Known are those of the body, and each hand's knuckles of index and little finger.
    """
    world = getattr(landmarks, "pose_world_landmarks", None)
    if world is None:
        return None
    found = np.array([(point.x, point.y, point.z) for point in world.landmark])
    points = np.full((NUM_KEYPOINTS, 3), np.nan)
    for name, number in (BODY_LANDMARKS | _KNUCKLES).items():
        points[INDEX[name]] = found[number]
    for name, left, right in MIDPOINTS:
        points[INDEX[name]] = (points[INDEX[left]] + points[INDEX[right]]) / 2
    height = height_in_space(points)
    if not height > 0:
        return None
    depth = (points[:, 2] - points[INDEX["mid_hip"], 2]) / height
    return np.asarray(depth, dtype=np.float32)
