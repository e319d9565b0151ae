"""From frames to the pictures that are learned: small, and without their background."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.dancenet.config import PictureConfig
from dancenow.choreographer.dancenet.cropping import kept_size

Frame = NDArray[np.uint8]

_THRESHOLD: Final = 20  # the original's
_SEGMENTED_PX: Final = 256  # what the segmentation looks at
_MARGIN: Final = 0.3  # of the person's longer side, around it, for the next frame
_FEWEST: Final = 0.004  # part of the frame that a person covers at least
_NOISE: Final = re.compile(rb"inference_feedback_manager|XNNPACK delegate|before absl::Initialize")


def make_pictures(frames: Iterable[Frame], config: PictureConfig) -> Iterator[Frame]:
    """Turn frames into the pictures that are learned.

    Args:
        frames: uint8 `(H, W, 3)` RGB, in order.
        config: the size of the pictures, and the method of background removal; "auto" must have
            been decided.

    Yields:
        uint8 `(height, width, 1)`, or `(height, width, 3)` RGB for "colour".
    """
    size = (config.width, config.height)
    ways: dict[str, Callable[[Frame], Frame]] = {
        "threshold": lambda frame: threshold_silhouette(frame, size),
        "grey": lambda frame: _grey(fit(frame, size)),
        "colour": lambda frame: fit(frame, size),
    }
    with ExitStack() as stack:
        if config.background == "person":
            segmenter = stack.enter_context(PersonSegmenter())
            ways["person"] = lambda frame: fit(segmenter.mask(frame)[..., None], size)
        make = ways[config.background]
        for frame in frames:
            yield make(frame)


def make_masks(frames: Iterable[Frame], config: PictureConfig) -> Iterator[Frame]:
    """The figure in every frame, at the frame's own shape and nearly its size.

    Args:
        frames: uint8 `(H, W, 3)` RGB, in order.
        config: how it is found: "threshold" or "person".

    Yields:
        uint8 `(h, w, 1)`, 255 where the figure is; at most 1280 pixels long.
    """
    if config.background == "threshold":
        for frame in frames:
            yield threshold_silhouette(frame, kept_size(frame))
        return
    with PersonSegmenter() as segmenter:
        for frame in frames:
            mask = segmenter.mask(frame)
            if (size := kept_size(frame)) != mask.shape[::-1]:
                mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
            yield mask[..., None]


def threshold_silhouette(frame: Frame, size: tuple[int, int]) -> Frame:
    """The original's rule: stretch, set every value over 20 to 255, then grey.

    It needs a dancer in front of black.

    Args:
        frame: uint8 `(H, W, 3)` RGB.
        size: `(width, height)` in pixels.

    Returns:
        uint8 `(height, width, 1)`.
    """
    small = cv2.resize(frame, size).astype(np.uint8)
    small[small > _THRESHOLD] = 255
    return _grey(small)


def fit(frame: Frame, size: tuple[int, int]) -> Frame:
    """Scale to fit within `size`, centred on black; uint8 `(h, w, channels)`."""
    height, width, channels = frame.shape
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(scale * width)), max(1, round(scale * height)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(frame, inner, interpolation=interpolation)
    picture = np.zeros((size[1], size[0], channels), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    picture[top : top + inner[1], left : left + inner[0]] = scaled.reshape(*inner[::-1], channels)
    return picture


def suggest_background(frames: Iterable[Frame]) -> str:
    """The method that suits a clip, from some of its frames: "threshold" on black, else "person".

    Args:
        frames: uint8 `(H, W, 3)` RGB.
    """
    lit = [float((frame.max(axis=2) > _THRESHOLD).mean()) for frame in frames]
    return "threshold" if lit and float(np.median(lit)) < 0.5 else "person"


class PersonSegmenter:
    """MediaPipe's selfie segmentation, looking where the person was in the previous frame.

    The model sees 256 x 256 pixels: in a whole frame a dancer would be a few pixels wide.
    """

    def __init__(self) -> None:
        self._graph: Any = None
        self._box: tuple[int, int, int, int] | None = None  # left, top, right, bottom

    def __enter__(self) -> PersonSegmenter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._graph is not None:
            self._graph.close()

    def mask(self, frame: Frame) -> Frame:
        """The person in the next frame, uint8 `(H, W)`, 255 where it is."""
        if self._box is None:
            self._box = _around(self._look(frame, _whole(frame)))
        if self._box is None:
            return np.zeros(frame.shape[:2], np.uint8)
        mask = self._look(frame, self._box)
        self._box = _around(mask)
        return mask

    def _look(self, frame: Frame, box: tuple[int, int, int, int]) -> Frame:
        left, top, right, bottom = box
        window = np.ascontiguousarray(frame[top:bottom, left:right])
        side = max(window.shape[:2])
        padded = np.zeros((side, side, 3), np.uint8)
        padded[: window.shape[0], : window.shape[1]] = window
        small = cv2.resize(padded, (_SEGMENTED_PX, _SEGMENTED_PX), interpolation=cv2.INTER_AREA)
        found = cv2.resize(self._segment(small.astype(np.uint8)), (side, side))
        mask = np.zeros(frame.shape[:2], np.uint8)
        sharp = np.clip(2 * found - 0.5, 0, 1)  # the model is unsure over a wide seam
        mask[top:bottom, left:right] = (255 * sharp[: window.shape[0], : window.shape[1]]).round()
        return mask

    def _segment(self, picture: Frame) -> NDArray[np.float32]:
        if self._graph is None:
            from dancenow.pose.estimators.graphs import Solution
            from dancenow.pose.estimators.stderr_filter import drop_stderr_lines

            with drop_stderr_lines(_NOISE):
                from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

                self._graph = Solution(SelfieSegmentation(model_selection=0))
                first: NDArray[np.float32] = self._graph.process(picture).segmentation_mask
                return first
        mask: NDArray[np.float32] = self._graph.process(picture).segmentation_mask
        return mask


def _grey(frame: Frame) -> Frame:
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.uint8)[..., None]


def _whole(frame: Frame) -> tuple[int, int, int, int]:
    return (0, 0, frame.shape[1], frame.shape[0])


def _around(mask: Frame) -> tuple[int, int, int, int] | None:
    """The largest blob's box with a margin, or None if there is none."""
    height, width = mask.shape
    binary = (mask > 127).astype(np.uint8)
    _, _, blobs, _ = cv2.connectedComponentsWithStats(binary)
    largest = max(blobs[1:].tolist(), key=lambda blob: int(blob[4]), default=None)
    if largest is None or largest[4] < _FEWEST * height * width:
        return None
    x, y, w, h, _ = largest
    margin = round(_MARGIN * max(w, h))
    return (
        max(0, x - margin),
        max(0, y - margin),
        min(width, x + w + margin),
        min(height, y + h + margin),
    )
