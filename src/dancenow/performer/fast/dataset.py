"""Training data: crops of the target clip on disk, and random batches of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from dancenow.performer.fast.condition import draw_condition
from dancenow.performer.fast.config import AugmentConfig
from dancenow.performer.fast.crop import person_box
from dancenow.performer.fast.references import Chosen, FineFrames, References
from dancenow.performer.fast.texture import Texture
from dancenow.pose.track import FloatArray

Frame = NDArray[np.uint8]

FINE: Final = "fine.safetensors"
_GROUPS: Final = 4  # of crops with people of similar width; a batch comes from one group


class Batch(NamedTuple):
    """A training batch, float32 `(B, C, H, W)`, channels last in memory.

    Attributes:
        pose: the drawn poses at half the resolution, 0..1.
        real: the frames, RGB in -1..1.
        plate: the background behind them, RGB in -1..1.
        mask: the person, 0..1.
        inside: 1 inside the frame, 0 beyond its edge.
        texture: layers of warped texture, 0..1.
    """

    pose: Tensor
    real: Tensor
    plate: Tensor
    mask: Tensor
    inside: Tensor
    texture: Tensor

    def pinned(self) -> Batch:
        """The same batch in memory that a GPU copies from without waiting."""
        return Batch(*(tensor.pin_memory() for tensor in self))

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))


@dataclass(frozen=True)
class CropSet:
    """The training crops of a performer; arrays may be memory-mapped.

    Attributes:
        frames: uint8 `(N, H, W, 3)` RGB.
        plates: uint8 `(N, H, W, 3)` RGB, the background of the same boxes.
        masks: uint8 `(N, H, W)`, 255 on the person.
        keypoints: float32 `(N, 137, 3)`, pixels of the crop.
        times: float32 `(N,)`, seconds in the clip.
        inside: int64 `(N, 4)`, left, top, right and bottom of the part inside the frame; outside
            it the frame's edge is repeated.
        body_px: height of the standing person in the crops.
        stride: the sides of a generator's input are multiples of this many pixels.
        fine: of the references, their frames at a finer resolution; None if there are none.
    """

    frames: Frame
    plates: Frame
    masks: Frame
    keypoints: FloatArray
    times: FloatArray
    inside: NDArray[np.int64]
    body_px: float
    stride: int
    fine: FineFrames | None = None

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of the crops in pixels."""
        return int(self.frames.shape[2]), int(self.frames.shape[1])

    @staticmethod
    def open(folder: Path, body_px: float, stride: int) -> CropSet:
        """Memory-map the set in `folder`."""
        frames, plates, masks = (
            np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("frames", "plates", "masks")
        )
        keypoints, times, inside = (
            np.load(folder / f"{name}.npy") for name in ("keypoints", "times", "inside")
        )
        fine = FineFrames.load(folder / FINE) if (folder / FINE).is_file() else None
        return CropSet(frames, plates, masks, keypoints, times, inside, body_px, stride, fine)

    def references(self, most: int) -> References:
        """Up to `most` of the crops, spread over the clip, as a source of texture."""
        rows = spread(len(self), most)
        return References(
            Chosen(self.frames, rows),
            Chosen(self.masks, rows),
            self.keypoints[rows],
            self.times[rows],
            self.body_px,
            self.fine if self.fine is not None and len(self.fine) == len(rows) else None,
        )

    def batch(self, rng: Generator, size: int, augment: AugmentConfig, texture: Texture) -> Batch:
        """Draw `size` random crops, each moved a little and cropped around the person.

        Texture comes from frames some random time away: nearer ones would be too good, as a new
        dance never has them.
        """
        longest = max(augment.gap[0], min(augment.gap[1], float(np.ptp(self.times)) / 4))
        gaps = np.exp(rng.uniform(math.log(augment.gap[0]), math.log(longest), size))
        group = self._alike[int(rng.integers(len(self._alike)))]
        rows = group[rng.integers(0, len(group), size)].tolist()
        motions = [_random_motion(rng, self.canvas, augment) for _ in rows]
        boxes = np.stack(
            [
                person_box(move_keypoints(self.keypoints[row], motion), self.body_px)
                for row, motion in zip(rows, motions, strict=True)
            ]
        )
        needed = (boxes[:, 2:] - boxes[:, :2]).max(axis=0)
        window = np.minimum(_whole(needed, self.stride), _whole(np.array(self.canvas), self.stride))
        for motion, box in zip(motions, boxes, strict=True):
            slack = np.maximum(window - (box[2:] - box[:2]), 0)
            motion[:, 2] -= box[:2] - slack * rng.uniform(0, 1, 2)
        width, height = window.tolist()
        return self._collate(
            [
                self._moved(row, texture, gap, motion, (width, height))
                for row, gap, motion in zip(rows, gaps.tolist(), motions, strict=True)
            ]
        )

    def exactly(self, indices: list[int], texture: Texture, gap: float = 1.0) -> Batch:
        """The crops with these indices, unmoved."""
        still = np.eye(2, 3)
        return self._collate(
            [self._moved(index, texture, gap, still, self.canvas) for index in indices]
        )

    @cached_property
    def _alike(self) -> list[NDArray[np.int64]]:
        """Crops in groups of about equal size, by the width of the person."""
        boxes = np.stack([person_box(k, self.body_px) for k in self.keypoints])
        order = np.argsort(boxes[:, 2] - boxes[:, 0], kind="stable")
        return [group for group in np.array_split(order, _GROUPS) if len(group)]

    def _moved(
        self,
        index: int,
        texture: Texture,
        gap: float,
        motion: NDArray[np.float64],
        size: tuple[int, int],
    ) -> tuple[Frame, ...]:
        pictures = [
            np.asarray(
                cv2.warpAffine(picture, motion, size, None, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE),
                dtype=np.uint8,
            )
            for picture in (self.frames[index], self.plates[index], self.masks[index])
        ]
        left, top, right, bottom = self.inside[index].tolist()
        inside = np.zeros(self.masks.shape[1:], np.uint8)
        inside[top:bottom, left:right] = 255
        pictures.append(
            np.asarray(cv2.warpAffine(inside, motion, size, None, cv2.INTER_NEAREST), np.uint8)
        )
        keypoints = move_keypoints(self.keypoints[index], motion)
        chosen = texture.choose(keypoints, time=float(self.times[index]), gap=gap)
        layers = texture.layers(keypoints, chosen, size)
        return (draw_condition(keypoints, size, self.body_px), *pictures, layers)

    @staticmethod
    def _collate(items: list[tuple[Frame, ...]]) -> Batch:
        pose, real, plate, mask, inside, texture = (
            np.stack(column) for column in zip(*items, strict=True)
        )
        return Batch(
            to_tensor(pose) / 255,
            to_tensor(real) / 127.5 - 1,
            to_tensor(plate) / 127.5 - 1,
            to_tensor(mask[..., None]) / 255,
            to_tensor(inside[..., None]) / 255,
            to_tensor(texture) / 255,
        )


