"""Joining poses with optical flow: keypoints move as the picture does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.testing import assert_array_equal

from dancenow.pose.flow_fusion import flow_height, join_with_flow, measure_flow
from dancenow.pose.layout import INDEX, NUM_KEYPOINTS
from dancenow.pose.track import FloatArray, PoseTrack

SIZE = (320, 360)
FRAMES = 30
LOST = INDEX["right_wrist"]


def dancer() -> FloatArray:
    """A person 200 pixels high, standing; `(137, 3)`."""
    keypoints = np.zeros((NUM_KEYPOINTS, 3), np.float32)
    for name, x, y in (
        ("nose", 0, 20), ("neck", 0, 45), ("mid_hip", 0, 110),
        ("left_shoulder", 20, 45), ("right_shoulder", -20, 45),
        ("left_elbow", 35, 75), ("left_wrist", 45, 105),
        ("left_hip", 12, 110), ("right_hip", -12, 110),
        ("left_knee", 14, 155), ("right_knee", -14, 155),
        ("left_ankle", 15, 200), ("right_ankle", -15, 200),
    ):  # fmt: skip
        keypoints[INDEX[name]] = 130 + x, 90 + y, 0.9
    return keypoints


def walk() -> PoseTrack:
    """The dancer, moved along a curve as a whole."""
    time = np.arange(FRAMES) / FRAMES
    keypoints = np.stack([dancer()] * FRAMES)
    keypoints[..., 0] += (40 * np.sin(2 * np.pi * time))[:, None]
    keypoints[..., 1] += (12 * np.cos(4 * np.pi * time))[:, None]
    keypoints[keypoints[..., 2] == 0] = 0
    return PoseTrack(keypoints, 25.0, SIZE)


def joined_with(track: PoseTrack, frames: Iterable[np.ndarray]) -> PoseTrack:
    """The track, joined with the flow in its frames."""
    heights = np.full(len(track) - 1, flow_height(track))
    return join_with_flow(track, measure_flow(track.keypoints, heights, frames))


def film(track: PoseTrack) -> Iterator[np.ndarray]:
    """A patterned picture that moves with the track before a still room."""
    rng = np.random.default_rng(0)
    pattern, room = (
        cv2.GaussianBlur(rng.integers(0, 256, (*SIZE[::-1], 3), np.uint8), (0, 0), 2.0)
        for _ in range(2)
    )
    person = np.zeros(SIZE[::-1], np.uint8)
    person[90:310, 80:190] = 255
    start = dancer()[INDEX["nose"], :2]
    for keypoints in track.keypoints:
        shift = keypoints[INDEX["nose"], :2] - start
        motion = np.float32([[1, 0, shift[0]], [0, 1, shift[1]]])
        moved, there = (cv2.warpAffine(each, motion, SIZE) for each in (pattern, person))
        yield np.where(there[..., None] > 127, moved, room)


def with_errors(track: PoseTrack) -> PoseTrack:
    """As a detector errs: by 2 % of the height, alike in frames that follow each other."""
    noise = np.random.default_rng(1).normal(0, 1, (*track.xy.shape,))
    noise = cv2.GaussianBlur(noise.reshape(len(track), -1), (1, 0), sigmaX=1e-3, sigmaY=0.6)
    keypoints = track.keypoints.copy()
    keypoints[..., :2] += (4 * noise / noise.std()).reshape(track.xy.shape)
    keypoints[track.confidence == 0] = 0
    return track.with_keypoints(keypoints)


def error(track: PoseTrack, true: PoseTrack) -> float:
    seen = true.confidence > 0
    return float(np.linalg.norm(track.xy - true.xy, axis=-1)[seen].mean())


def test_errors_shrink_and_the_truth_stays():
    true = walk()
    found = with_errors(true)
    joined = joined_with(found, film(true))
    assert error(joined, true) < 0.8 * error(found, true)
    assert error(joined_with(true, film(true)), true) < 0.3


def test_a_detection_gone_astray_hardly_counts():
    true = walk()
    keypoints = true.keypoints.copy()
    keypoints[12, INDEX["left_wrist"], 0] += 40
    joined = joined_with(true.with_keypoints(keypoints), film(true))
    astray = joined.xy[12, INDEX["left_wrist"]] - true.xy[12, INDEX["left_wrist"]]
    assert np.linalg.norm(astray) < 4


def test_what_is_missing_stays_missing():
    true = walk()
    keypoints = true.keypoints.copy()
    keypoints[10:14, INDEX["left_knee"]] = 0
    joined = joined_with(true.with_keypoints(keypoints), film(true))
    assert_array_equal(joined.keypoints[10:14, INDEX["left_knee"]], 0)
    assert_array_equal(joined.keypoints[:, LOST], 0)
    assert_array_equal(joined.confidence, keypoints[..., 2])


def test_a_gap_in_the_pictures_is_no_motion():
    """Where the room alone can be seen, its stillness does not hold the keypoints back."""
    true = walk()
    (room,) = list(film(true[:1]))
    joined = joined_with(true, (room for _ in range(FRAMES)))
    assert error(joined, true) < 2.5


def test_beyond_the_picture_there_is_no_flow():
    """The still border of a picture does not hold a foot that is cut off."""
    true = walk()
    keypoints = true.keypoints.copy()
    keypoints[:, INDEX["left_ankle"], 1] += 500
    joined = joined_with(true.with_keypoints(keypoints), film(true))
    ankle = joined.xy[:, INDEX["left_ankle"]] - keypoints[:, INDEX["left_ankle"], :2]
    assert np.abs(ankle).max() < 1e-3


def test_a_close_up_is_smoothed():
    keypoints = np.zeros((20, NUM_KEYPOINTS, 3), np.float32)
    keypoints[:, INDEX["nose"]] = 100, 100, 0.9
    keypoints[::2, INDEX["nose"], 0] += 1
    jittering = PoseTrack(keypoints, 25.0, SIZE)
    joined = joined_with(jittering, film(walk()))
    assert np.ptp(joined.xy[5:15, INDEX["nose"], 0]) < 0.7


def test_tracks_of_one_frame_or_of_nobody_stay():
    one = walk()[:1]
    assert_array_equal(joined_with(one, film(one)).keypoints, one.keypoints)
    nobody = PoseTrack(np.zeros((3, NUM_KEYPOINTS, 3), np.float32), 25.0, SIZE)
    assert_array_equal(joined_with(nobody, film(walk()[:3])).keypoints, nobody.keypoints)
