"""Square windows of a frame for a detector to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from dancenow.pose.estimators.base import Frame
from dancenow.pose.layout import BODY
from dancenow.pose.track import FloatArray

# Shares of the window's side that a body takes when the window is chosen.
ROOMY: Final = 0.4  # with room to move
TIGHT: Final = 0.65  # beside others, who must not be taken for the one who is meant
_TOO_LARGE: Final = 0.8
_TOO_SMALL: Final = 0.15
_SMALLEST: Final = 32  # pixels


@dataclass(frozen=True)
class Window:
    """A square part of the frame, pixels; it may extend beyond the frame."""

    left: int
    top: int
    side: int

    @staticmethod
    def whole(width: int, height: int) -> Window:
        """The smallest window that contains the whole frame."""
        side = max(width, height)
        return Window((width - side) // 2, (height - side) // 2, side)

    @staticmethod
    def around(keypoints: FloatArray, largest: int, share: float = ROOMY) -> Window:
        """A window around a body `(137, 3)`; see `at`."""
        (x, y), extent = _centre_and_extent(keypoints)
        return Window.at(float(x), float(y), extent, largest, share)

    @staticmethod
    def at(x: float, y: float, extent: float, largest: int, share: float = ROOMY) -> Window:
        """A window around a body in the middle, at most `largest` pixels wide.

        Args:
            x, y: the middle, pixels.
            extent: the body's longer side, pixels.
            largest: pixels.
            share: of the window's side that the body takes.
        """
        side = max(_SMALLEST, min(round(extent / share), largest))
        return Window(round(x - side / 2), round(y - side / 2), side)

    def fits(self, keypoints: FloatArray, largest: int) -> bool:
        """Whether the body `(137, 3)` is neither too large, nor too small, nor near an edge."""
        centre, extent = _centre_and_extent(keypoints)
        offset = np.abs(centre - (np.array([self.left, self.top]) + self.side / 2)).max()
        share = extent / self.side
        return bool(
            share > _TOO_SMALL
            and (share < _TOO_LARGE or self.side >= largest)
            and offset / self.side < max(0.08, 0.45 - share / 2)
        )

    def overlap(self, width: int, height: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """The rows and columns shared with a frame, in the frame and in the window."""
        left, right = (min(max(x, 0), width) for x in (self.left, self.left + self.side))
        top, bottom = (min(max(y, 0), height) for y in (self.top, self.top + self.side))
        return (slice(top, bottom), slice(left, right)), (
            slice(top - self.top, bottom - self.top),
            slice(left - self.left, right - self.left),
        )

    def paste(self, mask: FloatArray, width: int, height: int) -> FloatArray:
        """Paste the window's mask into a whole frame: float32 `(H, W)`, 0 outside the window."""
        if mask.shape != (self.side, self.side):
            mask = cv2.resize(mask, (self.side, self.side)).astype(np.float32, copy=False)
        shared, place = self.overlap(width, height)
        pasted = np.zeros((height, width), np.float32)
        pasted[shared] = mask[place]
        return pasted


class Cutter:
    """Cuts windows out of frames into a canvas, which is reused while the window stays."""

    def __init__(self) -> None:
        self._canvas = np.zeros((0, 0, 3), np.uint8)
        self._cut: tuple[Window, tuple[int, ...]] | None = None

    def cut(self, frame: Frame, window: Window) -> Frame:
        """The window's picture: uint8 `(side, side, 3)`, black outside the frame.

        It is overwritten by the next call.
        """
        if self._cut != (window, frame.shape):
            self._canvas = np.zeros((window.side, window.side, 3), np.uint8)
            self._cut = (window, frame.shape)
        shared, place = window.overlap(frame.shape[1], frame.shape[0])
        self._canvas[place] = frame[shared]
        return self._canvas


def search_windows(width: int, height: int, part: int) -> Iterator[Window]:
    """Windows that cover a frame, half overlapping, a `part`th of its short side wide."""
    side = max(_SMALLEST, min(width, height) // part)
    columns, rows = (max(1, -(-2 * (length - side) // side) + 1) for length in (width, height))
    for top in np.linspace(0, height - side, rows).astype(int):
        for left in np.linspace(0, width - side, columns).astype(int):
            yield Window(int(left), int(top), side)


def _centre_and_extent(keypoints: FloatArray) -> tuple[FloatArray, float]:
    """Centre and longer side of the box around the seen body keypoints, pixels."""
    body = keypoints[BODY]
    xy = body[body[:, 2] > 0, :2]
    low, high = xy.min(axis=0), xy.max(axis=0)
    return (low + high) / 2, float((high - low).max())
