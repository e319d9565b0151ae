"""Poses from a camera: held for a moment, and moved to the target without looking ahead."""

from __future__ import annotations

import numpy as np
import pytest
from dancers import dance, moved, without
from numpy.typing import NDArray

from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX, NUM_KEYPOINTS
from dancenow.pose.normalize import PoseStatistics, normalize, pose_statistics
from dancenow.pose.online import OnlineCleaner, OnlineNormalizer
from dancenow.sample import DANCES, dance_track

Keypoints = NDArray[np.float32]

FPS = 15.0
WRIST, HIP = INDEX["left_wrist"], INDEX["mid_hip"]
BODY = slice(0, 25)


@pytest.fixture(scope="module")
def poses() -> Keypoints:
    return dance_track("mika", "groove", seconds=2, fps=FPS).keypoints


def lost(pose: Keypoints, *keypoints: int) -> Keypoints:
    pose = pose.copy()
    pose[list(keypoints)] = 0
    return pose


# --- Cleaning ------------------------------------------------------------------------------------


def test_what_is_seen_passes_at_once(poses: Keypoints) -> None:
    cleaner = OnlineCleaner()
    for index, pose in enumerate(poses):
        cleaned = cleaner.add(pose, index / FPS)
        assert cleaned.shape == (NUM_KEYPOINTS, 3) and cleaned.dtype == np.float32
        np.testing.assert_array_equal(cleaned, pose)


def test_a_keypoint_that_flickers_is_held_for_a_moment(poses: Keypoints) -> None:
    cleaner = OnlineCleaner()
    cleaner.add(poses[0], 10.0)
    for seconds in (10.05, 10.1, 10.19):
        cleaned = cleaner.add(lost(poses[1], WRIST), seconds)
        np.testing.assert_array_equal(cleaned[WRIST, :2], poses[0, WRIST, :2])
        assert cleaned[WRIST, 2] == pytest.approx(0.5 * poses[0, WRIST, 2])
        np.testing.assert_array_equal(np.delete(cleaned, WRIST, 0), np.delete(poses[1], WRIST, 0))
    assert cleaner.add(lost(poses[1], WRIST), 10.25)[WRIST, 2] == 0
    np.testing.assert_array_equal(cleaner.add(poses[2], 10.3), poses[2])


def test_where_nobody_is_found_the_last_pose_is_held_as_long(poses: Keypoints) -> None:
    cleaner = OnlineCleaner()
    assert (cleaner.add(None, 0.0)[:, 2] == 0).all()
    cleaner.add(poses[0], 0.1)
    held = cleaner.add(None, 0.2)
    np.testing.assert_array_equal(held[:, :2], poses[0, :, :2])
    np.testing.assert_allclose(held[:, 2], 0.5 * poses[0, :, 2])
    assert (cleaner.add(None, 0.4)[:, 2] == 0).all()


def test_what_was_never_seen_stays_missing(poses: Keypoints) -> None:
    cleaner = OnlineCleaner()
    for index in range(5):
        assert cleaner.add(lost(poses[index], WRIST), 0.01 * index)[WRIST, 2] == 0


def test_poses_that_were_given_or_taken_are_not_touched(poses: Keypoints) -> None:
    cleaner, first = OnlineCleaner(), poses[0].copy()
    taken = cleaner.add(first, 0.0)
    taken[:] = -1
    cleaner.add(lost(poses[1], WRIST), 0.05)
    np.testing.assert_array_equal(first, poses[0])
    np.testing.assert_array_equal(cleaner.add(None, 0.1)[WRIST, :2], poses[0, WRIST, :2])


# --- Normalising ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def target() -> PoseStatistics:
    return pose_statistics(dance_track("zola", "house", seconds=4, size=(320, 240), fps=FPS))


def normalizer(track: PoseTrack, target: PoseStatistics) -> OnlineNormalizer:
    return OnlineNormalizer(track.size, track.fps, target, (320, 240))


def test_nothing_is_shown_before_a_few_poses_were_seen(
    poses: Keypoints, target: PoseStatistics
) -> None:
    live = OnlineNormalizer((256, 256), FPS, target, (320, 240))
    shown = [live.add(pose) is not None for pose in poses[:12]]
    assert shown == [False] * 7 + [True] * 5


