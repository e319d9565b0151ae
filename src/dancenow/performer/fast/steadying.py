"""Steadies what is painted: what hardly differs from the previous frame is mixed with it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.performer.layer import Layer

_SECONDS: Final = 0.4  # time in which what has not moved follows a change
_ALIKE: Final = 5.0  # of 255: difference at which a pixel counts as moved; from 8 on, trails show
_AROUND_PX: Final = 1.5  # standard deviation of the differences' smoothing


class Steadying:
    """A recursive filter over the layers of one performance, pixel by pixel.

    Each frame is painted by itself: from frame to frame poses jitter, and pieces come from other
    references, so what stands still flickers.  Motion is not delayed, as it differs too much.
    """

    def __init__(self) -> None:
        self._before: tuple[NDArray[np.float32], int, int] | None = None

    def reset(self) -> None:
        """Forget the previous frame."""
        self._before = None

    def steady(self, layer: Layer, fps: float) -> Layer:
        """The next frame's layer; `fps` is in frames per second."""
        if not layer.pixels.size:
            self.reset()
            return layer
        pixels = layer.pixels.astype(np.float32)
        if self._before is not None:
            before = _cut(*self._before, layer)
            weight = _likeness(pixels, before) * math.exp(-1 / (_SECONDS * fps))
            pixels = np.asarray(cv2.blendLinear(before, pixels, weight, 1 - weight))
        self._before = pixels, layer.left, layer.top
        return replace(layer, pixels=np.asarray(cv2.convertScaleAbs(pixels), np.uint8))


def _likeness(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """How alike pixels `(H, W, 4)` are, float32 `(H, W)` in 0..1; found at half the resolution."""
    height, width = a.shape[:2]
    half = max(1, width // 2), max(1, height // 2)
    small = (cv2.resize(picture, half, interpolation=cv2.INTER_AREA) for picture in (a, b))
    apart = cv2.transform(cv2.absdiff(*small), np.full((1, 4), 0.25 / _ALIKE, np.float32))
    apart = cv2.GaussianBlur(apart, (0, 0), _AROUND_PX / 2)
    return np.asarray(cv2.resize(np.exp(-apart * apart), (width, height)), np.float32)


def _cut(pixels: NDArray[np.float32], left: int, top: int, layer: Layer) -> NDArray[np.float32]:
    """The part of an earlier layer's pixels that a layer covers; 0 beyond it."""
    part = np.zeros(layer.pixels.shape, np.float32)
    x0, y0 = max(left, layer.left), max(top, layer.top)
    x1 = min(left + pixels.shape[1], layer.left + part.shape[1])
    y1 = min(top + pixels.shape[0], layer.top + part.shape[0])
    if x0 < x1 and y0 < y1:
        part[y0 - layer.top : y1 - layer.top, x0 - layer.left : x1 - layer.left] = pixels[
            y0 - top : y1 - top, x0 - left : x1 - left
        ]
    return part
