"""Performers on stage: pictures, true keypoints, and what a real detector says to them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dancenow.errors import InputError
from dancenow.pose.layout import BODY, FACE, INDEX
from dancenow.sample import DANCES, PERFORMERS, BodyPose, SampleStage, click_track, dance_track
from dancenow.sample import render_sample as render


def test_there_are_three_performers_or_more_and_all_differ() -> None:
    assert len(PERFORMERS) >= 3
    for a, b in itertools.combinations(PERFORMERS.values(), 2):
        assert a.proportions != b.proportions
        assert a.room != b.room
        assert len({a.skin, b.skin}) == len({a.hair_style, b.hair_style}) == 2
        assert len({a.top_colour, b.top_colour}) == 2


def test_a_sample_is_frames_with_their_keypoints() -> None:
    pairs = list(render("mika", "disco", seconds=0.2, size=(96, 64), fps=20))
    assert len(pairs) == 4
    for frame, keypoints in pairs:
        assert frame.shape == (64, 96, 3)
        assert frame.dtype == np.uint8
        assert keypoints.shape == (137, 3)
        assert keypoints.dtype == np.float32
        assert set(np.unique(keypoints[:, 2])) <= {0.0, 1.0}


def test_the_same_call_gives_the_same_frames() -> None:
    a, b = (list(render("zola", "wave", seconds=0.1, size=64, seed=2)) for _ in range(2))
    for (frame_a, points_a), (frame_b, points_b) in zip(a, b, strict=True):
        assert np.array_equal(frame_a, frame_b)
        assert np.array_equal(points_a, points_b)


def test_the_track_is_that_of_the_rendering() -> None:
    track = dance_track("bo", "house", seconds=0.2, size=(80, 64), seed=3)
    rendered = [k for _, k in render("bo", "house", seconds=0.2, size=(80, 64), seed=3)]
    assert np.array_equal(track.keypoints, np.stack(rendered))
    assert (track.fps, track.size) == (25, (80, 64))


@pytest.mark.parametrize("size", [(256, 256), (144, 256), (455, 256)])
@pytest.mark.parametrize("dance", DANCES)
def test_the_whole_body_stays_in_the_picture(dance: str, size: tuple[int, int]) -> None:
    for performer in PERFORMERS:
        track = dance_track(performer, dance, seconds=16, size=size, fps=3, seed=1)
        joints = [i for i, name in enumerate(INDEX) if name in _LIMB_JOINTS]
        assert (track.confidence[:, joints] == 1).all()
        points = track.keypoints[track.confidence > 0]
        assert (points[:, :2] > 1).all()
        assert (points[:, :2] < np.array(size) - 1).all()


_LIMB_JOINTS = {
    f"{side}_{joint}"
    for side in ("left", "right")
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "big_toe")
}


@pytest.mark.parametrize("performer", PERFORMERS)
def test_the_person_is_drawn_where_the_keypoints_are(performer: str) -> None:
    stage = SampleStage(PERFORMERS[performer], 256)
    poses = list(stage.poses("groove", seconds=3, fps=1))
    plate = np.median([stage.draw(pose) for pose in stage.poses("house", seconds=6, fps=1)], axis=0)
    for pose in poses:
        frame, keypoints = stage.draw(pose).astype(float), stage.keypoints(pose)
        changed = np.abs(frame - plate).max(axis=2) > 12
        ends = keypoints[[INDEX[f"{s}_{j}"] for s in ("left", "right") for j in ("wrist", "elbow")]]
        hits = [changed[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].any() for x, y, _ in ends]
        assert np.mean(hits) >= 0.75


def test_a_face_that_is_turned_away_has_no_keypoints() -> None:
    stage = SampleStage(PERFORMERS["lin"], 128)
    turns = BodyPose().rotations.copy()
    assert stage.keypoints(BodyPose(rotations=turns))[FACE, 2].mean() > 0.9
    turns[0] = Rotation.from_euler("y", 180, degrees=True).as_matrix()
    away = stage.keypoints(BodyPose(rotations=turns))
    assert (away[FACE, 2] == 0).all()
    assert away[INDEX["nose"], 2] == 0
    assert away[INDEX["left_knee"], 2] == 1
    assert (away[away[:, 2] == 0] == 0).all()


def test_two_performers_in_one_dance_do_the_same_at_the_same_time() -> None:
    """Limb directions agree up to the bodies' differences."""
    a, b = (dance_track(name, "disco", seconds=8, fps=5, seed=4) for name in ("mika", "lin"))
    for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee")):
        limbs = []
        for track in (a, b):
            bone = track.xy[:, INDEX[f"left_{end}"]] - track.xy[:, INDEX[f"left_{start}"]]
            limbs.append(bone / np.linalg.norm(bone, axis=1, keepdims=True))
        assert (limbs[0] * limbs[1]).sum(axis=1).mean() > 0.95


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"performer": "nobody"}, "nobody.*mika"),
        ({"dance": "tango"}, "tango.*disco"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"fps": -1}, "fps"),
        ({"size": 3}, "3 x 3"),
    ],
)
def test_bad_input_is_said_at_once(arguments: dict[str, object], message: str) -> None:
    good = {"performer": "mika", "dance": "disco", "seconds": 1, "size": 64, "fps": 25}
    with pytest.raises(InputError, match=message):
        render(**(good | arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize("dance", DANCES)
def test_clicks_are_on_the_beat(dance: str) -> None:
    rate, beat = 8000, DANCES[dance].beat
    sound = click_track(dance, 5.0, rate=rate)
    assert sound.shape == (40000,)
    assert sound.dtype == np.float32
    assert np.abs(sound).max() <= 1
    for k in range(1, int(5 / beat)):
        at = round(k * beat * rate)
        before, after = sound[at - 80 : at], sound[at : at + 80]
        assert np.abs(after).max() > 10 * np.abs(before).max()


@pytest.mark.parametrize("performer", PERFORMERS)
def test_a_real_detector_sees_the_performer(performer: str) -> None:
    mediapipe = pytest.importorskip("mediapipe", reason="MediaPipe is not installed")
    limbs = {11: "left_shoulder", 14: "right_elbow", 15: "left_wrist", 24: "right_hip",
             25: "left_knee", 28: "right_ankle", 0: "nose"}  # fmt: skip
    stage = SampleStage(PERFORMERS[performer], 256)
    found, hands, errors = [], [], []
    with mediapipe.solutions.holistic.Holistic(model_complexity=1) as detector:
        for pose in stage.poses("wave", seconds=0.8, fps=10, seed=0):
            truth = stage.keypoints(pose)
            seen = detector.process(stage.draw(pose))
            found.append(seen.pose_landmarks is not None and seen.face_landmarks is not None)
            hands += [seen.left_hand_landmarks is not None, seen.right_hand_landmarks is not None]
            if seen.pose_landmarks is not None:
                marks = seen.pose_landmarks.landmark
                for i, name in limbs.items():
                    where = np.array([marks[i].x, marks[i].y]) * 256
                    errors.append(np.linalg.norm(where - truth[INDEX[name], :2]))
    assert all(found)
    assert np.mean(hands) >= 0.5
    tall = np.ptp(stage.keypoints(BodyPose())[BODY, 1])
    assert np.mean(errors) < 0.035 * tall
