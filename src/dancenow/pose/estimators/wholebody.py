"""From COCO-WholeBody keypoints to the layout of 137.

COCO-WholeBody (Jin et al., ECCV 2020) has 133: 17 body, 6 feet, 68 face (iBUG/dlib order), 21 left
hand, 21 right hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dancenow.pose.bodies import WHOLEBODY
from dancenow.pose.layout import NUM_KEYPOINTS, add_midpoints
from dancenow.pose.track import FloatArray


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
    if xy.shape[1] != len(WHOLEBODY.rows):
        raise ValueError(
            f"{len(WHOLEBODY.rows)} whole-body keypoints are needed, not {xy.shape[1]}"
        )
    keypoints = np.zeros((len(xy), NUM_KEYPOINTS, 3), np.float32)
    keypoints[:, WHOLEBODY.rows, :2] = xy + 0.5
    keypoints[:, WHOLEBODY.rows, 2] = np.clip(scores, 0, 1)
    add_midpoints(keypoints)
    keypoints[keypoints[..., 2] <= 0] = 0
    return keypoints
