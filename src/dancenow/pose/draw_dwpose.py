"""Poses in the colours of DWPose, on which models that are conditioned by poses were trained.

The format is that of OpenPose's COCO body as ControlNet's preprocessors draw it (Zhang et al.,
"Adding Conditional Control to Text-to-Image Diffusion Models", 2023; Yang et al., "Effective
Whole-body Pose Estimation with Two-stages Distillation", 2023): limbs as ellipses at 0.6 of their
colour below bright joints, hands as lines in the colours of the rainbow, faces as white dots.
"""

from __future__ import annotations

import colorsys
import math
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.pose.bodies import BODY_18
from dancenow.pose.layout import FACE, FOUND, INDEX, LEFT_HAND, RIGHT_HAND

Image = NDArray[np.uint8]
Point = tuple[int, int]

BODY_ROWS: Final = tuple(INDEX[name] for name in BODY_18)
"""The rows of the layout that are the 18 keypoints of OpenPose's COCO body, in its order."""

_DRAWN_AT: Final = 512  # pixels of the shorter side, for which the widths are
_LIMB: Final = 4.0  # pixels: half an ellipse's shorter axis, and a joint's radius
_HAND_LINE, _HAND_DOT, _FACE_DOT = 2, 4, 3  # pixels
_DIMMED: Final = 0.6
_FACE_POINTS: Final = 68  # without the pupils
# Pairs of the 18, in the order in which they are drawn; limb i has colour i, joint j colour j.
_LIMBS: Final = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
_COLOURS: Final = tuple(
    tuple(round(255 * part) for part in colorsys.hsv_to_rgb(number / 18, 1, 1))
    for number in range(18)
)
_FINGERS: Final = tuple(
    pair
    for first in range(1, 21, 4)
    for pair in ((0, first), *((joint, joint + 1) for joint in range(first, first + 3)))
)


def draw_dwpose(keypoints: NDArray[Any], size: tuple[int, int]) -> Image:
    """Draw one frame's keypoints as DWPose does, on black.

    Args:
        keypoints: `(137, 3)`: x and y in pixels, confidence.
        size: width and height of the picture in pixels; widths of lines are those of a picture
            of 512 pixels, scaled.

    Returns:
        uint8 `(height, width, 3)`, RGB.
    """
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    scale = max(0.5, min(size) / _DRAWN_AT)
    body = _points(keypoints[list(BODY_ROWS)], size)
    for (first, second), colour in zip(_LIMBS, _COLOURS, strict=False):
        a, b = body[first], body[second]
        if a is None or b is None:
            continue
        length = math.hypot(b[0] - a[0], b[1] - a[1])
        angle = math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))
        middle = (round((a[0] + b[0]) / 2), round((a[1] + b[1]) / 2))
        axes = (round(length / 2), max(1, round(_LIMB * scale)))
        outline = cv2.ellipse2Poly(middle, axes, round(angle), 0, 360, 1)
        dimmed = [int(_DIMMED * level) for level in colour]
        cv2.fillConvexPoly(canvas, np.asarray(outline, np.int32), dimmed)
    for joint, colour in zip(body, _COLOURS, strict=True):
        _dot(canvas, joint, _LIMB * scale, colour)
    for rows in (LEFT_HAND, RIGHT_HAND):
        hand = _points(keypoints[rows], size)
        for number, (first, second) in enumerate(_FINGERS):
            a, b = hand[first], hand[second]
            if a is not None and b is not None:
                red, green, blue = colorsys.hsv_to_rgb(number / len(_FINGERS), 1, 1)
                colour = (round(255 * red), round(255 * green), round(255 * blue))
                cv2.line(canvas, a, b, colour, max(1, round(_HAND_LINE * scale)))
        for joint in hand:
            _dot(canvas, joint, _HAND_DOT * scale, (0, 0, 255))
    for joint in _points(keypoints[FACE][:_FACE_POINTS], size):
        _dot(canvas, joint, _FACE_DOT * scale, (255, 255, 255))
    return canvas


def pose_document(keypoints: NDArray[Any], size: tuple[int, int]) -> dict[str, Any]:
    """One frame's keypoints as ComfyUI's pose nodes pass them on.

    Args:
        keypoints: `(137, 3)`: x and y in pixels, confidence.
        size: width and height of the frame in pixels.

    Returns:
        `people`, `canvas_width` and `canvas_height`; of each person 18 keypoints of the body, 70 of
        the face, 21 of each hand.
    """
    parts = {
        "pose_keypoints_2d": keypoints[list(BODY_ROWS)],
        "face_keypoints_2d": keypoints[FACE],
        "hand_left_keypoints_2d": keypoints[LEFT_HAND],
        "hand_right_keypoints_2d": keypoints[RIGHT_HAND],
    }
    person = {
        name: np.round(part.astype(float), 3).ravel().tolist() for name, part in parts.items()
    }
    seen = bool((keypoints[:, 2] > 0).any())
    return {
        "people": [person] if seen else [],
        "canvas_width": size[0],
        "canvas_height": size[1],
    }


def _points(keypoints: NDArray[Any], size: tuple[int, int]) -> list[Point | None]:
    """Places in whole pixels; None where a keypoint is missing or outside the picture."""
    places: list[Point | None] = []
    for x, y, confidence in keypoints.tolist():
        seen = confidence >= FOUND and 0 <= x < size[0] and 0 <= y < size[1]
        places.append((int(x), int(y)) if seen else None)
    return places


def _dot(canvas: Image, place: Point | None, radius: float, colour: tuple[int, ...]) -> None:
    if place is not None:
        cv2.circle(canvas, place, max(1, round(radius)), colour, -1)