def spread(count: int, most: int) -> NDArray[np.int64]:
    """Up to `most` numbers below `count`, as far apart as possible."""
    return np.linspace(0, count - 1, min(most, count)).round().astype(np.int64)


def _whole(px: NDArray[Any], stride: int) -> NDArray[np.int64]:
    return np.asarray(stride * np.ceil(px / stride), dtype=np.int64)


def to_tensor(pictures: Frame, device: torch.device | None = None) -> Tensor:
    """`(B, H, W, C)` uint8 as `(B, C, H, W)` float32 of the same values, channels last."""
    there = torch.from_numpy(np.ascontiguousarray(pictures)).to(device)
    return there.permute(0, 3, 1, 2).float()


def move_keypoints(keypoints: FloatArray, motion: NDArray[np.float64]) -> FloatArray:
    """Keypoints `(137, 3)` under an affine motion `(2, 3)` in cv2.warpAffine's convention.

    cv2 has pixel centres at .0, keypoints at .5.
    """
    moved = keypoints.copy()
    moved[:, :2] = (keypoints[:, :2] - 0.5) @ motion[:, :2].T + motion[:, 2] + 0.5
    return moved


def _random_motion(
    rng: Generator, canvas: tuple[int, int], augment: AugmentConfig
) -> NDArray[np.float64]:
    """A random rotation and scale about the picture's centre, float64 `(2, 3)`."""
    scale = np.exp(rng.uniform(-augment.scale, augment.scale))
    angle = rng.uniform(-augment.rotation, augment.rotation)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    middle = np.array(canvas) / 2
    return np.hstack([linear, (middle - linear @ middle)[:, None]])
