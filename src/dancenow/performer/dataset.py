"""Training pictures: crops of the target clip on disk, batches of them drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from dancenow.performer.condition import draw_condition
from dancenow.performer.presets import AugmentConfig
from dancenow.pose.track import FloatArray

Frame = NDArray[np.uint8]


class Batch(NamedTuple):
    """Pictures to learn from, float32 `(B, C, H, W)`, channels last in memory.

    Attributes:
        pose: the drawn poses, 0..1.
        real: the frames, RGB in -1..1.
        plate: the background behind them, RGB in -1..1.
        mask: the person, 0..1.
    """

    pose: Tensor
    real: Tensor
    plate: Tensor
    mask: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))


@dataclass(frozen=True)
class CropSet:
    """The crops that a performer learns from; arrays may be memory-mapped.

    Attributes:
        frames: uint8 `(N, H, W, 3)` RGB.
        plates: uint8 `(N, H, W, 3)` RGB, the background of the same boxes.
        masks: uint8 `(N, H, W)`, 255 on the person.
        keypoints: float32 `(N, 137, 3)`, px of the crop.
    """

    frames: Frame
    plates: Frame
    masks: Frame
    keypoints: FloatArray

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of the crops in px."""
        return int(self.frames.shape[2]), int(self.frames.shape[1])

    @staticmethod
    def open(folder: Path) -> CropSet:
        """Map a set that lies in `folder`."""
        frames, plates, masks = (
            np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("frames", "plates", "masks")
        )
        return CropSet(frames, plates, masks, np.load(folder / "keypoints.npy"))

    def batch(self, rng: Generator, size: int, augment: AugmentConfig) -> Batch:
        """Draw `size` crops at random, each moved a little."""
        return self._collate(
            [
                self._moved(int(index), _random_motion(rng, self.canvas, augment))
                for index in rng.integers(0, len(self), size)
            ]
        )

    def exactly(self, indices: list[int]) -> Batch:
        """The crops of these numbers, as they are."""
        return self._collate([self._moved(index, None) for index in indices])

    def _moved(self, index: int, motion: NDArray[np.float64] | None) -> tuple[Frame, ...]:
        pictures = [self.frames[index], self.plates[index], self.masks[index]]
        keypoints = self.keypoints[index]
        if motion is not None:
            pictures = [
                cv2.warpAffine(
                    picture, motion, self.canvas, None, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
                )
                for picture in pictures
            ]
            keypoints = move_keypoints(keypoints, motion)
        return (draw_condition(keypoints, self.canvas), *pictures)

    @staticmethod
    def _collate(items: list[tuple[Frame, ...]]) -> Batch:
        pose, real, plate, mask = (np.stack(column) for column in zip(*items, strict=True))
        return Batch(
            to_tensor(pose) / 255,
            to_tensor(real) / 127.5 - 1,
            to_tensor(plate) / 127.5 - 1,
            to_tensor(mask[..., None]) / 255,
        )


def to_tensor(pictures: Frame) -> Tensor:
    """`(B, H, W, C)` uint8 as `(B, C, H, W)` float32 of the same values, channels last."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float()


def move_keypoints(keypoints: FloatArray, motion: NDArray[np.float64]) -> FloatArray:
    """Keypoints `(137, 3)` under an affine motion `(2, 3)` as cv2.warpAffine takes it.

    cv2 has pixel centres at .0, the keypoints have them at .5.
    """
    moved = keypoints.copy()
    moved[:, :2] = (keypoints[:, :2] - 0.5) @ motion[:, :2].T + motion[:, 2] + 0.5
    return moved


def _random_motion(
    rng: Generator, canvas: tuple[int, int], augment: AugmentConfig
) -> NDArray[np.float64]:
    """A random similarity about the picture's middle, float64 `(2, 3)`."""
    scale = np.exp(rng.uniform(-augment.scale, augment.scale))
    angle = rng.uniform(-augment.rotation, augment.rotation)
    shift = rng.uniform(-augment.shift, augment.shift, 2) * canvas[1]
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    middle = np.array(canvas) / 2
    return np.hstack([linear, (middle - linear @ middle + shift)[:, None]])
