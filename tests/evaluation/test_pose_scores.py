"""Pose scores against values computed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.evaluation import pose_scores
from dancenow.pose import PoseTrack
from dancenow.pose.layout import BODY, FACE, LEFT_HAND
from dancenow.sample import dance_track


@pytest.fixture
def truth() -> PoseTrack:
    """A dance with every keypoint seen."""
    track = dance_track("zola", "groove", seconds=1, size=128, fps=10)
    keypoints = track.keypoints.copy()
    keypoints[..., 2] = 1
    return track.with_keypoints(keypoints)


def test_a_track_against_itself_is_perfect(truth: PoseTrack) -> None:
    scores = pose_scores(truth, truth)
    assert scores.distance_px == scores.distance_percent == {"body": 0, "face": 0, "hands": 0}
    assert scores.missed == 0


def test_a_shift_is_the_distance_in_px_and_in_percent_of_the_height(truth: PoseTrack) -> None:
    keypoints = truth.keypoints.copy()
    keypoints[:, BODY, :2] += (3, 4)
    keypoints[:, LEFT_HAND, 0] += 2  # one hand of two
    scores = pose_scores(truth.with_keypoints(keypoints), truth)
    assert scores.distance_px == {
        "body": pytest.approx(5, abs=1e-3),
        "face": 0,
        "hands": pytest.approx(1, abs=1e-3),
    }
    heights = truth.xy[..., 1].max(axis=1) - truth.xy[..., 1].min(axis=1)
    percent = scores.distance_percent["body"]
    assert percent == pytest.approx(100 * 5 / np.percentile(heights, 95), rel=1e-3)


def test_only_keypoints_that_both_see_are_compared(truth: PoseTrack) -> None:
    keypoints = truth.keypoints.copy()
    keypoints[:, 0] = (1000, 1000, 0)
    keypoints[:, FACE, 2] = 0
    scores = pose_scores(truth.with_keypoints(keypoints), truth)
    assert scores.distance_px == {"body": 0, "face": None, "hands": 0}
    assert scores.distance_percent["face"] is None


def test_missed_counts_the_frames_in_which_the_true_person_is_not_found(truth: PoseTrack) -> None:
    lost, absent = truth.keypoints.copy(), truth.keypoints.copy()
    lost[[2, 3, 5]] = 0
    absent[[5, 6]] = 0
    assert pose_scores(truth.with_keypoints(lost), truth).missed == pytest.approx(3 / 10)
    # In frame 5 nobody is there to be missed; a person found in frame 6 is no miss either.
    scores = pose_scores(truth.with_keypoints(lost), truth.with_keypoints(absent))
    assert scores.missed == pytest.approx(2 / 8)


def test_a_longer_track_is_compared_over_the_common_length(truth: PoseTrack) -> None:
    assert pose_scores(truth[:4], truth).distance_px["body"] == 0
    assert pose_scores(truth, truth[:4]).missed == 0


def test_tracks_that_cannot_be_compared_are_refused(truth: PoseTrack) -> None:
    with pytest.raises(ValueError, match="different frame sizes"):
        pose_scores(replace(truth, size=(64, 64)), truth)
    nobody = truth.with_keypoints(np.zeros_like(truth.keypoints))
    with pytest.raises(InputError, match="whole body"):
        pose_scores(truth, nobody)
    assert pose_scores(nobody, truth).missed == 1


def test_missed_keypoints_are_counted_before_gaps_were_filled(truth: PoseTrack) -> None:
    keypoints = truth.keypoints.copy()
    keypoints[::2, FACE, 2] = 0  # in every other frame
    detected = truth.with_keypoints(keypoints)
    scores = pose_scores(truth, truth, detected)
    assert scores.missed_keypoints == {"body": 0, "face": pytest.approx(35), "hands": 0}
    assert pose_scores(truth, truth).missed_keypoints == {"body": 0, "face": 0, "hands": 0}
