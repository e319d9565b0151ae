"""The fast kind of performer: a person painted over a background plate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from dancenow.errors import InputError
from dancenow.files import write_bytes
from dancenow.performer.condition import POSE_CHANNELS, draw_condition
from dancenow.performer.crop import CropPath, crop_path
from dancenow.performer.dataset import to_tensor
from dancenow.performer.networks import FastGenerator, Painted
from dancenow.performer.performer import Performer, write_config, write_weights
from dancenow.performer.presets import PerformerConfig
from dancenow.pose import PoseTrack
from dancenow.pose.normalize import PoseStatistics
from dancenow.training import Device
from dancenow.training.checkpoint import restore_module
from dancenow.video.png import encode_png

Frame = NDArray[np.uint8]

_BATCH = 4  # pictures painted at once
_FADE_PX = 6  # of the canvas: the painted picture ends softly at the border of its box
_INVISIBLE = 0.5 / 255  # coverage below which a px is left as it is
_MAX_CANVAS = 640  # px: a dance that needs a larger box than this is cut


@dataclass(frozen=True)
class PlatedScene:
    """Where a performer stands and how large it is painted.

    Attributes:
        plate: the room without the person, uint8 `(H, W, 3)` RGB.
        fps: the target clip's frames a second.
        zoom: px of the frame for one px that the generator paints.
        statistics: where and how tall the person was in the clip, for the normalisation.
    """

    plate: Frame
    fps: float
    zoom: float
    statistics: PoseStatistics

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frame in px."""
        return int(self.plate.shape[1]), int(self.plate.shape[0])


