"""Stick figures and frames at the painted size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.pose.face_region import face_side
from dancenow.sources.stick_figures import AuthorsFolder

Frame = NDArray[np.uint8]


def scaled(picture: Frame, canvas: tuple[int, int]) -> Frame:
    """A picture scaled to a width and height in pixels."""
    if picture.shape[1::-1] == canvas:
        return picture
    method = cv2.INTER_AREA if canvas[0] <= picture.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, canvas, interpolation=method), np.uint8)


def face_regions(given: AuthorsFolder, canvas: tuple[int, int]) -> NDArray[np.int64]:
    """Left and top of the faces' regions of a folder on a canvas, int64 `(N, 2)`, in pixels."""
    side = face_side(canvas)
    scale = np.array(canvas) / np.array(given.size)
    middle = (given.corners + (given.face_side or 0) / 2) * scale
    corners = np.round(middle - side / 2).astype(np.int64)
    return np.asarray(np.clip(corners, 0, np.array(canvas) - side))
