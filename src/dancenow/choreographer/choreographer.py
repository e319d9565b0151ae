"""`Choreographer`: the interface of a learned dance; `Method`: a way to learn dances.

A further method is a folder next to `dancenet/` and `motion/`, and a line in `METHODS`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.arrangement import Arranged, Arrangement
from dancenow.choreographer.config import ConfigT
from dancenow.choreographer.folder import learned_codec
from dancenow.choreographer.job import TrainingJob
from dancenow.errors import InputError
from dancenow.evaluation.dance import DanceScores
from dancenow.evaluation.motion import MotionScores
from dancenow.music import Music
from dancenow.options import TrainChoreographerOptions
from dancenow.pose import PoseTrack
from dancenow.progress import ProgressCallback, silent
from dancenow.training import Device
from dancenow.training.session import Session

# By the name of its codec, the module that holds each method as `METHOD`; it is imported when it
# is used.
METHODS: Final[Mapping[str, str]] = {
    "frame": "dancenow.choreographer.dancenet.method",
    "pose": "dancenow.choreographer.motion.method",
}

_WILDEST: Final = 10.0  # temperature


SECONDS: Final = 16.0  # default length of a new dance


@dataclass(frozen=True)
class DanceRequest:
    """A dance to be composed, as a track or as pictures.

    Attributes:
        seconds: its length; None: the music's, or `SECONDS`.
        bars: its length in bars of four beats of the music, instead of `seconds`.
        seed: of all random draws.
        temperature: 1 samples as learned; higher is wilder; None: the choreographer's own.
        loop: its end leads back to its beginning.
        continue_from: a pose or a dance that it continues, which is not part of the result.
        music: what it is timed to.
        music_name: the name of its file, for messages.
        style: shares of learned styles; empty: any.
    """

    seconds: float | None = None
    bars: int | None = None
    seed: int = 0
    temperature: float | None = None
    loop: bool = False
    continue_from: PoseTrack | None = None
    music: Music | None = None
    music_name: str = ""
    style: Mapping[str, float] = field(default_factory=dict)

    def check(self) -> None:
        """Raise `InputError` if the length or the temperature is impossible."""
        seconds, temperature = self.seconds, self.temperature
        if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
            raise InputError(f"`seconds` must be above 0, not {seconds:g}.")
        if temperature is not None and not 0 <= temperature <= _WILDEST:
            raise InputError(f"`temperature` must be from 0 to {_WILDEST:g}, not {temperature:g}.")


@dataclass(frozen=True)
class ComposedTrack:
    """A composed dance.

    Attributes:
        track: its poses.
        tempo: beats a minute of the music; None without music or a clear beat.
        beat_alignment: how closely accents fall on beats, 0..1; None likewise.
        before_alignment: the same, before the dance was timed to the music.
    """

    track: PoseTrack
    tempo: float | None = None
    beat_alignment: float | None = None
    before_alignment: float | None = None


@dataclass(frozen=True)
class Dream:
    """A dance composed picture by picture, while it is read.

    Attributes:
        frames: uint8 `(H, W, 3)` RGB.
        count: number of frames.
        fps: frames a second.
    """

    frames: Iterator[NDArray[np.uint8]]
    count: int
    fps: Fraction


class Choreographer(ABC):
    """A learned dance that composes new ones.

    Attributes:
        codec_name: the name of its method in `METHODS`.
        composes_tracks: whether it composes poses (`compose_track`), which performers can dance,
            or pictures (`dream`).
        device: where its networks compute.
        training: figures of its training.
    """

    codec_name: ClassVar[str]
    composes_tracks: ClassVar[bool]
    device: Device
    training: dict[str, Any]

    @property
    @abstractmethod
    def preset(self) -> str:
        """Name of the configuration it was trained with."""

    @property
    @abstractmethod
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels, of the frames that it composes in."""

    @abstractmethod
    def compose(self, *args: Any, **kwargs: Any) -> Any:
        """A new dance; frames or a track, see `FrameChoreographer` and `PoseChoreographer`."""

    def dream(self, request: DanceRequest, *, reference: bool | None = None) -> Dream:
        """A new dance as pictures.

        Args:
            request: its length, seed and temperature.
            reference: see `FrameChoreographer.compose`.

        Raises:
            InputError: it composes tracks.
        """
        del request, reference
        raise InputError("this choreographer composes tracks, and no pictures.")

    def compose_track(
        self, request: DanceRequest, progress: ProgressCallback = silent
    ) -> ComposedTrack:
        """A new dance as poses, timed to the music if there is any.

        Raises:
            InputError: it composes pictures, or the request makes no sense.
        """
        del request, progress
        raise InputError("this choreographer composes pictures, and no tracks.")

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write everything that composing needs into `folder`, each file atomically."""

    @staticmethod
    def load(folder: str | Path, device: Device | None = None) -> Choreographer:
        """Read a choreographer of any kind.

        Raises:
            InputError: there is none in the folder, a file is missing or damaged, or it is of
                another version.
        """
        folder = Path(folder)
        loaded: Choreographer = find_method(learned_codec(folder)).load(folder, device)
        return loaded


ChoreographerT = TypeVar("ChoreographerT", bound=Choreographer)


class Method(ABC, Generic[ConfigT, ChoreographerT]):
    """A way to learn dances and to compose new ones.

    Attributes:
        composes_tracks: see `Choreographer`.
        version: of its preparation; it changes what is cached.
        trainings: names of its trainings, each a folder below `checkpoint/`.
    """

    composes_tracks: ClassVar[bool]
    version: ClassVar[int]
    trainings: ClassVar[tuple[str, ...]]

    @abstractmethod
    def configure(self, options: TrainChoreographerOptions) -> ConfigT:
        """The preset's configuration, changed as the options say.

        Raises:
            InputError: an option has an unknown value, or does not belong to this method.
        """

    @abstractmethod
    def enough_steps(self, config: ConfigT) -> int:
        """Steps needed for a good result; 0 if unknown."""

    @abstractmethod
    def train(self, session: Session, job: TrainingJob[ConfigT]) -> tuple[ChoreographerT, Any]:
        """Learn a dance in the session's folder.

        Returns:
            The choreographer, and the figures of the training: a dataclass that has a `folder`,
            `steps`, `seconds` and a `summary()`.

        Raises:
            InputError: a clip cannot be used, or the folder holds a training of something else.
            TrainingError: the loss is NaN or infinite.
        """

    @abstractmethod
    def load(self, folder: Path, device: Device | None = None) -> ChoreographerT:
        """Read a choreographer of this method; see `Choreographer.load`."""

    @abstractmethod
    def evaluate(
        self,
        choreographer: ChoreographerT,
        request: DanceRequest,
        *,
        reference: bool | None = None,
        report: Path | None = None,
        progress: ProgressCallback = silent,
    ) -> MotionScores | DanceScores:
        """Let a choreographer dance, and measure the dance against the one it learned.

        Args:
            choreographer: of this method.
            request: length, seed and temperature of the dance.
            reference: see `FrameChoreographer.compose`.
            report: a folder for a page with the figures.
            progress: called for every frame.

        Raises:
            InputError: the request makes no sense.
        """

    def arrange(
        self,
        arrangement: Arrangement,
        choreographer: ChoreographerT | None,
        progress: ProgressCallback = silent,
    ) -> Arranged:
        """Make a dance of what a document says.

        Args:
            arrangement: the document, its footage and music.
            choreographer: of this method, or None if nothing needs to be composed.
            progress: called for every segment.

        Raises:
            InputError: it cannot be made; the message tells the line of the document.
        """
        del choreographer, progress
        raise arrangement.plan.fault(
            "dreams pictures; name one that was trained with `codec=pose`.", "choreographer"
        )

    def refill(
        self,
        choreographer: ChoreographerT,
        track: PoseTrack,
        spans: Sequence[tuple[float, float]],
        seed: int = 0,
    ) -> PoseTrack:
        """A track with spans (from, to in seconds) filled anew, and marked as edited.

        Raises:
            InputError: a span cannot be filled, or the choreographer dreams pictures.
        """
        del choreographer, track, spans, seed
        raise InputError("this choreographer dreams pictures, and fills no spans.")

    @abstractmethod
    def check_request(self, request: DanceRequest) -> None:
        """Raise now if the request cannot be composed.

        Raises:
            InputError: the request makes no sense.
        """


def find_method(codec: str) -> Method[Any, Any]:
    """The method of a codec.

    Raises:
        InputError: there is none.
    """
    if codec not in METHODS:
        raise InputError(f"`codec={codec}`: unknown; choose {' or '.join(METHODS)}.")
    method: Method[Any, Any] = import_module(METHODS[codec]).METHOD
    return method
