"""Analysis of a piece of music: its beats and the energy of its sections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dancenow.errors import InputError
from dancenow.music.beats import HOP, find_onsets, track_beats
from dancenow.music.tempo import find_pulse, struck
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
_CLEAR: Final = 0.2  # the onsets' autocorrelation at the beat; noise has less
_CHANCE: Final = 4.0  # the same, times the root of their number; a few seconds of noise have less
_LATE: Final = 0.02  # seconds by which onsets peak after a stroke, on average
_MARGIN: Final = 4.0  # beats of silence added before and after the onsets
_FEWEST: Final = 4  # beats
_GIVEN: Final = (20.0, 400.0)  # beats a minute that may be given
_KEPT: Final = 0.04  # part of a given tempo by which the beats may differ from it
_SECTION: Final = 3.0  # seconds; standard deviation of the smoothing


@dataclass(frozen=True)
class Music:
    """What the analysis of a piece of music found.

    Attributes:
        seconds: its length.
        beats: times of its beats in seconds, ascending; empty if there is no clear beat.
        tempo: beats a minute; 0 if there is no clear beat.
        clarity: how clear the beat is, 0..1.
        other_tempo: half or double the tempo, if that may be meant as well; else 0.
        energy: how loud and busy each second is (the last includes the rest), in standard
            deviations from the mean, smoothed over some seconds; zeros if it hardly changes.
    """

    seconds: float
    beats: Array
    tempo: float
    clarity: float
    energy: Array
    other_tempo: float = 0.0

    def energy_at(self, times: Array) -> Array:
        """The energy at times in seconds."""
        return np.interp(times, np.arange(len(self.energy)) + 0.5, self.energy)


def analyze_music(
    path: str | Path, *, bpm: float | None = None, first_beat: float | None = None
) -> Music:
    """Find beats and energy in a sound file or a clip; a clip's times count from its first frame.

    Beats come from dynamic programming over onsets (`dancenow.music.beats`).

    Args:
        path: the file.
        bpm: beats a minute, if known; where none are heard, they are counted evenly.
        first_beat: seconds of a beat, if known; there is none before it.

    Raises:
        InputError: there is no such file, or it has no sound, or a number cannot be.
    """
    path = Path(path)
    if bpm is not None and not _GIVEN[0] <= bpm <= _GIVEN[1]:
        raise InputError(f"`bpm={bpm:g}`: must be from {_GIVEN[0]:g} to {_GIVEN[1]:g}.")
    samples = load_samples(path)
    seconds = len(samples) / RATE
    if first_beat is not None and not 0 <= first_beat < seconds:
        raise InputError(
            f"`first_beat={first_beat:g}`: must be 0 or above; {path} lasts {seconds:.1f} s."
        )
    if max(float(samples.max()), -float(samples.min())) < _SILENT:
        heard = Music(seconds, np.empty(0), 0.0, 0.0, np.zeros(_whole(seconds)))
    else:
        heard = _heard(samples, bpm)
    if bpm is not None and not len(heard.beats):
        counted = np.arange(first_beat or 0.0, seconds, 60 / bpm)
        return replace(heard, beats=counted, tempo=bpm)
    if first_beat is None:
        return heard
    if not len(heard.beats):
        raise InputError(f"`first_beat`: no clear beat is heard in {path}; add `bpm`, too.")
    beats = _shifted(heard.beats, first_beat)
    beats = beats[beats < seconds]
    if len(beats) < _FEWEST:
        raise InputError(f"`first_beat={first_beat:g}`: fewer than {_FEWEST} beats follow.")
    return replace(heard, beats=beats)


def _heard(samples: Samples, bpm: float | None) -> Music:
    """What is heard in a sound."""
    seconds, nothing = len(samples) / RATE, np.empty(0)
    onsets = find_onsets(samples, RATE)
    energy = _sections(samples, onsets.strength)
    period, clarity, other = find_pulse(onsets, RATE / HOP)
    if bpm is not None:
        period, other = 60 / bpm, 0.0
    if clarity < max(_CLEAR, _CHANCE / np.sqrt(len(onsets.strength))):
        return Music(seconds, nothing, 0.0, clarity, energy)
    beats = _beats(struck(onsets), period)
    if len(beats) < _FEWEST:
        return Music(seconds, nothing, 0.0, clarity, energy)
    tempo = 60 / float(np.diff(beats).mean())
    if bpm is not None and abs(tempo / bpm - 1) > _KEPT:  # the music does not follow it
        beats, tempo = _counted(onsets.strength, bpm), bpm
    return Music(seconds, beats, tempo, clarity, energy, other and tempo * other)


def _counted(strength: Samples, bpm: float) -> Array:
    """Even beats of a tempo, where the onsets are strongest."""
    step, rate = 60 / bpm, RATE / HOP
    ends = len(strength) / rate
    grids = [np.arange(first, ends, step) for first in np.arange(0, step, 1 / rate)]
    sums = [strength[(grid * rate).astype(int)].mean() for grid in grids]
    beats: Array = np.maximum(grids[int(np.argmax(sums))] - _LATE, 0.0)
    return beats


def _shifted(beats: Array, first: float) -> Array:
    """The beats, all moved by as much as puts one onto a moment, and none before it."""
    if first < beats[0]:
        step = float(np.median(np.diff(beats)))
        beats = np.concatenate([np.arange(beats[0] - step, first - step, -step)[::-1], beats])
    moved = beats + first - beats[np.abs(beats - first).argmin()]
    kept: Array = moved[moved > first - 1e-6]
    return kept


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
