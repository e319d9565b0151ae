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

    def mixed(self, other: Layer, share: float) -> Layer:
        """This layer with another one in its place by a share, 0..1."""
        boxes = [
            (each.left, each.top, each.left + each.pixels.shape[1], each.top + each.pixels.shape[0])
            for each in (self, other)
            if each.pixels.size
        ]
        if not boxes:
            return self
        left, top = (min(box[i] for box in boxes) for i in (0, 1))
        right, bottom = (max(box[i] for box in boxes) for i in (2, 3))
        canvases = []
        for each in (self, other):
            canvas = np.zeros((bottom - top, right - left, 4), np.uint8)
            height, width = each.pixels.shape[:2]
            x, y = each.left - left, each.top - top
            if each.pixels.size:
                canvas[y : y + height, x : x + width] = each.pixels
            canvases.append(canvas)
        mixed = cv2.addWeighted(canvases[0], 1 - share, canvases[1], share, 0)
        return Layer(np.asarray(mixed, np.uint8), left, top, self.size)

    def alone(self) -> Frame:
        """The person on a transparent background, uint8 `(H, W, 4)` RGBA, not premultiplied."""
        frame = np.zeros((self.size[1], self.size[0], 4), np.uint8)
        if self.pixels.size:
            height, width = self.pixels.shape[:2]
            region = frame[self.top : self.top + height, self.left : self.left + width]
            cover = cv2.cvtColor(self.pixels[..., 3], cv2.COLOR_GRAY2RGB)
            colour = cv2.cvtColor(self.pixels, cv2.COLOR_RGBA2RGB)
            region[..., :3] = cv2.divide(colour, cover, scale=255)  # 0 where nothing is covered
            region[..., 3] = self.pixels[..., 3]
        return frame
