"""Smooth optical flow between two pictures that nearly match."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

_SMOOTH_PX: Final = 4.0  # standard deviation of the flow's smoothing


def smooth_flow(
    first: Frame, second: Frame, most_px: float, preset: int = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM
) -> NDArray[np.float32]:
    """Where the pixels of one picture lie in another, relative to their place in the first.

    Dense inverse search (Kroeger, Timofte, Dai and Van Gool, "Fast optical flow using dense inverse
    search", ECCV 2016), smoothed and shortened.

    Args:
        first: uint8 `(H, W)`.
        second: uint8 `(H, W)`.
        most_px: the longest motion, in pixels.
        preset: of cv2.DISOpticalFlow; faster ones are coarser.

    Returns:
        float32 `(H, W, 2)`: x and y, pixels.
    """
    found = cv2.DISOpticalFlow.create(preset).calc(first, second, None)  # type: ignore[call-overload]
    flow = np.asarray(cv2.GaussianBlur(found, (0, 0), _SMOOTH_PX))
    length = np.linalg.norm(flow, axis=-1, keepdims=True)
    return np.asarray(flow * np.minimum(1, most_px / np.maximum(length, 1e-6)), dtype=np.float32)
