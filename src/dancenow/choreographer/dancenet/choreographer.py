"""`Choreographer`: a learned dance, on disk and in memory."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from dancenow.choreographer.config import ChoreographerConfig
from dancenow.choreographer.dancenet.codec import FrameCodec, Latents, LatentScaler
from dancenow.choreographer.dancenet.frames import as_rgb
from dancenow.choreographer.dancenet.sampling import dream, dream_as_original, in_between
from dancenow.choreographer.dancenet.sequence import DanceSequence
from dancenow.choreographer.dancenet.vae import FrameVAE
from dancenow.errors import InputError
from dancenow.files import write_bytes, write_text
from dancenow.training import Device, choose_device
from dancenow.training.checkpoint import restore_module

VERSION = 1
REFERENCE_TEMPERATURE = 0.05  # the original's
REFERENCE_START = 2000  # the latent at which the original begins
REFERENCE_FPS = 30  # frames a second of what the original writes
_TEMPERATURES = (0.5, 2.0)  # among which the calibration seeks
_HALVINGS = 4
_CALIBRATED = (15.0, 200)  # seconds of a dance, and latents of it at most; three dances each time
_FILES = ("vae.safetensors", "sequence.safetensors", "latents.npz")


@dataclass(frozen=True)
class Learned:
    """The dance that was learned, as latents.

    Attributes:
        means: of every picture's latent, float32 `(N, D)`, the clips one after the other.
        log_variances: likewise.
        lengths: pictures of each clip.
        fps: the clips' frames a second.
        stride: every so many-th frame was learned.
        background: how the background was removed.
        scaler: what the sequence network sees of them.
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
        """Latents `(N, D)` of all clips, clip by clip."""
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
    def load(path: Path) -> Learned:
        """Read `latents.npz`."""
        with np.load(path, allow_pickle=False) as file:
            return Learned(
                file["means"].astype(np.float32),
                file["log_variances"].astype(np.float32),
                tuple(file["lengths"].tolist()),
                Fraction(*file["fps"].tolist()),
                int(file["stride"]),
                str(file["background"]),
                LatentScaler(*(file[name].astype(np.float32) for name in ("axes", "low", "high"))),
            )


def draw(means: Latents, log_variances: Latents, seed: int) -> Latents:
    """Latents drawn from their distributions: what the original learns the dance from, `(N, D)`."""
    noise = np.random.default_rng(seed).standard_normal(means.shape)
    drawn: Latents = (means + np.exp(0.5 * log_variances) * noise).astype(np.float32)
    return drawn


