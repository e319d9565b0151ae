"""Geometry and detections of MediaPipe's models: turned squares, anchors, smoothed places."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Picture = NDArray[np.uint8]

PRESENT: Final = 0.5
"""Score above which something is there."""
_SAME: Final = 0.3  # of two boxes' union, in common
_KERNEL: Final = 7  # of the heat maps that refine a pose


class Roi(NamedTuple):
    """A turned rectangle: its middle, sides in pixels, and rotation in radians."""

    x: float
    y: float
    width: float
    height: float
    angle: float

    def grown(self, scale: float, up: float = 0.0) -> Roi:
        """A square around it: its longer side times `scale`, moved by a part of its height."""
        x = self.x + self.height * up * math.sin(self.angle)
        y = self.y - self.height * up * math.cos(self.angle)
        side = scale * max(self.width, self.height)
        return Roi(x, y, side, side, self.angle)

    def cut(self, picture: Picture, side: int, border: int = cv2.BORDER_REPLICATE) -> Picture:
        """What is in it, `(side, side, 3)`."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        a, b = self.width / side, self.height / side
        corner_x = self.x - cos * self.width / 2 + sin * self.height / 2
        corner_y = self.y - sin * self.width / 2 - cos * self.height / 2
        matrix = np.array([[a * cos, -b * sin, corner_x], [a * sin, b * cos, corner_y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cut = cv2.warpAffine(picture, matrix, (side, side), flags=flags, borderMode=border)
        return np.asarray(cut, np.uint8)

    def back(self, points: Array) -> Array:
        """Points `(N, 2)` in parts of the rectangle, as pixels of the picture."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        u, v = (points[:, 0] - 0.5) * self.width, (points[:, 1] - 0.5) * self.height
        return np.stack([self.x + cos * u - sin * v, self.y + sin * u + cos * v], 1)


def angle_of(start: Array, end: Array, target: float) -> float:
    """How far the way from one point to another is turned from `target`, radians."""
    angle = target - math.atan2(-(float(end[1]) - float(start[1])), float(end[0] - start[0]))
    return wrapped(angle)


def around(middle: Array, edge: Array, target: float) -> Roi:
    """The rectangle of a circle, given its middle and a point that tells its size and rotation."""
    side = 2 * float(np.linalg.norm(edge - middle))
    return Roi(float(middle[0]), float(middle[1]), side, side, angle_of(middle, edge, target))


def box(points: Array, angle: float) -> Roi:
    """The rectangle along the picture's sides around points, turned in place."""
    low, high = points.min(axis=0), points.max(axis=0)
    (x, y), (width, height) = (low + high) / 2, high - low
    return Roi(float(x), float(y), float(width), float(height), angle)


def anchors_of(side: int, strides: Sequence[int]) -> Array:
    """Middles of an SSD's anchors (Liu et al., 2016), `(N, 2)` in parts of the picture."""
    rows = []
    for stride in dict.fromkeys(strides):
        count, cells = 2 * strides.count(stride), side // stride
        y, x = np.mgrid[:cells, :cells].astype(np.float32)
        middles = np.stack([(x + 0.5) / cells, (y + 0.5) / cells], -1).reshape(-1, 1, 2)
        rows.append(np.repeat(middles, count, axis=1).reshape(-1, 2))
    return np.concatenate(rows)


def detections(
    boxes: Array, scores: Array, anchors: Array, side: int
) -> Iterator[tuple[Array, float]]:
    """The keypoints `(K, 2)` and the score of each detection, the surest first.

    Each is the mean of those that overlap it, weighted by their scores ("blending" instead of
    non-maximum suppression: Bazarevsky et al., "BlazeFace", 2019, section 3.3).

    Args:
        boxes: `(N, 4 + 2 K)`: box and keypoints, pixels from the anchors.
        scores: `(N,)`, logits.
        anchors: `(N, 2)`.
        side: of the picture.
    """
    sure = 1 / (1 + np.exp(-np.clip(scores, -80, 80)))
    kept = sure >= PRESENT
    boxes, sure = boxes[kept], sure[kept]
    middles, sizes = boxes[:, :2] / side + anchors[kept], boxes[:, 2:4] / side
    placed = (
        boxes[:, 4:].reshape(len(boxes), boxes.shape[1] // 2 - 2, 2) / side + anchors[kept][:, None]
    )
    low, high = middles - sizes / 2, middles + sizes / 2
    left = sure.copy()
    while left.any():
        first = int(left.argmax())
        overlap = np.clip(np.minimum(high, high[first]) - np.maximum(low, low[first]), 0, None)
        common = overlap.prod(axis=1)
        union = sizes.prod(axis=1) + sizes[first].prod() - common
        near = (common / np.maximum(union, 1e-9) > _SAME) & (left > 0)
        near[first] = True
        weights = sure[near][:, None, None]
        mean = (placed[near] * weights).sum(axis=0) / weights.sum()
        yield np.asarray(mean, np.float32), float(sure[first])
        left[near] = 0


class OneEuro:
    """The 1 euro filter (Casiez et al., CHI 2012) of points that tell where to look next."""

    _RATE, _LEAST, _SPEED, _OF_SPEED = 30.0, 0.01, 10.0, 1.0  # Hz, Hz, -, Hz

    def __init__(self) -> None:
        self._raw: Array | None = None

    def follow(self, points: Array, size: float) -> Array:
        """The next points, given the size of what is followed; both in pixels."""
        if self._raw is None:
            self._raw, self._smooth, self._speed = points, points, np.zeros_like(points)
            return points
        speed = (points - self._raw) / size * self._RATE
        self._speed = self._speed + self._share(self._OF_SPEED) * (speed - self._speed)
        share = self._share(self._LEAST + self._SPEED * np.abs(self._speed))
        self._raw, self._smooth = points, self._smooth + share * (points - self._smooth)
        return self._smooth

    def _share(self, cutoff: Any) -> Any:
        return 1 / (1 + self._RATE / (2 * math.pi * cutoff))


def refined(places: Array, maps: Array) -> Array:
    """Places `(39, 2)` in parts, moved to the middle of their heat, `(64, 64, 39)` logits."""
    rows, columns = maps.shape[:2]
    moved = places.copy()
    reach = _KERNEL // 2
    for number, (x, y) in enumerate(places):
        column, row = int(x * columns), int(y * rows)
        if not (0 <= column < columns and 0 <= row < rows):
            continue
        left, top = max(0, column - reach), max(0, row - reach)
        patch = maps[top : row + reach + 1, left : column + reach + 1, number]
        heat = 1 / (1 + np.exp(-patch))
        total = heat.sum()
        if heat.max() >= PRESENT and total > 0:
            ys, xs = np.mgrid[top : top + heat.shape[0], left : left + heat.shape[1]]
            moved[number] = (xs * heat).sum() / columns / total, (ys * heat).sum() / rows / total
    return moved


def wrapped(angle: float) -> float:
    """The same angle in -pi..pi."""
    return angle - 2 * math.pi * math.floor((angle + math.pi) / (2 * math.pi))
