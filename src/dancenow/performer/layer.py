"""`Layer`: the painted person in one frame, before it is laid over anything."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class Layer:
    """The painted person in one frame, before it is laid over anything.

    Attributes:
        pixels: uint8 `(h, w, 4)`: premultiplied RGB, and coverage; empty without a person.
        left, top: its corner in the frame, in pixels.
        size: width and height of the frame in pixels.
    """

    pixels: Frame
    left: int
    top: int
    size: tuple[int, int]

    def over(self, background: Frame) -> Frame:
        """The person over a background, uint8 `(H, W, 3)` RGB of the frame's size."""
        frame = background.copy()
        if self.pixels.size:
            height, width = self.pixels.shape[:2]
            region = frame[self.top : self.top + height, self.left : self.left + width]
            through = cv2.cvtColor(255 - self.pixels[..., 3], cv2.COLOR_GRAY2RGB)
            behind = cv2.multiply(region, through, scale=1 / 255)
            region[...] = cv2.add(behind, cv2.cvtColor(self.pixels, cv2.COLOR_RGBA2RGB))
        return frame

    def alone(self) -> Frame:
        """The person on a transparent background, uint8 `(H, W, 4)` RGBA, not premultiplied."""
        frame = np.zeros((self.size[1], self.size[0], 4), np.uint8)
        if self.pixels.size:
            height, width = self.pixels.shape[:2]
            region = frame[self.top : self.top + height, self.left : self.left + width]
            cover = self.pixels[..., 3:].astype(np.float32)
            straight = self.pixels[..., :3] * (255 / np.maximum(cover, 1))
            region[..., :3] = straight.round().clip(0, 255)
            region[..., 3:] = self.pixels[..., 3:]
        return frame
