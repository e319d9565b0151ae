"""`PoseChoreographer`: a dance learned as motion, on disk and in memory."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from scipy.interpolate import CubicSpline

from dancenow.choreographer.config import ChoreographerConfig
from dancenow.choreographer.dancenet.choreographer import VERSION, read_config
from dancenow.choreographer.motion.body import Body, measure_body
from dancenow.choreographer.motion.codec import RATE, Moves, PoseCodec
from dancenow.choreographer.motion.composing import Learned, Wanted, compose
from dancenow.choreographer.motion.dance import MoveScaler
from dancenow.choreographer.motion.diffusion import MotionDenoiser
from dancenow.errors import InputError
from dancenow.files import write_bytes, write_text
from dancenow.pose import PoseTrack
from dancenow.training import Device, choose_device
from dancenow.training.checkpoint import restore_module

FILES: Final = ("motion.safetensors", "moves.npz")
LONGEST: Final = 3600.0  # seconds of a dance
WILDEST: Final = 10.0  # temperature; far below, nothing is left of the dance

_LED: Final = 1.0  # seconds of what is continued that lead into the new dance
_ENERGETIC: Final = 1.5  # standard deviations that are asked for at most


@dataclass(frozen=True)
class LearnedMoves:
    """The dance that was learned, as vectors.

    Attributes:
        pieces: float32 `(T, D)` each, `RATE` a second, as they were danced (not mirrored).
        scaler: what the network sees of them.
        fps: frames a second of the first clip.
        held_out: pieces that were kept for measuring.
    """

    pieces: tuple[Moves, ...]
    scaler: MoveScaler
    fps: Fraction
    held_out: tuple[Moves, ...] = ()

    @property
    def seconds(self) -> float:
        """Length in all."""
        return sum(map(len, self.pieces)) / RATE


@dataclass(frozen=True)
class Composition:
    """What a new dance is to be like.

    Attributes:
        seconds: its length.
        seed: of everything that is drawn.
        temperature: 1 draws from what was learned as it is; less is more usual, more is wilder.
        loop: its end leads back to its beginning.
        continue_from: a pose or a dance that it goes on from; it is not part of it.
        energy: how lively it is at every vector, in standard deviations of what was learned,
            `(count,)`; None: as it comes.
    """

    seconds: float = 16.0
    seed: int = 0
    temperature: float = 1.0
    loop: bool = False
    continue_from: PoseTrack | None = None
    energy: NDArray[np.float32] | None = None

    @property
    def count(self) -> int:
        """How many vectors it has."""
        return max(2, math.ceil(self.seconds * RATE - 1e-6))

    def check(self) -> None:
        """Raise `InputError` where it makes no sense."""
        if not (math.isfinite(self.seconds) and 0 < self.seconds <= LONGEST):
            raise InputError(
                f"--seconds must be above 0 and at most {LONGEST:g}, not {self.seconds:g}."
            )
        if not 0 <= self.temperature <= WILDEST:
            raise InputError(
                f"--temperature must be from 0 to {WILDEST:g}, not {self.temperature:g}."
            )
        if self.loop and self.continue_from is not None:
            raise InputError("--loop and --continue-from: a loop has no beginning; choose one.")


@dataclass
class PoseChoreographer:
    """A learned dance: a pose codec, a model of motion and what they were learned from.

    Attributes:
        config: how it was trained.
        codec: between tracks and vectors.
        network: the denoiser, in evaluation mode.
        learned: the dance as vectors.
        device: where the network computes.
        training: figures of the training.
    """

    config: ChoreographerConfig
    codec: PoseCodec
    network: MotionDenoiser
    learned: LearnedMoves
    device: Device = field(default_factory=choose_device)
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.network = self.network.to(self.device.torch).eval()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in px, of the frames that tracks are composed in."""
        return self.codec.body.size

    def compose(
        self, wanted: Composition | None = None, tell: Callable[[int], None] = lambda _: None
    ) -> PoseTrack:
        """A new dance, at the first clip's frame rate, danced by its body.

        Args:
            wanted: how.
            tell: told how many vectors are there.

        Raises:
            InputError: what is wanted makes no sense.
        """
        wanted = wanted or Composition()
        moves = self.compose_moves(wanted, tell)
        return self.danced(moves, wanted.seconds, loop=wanted.loop)

    def compose_moves(
        self, wanted: Composition, tell: Callable[[int], None] = lambda _: None
    ) -> Moves:
        """The vectors of a new dance, float32 `(T, D)`, `RATE` a second; see `compose`."""
        wanted.check()
        lead = self._lead(wanted.continue_from)
        energy = None
        if wanted.energy is not None:
            energy = wanted.energy.clip(-_ENERGETIC, _ENERGETIC).astype(np.float32)
        request = Wanted(
            wanted.count,
            wanted.seed,
            wanted.temperature,
            wanted.loop,
            self.learned.scaler.scale(lead) if len(lead) else None,
            energy,
        )
        scaler = self.learned.scaler
        learned = Learned(self.learned.pieces, scaler, self.codec.weights)
        return scaler.unscale(compose(self.network, learned, request, self.device, tell))

    def danced(
        self,
        moves: Moves,
        seconds: float | None = None,
        *,
        loop: bool = False,
        settled: bool = True,
    ) -> PoseTrack:
        """The track of vectors.

        Args:
            moves: `(T, D)`.
            seconds: of the track, as long as the vectors at most; None: as long.
            loop: the last vector leads to the first.
            settled: let feet that stand stand still.
        """
        fps = float(self.learned.fps)
        seconds = len(moves) / RATE if seconds is None else seconds
        count = max(1, round(seconds * fps))
        if not loop:
            return self.codec.decode(moves, fps, settled=settled)[:count]
        # A loop is settled, and filled in between, as if it had gone round before and after.
        # Its frames are spread evenly: else the last would come too near to the first, or too far.
        round_and_round, rate = np.concatenate([moves] * 3), count * RATE / len(moves)
        thrice = self.codec.decode(round_and_round, rate, settled=settled)
        return replace(thrice[count : 2 * count], fps=fps)

    def retimed(self, moves: Moves, moments: NDArray[np.float64]) -> Moves:
        """Vectors at other moments of a dance.

        Args:
            moves: `(T, D)`.
            moments: seconds of the dance, for each vector of the result, `RATE` a second.
        """
        at = (moments * RATE).clip(0, len(moves) - 1)
        retimed: Moves = CubicSpline(np.arange(len(moves)), moves, axis=0)(at).astype(np.float32)
        return retimed

    def _lead(self, track: PoseTrack | None) -> Moves:
        """The end of what is continued, as vectors."""
        if track is None:
            return np.zeros((0, self.codec.dimensions), np.float32)
        check_continued(track)
        if len(track) == 1:  # a pose: held for a moment
            held = np.repeat(track.keypoints, max(4, round(0.2 * track.fps)), axis=0)
            track = track.with_keypoints(held)
        return self.codec.encode(track, shortest=0.0)[-1][-round(_LED * RATE) :]

    def save(self, folder: Path) -> None:
        """Write everything that composing needs into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = {k: v.detach().cpu().contiguous() for k, v in self.network.state_dict().items()}
        write_bytes(folder / FILES[0], save(weights))
        buffer = io.BytesIO()
        codec, learned = self.codec, self.learned
        np.savez(
            buffer,
            hand_mean=codec.hand[0],
            hand_axes=codec.hand[1],
            face_mean=codec.face[0],
            face_axes=codec.face[1],
            known=np.array(codec.known),
            head_stays=np.bool_(codec.head_stays),
            mean=learned.scaler.mean,
            deviation=learned.scaler.deviation,
            lowest=learned.scaler.lowest,
            highest=learned.scaler.highest,
            moves=np.concatenate([*learned.pieces, *learned.held_out]),
            lengths=np.array([*map(len, learned.pieces), *map(len, learned.held_out)], np.int64),
            held_out=np.int64(len(learned.held_out)),
        )
        write_bytes(folder / FILES[1], buffer.getvalue())
        document = {
            "version": VERSION,
            "kind": "choreographer",
            "config": self.config.model_dump(mode="json"),
            "body": codec.body.to_dict(),
            "energy": [learned.scaler.calm, learned.scaler.lively],
            "fps": [learned.fps.numerator, learned.fps.denominator],
            "training": self.training,
        }
        write_text(folder / "config.json", json.dumps(document, indent=1))

    @staticmethod
    def load(folder: str | Path, device: Device | None = None) -> PoseChoreographer:
        """Read a choreographer that was trained with the pose codec.

        Raises:
            InputError: there is none in the folder, a file is missing or damaged, or it is of
                another version or codec.
        """
        folder = Path(folder)
        document = read_config(folder)
        if learned_codec(folder) != "pose":
            raise InputError(f"{folder}: was learned with --codec frame; it dreams pictures.")
        for name in FILES:
            if not (folder / name).is_file():
                raise InputError(f"{folder}: {name} is missing; train the choreographer again.")
        try:
            config = ChoreographerConfig.model_validate(document["config"])
            training = dict(document["training"])
            codec, learned = _read_moves(folder / FILES[1], document)
            weights = load_file(folder / FILES[0])
            with torch.device("meta"):  # no time is spent on first weights
                network = MotionDenoiser(codec.dimensions, config.motion)
        except (
            OSError,
            EOFError,
            ArithmeticError,
            LookupError,
            RuntimeError,
            TypeError,
            ValueError,
            BadZipFile,
            ValidationError,
            SafetensorError,
        ) as error:
            raise InputError(f"{folder}: the choreographer is damaged; train it again.") from error
        restore_module(network.to_empty(device="cpu"), weights, folder)
        return PoseChoreographer(
            config, codec, network, learned, device or choose_device(), training
        )


def check_continued(track: PoseTrack) -> None:
    """Raise `InputError` where no dance can go on from a track."""
    try:
        measure_body(track)
        measure_body(track[-max(1, round(_LED * track.fps)) :])
    except InputError as error:
        raise InputError(
            "--continue-from: the whole body, from shoulders to ankles, must be seen in its last "
            "second and most of the time; cut it so that it is."
        ) from error


def learned_codec(folder: Path) -> str:
    """The codec that the choreographer in a folder was trained with: "frame" or "pose".

    Raises:
        InputError: there is no choreographer, or another version's.
    """
    config = read_config(folder).get("config")
    return str(config.get("codec", "frame")) if isinstance(config, dict) else "frame"


def _read_moves(path: Path, document: dict[str, Any]) -> tuple[PoseCodec, LearnedMoves]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    face, left, right = (bool(value) for value in arrays["known"])
    codec = PoseCodec(
        Body.from_dict(document["body"]),
        (arrays["hand_mean"], arrays["hand_axes"]),
        (arrays["face_mean"], arrays["face_axes"]),
        (face, left, right),
        bool(arrays["head_stays"]),
    )
    calm, lively = (float(value) for value in document["energy"])
    scales = {
        name: arrays[name].astype(np.float32) for name in ("mean", "deviation", "lowest", "highest")
    }
    moves = arrays["moves"].astype(np.float32)
    if any(array.shape != (codec.dimensions,) for array in (moves[0], *scales.values())):
        raise ValueError("vectors of another codec")
    pieces = np.split(moves, np.cumsum(arrays["lengths"])[:-1])
    numerator, denominator = document["fps"]
    learned = len(pieces) - int(arrays["held_out"])
    return codec, LearnedMoves(
        tuple(pieces[:learned]),
        MoveScaler(**scales, calm=calm, lively=lively),
        Fraction(int(numerator), int(denominator)),
        tuple(pieces[learned:]),
    )
