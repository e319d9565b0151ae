"""Cleaning: outliers, gaps and jitter go, the dance stays."""

from __future__ import annotations

import numpy as np
import pytest
from dancers import dance, moved, without
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dancenow.pose import PoseTrack
from dancenow.pose.body_size import body_height
from dancenow.pose.filters import (
    CleanConfig,
    SmoothConfig,
    clean,
    drop_outliers,
    fill_gaps,
    smooth,
)
from dancenow.pose.layout import INDEX, LEFT_HAND

HEIGHT = 300
WRIST, NOSE = INDEX["left_wrist"], INDEX["nose"]


def dancer(fps: float = 25.0, seconds: float = 4.0) -> PoseTrack:
    """Sways and waves its arms: up to one body height a second."""
    return dance(
        lambda t: 420 + 5 * np.sin(4 * t),
        x=lambda t: 320 + 40 * np.sin(3 * t),
        fps=fps,
        seconds=seconds,
    )


def noisy(track: PoseTrack, amount: float = 0.005, seed: int = 0) -> PoseTrack:
    """The track with white noise; `amount` is its deviation in body heights."""
    noise = np.random.default_rng(seed).normal(0, amount * HEIGHT, track.xy.shape)
    keypoints = track.keypoints.copy()
    keypoints[..., :2] += noise * (track.confidence > 0)[..., None]
    return track.with_keypoints(keypoints)


def error(a: PoseTrack, b: PoseTrack) -> float:
    """Mean distance in body heights, where both are seen."""
    both = (a.confidence > 0) & (b.confidence > 0)
    return float(np.linalg.norm(a.xy - b.xy, axis=-1)[both].mean()) / HEIGHT


def jitter(a: PoseTrack, b: PoseTrack) -> float:
    return float(np.abs(np.diff(a.xy - b.xy, 2, axis=0)).mean()) / HEIGHT


def test_cleaning_brings_noise_closer_to_the_truth_and_calms_it() -> None:
    true = dancer()
    detected = noisy(true)
    cleaned = clean(detected)
    assert error(cleaned, true) < 0.8 * error(detected, true)
    assert jitter(cleaned, true) < 0.4 * jitter(detected, true)


@pytest.mark.parametrize("fps", [24, 60])
def test_smoothing_calms_noise_at_each_frame_rate(fps: float) -> None:
    true = dancer(fps)
    detected = noisy(true)
    result = smooth(detected)
    assert jitter(result, true) < 0.6 * jitter(detected, true)
    assert error(result, true) < 1.1 * error(detected, true)


def test_nothing_lags() -> None:
    """A dance that runs backwards in time is smoothed to the same places."""
    track = noisy(dancer())
    forward = smooth(track).keypoints
    backward = smooth(track.with_keypoints(track.keypoints[::-1])).keypoints[::-1]
    assert forward == pytest.approx(backward, abs=1e-2)


def test_the_peak_of_a_fast_move_stays() -> None:
    """A punch: half a body height there and back in 0.3 s."""
    track = dance(lambda t: 400 + 0 * t)
    t = np.arange(len(track)) / track.fps
    keypoints = track.keypoints.copy()
    keypoints[:, WRIST, 0] += 0.5 * HEIGHT * np.maximum(0, 1 - np.abs(t - 2) / 0.15)
    punch = track.with_keypoints(keypoints)
    reach = np.ptp(punch.xy[:, WRIST, 0])
    assert np.ptp(clean(punch).xy[:, WRIST, 0]) > reach - 0.011 * HEIGHT
    assert np.abs(clean(punch).xy - punch.xy).max() < 0.011 * HEIGHT


@pytest.mark.parametrize("frames", [1, 2])
def test_a_keypoint_that_jumps_away_and_back_is_put_back(frames: int) -> None:
    true = dancer()
    keypoints = true.keypoints.copy()
    keypoints[40 : 40 + frames, WRIST, :2] += 0.4 * HEIGHT
    spoilt = true.with_keypoints(keypoints)
    dropped = drop_outliers(spoilt, 0.25, 0.08).confidence == 0
    assert dropped[40 : 40 + frames, WRIST].all()
    assert dropped.sum() == frames
    assert error(clean(spoilt), true) < 0.002
    assert np.abs(clean(spoilt).xy - true.xy).max() < 0.05 * HEIGHT


def test_a_dance_has_no_outliers() -> None:
    track = dancer()
    assert (drop_outliers(track, 0.25, 0.08).keypoints == track.keypoints).all()


def test_a_step_aside_is_no_outlier() -> None:
    track = dance(lambda t: 400 + 0 * t, x=lambda t: 320 + 90 * (t > 2))
    assert (drop_outliers(track, 0.25, 0.08).keypoints == track.keypoints).all()


@pytest.mark.parametrize(("missing", "filled"), [(1, True), (5, True), (6, False), (30, False)])
def test_gaps_up_to_the_longest_are_filled(missing: int, filled: bool) -> None:
    true = dancer(fps=25)
    holed = without(true, "left_wrist", frames=slice(20, 20 + missing))
    result = fill_gaps(holed, 0.2)
    hole = result.keypoints[20 : 20 + missing, WRIST]
    assert (hole[:, 2] > 0).all() == filled
    assert (hole[:, 2] == 0).all() != filled
    kept = holed.confidence > 0
    assert (result.keypoints[kept] == holed.keypoints[kept]).all()


