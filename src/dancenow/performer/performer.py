"""`Performer`: a learned person, on disk and in memory."""

from __future__ import annotations

import json
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
from safetensors.torch import load_file, save
from torch import Tensor

from dancenow.errors import InputError
from dancenow.files import write_bytes, write_text
from dancenow.performer.condition import POSE_CHANNELS, draw_condition
from dancenow.performer.crop import CropPath, crop_path
from dancenow.performer.dataset import to_tensor
from dancenow.performer.networks import FastGenerator, Painted
from dancenow.performer.presets import PerformerConfig
from dancenow.pose import PoseTrack
from dancenow.pose.normalize import PoseStatistics
from dancenow.training import Device, choose_device
from dancenow.training.checkpoint import restore_module

Frame = NDArray[np.uint8]

VERSION = 1
_BATCH = 4  # pictures painted at once
_FADE_PX = 6  # of the canvas: the painted picture ends softly at the border of its box
_INVISIBLE = 0.5 / 255  # coverage below which a px is left as it is
_MAX_CANVAS = 640  # px: a dance that needs a larger box than this is cut


@dataclass(frozen=True)
class Scene:
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


class Performer:
    """A learned person: a generator, a background plate and pose statistics.

    Attributes:
        config: how it was trained.
        scene: where it stands.
        generator: the network, in evaluation mode.
        device: where it computes.
        training: figures of the training (steps, seconds, frames).
    """

    def __init__(
        self,
        config: PerformerConfig,
        scene: Scene,
        generator: FastGenerator,
        device: Device,
        training: dict[str, Any] | None = None,
    ) -> None:
        self.config, self.scene, self.device = config, scene, device
        self.training = training or {}
        channels_last = generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.generator: FastGenerator = channels_last.to(device.torch).eval()

    def perform(self, track: PoseTrack) -> Iterator[Frame]:
        """Paint the person in every pose of `track`.

        Args:
            track: poses in px of the performer's own frame (see `dancenow.pose.normalize`).

        Yields:
            One uint8 `(H, W, 3)` RGB frame a pose, of the target clip's size; where the track has
            no person, the empty room.

        Raises:
            InputError: the track's frame size is another, or nobody is in it.
        """
        if track.size != self.scene.size:
            raise InputError(
                f"the track is for frames of {track.size[0]} x {track.size[1]} px, the performer's "
                f"are {self.scene.size[0]} x {self.scene.size[1]}; normalise the track first."
            )
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
        """Write the performer into `folder`: what it needs to run, each file atomically."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = {k: v.detach().cpu().contiguous() for k, v in self.generator.state_dict().items()}
        write_bytes(folder / "generator.safetensors", save(weights))
        done, png = cv2.imencode(".png", np.ascontiguousarray(self.scene.plate[..., ::-1]))
        assert done
        write_bytes(folder / "plate.png", png.tobytes())
        document = {
            "version": VERSION,
            "kind": "performer",
            "config": self.config.model_dump(),
            "scene": {
                "fps": self.scene.fps,
                "zoom": self.scene.zoom,
                "statistics": self.scene.statistics.to_dict(),
            },
            "training": self.training,
        }
        write_text(folder / "config.json", json.dumps(document, indent=1))

    @staticmethod
    def load(folder: str | Path, device: Device | None = None) -> Performer:
        """Read a performer.

        Raises:
            InputError: there is none in the folder, a file is missing or damaged, or it is of a
                newer version.
        """
        folder = Path(folder)
        document = _read_config(folder)
        try:
            config = PerformerConfig.model_validate(document["config"])
            scene = Scene(
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
        return Performer(config, scene, generator, device or choose_device(), training)


def is_performer(path: Path) -> bool:
    """Whether a folder holds a trained performer."""
    return (path / "config.json").is_file() and (path / "generator.safetensors").is_file()


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise InputError(
            f"{folder}: holds no performer; make one with `dancenow train performer TARGET -o DIR`."
        )
    try:
        document = json.loads(path.read_text("utf-8"))
        version, kind = int(document["version"]), document["kind"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is not a performer's; train it again.") from error
    if kind != "performer":
        raise InputError(f"{folder}: holds a {kind}, a performer is needed.")
    if version > VERSION:
        raise InputError(
            f"{folder}: a performer of version {version}, and this DanceNow reads up to {VERSION}; "
            "update DanceNow."
        )
    return dict(document)


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
