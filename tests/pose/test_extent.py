"""The box around a person, the person's height, and staying inside the frame."""

from __future__ import annotations

import numpy as np
import pytest
from dancers import dance, standing, without
from hypothesis import given
from hypothesis import strategies as st

from dancenow.errors import InputError
from dancenow.pose.extent import body_extent, standing_height
from dancenow.pose.framing import keep_in_frame
from dancenow.pose.layout import CERTAIN, INDEX


def test_the_box_is_that_of_the_keypoints_that_are_seen() -> None:
    track = dance(lambda t: 400 + 0 * t)
    box = body_extent(track)
    assert box.shape == (len(track), 4) and box.dtype == np.float32
    assert np.array_equal(box[:, :2], track.xy.min(axis=1))
    assert np.array_equal(box[:, 2:], track.xy.max(axis=1))
    keypoints = track.keypoints.copy()
    keypoints[:, INDEX["nose"]] = (-500, -500, CERTAIN - 0.01)
    assert np.array_equal(body_extent(track.with_keypoints(keypoints))[:, 2:], box[:, 2:])
    assert body_extent(track.with_keypoints(keypoints))[:, 0].min() > 0


def test_a_frame_with_hardly_a_keypoint_has_no_box() -> None:
    track = dance(lambda t: 400 + 0 * t)
    keypoints = track.keypoints.copy()
    keypoints[3, 4:, 2] = 0  # four are left
    keypoints[4] = 0
    box = body_extent(track.with_keypoints(keypoints))
    assert np.isnan(box[3:5]).all() and np.isfinite(np.delete(box, [3, 4], axis=0)).all()


def test_the_standing_height_is_not_that_of_a_crouch() -> None:
    body = standing()
    tall = np.ptp(body[:, 1]) * 200
    track = dance(lambda t: 400 + 0 * t, height=lambda t: np.where(t < 3, 100.0, 200.0))
    assert standing_height(track) == pytest.approx(tall, rel=0.15)


def test_a_track_without_a_person_has_no_height() -> None:
    track = dance(lambda t: 400 + 0 * t)
    with pytest.raises(InputError, match="whole body must be visible"):
        standing_height(track.with_keypoints(np.zeros_like(track.keypoints)))


@given(
    distance=st.floats(-400, 400), start=st.floats(150, 450), seconds=st.sampled_from([2.0, 6.0])
)
def test_a_walk_stays_in_the_frame_and_keeps_its_dancing(
    distance: float, start: float, seconds: float
) -> None:
    track = dance(
        lambda t: 400 + 0 * t, x=lambda t: start + distance * t / seconds, seconds=seconds
    )
    kept = keep_in_frame(track)
    box = body_extent(kept)
    # The path's middle must leave room for the body itself: nothing else is promised.
    middle = np.median(track.keypoints[:, INDEX["mid_hip"], 0])
    if 150 < middle < 490:
        outside = (box[:, 0] < -1) | (box[:, 2] > 641)
        assert outside.mean() <= 0.05
    assert np.array_equal(kept.keypoints[..., 1:], track.keypoints[..., 1:])
    # Every body keeps its shape: all of its keypoints move by the same amount.
    shift = kept.xy[..., 0] - track.xy[..., 0]
    assert np.ptp(shift, axis=1).max() < 1e-2
    # The travel is only ever shortened.
    hips = [one.keypoints[:, INDEX["mid_hip"], 0] for one in (kept, track)]
    assert np.ptp(hips[0]) <= np.ptp(hips[1]) + 1e-2


def test_a_dance_that_fits_is_left_as_it_is() -> None:
    track = dance(lambda t: 400 + 0 * t, x=lambda t: 320 + 60 * np.sin(t))
    assert keep_in_frame(track) is track


def test_nobody_and_no_hips_are_left_as_they_are() -> None:
    track = dance(lambda t: 400 + 0 * t, x=lambda t: 900 * t)
    no_hips = without(track, "mid_hip")
    assert keep_in_frame(no_hips) is no_hips
    nobody = track.with_keypoints(np.zeros_like(track.keypoints))
    assert keep_in_frame(nobody) is nobody
