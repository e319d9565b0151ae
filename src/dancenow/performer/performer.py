"""`Performer`: a learned person of any method, on disk and in memory."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from dancenow import limits
from dancenow.errors import InputError
from dancenow.files import write_text
from dancenow.performer.layer import Layer
from dancenow.performer.table import method_module
from dancenow.pose import PoseTrack
from dancenow.pose.normalize import PoseStatistics
from dancenow.pose.retarget import BodyShape
from dancenow.reading import read_object, reading
from dancenow.schema import Seconds, Steps
from dancenow.training import Device, choose_device
from dancenow.video.camera_motion import CameraPath

Frame = NDArray[np.uint8]

VERSION = 1
_MADE = ("generator.safetensors", "photo1_body.png")  # by each method one of these


class _Figures(BaseModel):
    """The figures of a training that every method writes; further ones are its own."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    steps: Steps = 0
    seconds: Seconds = 0.0
    frames: Steps = 0
    clip: str = ""
    learned: dict[str, Any] = {}


class Scene(Protocol):
    """Where a performer stands."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frame in pixels."""

    @property
    def fps(self) -> float:
        """Frames per second of the target clip."""

    @property
    def statistics(self) -> PoseStatistics | None:
        """Where and how tall the person was in the clip, which motions are normalised to; None
        where the clip's poses are not known."""

    @property
    def shape(self) -> BodyShape | None:
        """The person's proportions; None if they are not known."""

    @property
    def plate(self) -> Frame | None:
        """The room without the person, uint8 `(H, W, 3)` RGB; None if whole frames are
        painted."""

    @property
    def camera(self) -> CameraPath | None:
        """How the target's camera moved, seen from the plate; None if it stood still or is not
        known."""


class Performer(ABC):
    """A learned person that can dance any track.

    `paints_layers` and the scene tell what it can do.

    Attributes:
        paints_layers: whether it paints the person alone, which allows any background, several
            performers in a frame, and live use; otherwise it paints whole frames.
        paints_apart: whether it can paint a part of a dance as it paints the whole.
        scene: where it stands.
        device: where it computes.
        training: figures of the training (steps, seconds, frames).
    """

    paints_layers: ClassVar[bool]
    paints_apart: ClassVar[bool] = False
    scene: Scene
    device: Device
    training: dict[str, Any]

    @property
    @abstractmethod
    def preset(self) -> str:
        """Name of the configuration."""

    @abstractmethod
    def perform(self, track: PoseTrack) -> Iterator[Frame]:
        """Paint the person in every pose of `track`.

        Args:
            track: poses in pixels of the performer's own frame (see `dancenow.pose.normalize`).

        Yields:
            One uint8 `(H, W, 3)` RGB frame per pose, of the target clip's size; the empty room
            if the pose shows no person.

        Raises:
            InputError: the track has another frame size, or nobody is in it.
        """

    def layers(
        self, track: PoseTrack, *, resume: bool = False, within: range | None = None
    ) -> Iterator[Layer]:
        """Paint the person in every pose of `track`, without background; otherwise as `perform`.

        Args:
            track: as for `perform`.
            resume: the track continues the previous one without a break.
            within: the frames that are wanted, where it `paints_apart`; by default all.

        Raises:
            InputError: this performer paints whole frames; or as `perform` does.
        """
        del track, resume, within
        raise InputError(
            f"performers of the preset {self.preset} paint whole frames; train one with "
            "`preset=fast`."
        )

    def perform_figures(self, folder: Path) -> tuple[int, Iterator[Frame]]:
        """Paint drawn stick figures.

        Args:
            folder: in the layout of `dancenow.sources.stick_figures`.

        Returns:
            The number of frames, and the frames, as `perform` yields them.

        Raises:
            InputError: this performer needs poses, or the folder cannot be read.
        """
        raise InputError(
            f"{folder}: holds drawn stick figures, which only a performer of the presets edn-... "
            "can dance."
        )

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write all that the performer needs to run into `folder`, each file atomically."""

    @staticmethod
    def load(folder: str | Path, device: Device | None = None) -> Performer:
        """Read a performer of any method.

        Raises:
            InputError: the folder holds no performer, a file is missing or damaged, or it is of a
                newer version.
        """
        folder = Path(folder)
        document = _read_config(folder)
        loaded: Performer = _method(folder, document).load(
            folder, document, device or choose_device()
        )
        limits.check_picture(folder, *loaded.scene.size)
        limits.check_rate(folder, loaded.scene.fps)
        with read_damaged(folder):
            _Figures.model_validate(loaded.training)
        return loaded

    def _check_size(self, track: PoseTrack) -> None:
        if track.size != self.scene.size:
            raise InputError(
                f"the track is for frames of {track.size[0]} x {track.size[1]} pixels, the "
                f"performer's are {self.scene.size[0]} x {self.scene.size[1]}; normalise the "
                "track first."
            )


def is_performer(path: Path) -> bool:
    """Whether a folder holds a trained performer."""
    return (path / "config.json").is_file() and any((path / name).is_file() for name in _MADE)


def learned_apart(folder: Path) -> bool:
    """Whether the performer in a folder `paints_apart`.

    Raises:
        InputError: as `Performer.load`.
    """
    return bool(_method(folder, _read_config(folder)).paints_apart)


def _method(folder: Path, document: dict[str, Any]) -> Any:
    config = document.get("config")
    family = config.get("family") if isinstance(config, dict) else None
    return method_module(family, folder).METHOD


@contextmanager
def read_damaged(folder: Path) -> Iterator[None]:
    """Turn errors in reading a performer's files into one line for the user.

    Raises:
        InputError: a file was missing or damaged inside the block.
    """
    try:
        with reading(folder, "the performer is damaged; train it again."):
            yield
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            name = Path(str(error.__cause__.filename or "a file")).name
            raise InputError(f"{folder}: {name} is missing; train it again.") from error
        raise


def write_config(
    folder: Path, config: BaseModel, scene: Mapping[str, Any], training: Mapping[str, Any]
) -> None:
    """Write `config.json`, which makes a folder a performer's."""
    document = {
        "version": VERSION,
        "kind": "performer",
        "config": config.model_dump(mode="json"),
        "scene": scene,
        "training": training,
    }
    write_text(folder / "config.json", json.dumps(document, indent=1))


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise InputError(
            f"{folder}: holds no performer; make one with `dancenow train performer TARGET -o DIR`."
        )
    said = "is not a performer's; train it again."
    document = read_object(path, said)
    with reading(path, said):
        version, kind = int(document["version"]), document["kind"]
    if kind != "performer":
        raise InputError(f"{folder}: holds a {kind}; a performer is needed here.")
    if version > VERSION:
        raise InputError(
            f"{folder}: a performer of version {version}, but this DanceNow reads up to {VERSION}; "
            "update DanceNow."
        )
    return document
