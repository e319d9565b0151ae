"""Hearing a piece of music: its beats and the energy of its sections."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dancenow.errors import InputError
from dancenow.video.probe import open_media

Array = NDArray[np.float64]

RATE: Final = 22050  # samples a second
_HOP: Final = 512  # samples
_LONGEST: Final = 1800.0  # seconds
_SILENT: Final = 1e-3  # largest amplitude, of 1
_FAINT: Final = 0.5  # of the onsets' strongest hundredth: below it nothing is struck
_CLEAR: Final = 0.2  # height of the onsets' autocorrelation at the beat: noise has less
_FEWEST: Final = 4  # beats
_TEMPO: Final = (40.0, 220.0)  # beats a minute
_SECTION: Final = 3.0  # seconds; standard deviation of the smoothing


@dataclass(frozen=True)
class Music:
    """What was heard of a piece of music.

    Attributes:
        seconds: its length.
        beats: seconds of its beats, ascending; empty where there is no clear beat.
        tempo: beats a minute; 0 where there is no clear beat.
        clarity: how clear the beat is, 0..1.
        energy: how loud and busy it is every second, in standard deviations from its mean,
            smoothed over some seconds; zeros where it does not change.
    """

    seconds: float
    beats: Array
    tempo: float
    clarity: float
    energy: Array

    def energy_at(self, times: Array) -> Array:
        """The energy at some times, in seconds."""
        return np.interp(times, np.arange(len(self.energy)) + 0.5, self.energy)


def has_music() -> bool:
    """Whether librosa is installed."""
    return find_spec("librosa") is not None


def hear(path: str | Path) -> Music:
    """Listen to a sound file, or to the sound of a clip.

    Beats are those of dynamic programming over onsets (Ellis, "Beat tracking by dynamic
    programming", 2007) as librosa has it.

    Raises:
        InputError: there is no such file, it has no sound, or librosa is not installed.
    """
    path = Path(path)
    librosa = _librosa()
    samples = load_samples(path)
    seconds = len(samples) / RATE
    frames = max(2, int(np.ceil(seconds)))
    if np.abs(samples).max() < _SILENT:
        return Music(seconds, np.empty(0), 0.0, 0.0, np.zeros(frames))
    onsets = librosa.onset.onset_strength(y=samples, sr=RATE, hop_length=_HOP)
    rate = RATE / _HOP
    energy = _sections(samples, onsets, rate, frames)
    period, clarity = _pulse(onsets, rate)
    if clarity < _CLEAR:
        return Music(seconds, np.empty(0), 0.0, clarity, energy)
    tempo, places = librosa.beat.beat_track(
        onset_envelope=onsets, sr=RATE, hop_length=_HOP, start_bpm=60 / period, trim=False
    )
    beats = librosa.frames_to_time(places, sr=RATE, hop_length=_HOP).astype(np.float64)
    if len(beats) < _FEWEST:
        return Music(seconds, np.empty(0), 0.0, clarity, energy)
    return Music(seconds, beats, float(np.ravel(tempo)[0]), clarity, energy)


def load_samples(path: Path) -> NDArray[np.float32]:
    """The sound of a file, mono, float32 `(N,)`, `RATE` samples a second.

    Raises:
        InputError: there is no such file, or it has no sound, or it is longer than half an hour.
    """
    blocks, count = [], 0
    with open_media(path) as source:
        stream = source.streams.best("audio")
        if not isinstance(stream, AudioStream):
            raise InputError(f"{path}: has no sound; --music needs a sound file.")
        resampler = AudioResampler(format="fltp", layout="mono", rate=RATE)
        try:
            for frame in source.decode(stream):
                frame.pts = None
                for block in resampler.resample(frame):
                    blocks.append(block.to_ndarray()[0].astype(np.float32))
                    count += len(blocks[-1])
                if count > _LONGEST * RATE:
                    raise InputError(
                        f"{path}: is longer than {_LONGEST / 60:.0f} minutes; cut out the part "
                        "that is to be danced."
                    )
        except av.FFmpegError as error:
            if count == 0:
                raise InputError(f"{path}: its sound cannot be decoded ({error}).") from error
        blocks += [block.to_ndarray()[0].astype(np.float32) for block in resampler.resample(None)]
    samples = np.concatenate(blocks) if blocks else np.empty(0, np.float32)
    if len(samples) < RATE // 2:
        raise InputError(f"{path}: holds less than half a second of sound.")
    return samples


def _librosa() -> Any:
    try:
        import librosa
    except ImportError as error:
        raise InputError(
            "--music needs librosa; install it with: pip install 'dancenow[music]'"
        ) from error
    return librosa


def _pulse(onsets: NDArray[Any], rate: float) -> tuple[float, float]:
    """The period of the pulse in seconds, and how clear it is.

    The clarity is the autocorrelation of the onsets at that period, 1 where they repeat exactly.
    """
    off = onsets.astype(np.float64) - gaussian_filter1d(onsets.astype(np.float64), rate)
    off = np.maximum(off, 0)
    off -= off.mean()
    power = float((off**2).sum())
    if power <= 0 or len(off) < 4 * rate or np.quantile(onsets, 0.99) < _FAINT:
        return 0.5, 0.0
    size = 1 << int(np.ceil(np.log2(2 * len(off))))
    spectrum = np.abs(np.fft.rfft(off, size)) ** 2
    correlation = np.fft.irfft(spectrum)[: len(off)] / power
    lags = np.arange(len(off))
    correlation *= len(off) / np.maximum(len(off) - lags, 1)
    low, high = (int(np.floor(60 / bpm * rate)) for bpm in reversed(_TEMPO))
    high = min(high, len(off) // 2)
    if high <= low:
        return 0.5, 0.0
    # Tempi around 120 are the likeliest, as in Ellis's weighting.
    bias = np.exp(-0.5 * (np.log2(lags[low:high] / rate / 0.5) / 0.9) ** 2)
    best = low + int((correlation[low:high] * bias).argmax())
    return best / rate, float(np.clip(correlation[best], 0, 1))


def _sections(
    samples: NDArray[np.float32], onsets: NDArray[Any], rate: float, seconds: int
) -> Array:
    """Loudness and business a second, smoothed, in standard deviations."""
    padded = np.zeros(seconds * RATE, np.float32)
    padded[: len(samples)] = samples[: len(padded)]
    loud = np.log(np.sqrt((padded.reshape(seconds, RATE) ** 2).mean(axis=1)) + 1e-4)
    at = np.minimum((np.arange(len(onsets)) / rate).astype(int), seconds - 1)
    busy = np.bincount(at, onsets, seconds) / np.maximum(np.bincount(at, minlength=seconds), 1)
    busy = np.log(busy + 0.1)
    together = gaussian_filter1d(loud + busy, _SECTION, mode="nearest")
    spread = float(together.std())
    # A click track has no sections: what hardly changes does not count.
    return (together - together.mean()) / spread if spread > 0.15 else np.zeros(seconds)
