"""Painting a puppet: each part is bent along its bones, one over the other.

Limbs are moved bone by bone, with round ends.  In the body, which may wear a skirt, the trunk, the
head and the thighs move together: for each pixel of the new picture every bone says where it comes
from, and the answers are mixed by the distances to the bones (as linear blend skinning does for a
mesh's vertices; Magnenat-Thalmann, Laperriere and Thalmann, "Joint-dependent local deformations for
hand animation and object grasping", 1988).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.performer.layer import Layer
from dancenow.performer.puppet.cutting import CutPart
from dancenow.pose.track import FloatArray

Frame = NDArray[np.uint8]

_STEP: Final = 4  # pixels of the picture for one of the field of motion
_SHARP: Final = 6  # the higher, the more a pixel belongs to the nearest bone alone
_NEAR: Final = 0.3  # widths; nearer than this, distances do not matter


def paint(
    parts: Sequence[CutPart], posed: FloatArray, size: tuple[int, int], scale: float
) -> Layer:
    """The puppet in a pose, over nothing.

    Args:
        parts: from the back to the front.
        posed: float32 `(137, 3)`, keypoints at the ends of the parts' bones, pixels of the frame.
        size: width and height of the frame in pixels.
        scale: pixels of the frame per pixel of the parts' photo.
    """
    drawn = [each for part in parts if (each := _drawn(part, posed, size, scale)) is not None]
    if not drawn:
        return Layer(np.zeros((0, 0, 4), np.uint8), 0, 0, size)
    left, top = min(x for _, x, _ in drawn), min(y for _, _, y in drawn)
    right = max(x + picture.shape[1] for picture, x, _ in drawn)
    bottom = max(y + picture.shape[0] for picture, _, y in drawn)
    canvas = np.zeros((bottom - top, right - left, 4), np.uint8)
    for picture, x, y in drawn:
        region = canvas[
            y - top : y - top + picture.shape[0], x - left : x - left + picture.shape[1]
        ]
        through = cv2.merge([255 - picture[..., 3]] * 4)
        region[...] = cv2.add(cv2.multiply(region, through, scale=1 / 255), picture)
    return Layer(canvas, left, top, size)


def _drawn(
    part: CutPart, posed: FloatArray, size: tuple[int, int], scale: float
) -> tuple[Frame, int, int] | None:
    """A part's picture, and its corner in the frame; None if it is not in the frame."""
    reach = scale * _reach(part)
    ends = posed[[i for bone in part.bones for i in (bone.start, bone.end)], :2]
    first = np.floor(ends.min(axis=0) - reach).clip(0, size).astype(int)
    last = np.ceil(ends.max(axis=0) + reach).clip(0, size).astype(int)
    if (last - first < 2).any():
        return None
    width, height = last - first
    if len(part.bones) == 1:
        bone = part.bones[0]
        back = _turned_back(part.ends[0], posed[[bone.start, bone.end], :2], scale)
        back[:, 2] += back[:, :2] @ (first + 0.5) - (part.left + 0.5, part.top + 0.5)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        turned = cv2.warpAffine(part.picture, back, (int(width), int(height)), None, flags)
        return np.asarray(turned, np.uint8), int(first[0]), int(first[1])
    columns, rows = (max(2, -(-int(side) // _STEP) + 1) for side in (width, height))
    field = _field(part, posed, first, (columns, rows), scale)
    finer = np.array([[1 / _STEP, 0, 0], [0, 1 / _STEP, 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    maps = cv2.warpAffine(
        field, finer, (int(width), int(height)), None, flags, cv2.BORDER_REPLICATE
    )
    u, v = cv2.split(maps)
    warped = cv2.remap(part.picture, u, v, cv2.INTER_LINEAR)
    return np.asarray(warped, np.uint8), int(first[0]), int(first[1])


def _reach(part: CutPart) -> float:
    """How far a part's pixels lie from the ends of its bones, at most, pixels of its photo."""
    rows, columns = np.nonzero(part.picture[::4, ::4, 3])
    if not len(rows):
        return 0.0
    points = np.stack([part.left + 4 * columns, part.top + 4 * rows], axis=1)
    far = [_beside(points, start, end) for start, end in part.ends]
    return float(np.min(far, axis=0).max()) + 4


def _beside(points: NDArray[Any], a: FloatArray, b: FloatArray) -> NDArray[np.float64]:
    along = b - a
    share = ((points - a) @ along / max(float(along @ along), 1e-3)).clip(0, 1)
    return np.asarray(np.linalg.norm(points - a - share[:, None] * along, axis=1), np.float64)


def _field(
    part: CutPart,
    posed: FloatArray,
    corner: NDArray[np.int64],
    shape: tuple[int, int],
    scale: float,
) -> FloatArray:
    """Where pixels come from in a part's picture, every `_STEP` pixels, float32 `(h, w, 2)`."""
    x = corner[0] + _STEP * np.arange(shape[0], dtype=np.float32) + np.float32(0.5)
    y = corner[1] + _STEP * np.arange(shape[1], dtype=np.float32) + np.float32(0.5)
    total = np.zeros((shape[1], shape[0], 2), np.float32)
    weights = np.zeros((shape[1], shape[0], 1), np.float32)
    for bone, ends in zip(part.bones, part.ends, strict=True):
        goal = posed[[bone.start, bone.end], :2]
        place, away = _through(ends, goal, x[None, :], y[:, None], scale)
        width = bone.width * part.body_px * scale
        weight = (away / width + _NEAR)[..., None] ** -_SHARP
        total += weight * place
        weights += weight
    # Keypoints have pixel centres at .5, cv2 at .0.
    return np.asarray(total / weights - (part.left + 0.5, part.top + 0.5), np.float32)


def _turned_back(ends: FloatArray, goal: FloatArray, scale: float) -> NDArray[np.float64]:
    """The affine map `(2, 3)` from a bone's new place to its old one; it is stretched along."""
    old, new = (complex(*(end - start).tolist()) for start, end in (ends, goal))
    length = max(abs(new), 1e-3)
    to, along = old / max(abs(old), 1e-3), new / length
    linear = np.array([[to.real, -to.imag], [to.imag, to.real]])
    linear = linear @ np.diag([abs(old) / length, 1 / scale])
    linear = linear @ np.array([[along.real, along.imag], [-along.imag, along.real]])
    return np.hstack([linear, (ends[0] - linear @ goal[0])[:, None]])


def _through(
    ends: FloatArray, goal: FloatArray, x: FloatArray, y: FloatArray, scale: float
) -> tuple[FloatArray, FloatArray]:
    """Where a bone says that points come from `(h, w, 2)`, and their distance from it `(h, w)`.

    It had its ends in `ends`, and has them in `goal`.

    Along the bone the picture is stretched; beyond its ends and across, it is only scaled.
    """
    (a, b), (start, end) = ends, goal
    old, new = float(np.hypot(*(b - a))), float(np.hypot(*(end - start)))
    to, along = (b - a) / max(old, 1e-3), (end - start) / max(new, 1e-3)
    t = (x - start[0]) * along[0] + (y - start[1]) * along[1]
    across = (y - start[1]) * along[0] - (x - start[0]) * along[1]
    inside = np.clip(t, 0, new)
    beyond = t - inside
    s = inside * (old / max(new, 1e-3)) + beyond / scale
    place = np.stack(
        [a[0] + s * to[0] - across / scale * to[1], a[1] + s * to[1] + across / scale * to[0]],
        axis=-1,
    )
    return place.astype(np.float32), np.hypot(beyond, across).astype(np.float32)
