"""Dances timed to beats: the score, the accents, and what a timing may do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dancenow.evaluation.dance import joint_speed, joints_of
from dancenow.music import align_to_beats, beat_alignment, find_accents
from dancenow.music.alignment import MOST
from dancenow.sample import DANCES, dance_track

pytestmark = pytest.mark.filterwarnings("error")

Array = NDArray[np.float64]

STEP = 0.01  # seconds between the moments that `align` gives
SIGMA = 3 / 60  # seconds, of AI Choreographer

moments = st.lists(st.floats(0, 60), max_size=30).map(lambda times: np.array(sorted(set(times))))
some_moments = moments.filter(len)


def seconds_shown(shown: Array, accents: Array) -> Array:
    """When accents of the dance are shown."""
    return np.interp(accents, shown, np.arange(len(shown)) * STEP)


def timed(accents: Array, beats: Array, seconds: float, spare: float = 2.0) -> Array:
    """All accents are equally clear."""
    return align_to_beats(accents, np.ones(len(accents)), beats, seconds, seconds + spare)


# The score


def test_the_score_is_that_of_known_distances() -> None:
    beats = np.array([1.0, 2.0, 3.0])
    accents = np.array([1.0, 2.0 + SIGMA, 3.0 - 2 * SIGMA])
    expected = (1 + np.exp(-1 / 2) + np.exp(-4 / 2)) / 3
    assert beat_alignment(accents, beats) == pytest.approx(expected)


def test_the_mean_is_over_the_accents() -> None:
    """A beat without an accent costs nothing, an accent without a beat does."""
    assert beat_alignment(np.array([2.0]), np.array([1.0, 2.0, 3.0])) == 1
    assert beat_alignment(np.array([1.0, 2.0, 3.0]), np.array([2.0])) == pytest.approx(1 / 3)


@pytest.mark.parametrize("accent", [0.9, 1.1])
def test_a_beat_before_and_a_beat_after_are_as_good(accent: float) -> None:
    expected = np.exp(-(0.1**2) / (2 * SIGMA**2))
    assert beat_alignment(np.array([accent]), np.array([1.0])) == pytest.approx(expected)


@given(some_moments, some_moments)
def test_the_nearest_of_all_beats_counts(accents: Array, beats: Array) -> None:
    distance = np.abs(accents[:, None] - beats).min(axis=1)
    expected = np.exp(-(distance**2) / (2 * SIGMA**2)).mean()
    assert beat_alignment(accents, beats) == pytest.approx(expected, abs=1e-12)
    assert beat_alignment(accents, beats[::-1]) == pytest.approx(expected, abs=1e-12)
    assert 0 <= beat_alignment(accents, beats) <= 1


@given(some_moments)
def test_accents_on_beats_score_1(beats: Array) -> None:
    assert beat_alignment(beats[::2], beats) == 1


def test_without_accents_or_beats_there_is_no_score() -> None:
    some, none = np.array([1.0]), np.empty(0)
    for accents, beats in ((none, some), (some, none), (none, none)):
        assert np.isnan(beat_alignment(accents, beats))


# Accents


@pytest.mark.parametrize("fps", [20.0, 40.0, 60.0])
def test_accents_are_where_the_speed_is_least(fps: float) -> None:
    t = np.arange(round(4 * fps)) / fps
    places, clear = find_accents(1 + np.cos(2 * np.pi * t / 0.8), fps)
    np.testing.assert_allclose(places, [0.4, 1.2, 2.0, 2.8, 3.6], atol=0.5 / fps)
    assert (clear > 0.9).all() and (clear <= 1).all()


def test_a_short_stop_is_clearer_than_a_slight_slowing() -> None:
    t = np.arange(200) / 50
    stop, slowing = (np.exp(-(((t - at) / 0.1) ** 2)) for at in (1.0, 3.0))
    places, clear = find_accents(1 - stop - 0.15 * slowing, 50)
    np.testing.assert_allclose(places, [1.0, 3.0], atol=0.03)
    assert clear[0] > 2 * clear[1] > 0


def test_tempo_and_scale_of_the_speed_do_not_matter() -> None:
    t = np.arange(160) / 40
    speed = 1 + np.cos(2 * np.pi * t / 0.8)
    np.testing.assert_array_equal(find_accents(1e-3 * speed, 40)[0], find_accents(speed, 40)[0])


@pytest.mark.parametrize(
    "speed",
    [
        np.empty(0),
        np.array([0.4]),
        np.zeros(100),
        np.full(100, 0.3),
        np.full(997, 1 / 3, np.float32),
        np.linspace(0, 1, 100),
        np.full(50, np.nan),
        np.r_[np.ones(20), np.nan, np.ones(20)],
    ],
    ids=["nothing", "one frame", "standing", "even", "even, float32", "faster", "nan", "one nan"],
)
def test_what_never_slows_down_has_no_accents(speed: Array) -> None:
    places, clear = find_accents(speed, 25)
    assert len(places) == len(clear) == 0


def test_a_dance_to_a_beat_has_its_accents_on_it() -> None:
    """The sample performers dance on the beat."""
    beat = DANCES["disco"].beat
    track = dance_track("mika", "disco", seconds=6, fps=20)
    accents, clear = find_accents(joint_speed(joints_of(track)), track.fps)
    assert len(accents) >= 4 and (np.diff(accents) > 0).all()
    assert ((clear > 0) & (clear <= 1)).all()
    on, off = np.arange(0, 6, beat), np.arange(beat / 2, 6, beat)
    assert beat_alignment(accents, on) > 3 * beat_alignment(accents, off)


# Timing


@st.composite
def tasks(draw: st.DrawFn) -> tuple[Array, Array, Array, float, float]:
    """Accents, how clear they are, beats, and the lengths of what is shown and danced."""
    seconds = draw(st.floats(0.001, 40))
    danced = seconds + draw(st.floats(0, 4))
    gaps = st.floats(0.001, 2) | st.floats(0.2, 0.8) | st.floats(10, 40)
    beats = draw(st.floats(0, 2)) + np.cumsum(draw(st.lists(gaps, max_size=60)))
    accents = np.array(sorted(draw(st.lists(st.floats(0, danced), max_size=60))))
    clear = np.array(draw(st.lists(st.floats(0, 1), min_size=60, max_size=60)))[: len(accents)]
    return accents, clear, beats, seconds, danced


@given(tasks())
@settings(max_examples=150)
def test_no_move_is_stretched_by_more_than_is_allowed(
    task: tuple[Array, Array, Array, float, float],
) -> None:
    *_, seconds, danced = task
    shown = align_to_beats(*task)
    assert shown.dtype == np.float64
    assert len(shown) == max(1, round(seconds / STEP))
    assert shown[0] == pytest.approx(0, abs=1e-9)
    assert shown[-1] <= danced
    pace = np.diff(shown) / STEP
    assert (pace > 0).all()
    assert (pace >= 1 / (1 + MOST) - 1e-6).all() and (pace <= 1 + MOST + 1e-6).all()
    assert np.abs(shown - np.arange(len(shown)) * STEP).max() < 1.6


@given(tasks())
@settings(max_examples=50)
def test_nothing_to_align_leaves_the_dance_as_it_is(
    task: tuple[Array, Array, Array, float, float],
) -> None:
    accents, clear, beats, seconds, danced = task
    none = np.empty(0)
    for shown in (
        align_to_beats(none, none, beats, seconds, danced),
        align_to_beats(accents, clear, none, seconds, danced),
        align_to_beats(beats, np.ones(len(beats)), beats, seconds, danced),  # on the beats already
    ):
        np.testing.assert_allclose(shown, np.arange(len(shown)) * STEP, atol=1e-9)


@pytest.mark.parametrize("every", [0.46, 0.48, 0.52, 0.55])
def test_a_dance_a_little_too_fast_or_slow_comes_on_the_beat(every: float) -> None:
    beats, accents = np.arange(0.5, 20, 0.5), np.arange(every, 20, every)
    accents = accents[: len(beats)]
    shown = timed(accents, beats, 15)
    within = accents[accents < shown[-1]]
    after = seconds_shown(shown, within)
    assert beat_alignment(within, beats) < 0.55
    assert beat_alignment(after, beats) > 0.9


def test_an_accent_beside_a_beat_comes_on_it() -> None:
    shown = timed(np.array([2.12]), np.array([1.0, 2.0, 3.0]), 4)
    assert seconds_shown(shown, np.array([2.12])) == pytest.approx(2.0, abs=0.03)


def test_of_two_accents_the_clearer_one_comes_on_the_beat() -> None:
    beat = np.array([2.0])
    for clear, chosen in (([1.0, 0.3], 1.8), ([0.3, 1.0], 2.2)):
        shown = align_to_beats(np.array([1.8, 2.2]), np.array(clear), beat, 4, 6)
        assert seconds_shown(shown, np.array([chosen])) == pytest.approx(2.0, abs=0.03)


def test_what_cannot_be_reached_is_not_tried() -> None:
    """A beat after half a second, an accent 0.3 s later: the pace would have to be 1.6."""
    shown = timed(np.array([0.8]), np.array([0.5]), 1)
    np.testing.assert_allclose(shown, np.arange(len(shown)) * STEP, atol=1e-9)


def test_a_minute_without_a_beat_is_bridged() -> None:
    beats = np.r_[np.arange(0.5, 5, 0.5), np.arange(65, 70, 0.5)]
    accents = beats + 0.7
    shown = timed(accents, beats, 70)
    late = accents[(accents > 66) & (accents < 69)]
    assert beat_alignment(seconds_shown(shown, late), beats) > 0.9


def test_a_dance_of_the_length_of_the_music_is_not_run_out_of() -> None:
    beats = np.arange(0.5, 10, 0.5)
    shown = timed(beats * 1.1, beats, 10, spare=0)
    assert shown[-1] <= 10
    assert (np.diff(shown) >= STEP / (1 + MOST) - 1e-9).all()


def test_a_dance_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be shown"):
        timed(np.array([1.0]), np.array([1.0]), 4, spare=-0.5)