def test_poses_without_a_body_show_nothing_and_do_not_count(
    poses: Keypoints, target: PoseStatistics
) -> None:
    live = OnlineNormalizer((256, 256), FPS, target, (320, 240))
    face = lost(poses[0], *range(25))
    assert all(live.add(face) is None for _ in range(20))
    shown = [live.add(pose) is not None for pose in poses[:12]]
    assert shown == [False] * 7 + [True] * 5
    assert live.add(face) is None and live.add(poses[12]) is not None


def test_without_a_torso_nothing_is_shown_until_one_is_seen(
    poses: Keypoints, target: PoseStatistics
) -> None:
    live = OnlineNormalizer((256, 256), FPS, target, (320, 240))
    assert all(live.add(lost(pose, INDEX["neck"], HIP)) is None for pose in poses[:12])
    assert [live.add(pose) for pose in poses[12:20]][-1] is not None


@pytest.mark.parametrize("name", DANCES)
def test_it_comes_near_what_is_known_afterwards(name: str, target: PoseStatistics) -> None:
    track = dance_track("mika", name, seconds=4, fps=FPS)
    known = normalize(track, pose_statistics(track), target, (320, 240)).keypoints[30:, BODY]
    live = normalizer(track, target)
    found = [live.add(pose) for pose in track.keypoints][30:]
    made = np.stack([pose[BODY] for pose in found if pose is not None])
    assert made.shape == known.shape and np.array_equal(made[..., 2], known[..., 2])
    here, there = (each[..., :2] - each[:, [HIP], :2] for each in (made, known))
    height = target.middle_height
    assert np.linalg.norm(here - there, axis=-1).max() < 0.02 * height
    # Who wanders later cannot be known to: the place is that of the first seconds.
    assert np.linalg.norm(made[:, HIP, :2] - known[:, HIP, :2], axis=-1).max() < 0.1 * height


def test_a_dancer_like_the_target_stays_where_they_are() -> None:
    track = dance(lambda t: 400 + 0 * t, seconds=3, fps=FPS)
    live = OnlineNormalizer(track.size, FPS, pose_statistics(track), track.size)
    for pose in track.keypoints:
        made = live.add(pose)
        assert made is None or np.abs(made - pose).max() < 0.5


def test_the_place_is_measured_in_two_seconds_and_then_kept(target: PoseStatistics) -> None:
    track = dance(lambda t: 400 + 0 * t, seconds=4, fps=FPS)
    # Somebody who comes much nearer, and further to the right, than ever before.
    near = moved(track, 1.4, (90, -120), track.size)
    live = normalizer(track, target)
    for pose in track.keypoints[:30]:
        before = live.add(pose)
    for pose in near.keypoints[30:]:
        away = live.add(pose)
    for pose in track.keypoints[:30]:
        after = live.add(pose)
    assert before is not None and away is not None and after is not None
    np.testing.assert_allclose(after, before, atol=0.1)
    scale = target.middle_height / pose_statistics(track).middle_height
    shift = scale * (near.xy[-1, HIP, 0] - track.xy[-1, HIP, 0])
    assert shift > 40 and away[HIP, 0] - before[HIP, 0] == pytest.approx(shift, abs=1)


def test_in_the_first_seconds_the_place_follows(target: PoseStatistics) -> None:
    track = dance(
        lambda t: 400 + 0 * t, x=lambda t: np.where(t > 0.6, 300.0, 200.0), seconds=2, fps=FPS
    )
    live = normalizer(track, target)
    *_, last = (live.add(pose) for pose in track.keypoints)
    assert last is not None and last[HIP, 0] == pytest.approx(target.x, abs=1)


def test_missing_keypoints_stay_missing(target: PoseStatistics) -> None:
    track = without(dance(lambda t: 400 + 0 * t, seconds=2, fps=FPS), "left_wrist", "nose")
    live = normalizer(track, target)
    *_, last = (live.add(pose) for pose in track.keypoints)
    assert last is not None
    np.testing.assert_array_equal(last[:, 2], track.confidence[-1])
    assert (last[[WRIST, INDEX["nose"]]] == 0).all()
