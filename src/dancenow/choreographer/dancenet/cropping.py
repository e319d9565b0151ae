"""The crop of a clip: it follows nobody, and fits wherever the figure ever is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; right and bottom lie outside."""

SPECK: Final = 0.02  # of the figure's pixels; what is smaller is no part of it
_LARGEST: Final = 1280  # longer side, in pixels, of the masks that are kept
_CELL: Final = 8  # pixels; the autoencoder halves pictures three times
_LONGEST: Final = 2.5  # longer side of a picture, in shorter ones
_MARGIN: Final = 0.03  # of the crop's longer side, on every side


class ClipMasks:
    """The figure in every frame of a clip, on disk until the crop is known.

    Args:
        folder: an empty folder for them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._boxes: list[Box] = []
        self._count = 0
        self._size = (1, 1)

    @staticmethod
    def of(masks: Iterable[Frame], folder: Path) -> ClipMasks:
        """Keep all masks, in order; see `add`."""
        kept = ClipMasks(folder)
        for mask in masks:
            kept.add(mask)
        return kept

    def __len__(self) -> int:
        return self._count

    @property
    def whole(self) -> Box:
        """All of a mask."""
        return (0, 0, *self._size)

    def add(self, mask: Frame) -> None:
        """Keep the next frame's mask, uint8 `(h, w, 1)`, 255 where the figure is."""
        done, data = cv2.imencode(".png", mask)
        assert done
        (self._folder / f"{self._count:07d}.png").write_bytes(data.tobytes())
        self._count += 1
        self._size = (mask.shape[1], mask.shape[0])
        if (box := figure_box(mask)) is not None:
            self._boxes.append(box)

    def __iter__(self) -> Iterator[Frame]:
        """The masks, in order, uint8 `(h, w, 1)`."""
        for number in range(self._count):
            path = self._folder / f"{number:07d}.png"
            yield cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)[..., None].astype(np.uint8)

    def crop(self) -> Box:
        """The part of the masks that fits the figure of every frame; all, if nobody is there."""
        return crop_of(self._boxes, self._size)


def kept_size(frame: Frame) -> tuple[int, int]:
    """Width and height of the mask that is kept of a frame, of the frame's shape."""
    height, width = frame.shape[:2]
    scale = min(1.0, _LARGEST / max(height, width))
    return max(1, round(scale * width)), max(1, round(scale * height))


def figure_box(mask: Frame) -> Box | None:
    """The box around the figure without specks, or None if there is nothing.

    Args:
        mask: uint8 `(h, w, 1)` or `(h, w)`.
    """
    binary = (mask > 127).astype(np.uint8)
    _, _, blobs, _ = cv2.connectedComponentsWithStats(binary)
    blobs = blobs[1:]
    if not len(blobs):
        return None
    blobs = blobs[blobs[:, cv2.CC_STAT_AREA] > SPECK * blobs[:, cv2.CC_STAT_AREA].sum()]
    left, top = blobs[:, 0].min(), blobs[:, 1].min()
    right, bottom = (blobs[:, 0] + blobs[:, 2]).max(), (blobs[:, 1] + blobs[:, 3]).max()
    return int(left), int(top), int(right), int(bottom)


def crop_of(boxes: Sequence[Box], size: tuple[int, int]) -> Box:
    """The union of a figure's boxes with a margin, within the frame.

    A side counts where at least one neighbouring frame reaches as far: what is found in a single
    frame is a slip of the segmentation.

    Args:
        boxes: of consecutive frames.
        size: width and height of the frame in pixels.
    """
    if not boxes:
        return (0, 0, *size)
    sides = np.array([boxes[0], *boxes, boxes[-1]])
    steady = np.median(np.stack((sides[:-2], sides[1:-1], sides[2:])), axis=0)
    left, top = steady[:, :2].min(axis=0)
    right, bottom = steady[:, 2:].max(axis=0)
    margin = _MARGIN * max(right - left, bottom - top)
    return (
        max(0, round(left - margin)),
        max(0, round(top - margin)),
        min(size[0], round(right + margin)),
        min(size[1], round(bottom + margin)),
    )


def shape_for(crops: Sequence[Box], size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of pictures of the crops' shape: multiples of 8, with as many pixels.

    Args:
        crops: of all clips.
        size: width and height of a picture that has the wanted number of pixels, or a few less.
    """
    shapes = [(right - left) / (bottom - top) for left, top, right, bottom in crops]
    shape = float(np.clip(np.exp(np.mean(np.log(shapes))), 1 / _LONGEST, _LONGEST))
    cells = size[0] * size[1] / _CELL**2
    columns = max(1, round((cells * shape) ** 0.5))
    return _CELL * columns, _CELL * math.ceil(cells / columns)


def cropped(
    masks: ClipMasks,
    frames: Iterator[Frame] | None,
    crop: Box,
    fit: Callable[[Frame], Frame],
) -> Iterator[Frame]:
    """The crop of every frame, fitted into the picture.

    Args:
        masks: of the clip.
        frames: the clip again, uint8 `(H, W, 3)` RGB, for the figure's colours; None: the masks
            themselves are the pictures.
        crop: in pixels of the masks.
        fit: scales into the picture.

    Yields:
        uint8 `(height, width, 1)`, or `(height, width, 4)`: RGB, black where nobody is, and the
        mask.
    """
    left, top, right, bottom = crop
    for mask in masks:
        if frames is None:
            yield fit(mask[top:bottom, left:right])
            continue
        small = cv2.resize(next(frames), mask.shape[1::-1], interpolation=cv2.INTER_AREA)
        both = np.concatenate((small, mask), axis=2).astype(np.uint8)
        picture = fit(both[top:bottom, left:right])
        picture[picture[..., 3] == 0] = 0
        yield picture
