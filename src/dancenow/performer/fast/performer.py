"""The fast performer: a person painted over a background plate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from dancenow import limits
from dancenow.errors import InputError
from dancenow.files import write_bytes
from dancenow.performer.fast.condition import POSE_CHANNELS, draw_condition
from dancenow.performer.fast.config import PerformerConfig
from dancenow.performer.fast.crop import CropPath, crop_path, person_box
from dancenow.performer.fast.dataset import FINE, to_tensor
from dancenow.performer.fast.faces import Looks
from dancenow.performer.fast.networks import FastGenerator, Foreground
from dancenow.performer.fast.references import FAST, FineFrames, Packing, References
from dancenow.performer.fast.steadying import Steadying
from dancenow.performer.fast.texture import LAYERS, FineTexture, Texture
from dancenow.performer.layer import Layer
from dancenow.performer.performer import Performer, read_damaged, write_config
from dancenow.pose import PoseTrack
from dancenow.pose.normalize import PoseStatistics
from dancenow.pose.retarget import BodyShape
from dancenow.training import Device
from dancenow.training.checkpoint import fill_module, write_weights
from dancenow.training.threads import ThreadTuner, spare_cores
from dancenow.video.camera_motion import CameraPath
from dancenow.video.images import read_image
from dancenow.video.png import encode_png
from dancenow.video.prefetch import prefetch

Frame = NDArray[np.uint8]
Item = TypeVar("Item")

_BATCH = 4  # pictures painted at once
_AHEAD = 3  # batches drawn ahead
_SETTLED = 5.0  # seconds after which steadying has forgotten where it began
_STRIP_PX = 64  # rows mixed at once on a CPU; whole pictures take more memory, and as long
_FADE_PX = 6  # of the canvas; the painted picture fades out at the border of its box
_FAINT = 6.0  # of 255: coverage that is taken for none
_MAX_CANVAS = 640  # pixels; a dance that needs a larger box is cropped


@dataclass(frozen=True)
class PlatedScene:
    """The scene of a performer on a plate, and the painted scale.

    Attributes:
        plate: the room without the person, uint8 `(H, W, 3)` RGB.
        fps: the target clip's frames per second.
        zoom: pixels of the frame per painted pixel.
        statistics: where and how tall the person was in the clip, for the normalisation.
        shape: the person's proportions.
        camera: how the target's camera moved, seen from the plate; None if it stood still.
    """

    plate: Frame
    fps: float
    zoom: float
    statistics: PoseStatistics
    shape: BodyShape
    camera: CameraPath | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frame in pixels."""
        return int(self.plate.shape[1]), int(self.plate.shape[0])


class _Inputs(NamedTuple):
    """The generator's input for some frames: a part of the canvas, uint8 `(B, H, W, C)` each.

    `fine` is `B` times `(H, W, C)`, of more pixels; None without a finer texture.
    """

    indices: range
    corner: tuple[int, int]
    pose: Frame
    plate: Frame
    texture: Frame
    fine: tuple[Frame, ...] | None


