"""MediaPipe Holistic: the mapping of its landmarks, and what it sees in real clips."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dancenow.errors import DanceNowWarning, InputError
from dancenow.pose.estimators import MediaPipeEstimator
from dancenow.pose.estimators.base import cast_of
from dancenow.pose.estimators.graphs import PLAIN, MediaPipeGraphs
from dancenow.pose.estimators.mediapipe_layout import BODY_LANDMARKS, FACE_POINTS, to_layout
from dancenow.pose.layout import BODY, FACE, INDEX, LEFT_HAND, MIRROR, RIGHT_HAND
from dancenow.pose.tracking import track_person
from dancenow.sample import render_sample

CLIPS = Path(__file__).parents[2].parent / "shared" / "clips"
on_clips = [
    pytest.mark.clips,
    pytest.mark.skipif(not CLIPS.is_dir(), reason="the real clips are not in ../shared/clips"),
]


def landmarks(count: int, seed: int) -> SimpleNamespace:
    points = np.random.default_rng(seed).uniform(0.2, 0.8, (count, 3))
    return SimpleNamespace(landmark=[SimpleNamespace(x=x, y=y, visibility=v) for x, y, v in points])


def holistic(**parts: SimpleNamespace | None) -> SimpleNamespace:
    """A result like Holistic's: a long left arm from shoulder 11 over elbow 13 to wrist 15."""
    pose = landmarks(33, 0)
    for i, x in ((11, 0.3), (13, 0.5), (15, 0.7)):
        pose.landmark[i] = SimpleNamespace(x=x, y=0.5, visibility=0.8)
    return SimpleNamespace(**{"pose_landmarks": pose, **parts})


def test_a_mask_takes_no_memory_when_nobody_uses_it_any_more() -> None:
    (frame, _), *_ = render_sample("zola", "groove", seconds=0.1, size=(256, 256))
    graph = MediaPipeGraphs().pose(PLAIN, masks=True)
    gc.disable()
    try:
        mask = weakref.ref(graph.process(frame).segmentation_mask)
        assert mask() is None
    finally:
        gc.enable()
        graph.close()


def test_landmarks_come_out_in_pixels_of_the_frame_with_their_visibility():
    result = holistic()
    keypoints = to_layout(result, 400, (-50, 100))
    for name, i in BODY_LANDMARKS.items():
        point = result.pose_landmarks.landmark[i]
        expected = (400 * point.x - 50, 400 * point.y + 100, point.visibility)
        assert_allclose(keypoints[INDEX[name]], expected, rtol=1e-5)


def test_neck_and_mid_hip_are_midpoints_no_surer_than_either_side():
    keypoints = to_layout(holistic(), 400, (0, 0))
    for middle, side in (("neck", "shoulder"), ("mid_hip", "hip")):
        pair = keypoints[[INDEX[f"left_{side}"], INDEX[f"right_{side}"]]]
        assert_allclose(keypoints[INDEX[middle], :2], pair[:, :2].mean(axis=0), rtol=1e-5)
        assert keypoints[INDEX[middle], 2] == pair[:, 2].min()


def test_what_mediapipe_does_not_give_has_no_confidence():
    keypoints = to_layout(holistic(), 400, (0, 0))
    for name in ("left_small_toe", "right_small_toe"):
        assert_array_equal(keypoints[INDEX[name]], 0)
    assert not keypoints[FACE].any()
    assert not keypoints[LEFT_HAND].any()
    assert to_layout(SimpleNamespace(pose_landmarks=None), 400, (0, 0)) is None


def test_a_face_fills_all_70_points_and_each_from_a_point_of_its_own():
    keypoints = to_layout(holistic(face_landmarks=landmarks(478, 1)), 400, (0, 0))
    assert len(set(FACE_POINTS)) == 70
    assert (keypoints[FACE, 2] >= 0.5).all()


