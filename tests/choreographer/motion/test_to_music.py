"""Dances to music: their length, their accents, their liveliness."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.choreographer.choreographer import ComposedTrack, DanceRequest
from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.motion.codec import RATE
from dancenow.errors import DanceNowWarning, InputError
from dancenow.evaluation.dance import joint_speed, joints_of
from dancenow.music import Music, beat_alignment, find_accents
from motions import dancing, untrained_choreographer


@pytest.fixture(scope="module")
def choreographer() -> PoseChoreographer:
    """One whose dances are smooth, and have accents."""
    return untrained_choreographer(dancing(fps=24), smooth=True)


def composed(
    choreographer: PoseChoreographer,
    music: Music,
    *,
    seconds: float | None = None,
    bars: int | None = None,
) -> ComposedTrack:
    request = DanceRequest(seconds, bars, seed=4, music=music, music_name="sound.wav")
    return choreographer.compose_track(request)


def music_of(seconds: float = 8.0, beats: int = 16, energy: float = 0.0) -> Music:
    """Two beats a second, from half a second on."""
    times = 0.5 + 0.5 * np.arange(beats)
    ups: NDArray[np.float64] = energy * np.linspace(-1, 1, round(seconds) + 1)
    return Music(seconds, times, 120.0, 1.0, ups)


def test_accents_come_to_beats(choreographer: PoseChoreographer) -> None:
    music = music_of(20, 39)
    made = composed(choreographer, music)
    assert made.track.duration == pytest.approx(20, abs=0.1) and made.tempo == 120
    assert made.beat_alignment is not None and made.before_alignment is not None
    assert made.beat_alignment > made.before_alignment + 0.1
    accents, _ = find_accents(joint_speed(joints_of(made.track)), made.track.fps)
    assert beat_alignment(accents, music.beats) == pytest.approx(made.beat_alignment, abs=0.15)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ({}, 8.0),
        ({"seconds": 3.0}, 3.0),
        ({"bars": 1}, 2.5),
        ({"bars": 3}, 6.5),
        ({"bars": 4}, 8.0),  # the last bar ends with the music
        ({"seconds": 0.01}, 2 / RATE),
    ],
)
def test_a_dance_is_as_long_as_its_music_or_as_was_asked_for(
    choreographer: PoseChoreographer, asked: dict[str, Any], seconds: float
) -> None:
    made = composed(choreographer, music_of(), **asked)
    assert made.track.duration == pytest.approx(seconds, abs=0.5 / 24)


def test_music_that_ends_early_ends_the_dance(choreographer: PoseChoreographer) -> None:
    with pytest.warns(DanceNowWarning, match=r"sound.wav: ends after 8.0 s, and the dance with it"):
        made = composed(choreographer, music_of(), seconds=60)
    assert made.track.duration == pytest.approx(8, abs=0.1)


@pytest.mark.parametrize("seconds", [None, 0.01])
@pytest.mark.parametrize("energy", [0.0, 1.0])
def test_music_without_a_beat_is_danced_to_untimed(
    choreographer: PoseChoreographer, seconds: float | None, energy: float
) -> None:
    music = music_of(beats=0, energy=energy)
    with pytest.warns(DanceNowWarning, match=r"sound.wav: has no clear beat"):
        made = composed(choreographer, music, seconds=seconds)
    assert made.tempo is made.beat_alignment is None
    assert made.track.duration == pytest.approx(seconds or 8, abs=0.15)


def test_loud_parts_of_the_music_are_lively_parts_of_the_dance() -> None:
    choreographer = untrained_choreographer(dancing(fps=24), smooth=True)
    composed(choreographer, music_of(energy=2.0))
    asked = choreographer.network.asked
    assert isinstance(asked, list) and asked[0] < -0.5 < 0.5 < asked[-1] and max(asked) < 1.21


@pytest.mark.parametrize(
    ("bars", "beats", "message"),
    [
        (9, 16, r"bars.9.*: sound.wav has 4 bars of four"),
        (1, 0, "sound.wav has no clear beat"),
    ],
)
def test_more_bars_than_the_music_holds_are_refused(
    choreographer: PoseChoreographer, bars: int, beats: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        composed(choreographer, music_of(beats=beats), bars=bars)
