"""From COCO-WholeBody keypoints to the layout of 137.

COCO-WholeBody (Jin et al., ECCV 2020) has 133: 17 body, 6 feet, 68 face (iBUG/dlib order), 21 left
hand, 21 right hand.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.pose.layout import (
    FACE,
    INDEX,
    LEFT_HAND,
    NUM_KEYPOINTS,
    RIGHT_HAND,
    add_midpoints,
)
from dancenow.pose.track import FloatArray

COCO_BODY: Final = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
_FEET: Final = (
    "left_big_toe", "left_small_toe", "left_heel",
    "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip
_REST: Final = (
    *range(FACE.start, FACE.start + 68),  # all but the pupils
    *range(LEFT_HAND.start, LEFT_HAND.stop),
    *range(RIGHT_HAND.start, RIGHT_HAND.stop),
)
WHOLEBODY: Final = [*(INDEX[name] for name in (*COCO_BODY, *_FEET)), *_REST]


def wholebody_to_layout(xy: NDArray[Any], scores: NDArray[Any]) -> FloatArray:
    """Turn whole-body keypoints into the layout of 137.

    Args:
        xy: `(P, 133, 2)`, pixels, pixel centres at whole numbers (as OpenCV counts).
        scores: `(P, 133)`; clipped to 0..1.

    Returns:
        float32 `(P, 137, 3)`, px, pixel centres at .5.  Neck and mid-hip are derived; the pupils
        have confidence 0.

    Raises:
        ValueError: there are not 133 keypoints.
    """
    if xy.shape[1] != len(WHOLEBODY):
        raise ValueError(f"{len(WHOLEBODY)} whole-body keypoints are needed, not {xy.shape[1]}")
    keypoints = np.zeros((len(xy), NUM_KEYPOINTS, 3), np.float32)
    keypoints[:, WHOLEBODY, :2] = xy + 0.5
    keypoints[:, WHOLEBODY, 2] = np.clip(scores, 0, 1)
    add_midpoints(keypoints)
    keypoints[keypoints[..., 2] <= 0] = 0
    return keypoints
