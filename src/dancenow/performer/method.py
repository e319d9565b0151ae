"""The interface of a method of learning people: its presets, its preparation, its networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from dancenow.errors import InputError
from dancenow.options import PresetOptions, TrainPerformerOptions
from dancenow.performer.performer import Performer
from dancenow.performer.table import METHODS, PUPPET
from dancenow.progress import ProgressCallback, silent
from dancenow.sources.photos import photos_of
from dancenow.training import Device
from dancenow.training.loop import Trainable
from dancenow.training.memory import MemoryNeed
from dancenow.training.team import Team


@dataclass(frozen=True)
class TargetRequest:
    """A target to learn, and how.

    Attributes:
        target: the clip, or a folder of drawn stick figures.
        device: where to train.
        options: the estimator or known poses, the held-out part, changes to the preset.
        progress: called for every frame.
    """

    target: Path
    device: Device
    options: TrainPerformerOptions = field(default_factory=TrainPerformerOptions)
    progress: ProgressCallback = silent


class PreparedTarget(ABC):
    """A target prepared for training by one method.

    Attributes:
        key: identifies the target's content and its preparation.
        learned: which frames of which clip are used for training.
        frames: their number.
        size: width and height of the clip's frames in pixels.
        team: the processes that train.
        previews: what the previews of its training show.
    """

    key: str
    learned: dict[str, Any]
    frames: int
    size: tuple[int, int]
    team: Team
    previews: str

    @abstractmethod
    def trainable(self, seed: int) -> Trainable:
        """Fresh networks and optimisers."""

    @abstractmethod
    def memory_need(self) -> MemoryNeed:
        """What a step of the training needs on a GPU, at least."""

    @abstractmethod
    def performer(self, trainable: Any, figures: dict[str, Any]) -> Performer:
        """The trained performer; `figures` are those of the training."""


class Method(ABC):
    """A method of learning people and painting them.

    Attributes:
        presets: its configurations by name; each has `preset` and `minutes`.
        paints_layers, paints_apart: see `Performer`.
        version: of its preparation; it changes what is cached.
        shows_untrained: whether its performers show the person before any training.
        learns: whether there is any training.
    """

    presets: Mapping[str, Any]
    paints_layers: bool
    paints_apart: bool = False
    version: int
    shows_untrained: bool = False
    learns: bool = True

    @abstractmethod
    def configure(self, preset: str, options: PresetOptions) -> Any:
        """The preset's configuration with the options applied.

        Raises:
            InputError: an option is out of range, or the preset does not have it.
        """

    @abstractmethod
    def check_target(self, target: Path, config: Any) -> None:
        """Raise `InputError` if this method cannot learn from the target."""

    def contents(self, target: Path) -> list[Path]:
        """The files or folders whose contents identify a target."""
        return [target]

    @abstractmethod
    def prepare(self, config: Any, request: TargetRequest) -> PreparedTarget:
        """Detect the person and write the training data; cached by content.

        Raises:
            InputError: the target cannot be read, is too short, or nobody is seen in it.
        """

    def enough_steps(self, config: Any) -> int:
        """Steps needed for a good result; 0 if unknown."""
        del config
        return 0

    @abstractmethod
    def memory_advice(self, config: Any, part: float = 0.5) -> str:
        """What the user can do if the GPU's memory is too small: a phrase without a verb before it.

        Args:
            config: what is too large.
            part: of the pixels that fit.
        """

    @abstractmethod
    def load(self, folder: Path, document: dict[str, Any], device: Device) -> Performer:
        """Read the performer whose `config.json` holds `document` (see `Performer.load`)."""


def method_for(target: Path, preset: str) -> Method:
    """The method that learns a target: photos make puppets.

    Raises:
        InputError: there is no such preset, or it cannot learn from photos.
    """
    if not photos_of(target):
        return method_of(preset)
    if not method_of(preset).shows_untrained:
        raise InputError(
            f"`preset={preset}`: learns from a clip, and {target} holds photos; leave it out."
        )
    return method_of(PUPPET)


def method_of(preset: str) -> Method:
    """The method that has a preset.

    Raises:
        InputError: there is no such preset.
    """
    methods = [import_module(name).METHOD for name in METHODS.values()]
    for method in methods:
        if preset in method.presets:
            found: Method = method
            return found
    names = ", ".join(name for method in methods for name in method.presets)
    raise InputError(f"`preset={preset}`: unknown; choose one of {names}.")
