"""`FrameChoreographer`: a dance learned as pictures, on disk and in memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from dancenow.choreographer.choreographer import SECONDS, Choreographer, DanceRequest, Dream
from dancenow.choreographer.dancenet.codebook import Codebook
from dancenow.choreographer.dancenet.codec import FrameCodec, Latents, LatentScaler
from dancenow.choreographer.dancenet.config import FrameChoreographerConfig, read_config
from dancenow.choreographer.dancenet.frames import as_rgb
from dancenow.choreographer.dancenet.sampling import dream, dream_as_original, in_between
from dancenow.choreographer.dancenet.sequence import DanceSequence
from dancenow.choreographer.dancenet.vae import FrameVAE
from dancenow.choreographer.folder import (
    damage_reported,
    read_complete,
    write_document,
)
from dancenow.evaluation.silhouettes import SilhouetteScores
from dancenow.files import write_bytes
from dancenow.limits import check_rate
from dancenow.reading import read_arrays
from dancenow.training import Device, choose_device
from dancenow.training.checkpoint import fill_module, write_weights

REFERENCE_TEMPERATURE = 0.05  # the original's
REFERENCE_START = 2000  # the latent at which the original begins
REFERENCE_FPS = 30  # frames a second of what the original writes
_TEMPERATURES = (0.5, 2.0)  # among which the calibration seeks
_HALVINGS = 4
_CALIBRATED = 200  # latents of a dance at most; three dances each time
FILES = ("vae.safetensors", "sequence.safetensors", "latents.npz")


@dataclass(frozen=True)
class LearnedLatents:
    """The dance that was learned, as latents.

    Attributes:
        means: of every picture's latent, float32 `(N, D)`, the clips one after the other.
        log_variances: likewise.
        lengths: number of pictures in each clip.
        fps: the clips' frames a second.
        stride: one in this many frames was learned.
        background: how the background was removed.
        scaler: scales them for the sequence network.
    """

    means: Latents
    log_variances: Latents
    lengths: tuple[int, ...]
    fps: Fraction
    stride: int
    background: str
    scaler: LatentScaler

    @property
    def rate(self) -> float:
        """Latents a second."""
        return float(self.fps) / self.stride

    def clips(self) -> list[Latents]:
        """The means of each clip."""
        return self.split(self.means)

    def split(self, latents: Latents) -> list[Latents]:
        """Split the latents `(N, D)` of all clips by clip."""
        return np.split(latents, np.cumsum(self.lengths)[:-1])

    def save(self, path: Path) -> None:
        """Write as `latents.npz`."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            means=self.means,
            log_variances=self.log_variances,
            lengths=np.array(self.lengths, np.int64),
            fps=np.array([self.fps.numerator, self.fps.denominator], np.int64),
            stride=np.int64(self.stride),
            background=np.array(self.background),
            axes=self.scaler.axes,
            low=self.scaler.low,
            high=self.scaler.high,
        )
        write_bytes(path, buffer.getvalue())

    @staticmethod
    def load(path: Path) -> LearnedLatents:
        """Read `latents.npz`."""
        file = read_arrays(path, "is damaged; train it again.")
        fps = Fraction(*file["fps"].tolist())
        check_rate(path, float(fps))
        return LearnedLatents(
            file["means"].astype(np.float32),
            file["log_variances"].astype(np.float32),
            tuple(file["lengths"].tolist()),
            fps,
            int(file["stride"]),
            str(file["background"]),
            LatentScaler(*(file[name].astype(np.float32) for name in ("axes", "low", "high"))),
        )


def draw(means: Latents, log_variances: Latents, seed: int) -> Latents:
    """Latents drawn from their distributions, which the original learns from, `(N, D)`."""
    noise = np.random.default_rng(seed).standard_normal(means.shape)
    drawn: Latents = (means + np.exp(0.5 * log_variances) * noise).astype(np.float32)
    return drawn