def test_a_filled_keypoint_lies_between_its_ends_and_is_less_certain() -> None:
    track = dance(lambda t: 400 + 0 * t, x=lambda t: 320 + 50 * t)
    keypoints = track.keypoints.copy()
    keypoints[:20, :, 2] = 0.6
    holed = without(track.with_keypoints(keypoints), "nose", frames=slice(18, 22))
    result = fill_gaps(holed, 0.5).keypoints[18:22, NOSE]
    assert result[:, :2] == pytest.approx(track.xy[18:22, NOSE], abs=1e-3)
    assert result[:, 2] == pytest.approx(0.3)


def test_what_is_missing_at_the_ends_stays_missing() -> None:
    track = without(dancer(), "nose", frames=slice(0, 3))
    track = without(track, "nose", frames=slice(97, 100))
    assert (clean(track).keypoints[[*range(3), *range(97, 100)], NOSE] == 0).all()


def test_a_hand_lost_in_a_fast_move_goes_with_its_arm() -> None:
    true = dancer()
    keypoints = true.keypoints.copy()
    keypoints[30:38, LEFT_HAND] = 0
    result = fill_gaps(true.with_keypoints(keypoints), 0.4)
    assert np.abs(result.xy[:, LEFT_HAND] - true.xy[:, LEFT_HAND]).max() < 0.002 * HEIGHT


def test_uncertain_keypoints_count_as_missing() -> None:
    track = dancer()
    keypoints = track.keypoints.copy()
    keypoints[50:70, WRIST] = 5, 5, 0.05
    result = clean(track.with_keypoints(keypoints), CleanConfig(min_confidence=0.1))
    assert (result.keypoints[50:70, WRIST] == 0).all()


def test_the_less_certain_weighs_less() -> None:
    track = dance(lambda t: 400 + 0 * t)
    keypoints = track.keypoints.copy()
    keypoints[50, NOSE, 0] += 2.0
    config = SmoothConfig(median_window=0)
    sure = smooth(track.with_keypoints(keypoints), config).xy[49, NOSE, 0]
    keypoints[50, NOSE, 2] = 0.2
    unsure = smooth(track.with_keypoints(keypoints), config).xy[49, NOSE, 0]
    assert abs(unsure - track.xy[49, NOSE, 0]) < 0.5 * abs(sure - track.xy[49, NOSE, 0])


def test_smoothing_never_reaches_across_a_gap() -> None:
    track = without(noisy(dancer()), "left_wrist", frames=slice(50, 80))
    elsewhere = track.keypoints.copy()
    elsewhere[80:, WRIST, :2] += 200
    one, other = (smooth(track.with_keypoints(k)) for k in (track.keypoints, elsewhere))
    assert (one.keypoints[:80, WRIST] == other.keypoints[:80, WRIST]).all()
    assert one.xy[80:, WRIST] + 200 == pytest.approx(other.xy[80:, WRIST], abs=1e-2)


def test_straight_motion_and_rest_are_left_alone() -> None:
    for speed in (0.0, 30.0):
        track = dance(lambda t: 400 + 0 * t, x=lambda t, v=speed: 320 + v * t)  # type: ignore[misc]
        result = smooth(track)
        assert np.abs(result.xy - track.xy)[:, :25].max() < 0.011 * HEIGHT
        assert np.abs(result.xy - track.xy)[:, INDEX["neck"]].max() < 0.003 * HEIGHT


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 5), st.floats(-500, 500), st.floats(-500, 500))
def test_cleaning_treats_every_picture_size_alike(scale: float, dx: float, dy: float) -> None:
    track = without(noisy(dancer(seconds=2)), "left_wrist", frames=slice(10, 14))
    there = moved(track, scale, (dx, dy), (1920, 1080))
    expected = moved(clean(track), scale, (dx, dy), (1920, 1080))
    assert clean(there).keypoints == pytest.approx(expected.keypoints, abs=1e-2 * max(scale, 1))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 12), st.integers(0, 10_000))
def test_any_holes_in_a_track_of_any_length_are_survived(length: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    keypoints: NDArray[np.float32] = dancer().keypoints[:length].copy()
    keypoints[random.random(keypoints.shape[:2]) < 0.5] = 0
    track = PoseTrack(keypoints, 25, (640, 480))
    result = clean(track)
    assert np.isfinite(result.keypoints).all()
    assert len(result) == length
    assert (result.keypoints[result.confidence == 0] == 0).all()


def test_a_face_alone_is_cleaned_too() -> None:
    keypoints = noisy(dancer()).keypoints.copy()
    keypoints[:, :25] = 0
    assert np.isfinite(clean(dancer().with_keypoints(keypoints)).keypoints).all()


def test_the_body_is_measured_whatever_the_arms_do() -> None:
    track = dancer()
    height = body_height(track)
    assert height == pytest.approx(HEIGHT, rel=0.05)
    assert np.ptp(height) < 0.01 * HEIGHT


def test_the_body_is_measured_without_legs_or_head_and_unknown_without_a_torso() -> None:
    legs = ("left_knee", "right_knee", "left_ankle", "right_ankle")
    assert body_height(without(dancer(), *legs)) == pytest.approx(HEIGHT, rel=0.1)
    assert body_height(without(dancer(), "nose")) == pytest.approx(HEIGHT, rel=0.1)
    assert np.isnan(body_height(without(dancer(), "mid_hip"))).all()
