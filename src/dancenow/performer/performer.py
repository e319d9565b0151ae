"""`Performer`: a learned person, on disk and in memory."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from safetensors.torch import save_file
from torch import nn

from dancenow.errors import InputError
from dancenow.files import atomic_path, write_text
from dancenow.pose import PoseTrack
from dancenow.pose.normalize import PoseStatistics
from dancenow.pose.retarget import BodyShape
from dancenow.training import Device, choose_device

Frame = NDArray[np.uint8]

VERSION = 1


class Scene(Protocol):
    """Where a performer stands."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frame in px."""

    @property
    def fps(self) -> float:
        """The target clip's frames a second."""

    @property
    def statistics(self) -> PoseStatistics | None:
        """Where and how tall the person was in the clip, for the normalisation; None where the
        clip's poses are not known."""

    @property
    def shape(self) -> BodyShape | None:
        """The person's proportions; None where they are not known."""


class Performer(ABC):
    """A learned person that can dance any track.

    Attributes:
        scene: where it stands.
        device: where it computes.
        training: figures of the training (steps, seconds, frames).
    """

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
            track: poses in px of the performer's own frame (see `dancenow.pose.normalize`).

        Yields:
            One uint8 `(H, W, 3)` RGB frame a pose, of the target clip's size; where the track has
            no person, the empty room.

        Raises:
            InputError: the track's frame size is another, or nobody is in it.
        """

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the performer into `folder`: what it needs to run, each file atomically."""

    @staticmethod
    def load(folder: str | Path, device: Device | None = None) -> Performer:
        """Read a performer of any kind.

        Raises:
            InputError: there is none in the folder, a file is missing or damaged, or it is of a
                newer version.
        """
        folder = Path(folder)
        document = _read_config(folder)
        device = device or choose_device()
        config = document.get("config")
        if isinstance(config, dict) and config.get("family") == "edn":
            from dancenow.performer.edn.performer import EDNPerformer

            return EDNPerformer.of_document(folder, document, device)
        from dancenow.performer.fast.performer import FastPerformer

        return FastPerformer.of_document(folder, document, device)

    def _check_size(self, track: PoseTrack) -> None:
        if track.size != self.scene.size:
            raise InputError(
                f"the track is for frames of {track.size[0]} x {track.size[1]} px, the performer's "
                f"are {self.scene.size[0]} x {self.scene.size[1]}; normalise the track first."
            )


def is_performer(path: Path) -> bool:
    """Whether a folder holds a trained performer."""
    return (path / "config.json").is_file() and (path / "generator.safetensors").is_file()


def write_weights(path: Path, network: nn.Module) -> None:
    """Write a network's weights as safetensors."""
    weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    with atomic_path(path) as temporary:
        save_file(weights, temporary)


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