@dataclass
class FrameChoreographer(Choreographer):
    """A learned dance: a codec, a sequence network and the latents they were learned from.

    Attributes:
        config: how it was trained.
        vae: the autoencoder.
        network: the sequence network.
        learned: the dance as latents.
        device: where the networks compute.
        training: figures of the training.
    """

    codec_name: ClassVar[str] = "frame"
    composes_tracks: ClassVar[bool] = False

    config: FrameChoreographerConfig
    vae: FrameVAE
    network: DanceSequence
    learned: LearnedLatents
    device: Device = field(default_factory=choose_device)
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.codec = FrameCodec(self.vae, self.device)
        self.network = self.network.to(self.device.torch).eval()

    @property
    def preset(self) -> str:
        """Name of the configuration it was trained with."""
        return self.config.preset

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a frame in pixels."""
        return self.config.picture.width, self.config.picture.height

    @property
    def temperature(self) -> float:
        """The default temperature: 1, or the one found to be as lively as the learned dance."""
        return float(self.training.get("temperature", 1.0))

    @property
    def learned_silhouettes(self) -> SilhouetteScores:
        """How clean the learned pictures are; NaN if they are no silhouettes or not known."""
        return SilhouetteScores(**(self.training.get("silhouettes") or {}))

    def fps(self, *, reference: bool | None = None) -> Fraction:
        """Frames a second of what `compose` yields."""
        reference = self.config.reference if reference is None else reference
        return Fraction(REFERENCE_FPS) if reference else self.learned.fps

    def compose(
        self,
        seconds: float = SECONDS,
        *,
        seed: int = 0,
        temperature: float | None = None,
        reference: bool | None = None,
    ) -> Iterator[NDArray[np.uint8]]:
        """A new dance.

        Args:
            seconds: its length.
            seed: of all random draws.
            temperature: 0 or above; higher is wilder.  1 samples as learned, 0 always takes the
                likeliest; by default `self.temperature`.
            reference: compose as the original does: no memory, one picture a latent, 30 a second;
                None: if it was trained that way.

        Yields:
            uint8 `(H, W, 3)` RGB, `seconds` times `fps()` of them.

        Raises:
            InputError: `seconds` or `temperature` makes no sense.
        """
        DanceRequest(seconds, temperature=temperature).check()
        reference = self.config.reference if reference is None else reference
        count = max(1, round(seconds * self.fps(reference=reference)))
        latents = self.compose_latents(seed=seed, temperature=temperature, reference=reference)
        if not reference:
            latents = in_between(latents, self.learned.stride)
        return (as_rgb(picture) for picture in self.codec.decode(islice(latents, count)))

    def dream(self, request: DanceRequest, *, reference: bool | None = None) -> Dream:
        """See `compose`."""
        seconds = SECONDS if request.seconds is None else request.seconds
        fps = self.fps(reference=reference)
        frames = self.compose(
            seconds, seed=request.seed, temperature=request.temperature, reference=reference
        )
        return Dream(frames, max(1, round(seconds * fps)), fps)

    def compose_latents(
        self, *, seed: int = 0, temperature: float | None = None, reference: bool | None = None
    ) -> Iterator[Latents]:
        """Endless latents of a new dance, `learned.rate` a second; arguments as for `compose`.

        Yields:
            float32 `(D,)`, as the decoder takes them.

        Raises:
            InputError: `temperature` makes no sense.
        """
        reference = self.config.reference if reference is None else reference
        if temperature is None:
            temperature = REFERENCE_TEMPERATURE if reference else self.temperature
        DanceRequest(temperature=temperature).check()
        scaler = self.learned.scaler
        scaled = scaler.scale(self.learned.means)
        if reference:
            first = scaled[min(REFERENCE_START, len(scaled) - 1)]
            return dream_as_original(
                self.network, scaler, first, self.device, temperature=temperature, seed=seed
            )
        warm_up = self._warm_up(scaled, seed)
        dreamt = dream(self.network, warm_up, self.device, temperature=temperature, seed=seed)
        unscaled = (scaler.unscale(latent) for latent in dreamt)
        if not self.config.neighbours:
            return unscaled
        return map(Codebook(self.learned.clips(), self.config.neighbours), unscaled)

    def calibrate(self, seed: int = 0) -> float:
        """The temperature at which a new dance is as lively as the learned one.

        Its pictures then change as fast, on average, as those of the learned dance.  A network
        trained for long is confident, and at 1 would dance too calmly.
        """
        rate = self.learned.rate
        count = max(2, min(round(self.config.calibration_seconds * rate), _CALIBRATED))
        long = max(self.learned.clips(), key=len)
        starts = np.linspace(0, max(0, len(long) - count), 3).astype(int)
        wanted = float(np.mean([self._speed(long[start : start + count]) for start in starts]))
        low, high = _TEMPERATURES
        for _ in range(_HALVINGS):
            temperature = (low * high) ** 0.5
            speeds = []
            for number in (seed, seed + 1, seed + 2):
                dreamt = self.compose_latents(seed=number, temperature=temperature)
                speeds.append(self._speed(np.stack(list(islice(dreamt, count)))))
            calm = float(np.mean(speeds)) < wanted
            low, high = (temperature, high) if calm else (low, temperature)
        return round(float((low * high) ** 0.5), 2)

    def _speed(self, latents: Latents) -> float:
        """Mean change of a pixel from each picture to the next, 0..255."""
        changes, before = [], None
        for picture in self.codec.decode(latents):
            now = picture.astype(np.int16)
            if before is not None:
                changes.append(float(np.abs(now - before).mean()))
            before = now
        return float(np.mean(changes))

    def _warm_up(self, scaled: Latents, seed: int) -> Latents:
        """A stretch of the real dance, which the new one continues."""
        length = min(self.config.sequence.window, max(self.learned.lengths))
        rng = np.random.default_rng(seed)
        ends = np.cumsum(self.learned.lengths)
        starts = [
            start
            for end, count in zip(ends, self.learned.lengths, strict=True)
            for start in range(end - count, end - length + 1)
        ]
        start = int(rng.choice(starts))
        return scaled[start : start + length]

    def save(self, folder: Path) -> None:
        """Write everything that composing needs into `folder`, each file atomically."""
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(folder / "vae.safetensors", self.vae)
        write_weights(folder / "sequence.safetensors", self.network)
        self.learned.save(folder / "latents.npz")
        write_document(folder, self.config, self.training)

    @staticmethod
    def load(folder: str | Path, device: Device | None = None) -> FrameChoreographer:
        """Read a choreographer that was trained with the frame codec.

        Raises:
            InputError: there is none in the folder, a file is missing or damaged, or it is of
                another version or codec.
        """
        folder = Path(folder)
        document = read_complete(folder, "frame", FILES)
        with damage_reported(folder):
            config = read_config(document["config"])
            training = dict(document["training"])
            learned = LearnedLatents.load(folder / "latents.npz")
            weights = [load_file(folder / name) for name in FILES[:2]]
        with torch.device("meta"):  # no time is spent on first weights
            vae = FrameVAE(config.picture, config.vae)
            network = DanceSequence(config.vae.latent, config.sequence)
        for module, tensors in zip((vae, network), weights, strict=True):
            fill_module(module, tensors, folder)
        return FrameChoreographer(
            config, vae, network, learned, device or choose_device(), training
        )
