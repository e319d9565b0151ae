"""Feet that stand, slide, lift and jump, by known amounts."""

from __future__ import annotations

import numpy as np
import pytest
from dancers import dance, moved, without
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.pose.body_size import body_height
from dancenow.pose.feet import SIDES, find_feet
from dancenow.pose.layout import INDEX

pytestmark = pytest.mark.filterwarnings("error")

LEFT, RIGHT = 0, 1


def inner(track: PoseTrack) -> slice:
    """Frames away from the ends, where smoothing bends."""
    return slice(round(0.25 * track.fps), -round(0.25 * track.fps))


def on_ground(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return 400 + 0 * t


def height_of(track: PoseTrack) -> float:
    return float(np.median(body_height(track)))


def with_foot(track: PoseTrack, side: str, by: tuple[float, float], frames: slice) -> PoseTrack:
    """One foot elsewhere, by px."""
    keypoints = track.keypoints.copy()
    for part in ("ankle", "heel", "big_toe", "small_toe"):
        keypoints[frames, INDEX[f"{side}_{part}"], :2] += by
    return track.with_keypoints(keypoints)


def test_feet_that_stand_are_on_the_ground_and_do_not_move() -> None:
    track = dance(on_ground)
    feet = find_feet(track)
    assert feet.height.shape == feet.speed.shape == feet.standing.shape == (len(track), 2)
    assert feet.standing.all()
    np.testing.assert_allclose(feet.height, 0, atol=1e-4)
    np.testing.assert_allclose(feet.speed, 0, atol=1e-4)


@pytest.mark.parametrize("speed", [-90.0, 30.0])
@pytest.mark.parametrize("fps", [12.5, 25.0, 60.0])
def test_a_body_that_slides_is_as_fast_as_it_slides(speed: float, fps: float) -> None:
    track = dance(on_ground, x=lambda t: 320 + speed * t, seconds=2, fps=fps)
    feet = find_feet(track)
    assert feet.standing.all()
    np.testing.assert_allclose(feet.speed[inner(track)], abs(speed) / height_of(track), rtol=1e-3)


def test_the_foot_that_slides_is_told_from_the_one_that_stands() -> None:
    track = dance(on_ground, seconds=2, fps=25)
    keypoints = track.keypoints.copy()
    for part in ("ankle", "heel", "big_toe"):
        keypoints[:, INDEX[f"left_{part}"], 0] += 20 * np.arange(len(track)) / track.fps
    slid = track.with_keypoints(keypoints)
    feet = find_feet(slid)
    np.testing.assert_allclose(feet.speed[inner(slid), LEFT], 20 / height_of(slid), rtol=1e-3)
    np.testing.assert_allclose(feet.speed[:, RIGHT], 0, atol=1e-4)


@pytest.mark.parametrize("side", SIDES)
def test_a_raised_foot_does_not_stand(side: str) -> None:
    raised = slice(40, 60)
    track = with_foot(dance(on_ground), side, (0, -30), raised)
    feet, number = find_feet(track), SIDES.index(side)
    assert not feet.standing[raised, number].any()
    assert feet.standing[:40, number].all() and feet.standing[60:, number].all()
    assert feet.standing[:, 1 - number].all()
    middle = slice(45, 55)  # the ground is smoothed a little over the ends
    np.testing.assert_allclose(feet.height[middle, number], 30 / height_of(track), atol=0.005)


def test_a_foot_hardly_raised_still_stands() -> None:
    track = dance(on_ground)
    hardly = 0.02 * height_of(track)
    feet = find_feet(with_foot(track, "left", (0, -hardly), slice(40, 60)))
    assert feet.standing.all()


def test_no_foot_stands_in_a_jump() -> None:
    def lift(t: NDArray[np.float64]) -> NDArray[np.float64]:
        return 60 * np.maximum(0, 1 - ((t - 2) / 0.25) ** 2)

    track = dance(on_ground, lift=lift)
    feet = find_feet(track)
    t = np.arange(len(track)) / track.fps
    high = lift(t) > 0.05 * height_of(track)
    assert high.sum() > 5
    assert not feet.standing[high].any()
    assert feet.standing[np.abs(t - 2) > 0.5].all()


@pytest.mark.parametrize("hidden", ["left_big_toe", "left_heel"])
def test_a_part_that_is_seen_now_and_then_does_not_move_the_foot(hidden: str) -> None:
    track = without(dance(on_ground), hidden, frames=slice(0, None, 2))
    track = without(track, hidden, frames=slice(30, 50))
    feet = find_feet(track)
    assert feet.standing.all()
    np.testing.assert_allclose(feet.speed, 0, atol=1e-4)


def test_without_toe_and_heel_the_ankle_tells() -> None:
    track = dance(on_ground, x=lambda t: 320 + 40 * t, seconds=2)
    bare = without(track, *(f"{s}_{part}" for s in SIDES for part in ("big_toe", "heel")))
    speed = find_feet(bare).speed[inner(bare)]
    np.testing.assert_allclose(speed, 40 / height_of(track), rtol=1e-3)


def test_a_foot_that_is_not_seen_stands_nowhere() -> None:
    gone = slice(20, 30)
    feet = find_feet(without(dance(on_ground), "left_ankle", frames=gone))
    assert np.isnan(feet.height[gone, LEFT]).all() and np.isnan(feet.speed[gone, LEFT]).all()
    assert not feet.standing[gone, LEFT].any()
    assert feet.standing[:20].all() and feet.standing[30:].all()
    assert feet.standing[:, RIGHT].all() and np.isfinite(feet.speed[:, RIGHT]).all()


def test_a_foot_that_is_never_seen_stands_nowhere() -> None:
    feet = find_feet(without(dance(on_ground), "right_ankle", "right_heel", "right_big_toe"))
    assert not feet.standing[:, RIGHT].any()
    assert np.isnan(feet.speed[:, RIGHT]).all()
    assert feet.standing[:, LEFT].all()


def test_a_single_frame_stands_still() -> None:
    feet = find_feet(dance(on_ground)[:1])
    assert feet.standing.all()
    np.testing.assert_array_equal(feet.speed, 0)


def test_size_and_place_in_the_picture_do_not_matter() -> None:
    track = with_foot(
        dance(on_ground, x=lambda t: 320 + 50 * np.sin(3 * t)), "left", (0, -30), slice(40, 60)
    )
    here, there = find_feet(track), find_feet(moved(track, 2.5, (-70, 40), (1600, 1200)))
    np.testing.assert_array_equal(there.standing, here.standing)
    np.testing.assert_allclose(there.speed, here.speed, atol=1e-3)
    np.testing.assert_allclose(there.height, here.height, atol=1e-4)


def test_a_mirror_swaps_the_feet() -> None:
    track = with_foot(
        dance(on_ground, x=lambda t: 320 + 50 * np.sin(3 * t)), "left", (0, -30), slice(40, 60)
    )
    feet, mirrored = find_feet(track), find_feet(track.mirror())
    np.testing.assert_array_equal(mirrored.standing, feet.standing[:, ::-1])
    np.testing.assert_allclose(mirrored.speed, feet.speed[:, ::-1], atol=1e-3)


def test_without_frames_or_body_one_line_says_so() -> None:
    track = dance(on_ground)
    with pytest.raises(InputError, match="no frames"):
        find_feet(track[:0])
    with pytest.raises(InputError, match="shoulders and hips are never seen"):
        find_feet(without(track, "neck"))
