"""`PoseChoreographer`: a dance learned as motion, on disk and in memory."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from dancenow.choreographer.choreographer import Choreographer, ComposedTrack, DanceRequest
from dancenow.choreographer.folder import (
    damage_reported,
    read_complete,
    write_document,
)
from dancenow.choreographer.motion import depths
from dancenow.choreographer.motion.body import Body
from dancenow.choreographer.motion.codec import RATE, Moves, PoseCodec
from dancenow.choreographer.motion.composing import LearnedMotion, MotionRequest, compose
from dancenow.choreographer.motion.composition import LEAD, Composition, check_continued
from dancenow.choreographer.motion.config import PoseChoreographerConfig, read_config
from dancenow.choreographer.motion.diffusion import MotionDenoiser
from dancenow.choreographer.motion.scaler import MoveScaler
from dancenow.choreographer.motion.to_music import (
    composition_of,
    dance_seconds,
    time_to_music,
    warn_of_music,
)
from dancenow.files import write_bytes
from dancenow.limits import check_rate
from dancenow.options.styles import learned_mix
from dancenow.pose import PoseTrack
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.reading import read_arrays
from dancenow.training import Device, choose_device
from dancenow.training.checkpoint import fill_module, write_weights
from dancenow.training.threads import ThreadTuner

FILES: Final = ("motion.safetensors", "moves.npz")

_LARGEST: Final = 1e6  # of any number in a file; moves are in body heights
_ENERGETIC: Final = 1.5  # standard deviations that are asked for at most
_SETTLED: Final = 6.0  # seconds after which it no longer matters how a loop began


@dataclass(frozen=True)
class LearnedMoves:
    """The dance that was learned, as vectors.

    Attributes:
        pieces: float32 `(T, D)` each, `RATE` a second, as they were danced (not mirrored).
        scaler: scales them for the network.
        fps: frames a second of the first clip.
        held_out: pieces that were kept for measuring.
        styles: of each of `pieces`, "" if it has none; empty if none has.
    """

    pieces: tuple[Moves, ...]
    scaler: MoveScaler
    fps: Fraction
    held_out: tuple[Moves, ...] = ()
    styles: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Total length."""
        return sum(map(len, self.pieces)) / RATE