class FastPerformer(Performer):
    """A learned person: a generator, a background plate and pose statistics.

    Attributes:
        config: how it was trained.
        scene: where it stands.
        generator: the network, in evaluation mode.
        device: where it computes.
        training: figures of the training (steps, seconds, frames).
    """

    scene: PlatedScene

    def __init__(
        self,
        config: PerformerConfig,
        scene: PlatedScene,
        generator: FastGenerator,
        device: Device,
        training: dict[str, Any] | None = None,
    ) -> None:
        self.config, self.scene, self.device = config, scene, device
        self.training = training or {}
        channels_last = generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.generator: FastGenerator = channels_last.to(device.torch).eval()

    @property
    def preset(self) -> str:
        return self.config.preset

    def perform(self, track: PoseTrack) -> Iterator[Frame]:
        self._check_size(track)
        path = crop_path(track, self.scene.zoom, self.generator.stride, _MAX_CANVAS)
        fade = _border_fade(path.canvas)
        for start in range(0, len(track), _BATCH):
            indices = range(start, min(start + _BATCH, len(track)))
            painted = self._paint([track.keypoints[i] for i in indices], path, indices)
            for index, colour, alpha in zip(indices, *painted, strict=True):
                if (track.confidence[index] > 0).any():
                    yield _composite(self.scene.plate, path, index, colour, alpha * fade)
                else:
                    yield self.scene.plate.copy()

    @torch.inference_mode()
    def _paint(
        self, keypoints: list[NDArray[np.float32]], path: CropPath, indices: range
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Colour `(B, H, W, 3)` in 0..255 and alpha `(B, H, W)` in 0..1 on the canvas."""
        poses = np.stack(
            [
                draw_condition(path.to_canvas(k, i), path.canvas)
                for k, i in zip(keypoints, indices, strict=True)
            ]
        )
        plates = np.stack([path.cut(self.scene.plate, i) for i in indices])
        pose = (to_tensor(poses) / 255).to(self.device.torch)
        plate = (to_tensor(plates) / 127.5 - 1).to(self.device.torch)
        with self.device.autocast():
            painted: Painted = self.generator(pose, plate)
        colour = (painted.colour.float() + 1) * 127.5
        return _numpy(colour.permute(0, 2, 3, 1)), _numpy(painted.alpha.float()[:, 0])

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(folder / "generator.safetensors", self.generator)
        write_bytes(folder / "plate.png", encode_png(self.scene.plate))
        scene = {
            "fps": self.scene.fps,
            "zoom": self.scene.zoom,
            "statistics": self.scene.statistics.to_dict(),
        }
        write_config(folder, self.config, scene, self.training)

    @staticmethod
    def of_document(folder: Path, document: dict[str, Any], device: Device) -> FastPerformer:
        """Read the performer whose `config.json` holds `document` (see `Performer.load`)."""
        try:
            config = PerformerConfig.model_validate(document["config"])
            scene = PlatedScene(
                _read_plate(folder),
                float(document["scene"]["fps"]),
                float(document["scene"]["zoom"]),
                PoseStatistics.from_dict(document["scene"]["statistics"]),
            )
            training = dict(document["training"])
            weights = load_file(folder / "generator.safetensors")
        except FileNotFoundError as error:
            raise InputError(
                f"{folder}: generator.safetensors is missing; train it again."
            ) from error
        except (
            OSError,
            KeyError,
            TypeError,
            ValueError,
            ValidationError,
            SafetensorError,
        ) as error:
            raise InputError(f"{folder}: the performer is damaged; train it again.") from error
        generator = FastGenerator(POSE_CHANNELS, config.generator.widths)
        restore_module(generator, weights, folder)
        return FastPerformer(config, scene, generator, device, training)


def _read_plate(folder: Path) -> Frame:
    path = folder / "plate.png"
    # Not imread: it prints a warning of its own about a file that is missing.
    data = np.frombuffer(path.read_bytes() if path.is_file() else b"", np.uint8)
    plate = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if plate is None:
        raise InputError(f"{folder}: plate.png is missing or damaged; train it again.")
    return np.ascontiguousarray(plate[..., ::-1]).astype(np.uint8)


def _numpy(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.cpu().numpy()
    return array


def _border_fade(canvas: tuple[int, int]) -> NDArray[np.float32]:
    """1 inside, falling to 0 at the canvas's border, float32 `(H, W)`."""
    columns, rows = (
        np.minimum(np.arange(n) + 0.5, n - np.arange(n) - 0.5).clip(0, _FADE_PX) / _FADE_PX
        for n in canvas
    )
    return np.minimum(rows[:, None], columns[None, :]).astype(np.float32)


def _composite(
    plate: Frame,
    path: CropPath,
    index: int,
    colour: NDArray[np.float32],
    alpha: NDArray[np.float32],
) -> Frame:
    """Lay a painted canvas over its box of the plate, at the plate's resolution."""
    frame = plate.copy()
    covered = alpha > _INVISIBLE
    if not covered.any():
        return frame
    columns, rows = (np.flatnonzero(covered.any(axis=axis)) for axis in (0, 1))
    scale = np.array(path.box) / np.array(path.canvas)
    corner = path.corners[index]
    first = corner + np.floor((np.array([columns[0], rows[0]]) - 1) * scale).astype(int)
    last = corner + np.ceil((np.array([columns[-1], rows[-1]]) + 2) * scale).astype(int)
    left, top = np.maximum(first, 0).tolist()
    right, bottom = np.minimum(last, plate.shape[1::-1]).tolist()
    if left >= right or top >= bottom:
        return frame
    # Colour times coverage, so that what the generator paints where it covers nothing cannot
    # leak in between px.  The map goes from px of the frame to px of the canvas; cv2 has pixel
    # centres at .0.
    layer = np.dstack([colour * alpha[..., None], 255 * alpha]).round().clip(0, 255)
    offset = (np.array([left, top]) + 0.5 - corner) / scale - 0.5
    to_canvas = np.array([[1 / scale[0], 0, offset[0]], [0, 1 / scale[1], offset[1]]])
    scaled = cv2.warpAffine(
        layer.astype(np.uint8),
        to_canvas,
        (right - left, bottom - top),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    region = frame[top:bottom, left:right]
    through = cv2.cvtColor(255 - scaled[..., 3], cv2.COLOR_GRAY2RGB)
    behind = cv2.multiply(region, through, scale=1 / 255)
    region[...] = cv2.add(behind, np.ascontiguousarray(scaled[..., :3]))
    return frame
