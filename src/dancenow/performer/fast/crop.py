"""The box that follows the person: only its content is learned and painted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dancenow.performer.layer import Layer
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent, standing_height
from dancenow.pose.layout import CERTAIN, INDEX
from dancenow.pose.track import FloatArray

Frame = NDArray[np.uint8]

_FOLLOW_SECONDS = 0.25  # standard deviation of the box's smoothing
_HEADROOM = 0.13  # of the body's height: the crown and the hair have no keypoint
_MARGIN = 0.07  # of the body's height, on the other sides
_SLEEVE = 0.12  # of the body's height, around a single pose: clothes have no keypoints


@dataclass(frozen=True)
class CropPath:
    """A box of constant size that follows a person.

    Attributes:
        corners: int64 `(T, 2)`, left and top of the box in pixels of the frame; it may lie outside.
        box: width and height of the box in pixels of the frame.
        canvas: width and height of the picture that the box is scaled to, in pixels.
    """

    corners: NDArray[np.int64]
    box: tuple[int, int]
    canvas: tuple[int, int]

    def enlarged(self, factor: float) -> CropPath:
        """The same box on a canvas that is `factor` times as large."""
        width, height = (round(factor * side) for side in self.canvas)
        return replace(self, canvas=(width, height))

    def cut(self, frame: Frame, index: int) -> Frame:
        """The box of frame `index`, scaled to the canvas; outside the frame its edge is repeated.

        Args:
            frame: uint8 `(H, W, C)` or `(H, W)`.
            index: which box.
        """
        return cut_box(frame, self.corners[index], self.box, self.canvas)

    def cut_small(self, picture: Frame, index: int, size: tuple[int, int]) -> Frame:
        """As `cut`, from a scaled-down picture of a frame of `size` (width, height)."""
        scale_x, scale_y = picture.shape[1] / size[0], picture.shape[0] / size[1]
        corner = np.round(self.corners[index] * [scale_x, scale_y]).astype(np.int64)
        box = (max(1, round(self.box[0] * scale_x)), max(1, round(self.box[1] * scale_y)))
        return cut_box(picture, corner, box, self.canvas)

    def inside(self, index: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The part of canvas `index` inside the frame: left, top, right, bottom in pixels."""
        scale = np.array(self.canvas) / np.array(self.box)
        first = np.ceil(-self.corners[index] * scale).clip(0, self.canvas)
        last = np.floor((np.array(size) - self.corners[index]) * scale).clip(0, self.canvas)
        left, top, right, bottom = np.concatenate([first, last]).astype(int).tolist()
        return left, top, right, bottom

    def to_frame(
        self,
        painted: Frame | None,
        index: int,
        size: tuple[int, int],
        corner_px: tuple[int, int] = (0, 0),
    ) -> Layer:
        """What is painted on canvas `index`, at the frame's resolution.

        Args:
            painted: the canvas or a part of it, uint8 `(h, w, 4)`: RGB premultiplied, so that
                colours without coverage cannot leak in by interpolation, and coverage; None for
                nobody.
            index: which box.
            size: width and height of the frame in pixels.
            corner_px: left and top of the part on the canvas.
        """
        empty = Layer(np.zeros((0, 0, 4), np.uint8), 0, 0, size)
        if painted is None:
            return empty
        # Corners of a part lie between pixels of the frame, those of the whole canvas do not, and
        # resizing is many times as fast as warping.
        left, top = corner_px
        canvas = np.zeros((self.canvas[1], self.canvas[0], 4), np.uint8)
        canvas[top : top + painted.shape[0], left : left + painted.shape[1]] = painted
        whole = np.asarray(cv2.resize(canvas, self.box, interpolation=cv2.INTER_CUBIC), np.uint8)
        corner, covered = self.corners[index], whole[..., 3] > 0
        columns, rows = (np.flatnonzero(covered.any(axis=axis)) for axis in (0, 1))
        if not len(columns):
            return empty
        left, top = np.maximum([columns[0], rows[0]], -corner).tolist()
        right, bottom = np.minimum([columns[-1] + 1, rows[-1] + 1], size - corner).tolist()
        if left >= right or top >= bottom:
            return empty
        pixels = np.ascontiguousarray(whole[top:bottom, left:right])
        return Layer(pixels, left + int(corner[0]), top + int(corner[1]), size)

    def to_canvas(self, keypoints: FloatArray, index: int) -> FloatArray:
        """Keypoints `(137, 3)` of frame `index`, from frame pixels to canvas pixels."""
        moved = keypoints.copy()
        scale = np.array(self.canvas, dtype=np.float32) / np.array(self.box, dtype=np.float32)
        moved[:, :2] = (keypoints[:, :2] - self.corners[index]) * scale
        return moved


