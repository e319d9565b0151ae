"""Stick figures: a pose drawn as anti-aliased lines, one colour a limb.

The figure conditions a performer's generator, so the same pose must give the same picture: widths
follow from the region's size, not from the noisy keypoints, and widths and positions are accurate
to a fraction of a pixel.  The body is drawn thick; head, hands and face are drawn thin, so that
they stay legible at 256 x 256.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.pose.body_size import frame_height
from dancenow.pose.layout import (
    BODY_LIMBS,
    FACE_LIMBS,
    FOUND,
    INDEX,
    LIMB_COLOURS,
    LIMBS,
    NUM_KEYPOINTS,
    Limb,
)

Image = NDArray[np.uint8]
Array = NDArray[np.float64]
Region = tuple[float, float, float, float]

_SHIFT: Final = 4  # OpenCV takes coordinates in units of 2 ** -4 px
_FRINGE: Final = 1.4  # pixels; how much anti-aliasing widens OpenCV's polygons
_THIN: Final = 1.8  # pixels; below this, OpenCV's thinnest line is finer than its thinnest polygon
_FARTHEST: Final = 100.0  # picture sizes; a point farther out is an error


@dataclass(frozen=True)
class DrawConfig:
    """How a stick figure looks.  Widths are shares of the region's height, at least 1.4 px."""

    body_width: float = 0.020
    head_width: float = 0.011  # neck to nose, eyes, ears
    foot_width: float = 0.014
    hand_width: float = 0.008
    face_width: float = 0.004
    min_confidence: float = FOUND  # a limb is drawn when both its ends reach this


_HEAD: Final = {INDEX[name] for name in ("nose", "right_eye", "left_eye", "right_ear", "left_ear")}
_FEET: Final = {INDEX[f"{side}_{name}"] for side in ("left", "right")
                for name in ("big_toe", "small_toe", "heel")}  # fmt: skip
_ENDS: Final = np.array(LIMBS)  # (L, 2); painted in this order: the body, the face, the hands


def _kind(limb: Limb) -> int:
    """Which of `_widths` applies to a limb."""
    if limb in FACE_LIMBS:
        return 4
    if limb not in BODY_LIMBS:
        return 3
    return 1 if _HEAD & set(limb) else 2 if _FEET & set(limb) else 0


_KINDS: Final = np.array([_kind(limb) for limb in LIMBS])


def _widths(config: DrawConfig) -> Array:
    """Width of every limb `(L,)`, as a share of the region's height."""
    widths = (config.body_width, config.head_width, config.foot_width, config.hand_width)
    return np.asarray(np.array([*widths, config.face_width])[_KINDS])


def _half_circle(first: float) -> Array:
    angle = np.pi * (first + np.linspace(0, 1, 7))
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


_CAPS: Final = np.concatenate([_half_circle(-0.5), _half_circle(0.5)])  # around the end, the start
_AT_END: Final = np.repeat([1.0, 0.0], 7)


def _capsules(start: Array, end: Array, width: Array) -> Array:
    """Outlines `(L, 14, 2)` of lines with round ends; points `(L, 2)`, width `(L,)`, all pixels."""
    along = end - start
    length = np.linalg.norm(along, axis=-1, keepdims=True)
    unit = np.where(length > 0, along / np.maximum(length, 1e-9), [1.0, 0.0])
    across = np.stack([-unit[:, 1], unit[:, 0]], axis=-1)
    rim = _CAPS[:, :1] * unit[:, None] + _CAPS[:, 1:] * across[:, None]
    middle = start[:, None] + _AT_END[:, None] * along[:, None]
    return np.asarray(middle + width[:, None, None] / 2 * rim)


def draw_pose(
    keypoints: NDArray[Any],
    size: tuple[int, int],
    *,
    region: Region | None = None,
    config: DrawConfig = DrawConfig(),
) -> Image:
    """Draw one frame's keypoints on black.

    Args:
        keypoints: `(137, 3)`: x and y in pixels (pixel centres at .5), confidence.  Points that are
            not finite or far outside are not drawn; the rest is clipped to the picture.
        size: width and height of the picture, pixels.
        region: the box `(x, y, width, height)`, in the keypoints' coordinates, that fills the
            picture; by default `(0, 0, *size)`.
        config: widths and threshold.

    Returns:
        uint8 `(height, width, 3)`, RGB.
    """
    width, height = size
    canvas = np.zeros((height, width, 3), dtype=np.uint8)
    _paint(canvas, keypoints, region or (0.0, 0.0, width, height), float(height), config)
    return canvas


def overlay(
    frame: Image,
    keypoints: NDArray[Any],
    *,
    config: DrawConfig = DrawConfig(),
) -> Image:
    """Draw keypoints over a copy of the frame they were detected in.

    Here widths follow the body's size, so that a small person far away stays visible.

    Args:
        frame: uint8 `(H, W, 3)`, RGB.
        keypoints: `(137, 3)`, pixels of the frame.
        config: widths and threshold.

    Returns:
        uint8 `(H, W, 3)`, RGB.
    """
    canvas = np.ascontiguousarray(frame).copy()
    height, width = frame.shape[:2]
    body = frame_height(np.asarray(keypoints, dtype=np.float32))
    unit = min(1.2 * body, float(height)) if math.isfinite(body) else float(height)
    _paint(canvas, keypoints, (0.0, 0.0, width, height), unit, config)
    return canvas


def _paint(
    canvas: Image, keypoints: NDArray[Any], region: Region, unit: float, config: DrawConfig
) -> None:
    """Paint the figure into `canvas`; widths are shares of `unit`, pixels."""
    if keypoints.shape != (NUM_KEYPOINTS, 3):
        raise ValueError(f"keypoints must be ({NUM_KEYPOINTS}, 3), not {keypoints.shape}")
    x, y, region_width, region_height = region
    if not (region_width > 0 and region_height > 0 and all(map(math.isfinite, region))):
        raise ValueError(f"region must be a box with an area, not {region}")
    height, width = canvas.shape[:2]
    scale = np.array([width / region_width, height / region_height])
    with np.errstate(over="ignore", invalid="ignore"):
        xy = (keypoints[:, :2].astype(np.float64) - (x, y)) * scale - 0.5  # OpenCV's centres: .0
        good = (keypoints[:, 2] >= max(config.min_confidence, 1e-6)) & (
            np.abs(xy) < _FARTHEST * max(width, height)
        ).all(axis=1)
    drawn = np.flatnonzero(good[_ENDS].all(axis=1))
    start, end = xy[_ENDS[drawn, 0]], xy[_ENDS[drawn, 1]]
    limb_widths = _widths(config)[drawn] * unit
    lines = _fixed_point(np.stack([start, end], axis=1))
    outlines = _fixed_point(_capsules(start, end, np.maximum(limb_widths - _FRINGE, 0)))
    for limb, limb_width, line, outline in zip(drawn, limb_widths, lines, outlines, strict=True):
        colour = LIMB_COLOURS[limb]
        if limb_width < _THIN:
            cv2.line(canvas, line[0], line[1], colour, 1, cv2.LINE_AA, _SHIFT)
        else:
            cv2.fillConvexPoly(canvas, outline, colour, cv2.LINE_AA, _SHIFT)


def _fixed_point(points: Array) -> NDArray[np.int32]:
    return np.asarray(np.rint(points * 2**_SHIFT), dtype=np.int32)