class FastPerformer(Performer):
    """A learned person: a generator, a background plate and pose statistics.

    Attributes:
        config: how it was trained.
        scene: where it stands.
        generator: the network, in evaluation mode.
        texture: warps real pixels of the person to new poses.
        device: where it computes.
        training: figures of the training (steps, seconds, frames).
    """

    paints_layers = True
    paints_apart = True
    scene: PlatedScene

    def __init__(
        self,
        config: PerformerConfig,
        scene: PlatedScene,
        generator: FastGenerator,
        texture: Texture,
        device: Device,
        training: dict[str, Any] | None = None,
    ) -> None:
        self.config, self.scene, self.device = config, scene, device
        self.texture = texture
        self.training = training or {}
        channels_last = generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.generator: FastGenerator = channels_last.to(device.torch).eval()
        self._painter = self.generator.fused()
        self._fine = None if texture.references.fine is None else FineTexture(texture)
        self._chosen: NDArray[np.int64] | None = None  # for the previous frame
        self._looks = Looks(texture.references.keypoints)
        self._steadying = Steadying()
        self._idle_cores = device.kind != "cpu"
        self._threads = ThreadTuner(None if device.kind == "cpu" else 1)

    @property
    def preset(self) -> str:
        return self.config.preset

    def perform(self, track: PoseTrack) -> Iterator[Frame]:
        for layer in self.layers(track):
            yield layer.over(self.scene.plate)

    def layers(
        self, track: PoseTrack, *, resume: bool = False, within: range | None = None
    ) -> Iterator[Layer]:
        if not resume:
            self._chosen = None
            self._looks.reset()
            self._steadying.reset()
        self._check_size(track)
        within = within or range(len(track))
        start = max(0, within.start - round(_SETTLED * track.fps)) // _BATCH * _BATCH
        self._looks.meet(track.keypoints)
        path = crop_path(track, self.scene.zoom, self.generator.stride, _MAX_CANVAS)
        factor = 1.0 if self._fine is None else self._fine.factor
        shown = path.enlarged(factor)
        fade = _border_fade(shown.canvas, factor * _FADE_PX)

        def painted() -> Iterator[tuple[int, Layer]]:
            for batch in self._inputs(track, path, range(start, within.stop)):
                left, top = (round(factor * at) for at in batch.corner)
                height, width = (round(factor * side) for side in batch.plate.shape[1:3])
                faded = fade[top : top + height, left : left + width]
                pictures = self._paint(batch, factor, faded)
                for index, picture in zip(batch.indices, pictures, strict=True):
                    there = (track.confidence[index] > 0).any()
                    seen = picture if there else None
                    yield index, shown.to_frame(seen, index, self.scene.size, (left, top))

        def steadied() -> Iterator[Layer]:
            for index, layer in self._beside(painted(), track):
                steady = self._steadying.steady(layer, track.fps)
                if index in within:
                    yield steady

        yield from self._beside(steadied(), track)

    def _beside(self, items: Iterator[Item], track: PoseTrack) -> Iterator[Item]:
        """The same items; beside a GPU, whose work leaves the cores idle, made in a thread."""
        return prefetch(items) if self._idle_cores and len(track) > _BATCH else items

    def _inputs(self, track: PoseTrack, path: CropPath, within: range) -> Iterator[_Inputs]:
        """The generator's inputs, a few frames at a time, drawn in a thread while it paints."""
        starts = range(within.start, within.stop, _BATCH)
        for start in range(0, within.start, _BATCH):  # what is chosen depends on all before
            for keypoints in self._posed(track, path, start)[1]:
                self._chosen = self.texture.choose(keypoints, previous=self._chosen)

        def draw(start: int) -> Callable[[], _Inputs]:
            indices, poses, (left, top, right, bottom) = self._posed(track, path, start)
            window = (right - left, bottom - top)
            chosen = []
            for keypoints in poses:
                self._chosen = self.texture.choose(keypoints, previous=self._chosen)
                chosen.append(self._chosen)

            def drawn(
                index: int, keypoints: NDArray[np.float32], chosen: NDArray[np.int64]
            ) -> tuple[Frame, ...]:
                pictures = (
                    draw_condition(keypoints, window, self.texture.references.body_px),
                    path.cut(self.scene.plate, index)[top:bottom, left:right],
                    self.texture.layers(keypoints, chosen, window),
                )
                if self._fine is None:
                    return pictures
                return *pictures, self._fine.finer(keypoints, chosen, window)

            rows = drawers.map(drawn, indices, poses, chosen)

            def inputs() -> _Inputs:
                pose, plate, texture, *finer = zip(*rows, strict=True)
                coarse = np.stack(pose), np.stack(plate), np.stack(texture)
                return _Inputs(indices, (left, top), *coarse, next(iter(finer), None))

            return inputs

        workers = spare_cores() if self._idle_cores else 1
        with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(workers) as drawers:
            waiting = [pool.submit(draw, start) for start in starts[:_AHEAD]]
            try:
                for start in starts:
                    following = start + _AHEAD * _BATCH
                    if following < within.stop:
                        waiting.append(pool.submit(draw, following))
                    yield waiting.pop(0).result()()
            finally:
                pool.shutdown(cancel_futures=True)

    def _posed(
        self, track: PoseTrack, path: CropPath, start: int
    ) -> tuple[range, list[NDArray[np.float32]], tuple[int, int, int, int]]:
        """Some frames, their poses in the part of the canvas that holds them, and that part."""
        indices = range(start, min(start + _BATCH, len(track)))
        danced = (self._looks.adapt(track.keypoints[index]) for index in indices)
        poses = [path.to_canvas(pose, i) for pose, i in zip(danced, indices, strict=True)]
        window = self._window(poses, path.canvas)
        for keypoints in poses:
            keypoints[:, :2] -= window[:2]
        return indices, poses, window

    def _window(
        self, poses: list[NDArray[np.float32]], canvas: tuple[int, int]
    ) -> tuple[int, int, int, int]:
        """The part of the canvas that holds some poses, aligned to the generator's grid.

        Aligned parts are painted like the whole, except for context that they do not contain.
        """
        body_px, stride = self.texture.references.body_px, self.generator.stride
        boxes = np.stack([person_box(pose, body_px) for pose in poses])
        first = np.floor(boxes[:, :2].min(axis=0) / stride).clip(0) * stride
        last = np.minimum(np.ceil(boxes[:, 2:].max(axis=0) / stride) * stride, canvas)
        first = np.minimum(first, np.array(canvas) - stride)
        last = np.maximum(last, first + stride)
        left, top, right, bottom = np.concatenate([first, last]).astype(int).tolist()
        return left, top, right, bottom

    @torch.inference_mode()
    def _paint(self, inputs: _Inputs, factor: float, fade: NDArray[np.float32]) -> Frame:
        """Premultiplied RGB and coverage, uint8 `(B, H, W, 4)`, `factor` times as fine.

        Coverage is multiplied by `fade`, float32 `(H, W)`.
        """
        pose = to_tensor(inputs.pose, self.device.torch) / 255
        plate = to_tensor(inputs.plate, self.device.torch) / 127.5 - 1
        coarse = to_tensor(inputs.texture, self.device.torch) / 255
        shown = torch.from_numpy(fade).to(self.device.torch)
        height, width = fade.shape
        painted = np.empty((len(pose), height, width, 4), np.uint8)
        strip = _STRIP_PX if self.device.kind == "cpu" else height
        with self._threads.measure(len(pose)), self.device.autocast():
            parts = self._painter.parts(pose, plate, coarse)
            for index in range(len(pose)):
                part = parts.of(index).enlarged(factor) if factor > 1 else parts.of(index)
                for top in range(0, height, strip):
                    rows = slice(top, top + strip)
                    if inputs.fine is None:
                        texture = coarse[index, :, rows]
                    else:
                        planes = torch.from_numpy(inputs.fine[index][rows]).to(self.device.torch)
                        texture = planes.permute(2, 0, 1).contiguous().float().mul_(1 / 255)
                    mixed = part.rows(rows).mixed(texture[None])
                    painted[index, rows] = _premultiplied(mixed, shown[rows])
        return painted

    def save(self, folder: Path) -> None:
        self.save_as(folder, self.texture.references)

    def save_as(
        self,
        folder: Path,
        references: References,
        packing: Packing = FAST,
        precision: torch.dtype = torch.float32,
    ) -> None:
        """Write the performer as `save` does, with other references or in fewer bytes.

        Args:
            folder: where to.
            references: in the place of its own.
            packing: of the references' pictures.
            precision: of the weights on disk.
        """
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(folder / "generator.safetensors", self.generator, precision)
        write_bytes(folder / "plate.png", encode_png(self.scene.plate))
        references.save(folder / "references.safetensors", packing)
        if references.fine is not None:
            references.fine.save(folder / FINE)
        scene = {
            "fps": self.scene.fps,
            "zoom": self.scene.zoom,
            "statistics": self.scene.statistics.to_dict(),
            "shape": self.scene.shape.to_dict(),
            "camera": None if self.scene.camera is None else self.scene.camera.moves.tolist(),
        }
        write_config(folder, self.config, scene, self.training)

    @staticmethod
    def of_document(folder: Path, document: dict[str, Any], device: Device) -> FastPerformer:
        """Read the performer whose `config.json` holds `document` (see `Performer.load`)."""
        with read_damaged(folder):
            config = PerformerConfig.model_validate(document["config"])
            scene = _read_scene(folder, document["scene"])
            training = dict(document["training"])
            weights = load_file(folder / "generator.safetensors")
            references = References.load(folder / "references.safetensors")
            if (folder / FINE).is_file():
                references = replace(references, fine=FineFrames.load(folder / FINE))
        with torch.device("meta"):  # the weights come from the file
            generator = FastGenerator(POSE_CHANNELS, config.generator.widths, LAYERS)
        fill_module(generator, weights, folder)
        return FastPerformer(config, scene, generator, Texture(references), device, training)


