"""The EDN performer: whole frames from stick figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from dancenow.errors import InputError
from dancenow.performer.edn.config import EDNConfig
from dancenow.performer.edn.figures import face_regions, scaled
from dancenow.performer.edn.networks import make_face_networks, make_generator
from dancenow.performer.edn.painting import Fetch, Painter
from dancenow.performer.performer import Performer, read_damaged, write_config
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.pose.face_region import face_corners, face_side
from dancenow.pose.normalize import PoseStatistics
from dancenow.pose.retarget import BodyShape
from dancenow.sources.stick_figures import read_authors_folder
from dancenow.training import Device
from dancenow.training.checkpoint import fill_module, write_weights
from dancenow.training.prefetch import Prefetch

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class FrameScene:
    """The scene of a performer that paints whole frames.

    Attributes:
        size: width and height of the frame in pixels.
        fps: the target clip's frames per second.
        statistics: where and how tall the person was, None if learned from drawn figures.
        face_side: of the faces' region, pixels of the painted picture.
        shape: the person's proportions, None if learned from drawn figures.
    """

    size: tuple[int, int]
    fps: float
    statistics: PoseStatistics | None
    face_side: int
    shape: BodyShape | None = None

    @property
    def plate(self) -> None:
        """None: the person is not separated from the room."""

    @property
    def camera(self) -> None:
        """None: whole frames include any movement of the camera."""


class EDNPerformer(Performer):
    """A learned person and room: a generator of whole frames and a network for the face.

    Attributes:
        config: how it was trained.
        scene: where it stands.
        generator: the network, in evaluation mode.
        face: the network of the face's residual, or None if no face was learned.
        device: where it computes.
        training: figures of the training (steps, seconds, frames).
    """

    paints_layers = False
    scene: FrameScene

    def __init__(
        self,
        config: EDNConfig,
        scene: FrameScene,
        generator: nn.Module,
        face: nn.Module | None,
        device: Device,
        training: dict[str, Any] | None = None,
    ) -> None:
        self.config, self.scene, self.device = config, scene, device
        self.generator, self.face = generator.eval(), None if face is None else face.eval()
        self.training = training or {}
        self._painter: Painter | None = None

    @property
    def preset(self) -> str:
        return self.config.preset

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of the painted picture in pixels."""
        return self.config.canvas(self.scene.size)

    def perform(self, track: PoseTrack) -> Iterator[Frame]:
        self._check_size(track)
        if not (track.confidence > 0).any():
            raise InputError("there is nobody in the track.")
        # The paper's system cannot paint an empty room: without a person, the last pose is held.
        seen = np.flatnonzero((track.confidence > 0).any(axis=1))
        held = seen[np.maximum(0, np.searchsorted(seen, np.arange(len(track)), "right") - 1)]
        canvas, keypoints = self.canvas, track.keypoints[held]
        keypoints[..., :2] *= np.array(canvas, np.float32) / np.array(track.size, np.float32)
        corners, has_face = face_corners(keypoints, canvas, face_side(canvas))
        yield from self.paint(
            lambda index: draw_pose(keypoints[index], canvas), len(track), corners, has_face
        )

    def paint(
        self,
        figure: Callable[[int], Frame],
        count: int,
        corners: NDArray[np.int64],
        has_face: NDArray[np.bool_],
    ) -> Iterator[Frame]:
        """Paint drawn stick figures.

        Args:
            figure: returns the figure of a frame, uint8 `(H, W, 3)` RGB of the canvas's size.
            count: number of frames.
            corners: int64 `(count, 2)`, left and top of the face regions in pixels of the canvas.
            has_face: bool `(count,)`.

        Yields:
            uint8 `(H, W, 3)` RGB frames of the target clip's size.
        """
        painter = self._ready_painter()
        painter.restart()
        drawn = Prefetch(lambda index: figure(index) if index < count else None)
        waiting: Fetch | None = None
        try:
            for index in range(count):
                picture = torch.from_numpy(np.ascontiguousarray(drawn.get(index)))
                corner = torch.from_numpy(corners[index : index + 1]) if has_face[index] else None
                painted = painter.paint(picture.permute(2, 0, 1)[None], corner)
                # One frame behind: the GPU paints the next one while this one is fetched.
                if waiting is not None:
                    yield self._frame(waiting())
                waiting = painted
            if waiting is not None:
                yield self._frame(waiting())
        except torch.OutOfMemoryError as error:
            raise InputError(
                f"the GPU's memory is too small to paint {self.canvas[0]} x {self.canvas[1]} "
                "pixels; use `device=cpu`."
            ) from error
        finally:
            drawn.close()

    def perform_figures(self, folder: Path) -> tuple[int, Iterator[Frame]]:
        given = read_authors_folder(folder, "test" if (folder / "test_label").is_dir() else "train")
        canvas = self.canvas
        frames = self.paint(
            lambda row: scaled(given.label(row), canvas),
            len(given),
            face_regions(given, canvas),
            given.has_face,
        )
        return len(given), frames

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(folder / "generator.safetensors", self.generator)
        if self.face is not None:
            write_weights(folder / "face.safetensors", self.face)
        else:
            (folder / "face.safetensors").unlink(missing_ok=True)
        statistics = self.scene.statistics
        scene = {
            "size": self.scene.size,
            "fps": self.scene.fps,
            "statistics": None if statistics is None else statistics.to_dict(),
            "shape": None if self.scene.shape is None else self.scene.shape.to_dict(),
            "face_side": self.scene.face_side,
            "face": self.face is not None,
        }
        write_config(folder, self.config, scene, self.training)

    @staticmethod
    def of_document(folder: Path, document: dict[str, Any], device: Device) -> EDNPerformer:
        """Read the performer whose `config.json` holds `document` (see `Performer.load`)."""
        with read_damaged(folder):
            config = EDNConfig.model_validate(document["config"])
            values = document["scene"]
            statistics, shape = values["statistics"], values.get("shape")
            width, height = values["size"]
            scene = FrameScene(
                (int(width), int(height)),
                float(values["fps"]),
                None if statistics is None else PoseStatistics.from_dict(statistics),
                int(values["face_side"]),
                None if shape is None else BodyShape.from_dict(shape),
            )
            training = dict(document["training"])
            weights = load_file(folder / "generator.safetensors")
            face_weights = load_file(folder / "face.safetensors") if values["face"] else None
        with torch.device("meta"):  # the weights come from the file
            coarse, enhancer = make_generator(config.networks)
            face = make_face_networks(config.networks)[0]
        generator = coarse if enhancer is None else enhancer
        for network, tensors in ((generator, weights), (face, face_weights)):
            if tensors is not None:
                fill_module(network, tensors, folder)
        return EDNPerformer(
            config, scene, generator, None if face_weights is None else face, device, training
        )

    def _ready_painter(self) -> Painter:
        if self._painter is None:
            self._painter = Painter(
                self.generator,
                self.face,
                self.device,
                temporal=self.config.temporal,
                side=self.scene.face_side,
            )
        return self._painter

    def _frame(self, picture: Frame) -> Frame:
        if picture.shape[1::-1] == self.scene.size:
            return picture
        shrinks = picture.shape[1] >= self.scene.size[0]
        method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(picture, self.scene.size, interpolation=method), np.uint8)
