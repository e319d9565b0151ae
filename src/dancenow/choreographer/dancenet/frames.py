"""The pictures of some clips, mapped from a file: memory does not grow with their number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dancenow.files import write_text
from dancenow.reading import read_rate

_BACKDROP: Final = np.float32(216)  # of 255: dark clothes and white ones both stand out from it


@dataclass(frozen=True)
class FrameSet:
    """Pictures of one or several clips, one clip after the other.

    Attributes:
        pictures: uint8 `(N, H, W, C)`; C as in `PictureConfig.channels`.
        lengths: number of pictures in each clip.
        fps: the clips' own frames a second.
        stride: one in this many frames is kept.
        background: how the background was removed.
    """

    pictures: NDArray[np.uint8]
    lengths: tuple[int, ...]
    fps: Fraction
    stride: int
    background: str

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return float(self.fps) / self.stride

    def tensor(self, indices: NDArray[np.int64] | slice) -> Tensor:
        """Those pictures as uint8 `(B, C, H, W)`, channels last in memory."""
        chosen = np.array(self.pictures[indices])
        return torch.from_numpy(chosen).permute(0, 3, 1, 2)

    def clips(self) -> Iterator[slice]:
        """The slice of each clip."""
        start = 0
        for length in self.lengths:
            yield slice(start, start + length)
            start += length

    def describe(self, folder: Path) -> None:
        """Write everything but the pictures into the folder that holds `pictures.npy`."""
        document: dict[str, Any] = {
            "lengths": list(self.lengths),
            "fps": str(self.fps),
            "stride": self.stride,
            "background": self.background,
        }
        write_text(folder / "frames.json", json.dumps(document))

    @staticmethod
    def open(folder: Path) -> FrameSet:
        """Map a set that `describe` and `new_pictures` wrote."""
        document = json.loads((folder / "frames.json").read_text("utf-8"))
        pictures = np.load(folder / "pictures.npy", mmap_mode="r")
        return FrameSet(
            pictures[: sum(document["lengths"])],
            tuple(document["lengths"]),
            read_rate(document["fps"]),
            document["stride"],
            document["background"],
        )


def contact_sheet(
    pictures: NDArray[np.uint8], columns: int = 6, rows: int = 4, gap: int = 2
) -> NDArray[np.uint8]:
    """Pictures spread evenly over a set, in reading order on one sheet, uint8 `(h, w, 3)` RGB.

    Args:
        pictures: uint8 `(N, H, W, C)`.
        columns: pictures in a row.
        rows: rows.
        gap: pixels between pictures.
    """
    count = min(columns * rows, len(pictures))
    chosen = np.linspace(0, len(pictures) - 1, count).round().astype(int)
    height, width = pictures.shape[1:3]
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 64, np.uint8)
    for place, index in enumerate(chosen):
        top, left = (place // columns) * (height + gap), (place % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = as_rgb(pictures[index])
    used = -(-count // columns)
    return sheet[: used * (height + gap) - gap]


def as_rgb(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture as uint8 `(H, W, 3)` RGB; colours with a silhouette stand before a light grey."""
    if picture.shape[2] == 3:
        return picture
    if picture.shape[2] == 4:
        silhouette = picture[..., 3:].astype(np.float32) / 255
        shown = _BACKDROP + (picture[..., :3] - _BACKDROP) * silhouette
        return shown.round().astype(np.uint8)
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB).astype(np.uint8)
