"""Training pairs: consecutive frames of the target clip on disk, and their stick figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from dancenow.performer.edn.config import PoseAugmentConfig
from dancenow.pose.draw import draw_pose
from dancenow.pose.face_region import face_corners, face_side
from dancenow.pose.layout import CERTAIN
from dancenow.pose.track import FloatArray

Frame = NDArray[np.uint8]


class PairBatch(NamedTuple):
    """Pairs of consecutive frames; the second axis is time: t-1, t.

    Attributes:
        figures: the stick figures, `(B, 2, 3, H, W)` RGB, uint8 in 0..255 or float32 in -1..1;
            figures of earlier frames may precede the pair.
        frames: the frames, `(B, 2, 3, H, W)`, of the same type and range.
        corners: left and top of the faces' regions in pixels, int64 `(B, 2, 2)`.
    """

    figures: Tensor
    frames: Tensor
    corners: Tensor

    def pinned(self) -> PairBatch:
        """The batch in pinned memory, for asynchronous copies to a GPU."""
        return PairBatch(*(tensor.pin_memory() for tensor in self))

    def to(self, device: torch.device) -> PairBatch:
        """The batch on a device, its pictures float32 in -1..1."""
        figures, frames = (
            to_range(tensor.to(device, non_blocking=True)) for tensor in (self.figures, self.frames)
        )
        return PairBatch(figures, frames, self.corners.to(device, non_blocking=True))


def to_range(pictures: Tensor) -> Tensor:
    """From uint8 in 0..255 to float32 in -1..1."""
    return pictures.float() / 127.5 - 1


@dataclass(frozen=True)
class PairSet:
    """Training data of an EDN performer; arrays may be memory-mapped.

    Stick figures are drawn from keypoints, or given.

    Attributes:
        frames: uint8 `(N, H, W, 3)` RGB.
        keypoints: float32 `(N, 137, 3)`, pixels of the picture; None if figures are given.
        figures: uint8 `(N, H, W, 3)` RGB, or None.
        pairs: int64 `(P, 2)`, rows of the frames t-1 and t.
        corners: int64 `(N, 2)`, left and top of the face's region in pixels.
        has_face: bool `(N,)`.
        side: of the faces' regions, pixels.
    """

    frames: Frame
    keypoints: FloatArray | None
    figures: Frame | None
    pairs: NDArray[np.int64]
    corners: NDArray[np.int64]
    has_face: NDArray[np.bool_]
    side: int

    @staticmethod
    def of_poses(frames: Frame, keypoints: FloatArray, pairs: NDArray[np.int64]) -> PairSet:
        """Pairs whose figures are drawn and whose faces are found from keypoints."""
        canvas = (int(frames.shape[2]), int(frames.shape[1]))
        side = face_side(canvas)
        corners, has_face = face_corners(keypoints, canvas, side)
        return PairSet(frames, keypoints, None, pairs, corners, has_face, side)

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of the pictures in pixels."""
        return int(self.frames.shape[2]), int(self.frames.shape[1])

    @property
    def face_pairs(self) -> NDArray[np.int64]:
        """The pairs in which both frames show a face, int64 `(F, 2)`."""
        with_face: NDArray[np.int64] = self.pairs[self.has_face[self.pairs].all(axis=1)]
        return with_face

    def figure(self, row: int, motion: NDArray[np.float64] | None = None) -> Frame:
        """The stick figure of a frame, uint8 `(H, W, 3)` RGB.

        Args:
            row: which frame.
            motion: affine, `(2, 3)` in pixels, applied to the keypoints; not to given figures.
        """
        if self.figures is not None:
            return np.asarray(self.figures[row])
        assert self.keypoints is not None
        keypoints = self.keypoints[row]
        if motion is not None:
            keypoints = keypoints.copy()
            keypoints[:, :2] = keypoints[:, :2] @ motion[:, :2].T + motion[:, 2]
        return draw_pose(keypoints, self.canvas)

    def batch(
        self,
        pairs: NDArray[np.int64],
        augment: PoseAugmentConfig | None = None,
        rngs: list[Generator] | None = None,
        history: int = 0,
    ) -> PairBatch:
        """The pairs of these rows, `(B, 2)`, as uint8; each pose moved by its own generator.

        The figures of `history` earlier frames precede each pair; at the start of the clip the
        first one is repeated.
        """
        motions: list[NDArray[np.float64] | None] = [None] * len(pairs)
        if augment is not None and rngs is not None and (augment.scale or augment.shift):
            motions = [
                self._motion(rng, int(pair[1]), augment)
                for rng, pair in zip(rngs, pairs, strict=True)
            ]
        figures = [
            [self.figure(row, motion) for row in (*self._before(int(pair[0]), history), *pair)]
            for pair, motion in zip(pairs, motions, strict=True)
        ]
        return PairBatch(
            _tensor(np.array(figures)),
            _tensor(self.frames[pairs]),
            torch.from_numpy(self.corners[pairs]),
        )

    def _before(self, row: int, count: int) -> list[int]:
        """Rows of the `count` frames before a frame."""
        rows = []
        for _ in range(count):
            place = np.flatnonzero(self.pairs[:, 1] == row)
            row = int(self.pairs[place[0], 0]) if len(place) else row
            rows.append(row)
        return rows[::-1]

    def _motion(
        self, rng: Generator, row: int, augment: PoseAugmentConfig
    ) -> NDArray[np.float64] | None:
        """A random scale about the body's centre and a shift, float64 `(2, 3)`."""
        if self.keypoints is None:
            return None
        seen = self.keypoints[row][self.keypoints[row][:, 2] >= CERTAIN, :2]
        middle = seen.mean(axis=0) if len(seen) else np.array(self.canvas) / 2
        scale = np.exp(rng.uniform(-augment.scale, augment.scale))
        shift = rng.uniform(-augment.shift, augment.shift, 2) * self.canvas[1]
        return np.hstack([scale * np.eye(2), (middle - scale * middle + shift)[:, None]])


def _tensor(pictures: Frame) -> Tensor:
    """uint8 `(B, 2, H, W, 3)` as `(B, 2, 3, H, W)`."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 1, 4, 2, 3)


def open_pairs(folder: Path) -> PairSet:
    """Memory-map a set that `save_pairs` and the writer of its frames left in `folder`."""
    given = folder / "figures.npy"
    return PairSet(
        np.load(folder / "frames.npy", mmap_mode="r"),
        None if given.exists() else np.load(folder / "keypoints.npy"),
        np.load(given, mmap_mode="r") if given.exists() else None,
        np.load(folder / "pairs.npy"),
        np.load(folder / "corners.npy"),
        np.load(folder / "has_face.npy"),
        int(np.load(folder / "side.npy")),
    )


def save_pairs(folder: Path, pairs: PairSet) -> None:
    """Write everything but the pictures, which are already in `frames.npy` and `figures.npy`."""
    if pairs.keypoints is not None:
        np.save(folder / "keypoints.npy", pairs.keypoints)
    for name in ("pairs", "corners", "has_face", "side"):
        np.save(folder / f"{name}.npy", getattr(pairs, name))


def consecutive(indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of consecutive frames in a list of frame numbers, int64 `(P, 2)`.

    Args:
        indices: int64 `(N,)`, ascending frame numbers.
    """
    later = np.flatnonzero(np.diff(indices) == 1) + 1
    return np.stack([later - 1, later], axis=1)