def person_box(keypoints: FloatArray, body_px: float) -> NDArray[np.float64]:
    """The box that a pose needs on a canvas: left, top, right, bottom in pixels, float64 `(4,)`.

    Args:
        keypoints: float32 `(137, 3)`, pixels of the canvas.
        body_px: height of the standing person.
    """
    seen = keypoints[keypoints[:, 2] >= CERTAIN, :2]
    if len(seen) == 0:
        seen = np.zeros((1, 2), np.float32)
    grown = np.array([-_SLEEVE, -_HEADROOM, _SLEEVE, _MARGIN]) * body_px
    edges = np.concatenate([seen.min(axis=0), seen.max(axis=0)])
    return np.asarray(edges + grown, dtype=np.float64)


def cut_box(
    frame: Frame, corner: NDArray[np.int64], box: tuple[int, int], canvas: tuple[int, int]
) -> Frame:
    """Cut the box at `corner` out of a frame and scale it to `canvas`, repeating edge pixels."""
    height, width = frame.shape[:2]
    # At least one row and column of the frame, even if the box lies wholly outside it.
    left, right = _inside(int(corner[0]), box[0], width)
    top, bottom = _inside(int(corner[1]), box[1], height)
    inside = frame[top:bottom, left:right]
    if inside.shape[:2] != (box[1], box[0]):
        before_x, before_y = max(0, left - int(corner[0])), max(0, top - int(corner[1]))
        after_x = max(0, box[0] - inside.shape[1] - before_x)
        after_y = max(0, box[1] - inside.shape[0] - before_y)
        padded = cv2.copyMakeBorder(
            inside, before_y, after_y, before_x, after_x, cv2.BORDER_REPLICATE
        )
        inside = np.asarray(padded[: box[1], : box[0]], dtype=np.uint8)
    if canvas == box:
        return np.ascontiguousarray(inside)
    shrinks = canvas[0] <= box[0] and canvas[1] <= box[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(inside), canvas, interpolation=method)  # type: ignore[return-value]


def _inside(start: int, length: int, size: int) -> tuple[int, int]:
    """The part of `start..start+length` inside `0..size`; if empty, the nearest element."""
    first = min(max(start, 0), size - 1)
    return first, max(first + 1, min(start + length, size))


def crop_path(track: PoseTrack, zoom: float, stride: int, max_px: int) -> CropPath:
    """A box that holds the person in every frame.

    Args:
        track: the person, in pixels of the frame.
        zoom: pixels of the frame per pixel of the canvas.
        stride: the canvas's sides are multiples of this many pixels.
        max_px: the canvas's sides are at most about this many pixels; a larger person is cropped.

    Raises:
        InputError: there is no person in the track.
    """
    height = standing_height(track)
    extent = body_extent(track)
    extent += np.array([-_MARGIN, -_HEADROOM, _MARGIN, _MARGIN], dtype=np.float32) * height
    centre = _smooth_centre(track)
    reach = np.concatenate([centre - extent[:, :2], extent[:, 2:] - centre], axis=1)
    left, top, right, bottom = np.nanmax(reach, axis=0)
    half = max(left, right)

    def side(px: float) -> int:
        largest = max(stride, max_px // stride * stride)
        return min(largest, stride * math.ceil(px / zoom / stride))

    canvas = (side(2 * half), side(top + bottom))
    box = (round(canvas[0] * zoom), round(canvas[1] * zoom))
    spare = box[1] - (top + bottom)
    corners = np.stack([centre[:, 0] - box[0] / 2, centre[:, 1] - top - spare / 2], axis=1)
    return CropPath(np.round(corners).astype(np.int64), box, canvas)


def _smooth_centre(track: PoseTrack) -> FloatArray:
    """The torso's centre, smoothed over time, in pixels, float32 `(T, 2)`; gaps are bridged."""
    torso = track.keypoints[:, [INDEX["neck"], INDEX["mid_hip"]]]
    seen = (torso[..., 2] >= CERTAIN).all(axis=1)
    middle = torso[..., :2].mean(axis=1)
    if not seen.any():
        extent = body_extent(track)
        seen = np.isfinite(extent).all(axis=1)
        middle = (extent[:, :2] + extent[:, 2:]) / 2
    frames = np.arange(len(track))
    bridged = np.stack([np.interp(frames, frames[seen], middle[seen, axis]) for axis in (0, 1)], 1)
    sigma = _FOLLOW_SECONDS * track.fps
    smooth = gaussian_filter1d(bridged, sigma, axis=0, mode="nearest")
    return np.asarray(smooth, dtype=np.float32)
