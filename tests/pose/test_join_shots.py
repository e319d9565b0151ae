"""An edited clip is one dance: shots are placed alike, and a cut is no other person."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from dancenow.pose.layout import INDEX
from dancenow.pose.shots import join_shots, shots_of
from dancenow.pose.track import FloatArray
from dancenow.pose.tracking import track_people
from motions import dancing

HIP = INDEX["mid_hip"]


def edited() -> tuple[FloatArray, list[int]]:
    """A dance filmed whole, then from nearer and further left, then a title, then whole again."""
    keypoints = dancing(seconds=6).keypoints.copy()
    seen = keypoints[40:80, :, 2:] > 0
    keypoints[40:80, :, :2] = np.where(seen, keypoints[40:80, :, :2] * 1.6 - [70, 40], 0)
    keypoints[80:90] = 0
    return keypoints, [40, 80, 90]


def test_shots_are_between_cuts() -> None:
    assert shots_of([3, 5], 9) == [slice(0, 3), slice(3, 5), slice(5, 9)]
    assert shots_of([], 4) == [slice(0, 4)] and shots_of([4], 4) == [slice(0, 4)]


def test_shots_show_the_dancer_in_one_place_and_as_large() -> None:
    dance = dancing(seconds=6)
    keypoints, cuts = edited()
    joined = join_shots(dance.with_keypoints(keypoints), cuts).keypoints
    near = joined[40:80, [HIP, INDEX["neck"]], 1]
    true = dance.keypoints[40:80, [HIP, INDEX["neck"]], 1]
    assert np.abs(near - true).max() < 6  # of a body of 80 px; they were up to 40 off
    assert np.abs(joined[40:80, HIP, 0] - dance.keypoints[40:80, HIP, 0]).max() < 12
    assert (joined[80:90] == 0).all()
    assert_array_equal(joined[:40], dance.keypoints[:40])


def test_a_clip_of_one_shot_is_left_alone() -> None:
    dance = dancing(seconds=2)
    assert join_shots(dance, []) is dance
    nobody = dance.with_keypoints(np.zeros_like(dance.keypoints))
    assert join_shots(nobody, [10]) is nobody


@pytest.mark.parametrize("told", [True, False])
def test_a_cut_is_no_other_person(told: bool) -> None:
    """Without knowing of the cut, the nearer shot would be somebody else."""
    keypoints, cuts = edited()
    keypoints[40:80, :, 0] += 400 * (keypoints[40:80, :, 2] > 0)
    candidates = [[pose] if (pose[:, 2] > 0).any() else [] for pose in keypoints]
    people = track_people(candidates, (800, 400), cuts=cuts if told else ())
    assert len(people) == (1 if told else 2)
    if told:
        assert_array_equal(people[0].keypoints, keypoints)