def test_a_hand_is_taken_where_the_arm_ends_and_dropped_where_it_is_the_other_hand():
    hand = landmarks(21, 2)
    hand.landmark[0] = SimpleNamespace(x=0.72, y=0.5, visibility=0.0)
    near = to_layout(holistic(left_hand_landmarks=hand), 400, (0, 0))
    assert (near[LEFT_HAND, 2] >= 0.5).all()
    assert_allclose(near[LEFT_HAND.start, :2], [288, 200], rtol=1e-5)
    hand.landmark[0] = SimpleNamespace(x=0.3, y=0.5, visibility=0.0)
    assert not to_layout(holistic(left_hand_landmarks=hand), 400, (0, 0))[LEFT_HAND].any()


def test_an_empty_room_holds_nobody_and_the_message_says_what_to_check():
    rng = np.random.default_rng(0)
    wall = cv2.resize(rng.integers(90, 120, (9, 16, 3), dtype=np.uint8), (320, 180))
    with pytest.raises(InputError, match="whole body is visible"):
        cast_of(MediaPipeEstimator().stream(wall for _ in range(4)), 25, (320, 180))


@pytest.mark.slow
def test_mediapipe_stays_silent_on_standard_error():
    code = (
        "import numpy as np; from dancenow.pose.estimators import MediaPipeEstimator;"
        "frames = [np.full((90, 160, 3), 99, np.uint8)] * 3;"
        "print(len(list(MediaPipeEstimator().stream(frames, masks=True))))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("3\n", "")


def clip_frames(name: str, count: int) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(CLIPS / name))
    frames = [cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB) for _ in range(count)]
    capture.release()
    return frames


@pytest.fixture(scope="module")
def taiji():
    frames = clip_frames("taiji.mp4", 24)
    return frames, list(MediaPipeEstimator().stream(iter(frames), masks=True))