@dataclass
class Choreographer:
    """A learned dance: a codec, a sequence network and the latents they were learned from.

    Attributes:
        config: how it was trained.
        vae: the autoencoder.
        network: the sequence network.
        learned: the dance as latents.
        device: where the networks compute.
        training: figures of the training.
    """

    config: ChoreographerConfig
    vae: FrameVAE
    network: DanceSequence
    learned: Learned
    device: Device = field(default_factory=choose_device)
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.codec = FrameCodec(self.vae, self.device)
        self.network = self.network.to(self.device.torch).eval()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a frame in px."""
        return self.config.picture.width, self.config.picture.height

    @property
    def temperature(self) -> float:
        """With which a dance is drawn when nobody says: 1, or what was found to be as lively."""
        return float(self.training.get("temperature", 1.0))

    def fps(self, *, reference: bool | None = None) -> Fraction:
        """Frames a second of what `compose` gives."""
        reference = self.config.reference if reference is None else reference
        return Fraction(REFERENCE_FPS) if reference else self.learned.fps

    def compose(
        self,
        seconds: float = 16.0,
        *,
        seed: int = 0,
        temperature: float | None = None,
        reference: bool | None = None,
    ) -> Iterator[NDArray[np.uint8]]:
        """A new dance.

        Args:
            seconds: its length.
            seed: of everything that is drawn.
            temperature: 0 and above; the more, the wilder.  1 draws from what was learned as it
                is, 0 always takes the likeliest; by default `self.temperature`.
            reference: compose as the original does: no memory, one picture a latent, 30 a second;
                None: if it was trained so.

        Yields:
            uint8 `(H, W, 3)` RGB, `seconds` times `fps()` of them.

        Raises:
            InputError: `seconds` or `temperature` makes no sense.
        """
        check_dream(seconds, temperature)
        reference = self.config.reference if reference is None else reference
        count = max(1, round(seconds * self.fps(reference=reference)))
        latents = self.compose_latents(seed=seed, temperature=temperature, reference=reference)
        if not reference:
            latents = in_between(latents, self.learned.stride)
        return (as_rgb(picture) for picture in self.codec.decode(islice(latents, count)))

    def compose_latents(
        self, *, seed: int = 0, temperature: float | None = None, reference: bool | None = None
    ) -> Iterator[Latents]:
        """The latents of a new dance, without end, `learned.rate` a second; arguments as above.

        Yields:
            float32 `(D,)`, as the decoder takes them.

        Raises:
            InputError: `temperature` makes no sense.
        """
        reference = self.config.reference if reference is None else reference
        if temperature is None:
            temperature = REFERENCE_TEMPERATURE if reference else self.temperature
        check_dream(1.0, temperature)
        scaler = self.learned.scaler
        scaled = scaler.scale(self.learned.means)
        if reference:
            first = scaled[min(REFERENCE_START, len(scaled) - 1)]
            return dream_as_original(
                self.network, scaler, first, self.device, temperature=temperature, seed=seed
            )
        warm_up = self._warm_up(scaled, seed)
        dreamt = dream(self.network, warm_up, self.device, temperature=temperature, seed=seed)
        return (scaler.unscale(latent) for latent in dreamt)

    def calibrate(self, seed: int = 0) -> float:
        """The temperature at which a new dance is as lively as the learned one.

        Its pictures then change as fast, on average, as those of the learned dance.  What was
        learned for long is sure of itself and would dance too calmly at 1.
        """
        rate = self.learned.rate
        count = max(2, min(round(_CALIBRATED[0] * rate), _CALIBRATED[1]))
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
        """Mean change of a px from each picture to the next, 0..255."""
        changes, before = [], None
        for picture in self.codec.decode(latents):
            now = picture.astype(np.int16)
            if before is not None:
                changes.append(float(np.abs(now - before).mean()))
            before = now
        return float(np.mean(changes))

    def _warm_up(self, scaled: Latents, seed: int) -> Latents:
        """A stretch of the real dance, from which the new one goes on."""
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
        """Write the choreographer into `folder`, each file atomically."""
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / "vae.safetensors", _packed(self.vae))
        write_bytes(folder / "sequence.safetensors", _packed(self.network))
        self.learned.save(folder / "latents.npz")
        document = {
            "version": VERSION,
            "kind": "choreographer",
            "config": self.config.model_dump(mode="json"),
            "training": self.training,
        }
        write_text(folder / "config.json", json.dumps(document, indent=1))

    @staticmethod
    def load(folder: str | Path, device: Device | None = None) -> Choreographer:
        """Read a choreographer.

        Raises:
            InputError: there is none in the folder, a file is missing or damaged, or it is of
                another version.
        """
        folder = Path(folder)
        document = read_config(folder)
        if document.get("config", {}).get("codec") == "pose":
            raise InputError(f"{folder}: was learned with --codec pose; it composes poses.")
        for name in _FILES:
            if not (folder / name).is_file():
                raise InputError(f"{folder}: {name} is missing; train the choreographer again.")
        try:
            config = ChoreographerConfig.model_validate(document["config"])
            training = dict(document["training"])
            learned = Learned.load(folder / "latents.npz")
            weights = [load_file(folder / name) for name in _FILES[:2]]
        except (
            OSError,
            EOFError,
            KeyError,
            TypeError,
            ValueError,
            BadZipFile,
            ValidationError,
            SafetensorError,
        ) as error:
            raise InputError(f"{folder}: the choreographer is damaged; train it again.") from error
        with torch.device("meta"):  # no time is spent on first weights
            vae = FrameVAE(config.picture, config.vae)
            network = DanceSequence(config.vae.latent, config.sequence)
        for module, tensors in zip((vae, network), weights, strict=True):
            restore_module(module.to_empty(device="cpu"), tensors, folder)
        return Choreographer(config, vae, network, learned, device or choose_device(), training)


def check_dream(seconds: float, temperature: float | None) -> None:
    """Raise `InputError` where a dance of that length and temperature makes no sense."""
    if not (math.isfinite(seconds) and seconds > 0):
        raise InputError(f"--seconds must be above 0, not {seconds:g}.")
    if temperature is not None and not (math.isfinite(temperature) and temperature >= 0):
        raise InputError(f"--temperature must be 0 or above, not {temperature:g}.")


def is_choreographer(path: Path) -> bool:
    """Whether a folder holds a trained choreographer, whole or not."""
    try:
        document = json.loads((path / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("kind") == "choreographer"


def holds_parts(path: Path) -> bool:
    """Whether a folder is no clip but a choreographer that is not whole, or another model."""
    names = ("config.json", "checkpoint", *_FILES)
    return path.is_dir() and any((path / name).exists() for name in names)


def _packed(module: nn.Module) -> bytes:
    weights = {key: value.detach().cpu().contiguous() for key, value in module.state_dict().items()}
    packed: bytes = save(weights)
    return packed


def read_config(folder: Path) -> dict[str, Any]:
    """What a choreographer's `config.json` holds.

    Raises:
        InputError: there is none, or it is another model's or version's.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise InputError(
            f"{folder}: holds no choreographer; make one with "
            "`dancenow train choreographer CLIP -o DIR`."
        )
    try:
        document = json.loads(path.read_text("utf-8"))
        version, kind = int(document["version"]), document["kind"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is not a choreographer's; train it again.") from error
    if kind != "choreographer":
        raise InputError(f"{folder}: holds a {kind}, a choreographer is needed.")
    if version != VERSION:
        raise InputError(
            f"{folder}: a choreographer of version {version}, and this DanceNow reads version "
            f"{VERSION}; {'update DanceNow' if version > VERSION else 'train it again'}."
        )
    return dict(document)
