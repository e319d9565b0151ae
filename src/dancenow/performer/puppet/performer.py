"""The puppet: a person cut out of photos, whose limbs are moved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.files import write_bytes
from dancenow.performer.layer import Layer
from dancenow.performer.performer import Performer, read_damaged, write_config
from dancenow.performer.puppet.config import PuppetConfig
from dancenow.performer.puppet.cutting import CutPart, premultiplied
from dancenow.performer.puppet.painting import paint
from dancenow.performer.puppet.parts import Bone
from dancenow.performer.puppet.posing import Poser
from dancenow.performer.puppet.views import ViewChooser
from dancenow.pose import PoseTrack
from dancenow.pose.layout import NUM_KEYPOINTS
from dancenow.pose.normalize import PoseStatistics
from dancenow.pose.retarget import BodyShape
from dancenow.pose.track import FloatArray
from dancenow.sources.photos import MOST
from dancenow.training import Device
from dancenow.video.camera_motion import CameraPath
from dancenow.video.images import open_picture, read_image, read_rgba
from dancenow.video.png import encode_png

Frame = NDArray[np.uint8]


_LARGEST_PX: Final = 8192  # side of a part's picture
_NAMES: Final = re.compile(r"body|(left|right)_(arm|leg)_\d")


@dataclass(frozen=True)
class PuppetScene:
    """Where a puppet stands; see `Scene`.

    Attributes:
        plate: the first photo without the person, uint8 `(H, W, 3)` RGB.
        statistics: where and how tall the person is in it.
        shape: the person's proportions.
        fps: of no meaning; a photo stands still.
        camera: it stood still.
    """

    plate: Frame
    statistics: PoseStatistics
    shape: BodyShape
    fps: float = 25.0
    camera: CameraPath | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frame in pixels."""
        return int(self.plate.shape[1]), int(self.plate.shape[0])


@dataclass(frozen=True)
class View:
    """A person in one photo.

    Attributes:
        keypoints: float32 `(137, 3)`, pixels of the photo.
        body_px: the person's height there, pixels.
        parts: what the person is cut into, from the back to the front.
    """

    keypoints: FloatArray
    body_px: float
    parts: Sequence[CutPart]


class Puppet(Performer):
    """A person cut out of photos.

    Attributes:
        config: how it was made.
        scene: where it stands.
        views: the person in each photo; the first one's room is the scene.
        device: of no meaning; it is painted without networks.
        training: of which photos it was made.
    """

    paints_layers = True
    scene: PuppetScene

    def __init__(
        self,
        config: PuppetConfig,
        scene: PuppetScene,
        views: Sequence[View],
        device: Device,
        training: dict[str, Any] | None = None,
    ) -> None:
        self.config, self.scene, self.views, self.device = config, scene, views, device
        self.training = training or {}
        self._body_px = views[0].body_px
        self._posers = [Poser(view.keypoints, self._body_px, view.body_px) for view in views]
        self._chooser = ViewChooser([view.keypoints for view in views])

    @property
    def preset(self) -> str:
        return self.config.preset

    def perform(self, track: PoseTrack) -> Iterator[Frame]:
        for layer in self.layers(track):
            yield layer.over(self.scene.plate)

    def layers(
        self, track: PoseTrack, *, resume: bool = False, within: range | None = None
    ) -> Iterator[Layer]:
        assert within is None, "it does not paint apart"
        if not resume:
            self._chooser.reset()
            for poser in self._posers:
                poser.reset()
        self._check_size(track)
        if not resume and not (track.confidence > 0).any():
            raise InputError("the track shows nobody.")
        for dancer in track.keypoints:
            if not (dancer[:, 2] > 0).any():
                yield Layer(np.zeros((0, 0, 4), np.uint8), 0, 0, self.scene.size)
                continue
            posed = [poser.pose(dancer, track.fps) for poser in self._posers]
            layer: Layer | None = None
            for number, share in self._chooser.choose(dancer, track.fps):
                shown = self._painted(number, posed[number])
                layer = shown if layer is None else layer.mixed(shown, share)
            assert layer is not None
            yield layer

    def _painted(self, number: int, posed: FloatArray) -> Layer:
        view, poser = self.views[number], self._posers[number]
        scale = self._body_px / view.body_px * poser.size
        return paint(view.parts, posed, self.scene.size, scale)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / "plate.png", encode_png(self.scene.plate))
        views = []
        for number, view in enumerate(self.views, start=1):
            for part in view.parts:
                picture = _straight(part.picture)
                write_bytes(folder / f"photo{number}_{part.name}.png", encode_png(picture))
            parts = [
                {
                    "name": part.name,
                    "corner": [part.left, part.top],
                    "size": list(part.picture.shape[1::-1]),
                    "bones": [[bone.start, bone.end, bone.width] for bone in part.bones],
                    "ends": part.ends.round(3).tolist(),
                }
                for part in view.parts
            ]
            keypoints = view.keypoints.round(3).tolist()
            views.append({"keypoints": keypoints, "body_px": view.body_px, "parts": parts})
        scene = {
            "fps": self.scene.fps,
            "statistics": self.scene.statistics.to_dict(),
            "shape": self.scene.shape.to_dict(),
            "views": views,
        }
        write_config(folder, self.config, scene, self.training)

    @staticmethod
    def of_document(folder: Path, document: dict[str, Any], device: Device) -> Puppet:
        """Read the puppet whose `config.json` holds `document` (see `Performer.load`)."""
        with read_damaged(folder):
            config = PuppetConfig.model_validate(document["config"])
            values = document["scene"]
            scene = PuppetScene(
                read_image(folder / "plate.png"),
                PoseStatistics.from_dict(values["statistics"]),
                BodyShape.from_dict(values["shape"]),
                float(values["fps"]),
            )
            if not 1 <= len(values["views"]) <= MOST:
                raise ValueError("no photo, or too many")
            views = [
                _read_view(folder, number, view)
                for number, view in enumerate(values["views"], start=1)
            ]
            return Puppet(config, scene, views, device, dict(document["training"]))