class TestOnRealClips:
    pytestmark = on_clips

    def test_the_dancer_is_found_in_every_frame_upright_and_facing_us(self, taiji):
        for detection in taiji[1]:
            (keypoints,) = detection.candidates
            order = ["nose", "neck", "mid_hip", "left_knee", "left_ankle"]
            assert (np.diff(keypoints[[INDEX[name] for name in order], 1]) > 0).all()
            # Seen from the front, the person's own left is on the picture's right.
            for part in ("shoulder", "hip", "ankle"):
                assert keypoints[INDEX[f"left_{part}"], 0] > keypoints[INDEX[f"right_{part}"], 0]

    def test_each_hand_lies_at_the_wrist_of_its_side(self, taiji):
        seen = 0
        for detection in taiji[1]:
            (keypoints,) = detection.candidates
            for side, hand in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
                if keypoints[hand, 2].any():
                    other = "right" if side == "left" else "left"
                    wrist = keypoints[hand.start, :2]
                    apart = np.linalg.norm(wrist - keypoints[INDEX[f"{side}_wrist"], :2])
                    across = np.linalg.norm(wrist - keypoints[INDEX[f"{other}_wrist"], :2])
                    assert apart < 0.5 * across
                    seen += 1
        assert seen > 5

    def test_the_face_agrees_with_the_body_and_with_itself(self, taiji):
        faces = 0
        for detection in taiji[1]:
            (keypoints,) = detection.candidates
            if not keypoints[FACE, 2].any():
                continue
            faces += 1
            xy = keypoints[:, :2]
            width = np.ptp(xy[FACE, 0])
            tip = INDEX["face_nose_bridge_3"]
            assert np.linalg.norm(xy[tip] - xy[INDEX["nose"]]) < 0.3 * width
            for side in ("left", "right"):
                eye = [INDEX[f"face_{side}_eye_{i}"] for i in range(6)]
                pupil = xy[INDEX[f"face_{side}_pupil"]]
                assert (xy[eye, 0].min() <= pupil[0]) and (pupil[0] <= xy[eye, 0].max())
                assert np.linalg.norm(pupil - xy[INDEX[f"{side}_eye"]]) < 0.3 * width
            # Mirrored points lie on the mirrored side of the face.
            flipped = xy[list(MIRROR)][FACE, 0]
            assert ((xy[FACE, 0] < flipped)[:8]).all()
        assert faces > 12

    def test_the_mask_covers_the_body_and_not_the_room(self, taiji):
        for frame, detection in zip(*taiji, strict=True):
            mask = detection.mask
            assert mask is not None
            assert mask.shape == frame.shape[:2]
            assert mask.dtype == np.float32
            assert mask.min() >= 0
            assert mask.max() <= 1
            (keypoints,) = detection.candidates
            neck, hip = keypoints[[INDEX["neck"], INDEX["mid_hip"]], :2]
            for point in np.linspace(neck, hip, 5):
                assert mask[int(point[1]), int(point[0])] > 0.8
            assert mask[:, :200].mean() < 0.01
            assert mask[:, -200:].mean() < 0.01

    def test_no_mask_is_made_unless_it_is_asked_for(self):
        (detection,) = MediaPipeEstimator().stream(clip_frames("taiji.mp4", 1))
        assert detection.mask is None
        assert len(detection.candidates) == 1

    def test_a_person_of_a_sixth_of_the_frames_height_is_found_and_followed(self, taiji):
        """Too small for MediaPipe itself: it is searched, and followed in a window."""
        scale, left, top = 0.2, 160, 330
        step = 5  # px a frame: leaves its first window

        def far() -> list[np.ndarray]:
            frames = []
            for t, frame in enumerate(taiji[0]):
                small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                canvas = np.full((720, 1280, 3), 110, np.uint8)
                x = left + step * t
                canvas[top : top + small.shape[0], x : x + small.shape[1]] = small
                frames.append(canvas)
            return frames

        track = cast_of(MediaPipeEstimator().stream(far()), 24, (1280, 720)).tracks[0]
        expected = np.stack([detection.candidates[0] for detection in taiji[1]])
        assert (track.confidence[:, INDEX["neck"]] > 0.5).all()
        shift = np.stack([left + step * np.arange(len(track)), np.full(len(track), top)], axis=1)
        error = track.xy[:, BODY] - (expected[:, BODY, :2] * scale + shift[:, None])
        limbs = expected[:, BODY, 2] > 0.8
        height = scale * np.ptp(expected[0, BODY, 1])
        assert np.median(np.linalg.norm(error, axis=2)[limbs]) < 0.02 * height

    def test_the_dancer_is_found_again_when_holistic_has_jumped_to_another(self, taiji):
        """A smaller person stands beside, and the dancer is hidden for a moment."""
        frames = []
        for t, (frame, other) in enumerate(
            zip(taiji[0], clip_frames("studio_dance.mp4", 24), strict=True)
        ):
            canvas = np.full((720, 1280, 3), 120, np.uint8)
            if t not in (10, 11, 12):
                canvas[:, :700] = frame[:, 250:950]
            canvas[320:, 900:1125] = cv2.resize(other, (225, 400))
            frames.append(canvas)
        detections = list(MediaPipeEstimator().stream(iter(frames)))
        everywhere = np.concatenate([d.candidates for d in detections if d.candidates])
        assert (everywhere[:, INDEX["neck"], 0] > 900).any(), "Holistic did not jump"
        with pytest.warns(DanceNowWarning, match="another person"):
            followed = track_person([d.candidates for d in detections], (1280, 720))
        dancer = np.stack([d.candidates[0] for d in taiji[1]])[:, INDEX["neck"], 0] - 250
        seen = followed[:, INDEX["neck"], 2] > 0
        assert_allclose(followed[seen, INDEX["neck"], 0], dancer[seen], atol=8)
        assert seen[:10].all()
        assert seen[14:].all()
