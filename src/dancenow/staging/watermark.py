"""A visible mark in the frames of a result: that it is synthetic."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

TEXT: Final = "SYNTHETIC - DanceNow"
_SHARE: Final = 0.028  # of the shorter side: the letters' height
_LEAST_PX: Final = 9.0  # of the letters
_WIDEST: Final = 0.9  # of the frame's width
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_PLATE: Final = 0.55  # how much of what lies behind the letters is darkened


class Watermark:
    """Draws the mark at the bottom, in the middle, where no crop to an upright picture loses it.

    Args:
        size: width and height of the frames in pixels.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        width, height = size
        (text_width, text_height), below = cv2.getTextSize(TEXT, _FONT, 1.0, 1)
        wanted = max(_LEAST_PX, _SHARE * min(size)) / text_height
        scale = min(wanted, _WIDEST * width / text_width)
        thickness = max(1, round(1.4 * scale))
        (text_width, text_height), below = cv2.getTextSize(TEXT, _FONT, scale, thickness)
        margin = max(1, round(0.6 * text_height))
        left, bottom = (width - text_width) // 2, height - margin - below
        self._rows = slice(max(0, bottom - text_height - margin), height)
        self._columns = slice(max(0, left - margin), min(width, left + text_width + margin))
        letters = np.zeros((height, width), np.uint8)
        place, white = (left, bottom), (255,)
        cv2.putText(letters, TEXT, place, _FONT, scale, white, thickness, lineType=cv2.LINE_AA)
        self._letters = letters[self._rows, self._columns, None].astype(np.float32) / 255

    def drawn(self, frame: Frame) -> Frame:
        """A copy of a frame, uint8 `(H, W, 3)` RGB or `(H, W, 4)` RGBA, with the mark."""
        marked = frame.copy()
        place = marked[self._rows, self._columns]
        colours = place[..., :3].astype(np.float32) * (1 - _PLATE)
        place[..., :3] = (colours + (255 - colours) * self._letters).round()
        if frame.shape[2] == 4:  # also where nobody is
            place[..., 3] = np.maximum(place[..., 3], round(255 * _PLATE))
        return marked
