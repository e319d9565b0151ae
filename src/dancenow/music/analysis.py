"""Analysis of a piece of music: its beats and the energy of its sections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dancenow.errors import InputError
from dancenow.music.beats import HOP, onset_strength, track_beats
from dancenow.video.audio import decode_sound, sound_origin
from dancenow.video.containers import open_media, sound_stream

Array = NDArray[np.float64]
Samples = NDArray[np.float32]
Block = tuple[Fraction | None, Samples]  # when it begins in seconds, if known; and its sound

RATE: Final = 22050  # samples a second
_GAP: Final = 0.05  # seconds; a longer pause between blocks is silence, a shorter one rounding
_LONGEST: Final = 1800.0  # seconds
_SHORTEST: Final = 0.5  # seconds
_SILENT: Final = 1e-3  # largest amplitude, of 1
_LEAST: Final = 4.0  # seconds needed to find a pulse
_FAINT: Final = 0.5  # 99th percentile of the onsets; with less, nothing is struck
_CLEAR: Final = 0.2  # the onsets' autocorrelation at the beat; noise has less
_CHANCE: Final = 4.0  # the same, times the root of their number; a few seconds of noise have less
_LATE: Final = 0.02  # seconds by which onsets peak after a stroke, on average
_MARGIN: Final = 4.0  # beats of silence added before and after the onsets
_FEWEST: Final = 4  # beats
_TEMPO: Final = (40.0, 220.0)  # beats a minute
_SECTION: Final = 3.0  # seconds; standard deviation of the smoothing


@dataclass(frozen=True)
class Music:
    """What the analysis of a piece of music found.

    Attributes:
        seconds: its length.
        beats: times of its beats in seconds, ascending; empty if there is no clear beat.
        tempo: beats a minute; 0 if there is no clear beat.
        clarity: how clear the beat is, 0..1.
        energy: how loud and busy each second is (the last includes the rest), in standard
            deviations from the mean, smoothed over some seconds; zeros if it hardly changes.
    """

    seconds: float
    beats: Array
    tempo: float
    clarity: float
    energy: Array

    def energy_at(self, times: Array) -> Array:
        """The energy at times in seconds."""
        return np.interp(times, np.arange(len(self.energy)) + 0.5, self.energy)


def analyze_music(path: str | Path) -> Music:
    """Find beats and energy in a sound file or a clip; a clip's times count from its first frame.

    Beats come from dynamic programming over onsets (`dancenow.music.beats`).

    Raises:
        InputError: there is no such file, or it has no sound.
    """
    path = Path(path)
    samples = load_samples(path)
    seconds = len(samples) / RATE
    nothing = np.empty(0)
    if max(float(samples.max()), -float(samples.min())) < _SILENT:
        return Music(seconds, nothing, 0.0, 0.0, np.zeros(_whole(seconds)))
    onsets = onset_strength(samples, RATE)
    energy = _sections(samples, onsets)
    period, clarity = _pulse(onsets, RATE / HOP)
    if clarity < max(_CLEAR, _CHANCE / np.sqrt(len(onsets))):
        return Music(seconds, nothing, 0.0, clarity, energy)
    beats = _beats(onsets, period)
    if len(beats) < _FEWEST:
        return Music(seconds, nothing, 0.0, clarity, energy)
    return Music(seconds, beats, 60 / float(np.diff(beats).mean()), clarity, energy)


def load_samples(path: Path) -> Samples:
    """The sound of a file: mono, float32 `(N,)`, -1..1, `RATE` samples a second.

    A clip's sound begins at its first frame, as it does when it is copied to a new clip; damaged
    parts are silent.

    Raises:
        InputError: there is no such file, it has no sound, or it is longer than half an hour.
    """
    with open_media(path) as source:
        stream = sound_stream(source, path)
        if stream is None:
            what = "its sound cannot be decoded" if source.streams.audio else "has no sound"
            raise InputError(f"{path}: {what}; `music` needs a sound file.")
        try:
            samples = _joined(_blocks(source, stream), sound_origin(path, stream), path)
        except av.FFmpegError as error:  # too many channels for a known layout
            raise InputError(f"{path}: its sound cannot be mixed down to one channel.") from error
    if len(samples) == 0:
        raise InputError(f"{path}: its sound cannot be decoded; convert it to WAV or MP3 first.")
    if len(samples) < _SHORTEST * RATE:
        raise InputError(f"{path}: holds less than half a second of sound.")
    if not np.isfinite(samples).all():
        raise InputError(f"{path}: its sound holds NaN or infinite values; export it again.")
    loud: Samples = np.clip(samples, -1, 1, out=samples)
    return loud


def _joined(blocks: Iterator[Block], origin: Fraction, path: Path) -> Samples:
    """Blocks joined, each at its time; what is before `origin` is cut."""
    joined, count = [np.empty(0, np.float32)], 0
    for begin, block in blocks:
        pause = 0 if begin is None else round((begin - origin) * RATE) - count
        if abs(pause) <= (_GAP * RATE if count else 0):
            pause = 0
        kept = block[max(0, -pause) :]
        count += max(0, pause) + len(kept)
        if count > _LONGEST * RATE:
            raise InputError(
                f"{path}: is longer than {_LONGEST / 60:.0f} minutes; cut out the part to dance to."
            )
        joined += [np.zeros(max(0, pause), np.float32), kept]
    return np.concatenate(joined)


def _blocks(source: InputContainer, stream: AudioStream) -> Iterator[Block]:
    """Blocks of sound, mono and at `RATE`, and when each begins, if known."""
    resampler, kind = _resampler(), None
    for frame in chain(decode_sound(source, stream), (None,)):
        now = frame and (frame.format.name, frame.layout.name, frame.sample_rate)
        pieces = []
        if now != kind:  # concatenated files may change their rate midway
            pieces += resampler.resample(None)
            resampler, kind = _resampler(), now
        if frame is not None:
            pieces += resampler.resample(frame)
        for piece in pieces:
            begin = None
            if piece.pts is not None and piece.time_base is not None:
                begin = piece.pts * piece.time_base
            yield begin, piece.to_ndarray()[0].astype(np.float32)


def _resampler() -> AudioResampler:
    return AudioResampler(format="fltp", layout="mono", rate=RATE)


def _beats(onsets: Samples, period: float) -> Array:
    """Times of the beats in seconds.

    The tracker errs within a few beats of both ends, so silence is added there.
    """
    rate = RATE / HOP
    margin = round(_MARGIN * period * rate)
    places = track_beats(np.pad(onsets, margin), period * rate)
    inside = places[(places >= margin) & (places < margin + len(onsets))] - margin
    beats: Array = np.maximum(inside / rate - _LATE, 0.0)
    return beats


def _pulse(onsets: NDArray[Any], rate: float) -> tuple[float, float]:
    """The period of the pulse in seconds, and how clear it is.

    Clarity is the autocorrelation of the onsets at that period, 1 if they repeat exactly.
    """
    off = onsets.astype(np.float64) - gaussian_filter1d(onsets.astype(np.float64), rate)
    off = np.maximum(off, 0)
    off -= off.mean()
    power = float((off**2).sum())
    if power <= 0 or len(off) < _LEAST * rate or np.quantile(onsets, 0.99) < _FAINT:
        return 0.5, 0.0
    size = 1 << int(np.ceil(np.log2(2 * len(off))))
    spectrum = np.abs(np.fft.rfft(off, size)) ** 2
    correlation = np.fft.irfft(spectrum)[: len(off)] / power
    lags = np.arange(len(off))
    correlation *= len(off) / np.maximum(len(off) - lags, 1)
    low, high = (int(np.floor(60 / bpm * rate)) for bpm in reversed(_TEMPO))
    # Tempi around 120 are the likeliest, as in Ellis's weighting.
    bias = np.exp(-0.5 * (np.log2(lags[low:high] / rate / 0.5) / 0.9) ** 2)
    best = low + int((correlation[low:high] * bias).argmax())
    return best / rate, float(np.clip(correlation[best], 0, 1))


def _sections(samples: Samples, onsets: Samples) -> Array:
    """How loud and busy each second is, smoothed, in standard deviations."""
    seconds = _whole(len(samples) / RATE)
    parts = np.split(samples, np.arange(1, seconds) * RATE)  # the last includes the rest
    loud = np.log(np.array([np.sqrt(np.mean(part**2)) for part in parts]) + 1e-4)
    at = np.minimum(np.arange(len(onsets)) * HOP // RATE, seconds - 1)
    busy = np.log(np.bincount(at, onsets, seconds) / np.bincount(at, minlength=seconds) + 0.1)
    together = gaussian_filter1d(loud + busy, _SECTION, mode="nearest")
    spread = float(together.std())
    # A click track has no sections: a spread this small does not count.
    return (together - together.mean()) / spread if spread > 0.15 else np.zeros(seconds)


def _whole(seconds: float) -> int:
    return max(1, round(seconds))
