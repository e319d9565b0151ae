"""What a method of learning people offers: its presets, its preparation, its networks."""

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
from dancenow.performer.table import METHODS
from dancenow.progress import ProgressCallback, silent
from dancenow.training import Device
from dancenow.training.loop import Trainable
from dancenow.training.team import Team


@dataclass(frozen=True)
class TargetRequest:
    """A target that is to be learned, and how.

    Attributes:
        target: the clip, or a folder of drawn stick figures.
        device: where it is learned.
        options: who finds the poses or which are known, what is held out, changes to the preset.
        progress: told about every frame.
    """

    target: Path
    device: Device
    options: TrainPerformerOptions = field(default_factory=TrainPerformerOptions)
    progress: ProgressCallback = silent


class PreparedTarget(ABC):
    """A target, ready to be learned by one method.

    Attributes:
        key: a name for the target's content and its preparation.
        learned: which frames of which clip are learned.
        frames: how many.
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
        """The networks and optimisers at their beginning."""

    @abstractmethod
    def performer(self, trainable: Any, figures: dict[str, Any]) -> Performer:
        """What was learned; `figures` are those of the training."""


class Method(ABC):
    """A way to learn people and let them perform.

    Attributes:
        presets: its configurations by name; each has `preset` and `minutes`.
        paints_layers: see `Performer`.
    """

    presets: Mapping[str, Any]
    paints_layers: bool

    @abstractmethod
    def configure(self, preset: str, options: PresetOptions) -> Any:
        """The preset's configuration with the options in it.

        Raises:
            InputError: an option has no possible value, or the preset does not have it.
        """

    @abstractmethod
    def check_target(self, target: Path, config: Any) -> None:
        """Raise `InputError` where a target can be no clip, nor anything else that is learned."""

    def content(self, target: Path) -> Path:
        """What of a target names its content: a file or a folder."""
        return target

    @abstractmethod
    def prepare(self, config: Any, request: TargetRequest) -> PreparedTarget:
        """Detect the person and write what is learned from; cached by content.

        Raises:
            InputError: the target cannot be read, is too short, or nobody is seen in it.
        """

    def enough_steps(self, config: Any) -> int:
        """With fewer steps than this the picture is worse than it could be; 0: not known."""
        del config
        return 0

    @abstractmethod
    def memory_advice(self, config: Any) -> str:
        """What to do where the GPU's memory is too small."""

    @abstractmethod
    def load(self, folder: Path, document: dict[str, Any], device: Device) -> Performer:
        """Read the performer whose `config.json` holds `document` (see `Performer.load`)."""


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