def _read_scene(folder: Path, values: dict[str, Any]) -> PlatedScene:
    plate, camera = _read_plate(folder), None
    if values["camera"] is not None:
        moves = np.array(values["camera"], np.float64).reshape(-1, 2, 3)
        camera = CameraPath(moves, (plate.shape[1], plate.shape[0]))
    statistics = PoseStatistics.from_dict(values["statistics"])
    shape = BodyShape.from_dict(values["shape"])
    fps, zoom = float(values["fps"]), float(values["zoom"])
    if not 1 <= zoom <= limits.SIDE:
        raise ValueError(f"a zoom of {zoom}")
    if camera is not None and not np.isfinite(camera.moves).all():
        raise ValueError("the camera's moves are no numbers")
    return PlatedScene(plate, fps, zoom, statistics, shape, camera)


def _read_plate(folder: Path) -> Frame:
    path = folder / "plate.png"
    try:
        return read_image(path)
    except InputError as error:
        raise InputError(f"{folder}: plate.png is missing or damaged; train it again.") from error


def _premultiplied(painted: Foreground, fade: Tensor) -> Frame:
    """Premultiplied RGB and coverage of a picture or some of its rows, uint8 `(H, W, 4)`."""
    alpha = functional.threshold(255 * painted.alpha[0].float() * fade, _FAINT, 0.0)
    colour = (painted.colour[0].float() + 1) * (alpha / 2)
    layer = torch.cat((colour, alpha)).round_().clamp_(0, 255).byte()
    return np.asarray(layer.permute(1, 2, 0).contiguous().cpu().numpy())


def _border_fade(canvas: tuple[int, int], px: float) -> NDArray[np.float32]:
    """1 inside, falling to 0 over the last pixels of the canvas, float32 `(H, W)`."""
    columns, rows = (
        np.minimum(np.arange(n) + 0.5, n - np.arange(n) - 0.5).clip(0, px) / px for n in canvas
    )
    return np.minimum(rows[:, None], columns[None, :]).astype(np.float32)
