"""Figures of a dance's motion, on dances of which they are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dancenow.evaluation.motion import (
    MotionScores,
    copy_distances,
    longest_stand,
    picture_speeds,
    slowest_part,
)

RATE = 8.0


def floats(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def pictures(*shades: int, shape: tuple[int, ...] = (4, 6, 1)) -> list[NDArray[np.uint8]]:
    return [np.full(shape, shade, np.uint8) for shade in shades]


def test_the_speed_is_the_mean_change_of_a_px() -> None:
    speeds = picture_speeds(pictures(0, 255, 204, 204))
    np.testing.assert_allclose(speeds, [1.0, 0.2, 0.0], atol=1e-6)
    half = pictures(0, 0)
    half[1][:2] = 255
    np.testing.assert_allclose(picture_speeds(half), [0.5])
    colour = pictures(0, 0, shape=(4, 6, 3))
    colour[1][..., 0] = 255
    np.testing.assert_allclose(picture_speeds(colour), [1 / 3], rtol=1e-6)


def test_a_way_back_is_as_fast() -> None:
    there = list(np.random.default_rng(0).integers(0, 256, (6, 4, 5, 1), np.uint8))
    np.testing.assert_allclose(picture_speeds(there), picture_speeds(there[::-1])[::-1])


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_pictures_there_is_no_speed(count: int) -> None:
    speeds = picture_speeds(pictures(*range(count)))
    assert speeds.shape == (0,) and speeds.dtype == np.float32


def test_a_stand_is_where_no_speed_reaches_a_tenth() -> None:
    speeds = floats(1, 0, 0, 1, 0.09, 0.0, 0.05, 0.11, 0)
    assert longest_stand(speeds, mean=1.0, rate=6.0) == pytest.approx(3 / 6)
    assert longest_stand(speeds, mean=1.2, rate=6.0) == pytest.approx(5 / 6)  # 0.11 stands too
    assert longest_stand(floats(1, 1), mean=1.0, rate=6.0) == 0
    assert longest_stand(np.zeros(12, np.float32), mean=1.0, rate=6.0) == 2
    assert longest_stand(floats(), mean=1.0, rate=6.0) == 0


@given(start=st.integers(0, 40), length=st.integers(0, 20), rate=st.floats(1, 60))
def test_a_stand_is_as_long_wherever_it_lies(start: int, length: int, rate: float) -> None:
    speeds = np.ones(60, np.float32)
    speeds[start : start + length] = 0
    assert longest_stand(speeds, 1.0, rate) == pytest.approx(length / rate)


def test_the_slowest_part_is_found() -> None:
    speeds = np.ones(100, np.float32)
    speeds[40:50] = 0.25
    assert slowest_part(speeds) == pytest.approx(0.25)
    assert slowest_part(speeds, parts=1) == pytest.approx(0.925)
    assert slowest_part(floats(3, 2, 1)) == 1  # fewer speeds than parts


def process(seconds: float, seed: int, dimensions: int = 16) -> NDArray[np.float32]:
    """A dance that never repeats itself: smooth noise, alike in all its passages."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(round(seconds * RATE) + 4, dimensions))
    smooth = np.stack([np.convolve(d, np.ones(5) / 5, "valid") for d in noise.T], 1)
    return (0.5 + 0.2 * smooth).astype(np.float32)


def test_a_copy_is_at_distance_0() -> None:
    learned = process(60, seed=0)
    distances = copy_distances(learned[100:300], [learned], RATE)
    assert distances.dtype == np.float32 and len(distances) > 50
    assert distances.max() < 0.02


def test_another_passage_is_at_distance_1() -> None:
    distances = copy_distances(process(40, seed=1), [process(60, seed=0)], RATE)
    assert np.median(distances) == pytest.approx(1, abs=0.1)
    assert 0.7 < distances.min() < distances.max() < 1.4


def test_a_copy_with_small_changes_is_near_and_one_of_half_a_dance_is_seen() -> None:
    learned = process(60, seed=0)
    rng = np.random.default_rng(0)
    shaken = learned[100:300] + 0.01 * rng.standard_normal((200, 16)).astype(np.float32)
    assert np.median(copy_distances(shaken, [learned], RATE)) < 0.3
    half = np.concatenate([learned[100:250], process(20, seed=1)])
    distances = copy_distances(half, [learned], RATE)
    assert 0.3 < (distances < 0.02).mean() < 0.6


@given(scale=st.floats(0.1, 10))
def test_distances_do_not_depend_on_the_unit(scale: float) -> None:
    learned, new = process(20, seed=0), process(10, seed=1)
    plain = copy_distances(new, [learned], RATE)
    scaled = copy_distances(np.float32(scale) * new, [np.float32(scale) * learned], RATE)
    np.testing.assert_allclose(plain, scaled, rtol=0.02)


def test_a_copy_of_any_clip_is_found_but_not_across_their_border() -> None:
    first, second = process(30, seed=0), process(30, seed=1)
    for clip in (first, second):
        assert copy_distances(clip[40:120], [first, second], RATE).max() < 0.02
    across = np.concatenate([first[-7:], second[:1]])
    assert copy_distances(across, [first, second], RATE).min() > 0.1


def test_a_passage_that_another_clip_repeats_makes_the_usual_distance_small() -> None:
    first, new = process(30, seed=0), process(20, seed=1)
    noise = np.random.default_rng(0).standard_normal(first.shape).astype(np.float32)
    alone = np.median(copy_distances(new, [first], RATE))
    repeated = np.median(copy_distances(new, [first, first + 0.01 * noise], RATE))
    assert repeated > 3 * alone


def test_what_is_looked_at_is_decided_by_the_seed() -> None:
    learned, new = process(60, seed=0), process(60, seed=1)
    a, b, c = (copy_distances(new, [learned], RATE, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(a, b) and not np.array_equal(a, c)


@pytest.mark.parametrize(("new", "learned"), [(0.5, 10.0), (10.0, 1.5), (10.0, 0.5)])
def test_dances_that_are_too_short_to_compare_give_no_distance(new: float, learned: float) -> None:
    assert copy_distances(process(new, 1), [process(learned, 0)], RATE).shape == (0,)


def test_the_lines_for_people_hold_every_figure() -> None:
    text = "\n".join(MotionScores(600, 0.91, 0.62, 1.25, 2.5, 0.0123, 0.87, 0.31).lines())
    for figure in ("0.91", "0.62", "1.2 s", "2.5 s", "1.23 %", "0.87", "0.31"):
        assert figure in text