def _read_view(folder: Path, number: int, values: dict[str, Any]) -> View:
    body_px = float(values["body_px"])
    if not (np.isfinite(body_px) and body_px > 0):
        raise ValueError("no height")
    parts: list[CutPart] = []
    for part in values["parts"]:
        name, (left, top) = str(part["name"]), part["corner"]
        if name in {known.name for known in parts} or not _NAMES.fullmatch(name):
            raise ValueError("no such part")
        picture = _read_part(folder / f"photo{number}_{name}.png", tuple(part["size"]))
        bones = tuple(_bone(*bone) for bone in part["bones"])
        shown = premultiplied(picture[..., :3], picture[..., 3])
        ends = np.array(part["ends"], np.float32)
        if ends.shape != (len(bones), 2, 2) or not np.isfinite(ends).all():
            raise ValueError("no bones")
        parts.append(CutPart(name, shown, int(left), int(top), bones, ends, body_px))
    return View(_keypoints(values["keypoints"]), body_px, parts)


def _read_part(path: Path, size: tuple[int, ...]) -> Frame:
    """The picture of a part, which may have been retouched, uint8 `(h, w, 4)` RGBA.

    Raises:
        InputError: it has another size than before.
    """
    with open_picture(path) as picture:
        if picture.size != size or max(size) > _LARGEST_PX:
            raise InputError(
                f"{path}: is {picture.size[0]} x {picture.size[1]} pixels and was "
                f"{size[0]} x {size[1]}; keep its size when you retouch it."
            )
    return read_rgba(path)


def _bone(start: int, end: int, width: float) -> Bone:
    known = range(NUM_KEYPOINTS)
    if not (start in known and end in known and 0 < width < 1):
        raise ValueError("no such bone")
    return Bone(int(start), int(end), (), float(width))


def _keypoints(values: Any) -> FloatArray:
    keypoints = np.array(values, np.float32)
    if keypoints.shape != (NUM_KEYPOINTS, 3) or not np.isfinite(keypoints).all():
        raise ValueError("no keypoints")
    return keypoints


def _straight(picture: Frame) -> Frame:
    """Colours that are not premultiplied, so that the files can be retouched."""
    cover = np.maximum(picture[..., 3:].astype(np.float32), 1)
    colours = (picture[..., :3] * (255 / cover)).round().clip(0, 255)
    return np.dstack([colours, picture[..., 3]]).astype(np.uint8)
