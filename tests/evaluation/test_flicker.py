"""Flicker against values computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from dancenow.evaluation.flicker import Box, Flicker, FlickerScores, Frame

SIZE = (48, 64, 3)


@pytest.fixture
def still() -> Frame:
    """A picture with room for changes in both directions."""
    return np.random.default_rng(0).integers(40, 200, SIZE, np.uint8)


def scores(made: Sequence[Frame], true: Sequence[Frame], box: Box | None = None) -> FlickerScores:
    flicker = Flicker()
    for a, b in zip(made, true, strict=True):
        flicker.add(a, b, box)
    measured = flicker.scores()
    assert measured is not None
    return measured


def moved(picture: Frame, right: int) -> Frame:
    return np.roll(picture, right, axis=1)


def test_a_known_flicker_over_a_still_video_is_measured_exactly(still: Frame) -> None:
    made = [still + np.uint8(5 * (t % 2)) for t in range(7)]
    assert scores(made, [still] * 7) == FlickerScores(made=5, real=0, motion_error=5)


def test_flicker_of_a_part_of_the_picture_counts_as_that_part(still: Frame) -> None:
    brighter = still.copy()
    brighter[:, :16] += 8  # a quarter of the width
    assert scores([still, brighter, still], [still] * 3).made == 8 / 4


def test_the_truth_itself_flickers_as_the_truth_and_makes_no_error() -> None:
    rng = np.random.default_rng(1)
    video = [rng.integers(100, 104, SIZE, np.uint8) for _ in range(5)]
    measured = scores(video, video)
    assert measured.made is not None and measured.made > 0
    assert measured.made == measured.real and measured.motion_error == 0


def test_px_where_the_true_video_moves_do_not_count() -> None:
    textured = np.random.default_rng(2).integers(0, 256, SIZE, np.uint8)
    true = [np.full(SIZE, 90, np.uint8) for _ in range(6)]
    for t, frame in enumerate(true):
        frame[:, :24] = moved(textured, 5 * t)[:, :24]  # the left side moves
    made = [frame.copy() for frame in true]
    for t, frame in enumerate(made):
        frame[:, :20] = 200 * (t % 2)  # wild there
        frame[:, 32:] += np.uint8(3 * (t % 2))  # a little where nothing moves
    measured = scores(made, true)
    # Blurring spreads the motion a few px over the edge, and some px of it change little.
    assert measured.real is not None and measured.real < 1
    assert measured.made == pytest.approx(3, abs=1)
    assert measured.motion_error > 30


@pytest.mark.parametrize("deviation", [1.0, 3.0, 6.0])
def test_noise_of_the_true_video_is_not_taken_for_motion(still: Frame, deviation: float) -> None:
    rng = np.random.default_rng(3)
    noisy = [
        (still + deviation * rng.normal(size=SIZE)).round().clip(0, 255).astype(np.uint8)
        for _ in range(12)
    ]
    measured = scores([still] * 12, noisy)
    # The mean length of a difference of two normal values.
    assert measured.real == pytest.approx(2 * deviation / np.sqrt(np.pi), rel=0.1)
    assert measured.made == 0


def test_a_frozen_picture_of_a_moving_person_does_not_flicker_but_errs() -> None:
    textured = np.random.default_rng(4).integers(0, 256, SIZE, np.uint8)
    true = [moved(textured, 7 * t) for t in range(4)]
    change = np.mean([np.abs(b.astype(int) - a).mean() for a, b in pairwise(true)])
    frozen = scores([textured] * 4, true)
    assert frozen.motion_error == pytest.approx(change)
    assert frozen.made in (None, 0)


def test_the_error_of_the_motion_is_that_inside_the_persons_box(still: Frame) -> None:
    wrong = still.copy()
    wrong[10:20, 30:50] += 6
    video, truth = [still, wrong, still], [still] * 3
    assert scores(video, truth, (30, 10, 50, 20)).motion_error == 6
    assert scores(video, truth, (0, 20, 64, 48)).motion_error == 0
    assert scores(video, truth).motion_error == pytest.approx(6 * 10 * 20 / (48 * 64))


def test_where_everything_moves_there_is_no_flicker_to_measure() -> None:
    dark, light = np.full(SIZE, 10, np.uint8), np.full(SIZE, 240, np.uint8)
    assert scores([dark] * 2, [dark, light]) == FlickerScores(None, None, 230)


def test_fewer_than_two_frames_have_no_flicker(still: Frame) -> None:
    flicker = Flicker()
    assert flicker.scores() is None
    flicker.add(still, still)
    assert flicker.scores() is None


def test_a_frame_may_be_changed_after_it_was_given(still: Frame) -> None:
    flicker, frame = Flicker(), still.copy()
    flicker.add(frame, frame)
    frame += 9
    flicker.add(still, still)
    assert flicker.scores() == FlickerScores(0, 0, 0)


def test_frames_of_different_sizes_are_refused(still: Frame) -> None:
    with pytest.raises(ValueError, match="different sizes"):
        Flicker().add(still, still[1:])