@dataclass
class PoseChoreographer(Choreographer):
    """A learned dance: a pose codec, a model of motion and what they were learned from.

    Attributes:
        config: how it was trained.
        codec: converts between tracks and vectors.
        network: the denoiser, in evaluation mode.
        learned: the dance as vectors.
        device: where the network computes.
        training: figures of the training.
    """

    codec_name: ClassVar[str] = "pose"
    composes_tracks: ClassVar[bool] = True

    config: PoseChoreographerConfig
    codec: PoseCodec
    network: MotionDenoiser
    learned: LearnedMoves
    device: Device = field(default_factory=choose_device)
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.network = self.network.to(self.device.torch).eval()
        self._threads = ThreadTuner(None if self.device.kind == "cpu" else 1)

    @property
    def preset(self) -> str:
        """Name of the configuration it was trained with."""
        return self.config.preset

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels, of the frames that tracks are composed in."""
        return self.codec.body.size

    def compose(
        self, composition: Composition | None = None, tell: Callable[[int], None] = lambda _: None
    ) -> PoseTrack:
        """A new dance, at the first clip's frame rate, danced by its body.

        Args:
            composition: its specification.
            tell: called with the number of vectors so far.

        Raises:
            InputError: the composition makes no sense.
        """
        composition = composition or Composition()
        moves = self.compose_moves(composition, tell)
        return self.to_track(moves, composition.seconds, loop=composition.loop)

    def compose_track(
        self, request: DanceRequest, progress: ProgressCallback = silent
    ) -> ComposedTrack:
        """A new dance, timed to the music if there is any.

        Raises:
            InputError: the request makes no sense.
        """
        composition, music = composition_of(request), request.music
        if music is not None:
            warn_of_music(request, music)
        moves = self.compose_moves(
            composition,
            lambda done: progress(Progress("composing", done, composition.count, "vectors")),
        )
        if music is None:
            return ComposedTrack(self.to_track(moves, composition.seconds, loop=request.loop))
        seconds = dance_seconds(request, music)
        if not len(music.beats):
            return ComposedTrack(self.to_track(moves, seconds))
        timed, after, before = time_to_music(self.codec, moves, music, seconds)
        track = self.to_track(timed, seconds)
        return ComposedTrack(track, round(music.tempo, 2), after, before)

    def compose_moves(
        self, composition: Composition, tell: Callable[[int], None] = lambda _: None
    ) -> Moves:
        """The vectors of a new dance, float32 `(T, D)`, `RATE` a second; see `compose`."""
        composition.check()
        lead = self._lead(composition.continue_from)
        energy = composition.energy
        if energy is not None:
            energy = energy.clip(-_ENERGETIC, _ENERGETIC).astype(np.float32)
        scaler = self.learned.scaler
        request = MotionRequest(
            composition.count,
            composition.seed,
            composition.temperature,
            composition.loop,
            scaler.scale(lead) if len(lead) else None,
            energy,
            composition.style,
        )
        return self.compose_scaled(request, tell)

    def compose_scaled(
        self, request: MotionRequest, tell: Callable[[int], None] = lambda _: None
    ) -> Moves:
        """The vectors of a new dance for a request in scaled ones; float32 `(T, D)`, not scaled."""
        request = replace(request, style=learned_mix(request.style, self.learned.styles))
        scaler = self.learned.scaler
        learned = LearnedMotion(
            self.learned.pieces, scaler, self.codec.weights, self.learned.styles
        )
        made = compose(self.network, learned, request, self.device, tell, self._threads)
        return scaler.unscale(made)

    def to_track(
        self,
        moves: Moves,
        seconds: float | None = None,
        *,
        loop: bool = False,
        settled: bool = True,
    ) -> PoseTrack:
        """Decode vectors into a track.

        Args:
            moves: `(T, D)`.
            seconds: length of the track, at most that of the vectors; None: theirs.
            loop: the last vector leads to the first.
            settled: keep standing feet still.
        """
        fps = float(self.learned.fps)
        seconds = len(moves) / RATE if seconds is None else seconds
        count = max(1, round(seconds * fps))
        if not loop:
            return self.codec.decode(moves, fps, settled=settled)[:count]
        # A loop is settled, and filled in between, as if it had gone round before and after.
        # Its frames are spread evenly: else the last would come too near to the first, or too far.
        before = math.ceil(_SETTLED * RATE / len(moves))
        round_and_round = np.concatenate([moves] * (2 * before + 1))
        decoded = self.codec.decode(round_and_round, count * RATE / len(moves), settled=settled)
        return replace(decoded[before * count : (before + 1) * count], fps=fps)

    def _lead(self, track: PoseTrack | None) -> Moves:
        """The end of what is continued, as vectors."""
        if track is None:
            return np.zeros((0, self.codec.dimensions), np.float32)
        check_continued(track)
        if len(track) == 1:  # a pose: held for a moment
            count = max(4, round(0.2 * track.fps))
            depth = None if track.depth is None else np.repeat(track.depth, count, axis=0)
            held = np.repeat(track.keypoints, count, axis=0)
            track = replace(track, keypoints=held, depth=depth, edited=None)
        lead = self.codec.encode(track, shortest=0.0)[-1][-round(LEAD * RATE) :]
        self.guess_depth(lead, track)
        return lead

    def guess_depth(self, vectors: NDArray[Any], track: PoseTrack) -> None:
        """Put the usual depths into the vectors `(T, D)` of a track that knows none; in place."""
        if not depths.are_known([track]):
            behind = self.codec.depths
            vectors[:, behind] = self.learned.scaler.mean[behind]

    def save(self, folder: Path, precision: torch.dtype = torch.float32) -> None:
        """Write everything that composing needs into `folder`, each file atomically.

        Args:
            folder: made if it is not there.
            precision: of the network's matrices on disk.
        """
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(folder / FILES[0], self.network, precision)
        buffer = io.BytesIO()
        codec, learned = self.codec, self.learned
        np.savez_compressed(
            buffer,
            hand_mean=codec.hand[0],
            hand_axes=codec.hand[1],
            face_mean=codec.face[0],
            face_axes=codec.face[1],
            known=np.array(codec.known),
            head_stays=np.bool_(codec.head_stays),
            spatial=np.bool_(codec.spatial),
            mean=learned.scaler.mean,
            deviation=learned.scaler.deviation,
            lowest=learned.scaler.lowest,
            highest=learned.scaler.highest,
            moves=np.concatenate([*learned.pieces, *learned.held_out]),
            lengths=np.array([*map(len, learned.pieces), *map(len, learned.held_out)], np.int64),
            held_out=np.int64(len(learned.held_out)),
        )
        write_bytes(folder / FILES[1], buffer.getvalue())
        write_document(
            folder,
            self.config,
            self.training,
            body=codec.body.to_dict(),
            energy=[learned.scaler.calm, learned.scaler.lively],
            fps=[learned.fps.numerator, learned.fps.denominator],
            styles=list(learned.styles),
        )

    @staticmethod
    def load(folder: str | Path, device: Device | None = None) -> PoseChoreographer:
        """Read a choreographer that was trained with the pose codec.

        Raises:
            InputError: there is none in the folder, a file is missing or damaged, or it is of
                another version or codec.
        """
        folder = Path(folder)
        document = read_complete(folder, "pose", FILES)
        with damage_reported(folder):
            config = read_config(document["config"])
            training = dict(document["training"])
            codec, learned = _read_moves(folder / FILES[1], document)
            weights = load_file(folder / FILES[0])
            with torch.device("meta"):  # no time is spent on first weights
                network = MotionDenoiser(codec.dimensions, config.motion)
        fill_module(network, weights, folder)
        return PoseChoreographer(
            config, codec, network, learned, device or choose_device(), training
        )


def _read_moves(path: Path, document: dict[str, Any]) -> tuple[PoseCodec, LearnedMoves]:
    arrays = read_arrays(path, "is damaged; train it again.")
    face, left, right = (bool(value) for value in arrays["known"])
    codec = PoseCodec(
        Body.from_dict(document["body"]),
        (arrays["hand_mean"], arrays["hand_axes"]),
        (arrays["face_mean"], arrays["face_axes"]),
        (face, left, right),
        bool(arrays["head_stays"]),
        bool(arrays.get("spatial", False)),
    )
    calm, lively = (float(value) for value in document["energy"])
    scales = {
        name: arrays[name].astype(np.float32) for name in ("mean", "deviation", "lowest", "highest")
    }
    moves = arrays["moves"].astype(np.float32)
    if any(array.shape != (codec.dimensions,) for array in (moves[0], *scales.values())):
        raise ValueError("vectors of another codec")
    if not all(
        array.dtype.kind in "fiub" and (np.abs(array.astype(np.float64)) <= _LARGEST).all()
        for array in arrays.values()
    ):
        raise ValueError("values that are no numbers, or far too large")
    lengths = arrays["lengths"].astype(np.int64).ravel()
    held_out = int(arrays["held_out"])
    if lengths.min() < 1 or lengths.sum() != len(moves) or not 0 <= held_out < len(lengths):
        raise ValueError("the pieces do not fit the moves")
    if not (scales["deviation"] > 0).all() or not np.isfinite([calm, lively]).all():
        raise ValueError("a scale that is none")
    pieces = np.split(moves, np.cumsum(lengths)[:-1])
    fps = Fraction(*map(int, document["fps"]))
    check_rate(path, float(fps))
    learned = len(pieces) - held_out
    return codec, LearnedMoves(
        tuple(pieces[:learned]),
        MoveScaler(**scales, calm=calm, lively=lively),
        fps,
        tuple(pieces[learned:]),
        tuple(map(str, document.get("styles", ()))),
    )
