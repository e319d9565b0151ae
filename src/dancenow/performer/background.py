"""The background plate: the target's room without the person."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

_MAX_BYTES = 400 << 20  # of all frames that are kept for the median
_MAX_FRAMES = 48
_GROW = 0.012  # of the frame's longer side: the mask's edge is uncertain
_PERSON = 40  # mask value, 0..255, from which a px may be the person's


def plate_frames(count: int, size: tuple[int, int]) -> NDArray[np.int64]:
    """Which of `count` frames of that size to give to `background_plate`, within its memory."""
    fits = max(5, _MAX_BYTES // (3 * size[0] * size[1]))
    return np.unique(np.linspace(0, count - 1, min(_MAX_FRAMES, fits, count)).astype(np.int64))


def background_plate(frames: list[Frame], masks: list[Frame]) -> tuple[Frame, float]:
    """The median over time of the px that are not the person's; what is never seen is inpainted.

    Args:
        frames: uint8 `(H, W, 3)` RGB each, from all over the clip.
        masks: uint8 each, of any size with the frames' shape, 255 on the person.

    Returns:
        The plate, uint8 `(H, W, 3)` RGB, and the part of it that was inpainted, 0..1.
    """
    height, width = frames[0].shape[:2]
    reach = max(3, round(_GROW * max(height, width)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    hidden = []
    for mask in masks:
        full = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
        hidden.append(cv2.dilate((full >= _PERSON).astype(np.uint8), kernel).astype(bool))
    plate = np.empty((height, width, 3), dtype=np.uint8)
    unseen = np.zeros((height, width), dtype=np.uint8)
    rows = 64
    for top in range(0, height, rows):
        strip = np.stack([frame[top : top + rows] for frame in frames])
        off = np.stack([mask[top : top + rows] for mask in hidden])
        plate[top : top + rows] = _masked_median(strip, off)
        unseen[top : top + rows] = off.all(axis=0)
    if unseen.any():
        plate = _inpaint(plate, unseen)
    return plate, float(unseen.mean())


def _masked_median(values: Frame, off: NDArray[np.bool_]) -> Frame:
    """Median over the first axis of `(N, h, w, 3)` where `off (N, h, w)` is False; else of all."""
    off = off & ~off.all(axis=0)
    # Hidden px sort to the end (no colour exceeds 255), so the median lies in the first `count`.
    filled = np.where(off[..., None], np.uint16(256), values.astype(np.uint16))
    filled.sort(axis=0)
    count = len(values) - off.sum(axis=0)
    low = np.take_along_axis(filled, ((count - 1) // 2)[None, ..., None], axis=0)[0]
    high = np.take_along_axis(filled, (count // 2)[None, ..., None], axis=0)[0]
    median: Frame = ((low + high + 1) // 2).astype(np.uint8)
    return median


def _inpaint(plate: Frame, unseen: Frame) -> Frame:
    """Fill what was never seen, at a quarter of the resolution: there is no detail to invent."""
    height, width = plate.shape[:2]
    small = (max(1, width // 4), max(1, height // 4))
    hole = cv2.resize(unseen, small, interpolation=cv2.INTER_NEAREST)
    hole = cv2.dilate(hole, np.ones((3, 3), np.uint8))
    reduced = cv2.resize(plate, small, interpolation=cv2.INTER_AREA)
    filled = cv2.inpaint(reduced, hole, 5, cv2.INPAINT_TELEA)
    filled = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC)
    edge = cv2.GaussianBlur(unseen.astype(np.float32), (0, 0), 3)[..., None]
    weight = np.maximum(edge, unseen[..., None].astype(np.float32))
    mended = np.round(plate + weight * (filled.astype(np.float32) - plate)).clip(0, 255)
    return np.asarray(mended, dtype=np.uint8)
