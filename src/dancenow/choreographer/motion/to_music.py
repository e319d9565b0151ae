"""A dance to music: as long as it, as lively as its sections, with accents on its beats."""

from __future__ import annotations

import math
import warnings
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from dancenow.choreographer.choreographer import SECONDS, DanceRequest
from dancenow.choreographer.motion.codec import RATE, Moves, PoseCodec
from dancenow.choreographer.motion.composition import Composition, check_continued
from dancenow.errors import DanceNowWarning, InputError
from dancenow.evaluation.features import joint_speed, joints_of
from dancenow.music import Music, align_to_beats, beat_alignment, find_accents

_TO_SPARE: Final = 2.0  # seconds composed beyond the music, for the timing to choose from
_ENERGY: Final = 1.2  # standard deviations by which sections change the energy at most
_TIMING_RATE: Final = 100.0  # moments a second that `align` returns


def check_request(request: DanceRequest) -> None:
    """Raise `InputError` if a request makes no sense."""
    composition_of(request).check()
    if request.continue_from is not None:
        check_continued(request.continue_from)


def composition_of(request: DanceRequest) -> Composition:
    """What to compose for a request; to music with beats, more, for the timing to choose from.

    Raises:
        InputError: the music holds fewer bars than were asked for.
    """
    temperature = 1.0 if request.temperature is None else request.temperature
    how = (request.seed, temperature, request.loop, request.continue_from)
    music = request.music
    if music is None:
        seconds = SECONDS if request.seconds is None else request.seconds
        return Composition(seconds, *how, style=request.style)
    seconds = dance_seconds(request, music) + (_TO_SPARE if len(music.beats) else 0)
    if not music.energy.any():
        return Composition(seconds, *how, style=request.style)
    moments = np.arange(round(seconds * RATE)) / RATE
    energy = music.energy_at(moments).clip(-_ENERGY, _ENERGY)
    return Composition(seconds, *how, energy.astype(np.float32), request.style)


def dance_seconds(request: DanceRequest, music: Music) -> float:
    """Seconds of a dance to music, at least two vectors.

    Raises:
        InputError: the music holds fewer bars than were asked for.
    """
    if request.bars is not None:
        return max(_bar_seconds(request.bars, music, request.music_name), 2 / RATE)
    seconds = music.seconds if request.seconds is None else min(request.seconds, music.seconds)
    return max(seconds, 2 / RATE)


def _bar_seconds(bars: int, music: Music, name: str) -> float:
    beats, last = music.beats, 4 * bars
    if len(beats) == 0:
        raise InputError(f"`bars`: {name} has no clear beat; give `seconds`.")
    if last > len(beats):
        raise InputError(f"`bars={bars}`: {name} has {len(beats) // 4} bars of four beats.")
    if last < len(beats):
        return float(beats[last])
    # The last bar ends where its next beat would be.
    return min(music.seconds, float(beats[-1] + np.diff(beats).mean()))


def warn_of_music(request: DanceRequest, music: Music) -> None:
    """Warn if the dance will not be what was asked for."""
    if not len(music.beats):
        _warn(f"{request.music_name}: has no clear beat; the dance is not timed to it.")
    if music.other_tempo:
        _warn(
            f"{request.music_name}: {music.tempo:.0f} beats a minute; if it is "
            f"{music.other_tempo:.0f}, add `bpm={music.other_tempo:.0f}`."
        )
    if request.seconds is not None and request.seconds > music.seconds:
        _warn(f"{request.music_name}: ends after {music.seconds:.1f} s, and the dance with it.")


def time_to_music(
    codec: PoseCodec, moves: Moves, music: Music, seconds: float
) -> tuple[Moves, float | None, float | None]:
    """Let a dance's accents fall on the beats.

    Args:
        codec: of the vectors.
        moves: a dance that is longer than the music, `(T, D)`.
        music: with beats.
        seconds: length of the result.

    Returns:
        The vectors, and the beat alignment of the dance after and before; None if it has no
        accents.
    """
    count = math.ceil(seconds * RATE - 1e-6)
    accents, clear = _accents(codec, moves)
    moments = align_to_beats(accents, clear, music.beats, seconds, len(moves) / RATE)
    places = np.arange(count) / RATE
    timed = retimed(moves, np.interp(places, np.arange(len(moments)) / _TIMING_RATE, moments))
    return timed, _alignment(codec, timed, music), _alignment(codec, moves[:count], music)


def retimed(moves: Moves, moments: NDArray[np.float64]) -> Moves:
    """Vectors at other moments of a dance.

    Args:
        moves: `(T, D)`.
        moments: seconds of the dance, for each vector of the result, `RATE` a second.
    """
    at = (moments * RATE).clip(0, len(moves) - 1)
    result: Moves = CubicSpline(np.arange(len(moves)), moves, axis=0)(at).astype(np.float32)
    return result


def _warn(text: str) -> None:
    warnings.warn(text, DanceNowWarning, stacklevel=4)


def _accents(codec: PoseCodec, moves: Moves) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    track = codec.decode(moves, 2 * RATE)
    return find_accents(joint_speed(joints_of(track)), track.fps)


def _alignment(codec: PoseCodec, moves: Moves, music: Music) -> float | None:
    score = beat_alignment(_accents(codec, moves)[0], music.beats)
    return round(score, 4) if np.isfinite(score) else None
