"""Training frames whose pixels are used for new poses, and their file format."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from dancenow.errors import InputError
from dancenow.files import atomic_path
from dancenow.pose.layout import NUM_KEYPOINTS
from dancenow.pose.track import FloatArray

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class Packing:
    """How pictures are compressed.

    Attributes:
        suffix: `.jpg` or `.webp`.
        quality: 0 to 100.
    """

    suffix: str
    quality: int

    @property
    def parameters(self) -> list[int]:
        """The same for `cv2.imencode`."""
        names = {".jpg": cv2.IMWRITE_JPEG_QUALITY, ".webp": cv2.IMWRITE_WEBP_QUALITY}
        return [names[self.suffix], self.quality]


FAST: Final = Packing(".jpg", 95)
"""Quick to write and to read; used while training."""


class PackedPictures(Sequence[Frame]):
    """Pictures that stay compressed in memory, and are decoded whenever they are wanted.

    Args:
        data: the compressed pictures one after the other, uint8 `(bytes,)`.
        sizes: of each in bytes, int64 `(N,)`.
        grey: they are uint8 `(H, W)`; else `(H, W, 3)` RGB.

    Raises:
        ValueError: the sizes are not those of the data.
        InputError: the picture that is wanted is damaged.
    """

    def __init__(self, data: Frame, sizes: NDArray[np.int64], *, grey: bool = False) -> None:
        self._data, self._sizes, self._grey = data, sizes, grey
        self._ends = np.cumsum(sizes)
        if sizes.min(initial=1) < 1 or int(sizes.sum()) != len(data):
            raise ValueError("the sizes of pictures are damaged")
        self._latest = lru_cache(maxsize=4)(self._decoded)  # pieces of one are wanted together

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, index: Any) -> Any:
        return self._latest(operator.index(index))

    def _decoded(self, index: int) -> Frame:
        end = int(self._ends[index])
        flags = cv2.IMREAD_GRAYSCALE if self._grey else cv2.IMREAD_COLOR
        picture = cv2.imdecode(self._data[end - int(self._sizes[index]) : end], flags)
        if picture is None:
            raise InputError("a picture of the person is damaged; train the performer again.")
        if not self._grey:
            picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        picture.setflags(write=False)  # others read the same
        return np.asarray(picture, dtype=np.uint8)


class FineFrames(PackedPictures):
    """Frames at a finer resolution than the canvas: `factor` of their pixels for one of it."""

    def __init__(self, data: Frame, sizes: NDArray[np.int64], factor: float) -> None:
        super().__init__(data, sizes)
        self.factor = factor

    @staticmethod
    def of(packed: Sequence[Frame], factor: float) -> FineFrames:
        """From the results of `pack_picture`."""
        sizes = np.array([len(each) for each in packed], np.int64)
        return FineFrames(np.concatenate(packed), sizes, factor)

    def save(self, path: Path) -> None:
        """Write them as safetensors."""
        tensors = {
            "frames": torch.from_numpy(self._data),
            "sizes": torch.from_numpy(self._sizes),
            "factor": torch.tensor(self.factor, dtype=torch.float64),
        }
        with atomic_path(path) as temporary:
            save_file(tensors, temporary)

    @staticmethod
    def load(path: Path) -> FineFrames:
        """Read what `save` wrote.

        Raises:
            OSError, KeyError, ValueError, SafetensorError: it is missing or damaged.
        """
        tensors = load_file(path)
        factor = float(tensors["factor"])
        if not factor > 1:
            raise ValueError(f"{path}: damaged")
        return FineFrames(tensors["frames"].numpy(), tensors["sizes"].numpy(), factor)


class Chosen(Sequence[Frame]):
    """Some of the pictures of a memory-mapped array, which are read whenever they are wanted.

    Args:
        pictures: uint8 `(N, H, W)` or `(N, H, W, 3)`.
        rows: which of them, int64 `(n,)`.
    """

    def __init__(self, pictures: Frame, rows: NDArray[np.int64]) -> None:
        self._pictures, self._rows = pictures, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self._pictures[self._rows[index]]


@dataclass(frozen=True)
class References:
    """Training frames as a source of texture; all on canvases of one scale.

    Attributes:
        frames: `N` times uint8 `(H, W, 3)` RGB.
        masks: `N` times uint8 `(H, W)`, 255 on the person.
        keypoints: float32 `(N, 137, 3)`, pixels of the canvas and confidence.
        times: float32 `(N,)`, seconds in the clip.
        body_px: height of the standing person on the canvas.
        fine: the frames at a finer resolution; None if the clip has none to give.
    """

    frames: Frame | Sequence[Frame]
    masks: Frame | Sequence[Frame]
    keypoints: FloatArray
    times: FloatArray
    body_px: float
    fine: FineFrames | None = None

    def __len__(self) -> int:
        return len(self.frames)

    def save(self, path: Path, packing: Packing = FAST) -> None:
        """Write them as safetensors with compressed pictures; `fine` has a file of its own.

        Args:
            path: the file, written atomically.
            packing: of the pictures.
        """
        tensors = {
            "keypoints": torch.from_numpy(np.ascontiguousarray(self.keypoints)),
            "times": torch.from_numpy(np.ascontiguousarray(self.times)),
            "body_px": torch.tensor(self.body_px, dtype=torch.float32),
        }
        for name, pictures in (("frames", self.frames), ("masks", self.masks)):
            packed = [pack_picture(picture, packing) for picture in pictures]
            tensors[name] = torch.from_numpy(np.concatenate(packed))
            tensors[f"{name}_sizes"] = torch.tensor([len(p) for p in packed], dtype=torch.int64)
        with atomic_path(path) as temporary:
            save_file(tensors, temporary)

    @staticmethod
    def load(path: Path) -> References:
        """Read what `save` wrote.

        Raises:
            OSError, KeyError, ValueError, SafetensorError: it is missing or damaged.
        """
        tensors = load_file(path)
        frames, masks = (
            PackedPictures(
                tensors[name].numpy(), tensors[f"{name}_sizes"].numpy(), grey=name == "masks"
            )
            for name in ("frames", "masks")
        )
        keypoints: FloatArray = tensors["keypoints"].numpy()
        times: FloatArray = tensors["times"].numpy()
        if not len(frames) == len(masks) == len(keypoints) == len(times) > 0:
            raise ValueError(f"{path}: of unequal lengths")
        try:
            sizes = {picture.shape[:2] for pictures in (frames, masks) for picture in pictures}
        except InputError as error:
            raise ValueError(f"{path}: {error}") from error
        if len(sizes) > 1:
            raise ValueError(f"{path}: of unequal sizes")
        if keypoints.shape[1:] != (NUM_KEYPOINTS, 3) or not float(tensors["body_px"]) > 0:
            raise ValueError(f"{path}: damaged")
        return References(frames, masks, keypoints, times, float(tensors["body_px"]))


def pack_picture(picture: Frame, packing: Packing = FAST) -> Frame:
    """A picture, uint8 `(H, W, 3)` RGB or `(H, W)`, compressed, uint8 `(bytes,)`."""
    stored = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) if picture.ndim == 3 else picture
    _, data = cv2.imencode(packing.suffix, stored, packing.parameters)
    return np.asarray(data, dtype=np.uint8).ravel()
