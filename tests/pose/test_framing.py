"""Dancers stay in the frame, come in where they come in, and stand on whatever carries them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dancenow.pose.extent import body_extent
from dancenow.pose.framing import keep_in_frame, share_outside
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import BODY, INDEX
from dancenow.pose.legs import share_of_legs, view_above_legs, with_standing_legs
from dancenow.pose.normalize import PoseStatistics, normalize, pose_statistics
from dancenow.pose.retarget import body_shape
from dancenow.pose.track import PoseTrack
from motions import dancing, without

PORTRAIT = PoseStatistics(
    near=600, far=590, middle=595, near_height=250, far_height=250, x=180
)  # of a frame of 360 x 640
HIP = INDEX["mid_hip"]


def in_portrait(track: PoseTrack) -> PoseTrack:
    moved = normalize(track, pose_statistics(track), PORTRAIT, (360, 640))
    return keep_in_frame(moved, track)


def seen(track: PoseTrack) -> np.ndarray:
    return (track.confidence > 0).any(axis=1)


def test_frames_without_a_person_do_not_move_the_dancer(cases: Path) -> None:
    """Black before the dance, a logo after it."""
    whole = PoseTrack.load(cases / "black_before_logo_after_source.npz")
    made = in_portrait(whole)
    alone = in_portrait(whole.with_keypoints(whole.keypoints[seen(whole)]))
    assert_allclose(made.keypoints[seen(whole)], alone.keypoints, atol=0.5)
    extent = body_extent(made)[seen(whole)]
    assert (extent[:, 0] > -5).mean() > 0.95 and (extent[:, 2] < 365).mean() > 0.95


def test_who_comes_in_and_stands_does_not_slide(cases: Path) -> None:
    given = PoseTrack.load(cases / "enters_after_1s_source.npz")
    made = in_portrait(given)
    there = np.flatnonzero(seen(given))
    standing = made.keypoints[there[-10:], HIP, 0]
    assert np.abs(standing - 180).max() < 30
    moved = normalize(given, pose_statistics(given), PORTRAIT, (360, 640))
    assert_allclose(made.keypoints[there, HIP, 0], moved.keypoints[there, HIP, 0], atol=1)
    assert share_outside(made, given) < 0.05


def test_who_walks_across_stays_inside() -> None:
    dance = dancing(seconds=5)
    keypoints = np.where(dance.confidence[..., None] > 0, dance.keypoints, 0.0).copy()
    keypoints[..., 0] += np.linspace(0, 400, len(dance))[:, None] * (dance.confidence > 0)
    wide = PoseTrack(keypoints.astype(np.float32), dance.fps, (600, 120))
    made = in_portrait(wide)
    assert share_outside(made, wide) < 0.05


def turned_over(track: PoseTrack) -> PoseTrack:
    keypoints = track.keypoints.copy()
    keypoints[..., 1] = track.size[1] - keypoints[..., 1]
    keypoints[..., :2] *= keypoints[..., 2:] > 0
    return track.with_keypoints(keypoints)


def test_upside_down_the_head_is_on_the_ground() -> None:
    dance = dancing(seconds=3)
    made = in_portrait(turned_over(dance))
    bottom = body_extent(made)[:, 3]
    assert np.median(np.abs(bottom - 610)) < 20
    assert share_outside(made, dance) == 0


def test_a_handstand_in_a_dance_stays_in_the_frame() -> None:
    dance = dancing(seconds=6)
    keypoints = dance.keypoints.copy()
    keypoints[40:100] = turned_over(dance).keypoints[40:100]
    made = in_portrait(dance.with_keypoints(keypoints))
    assert body_extent(made)[:, 3].max() < 640 * 1.04


def test_a_jump_is_no_handstand_and_arms_may_hang_down() -> None:
    dance = dancing(seconds=3)
    keypoints = dance.keypoints.copy()
    keypoints[20:26, :, 1] -= 15 * (keypoints[20:26, :, 2] > 0)
    jumping = find_ground(dance.with_keypoints(keypoints)).ankle
    assert_allclose(jumping, find_ground(dance).ankle, atol=4)
    low = without(dance)
    low.keypoints[:, INDEX["left_wrist"], 1] = low.keypoints[:, INDEX["left_ankle"], 1] + 6
    assert_allclose(find_ground(low).ankle, find_ground(dance).ankle, atol=1e-6)


def test_a_body_that_hangs_out_at_the_bottom_is_raised() -> None:
    track = in_portrait(dancing(seconds=5))
    keypoints = track.keypoints.copy()
    keypoints[30:50, :, 1] += 200 * (keypoints[30:50, :, 2] > 0)
    raised = keep_in_frame(track.with_keypoints(keypoints))
    assert body_extent(raised)[30:50, 3].max() < 640 * 1.05
    assert_allclose(raised.keypoints[-20:], track.keypoints[-20:], atol=0.05)


def test_a_body_that_is_meant_to_be_cut_off_is_not_raised() -> None:
    track = in_portrait(dancing(seconds=3))
    keypoints = track.keypoints.copy()
    keypoints[..., 1] += 200 * (keypoints[..., 2] > 0)
    low = track.with_keypoints(keypoints)
    assert_allclose(keep_in_frame(low).keypoints, low.keypoints, atol=0.05)


# Legs

LOW = tuple(
    INDEX[f"{side}_{part}"]
    for side in ("left", "right")
    for part in ("knee", "ankle", "heel", "big_toe", "small_toe")
)


def test_hidden_legs_stand_still_below_the_hips() -> None:
    dance = dancing(seconds=3)
    cut = without(dance, *LOW)
    assert share_of_legs(dance) == 1 and share_of_legs(cut) == 0
    made = with_standing_legs(cut)
    ankles = made.keypoints[:, [INDEX["left_ankle"], INDEX["right_ankle"]]]
    assert (ankles[..., 2] > 0).all() and np.ptp(ankles[..., 1]) == 0
    truth = dance.keypoints[:, INDEX["left_ankle"], 1]
    assert abs(np.median(ankles[..., 1]) - np.median(truth)) < 8  # of a body of about 80 px
    assert_array_equal(made.keypoints[:, 0], dance.keypoints[:, 0])


def test_legs_that_are_seen_mostly_are_left_alone() -> None:
    dance = dancing(seconds=3)
    hidden = without(dance, *LOW, frames=slice(0, 20))
    assert with_standing_legs(hidden) is hidden


def test_a_view_can_end_where_the_source_does() -> None:
    dance = dancing(seconds=3)
    line = float(np.median(dance.keypoints[:, HIP, 1]))  # the source is cut at the hips
    source = replace(without(dance, *LOW), size=(160, round(line)))
    moved = normalize(source, pose_statistics(source), PORTRAIT, (360, 640))
    view = view_above_legs(moved, source)
    hips = moved.keypoints[:, HIP, 1] * view[1, 1] + view[1, 2]
    assert abs(np.median(hips) - 640) < 15
    assert 1 < view[0, 0] == view[1, 1] <= 3
    assert view[0, 0] * 0 + view[0, 2] <= 0 <= view[0, 0] * 360 + view[0, 2] - 360


# Proportions


def test_limbs_that_point_at_the_camera_are_not_short(cases: Path) -> None:
    shape = body_shape(PoseTrack.load(cases / "both_arms_foreshortened.npz")).limbs
    usual = body_shape(dancing("mika", "disco", seconds=10)).limbs
    for limb in ("upper_arm", "forearm"):
        assert shape[limb] > 0.65 * usual[limb]


@pytest.mark.parametrize("dancer", ["mika", "zola", "bo", "lin"])
def test_the_usual_proportions_hold_for_usual_people(dancer: str) -> None:
    track = dancing(dancer, "disco", seconds=10)
    assert (track.confidence[:, BODY] > 0).any()
    shape = body_shape(track).limbs
    assert 0.1 < shape["upper_arm"] < 0.25 and 0.2 < shape["thigh"] < 0.32
