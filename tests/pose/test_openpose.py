"""OpenPose's files: what is written is read again, and what others wrote is read rightly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from dancenow.errors import DanceNowWarning, InputError, OutputError
from dancenow.pose.bodies import BODY_18, BODY_23
from dancenow.pose.layout import BODY, BODY_NAMES, FACE, INDEX, LEFT_HAND, NUM_KEYPOINTS
from dancenow.pose.openpose import write_openpose
from dancenow.pose.pose_files import holds_poses, read_pose_files
from dancenow.pose.track import PoseTrack

SIZE = (640, 480)


def read(folder: Path, **arguments: Any) -> PoseTrack:
    return read_pose_files(folder, **arguments).track


def some_person(seed: int = 0, points: int = 25) -> np.ndarray:
    """Body points in a file's order, `(points, 3)`: a place of its own for each."""
    rng = np.random.default_rng(seed)
    body = np.stack([rng.uniform(200, 300, points), rng.uniform(50, 400, points)], axis=1)
    return np.concatenate([body, np.full((points, 1), 0.5)], axis=1).astype(np.float32)


def write_json(folder: Path, name: str, *bodies: np.ndarray, **parts: np.ndarray) -> None:
    people = [
        {
            "pose_keypoints_2d": body.ravel().tolist(),
            "face_keypoints_2d": [],
            "hand_left_keypoints_2d": [],
            "hand_right_keypoints_2d": [],
            **{name: values.ravel().tolist() for name, values in parts.items()},
        }
        for body in bodies
    ]
    (folder / f"{name}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": people}))


def write_yaml(folder: Path, name: str, part: str, matrix: np.ndarray) -> None:
    """As OpenPose writes it: a matrix of three dimensions (OpenCV itself would fold the last)."""
    data = ", ".join(f"{value:.8e}" for value in matrix.ravel())
    (folder / f"{name}_{part}.yml").write_text(
        f"%YAML:1.0\n{part}_0: !!opencv-nd-matrix\n   sizes: [ {matrix.shape[0]}, "
        f"{matrix.shape[1]}, 3 ]\n   dt: f\n   data: [ {data} ]\n"
    )


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), frames=st.integers(1, 12))
def test_a_track_that_is_written_is_read_again_exactly(tmp_path_factory, seed, frames):
    rng = np.random.default_rng(seed)
    pose = np.concatenate([some_person(seed), some_person(seed, NUM_KEYPOINTS - 25)])
    keypoints = pose + rng.normal(0, [2, 2, 0.1], (frames, NUM_KEYPOINTS, 3)).astype(np.float32)
    keypoints[rng.random((frames, NUM_KEYPOINTS)) < 0.1] = 0
    keypoints[..., 2] = np.clip(keypoints[..., 2], 0, 1)
    track = PoseTrack(keypoints, 25, SIZE)
    folder = tmp_path_factory.mktemp("openpose") / "dance"
    write_openpose(track, folder)
    again = read(folder, fps=25, size=SIZE)
    assert (again.fps, again.size) == (25, SIZE)
    assert_array_equal(again.keypoints, track.keypoints)


def test_frames_without_a_person_are_written_as_nobody_and_read_as_missing(tmp_path):
    keypoints = np.zeros((5, NUM_KEYPOINTS, 3), np.float32)
    keypoints[[0, 1, 4], BODY] = some_person()
    write_openpose(PoseTrack(keypoints, 30, SIZE), tmp_path / "dance")
    file = tmp_path / "dance" / "dance_000000000002_keypoints.json"
    assert json.loads(file.read_text())["people"] == []
    assert_array_equal(read(tmp_path / "dance", size=SIZE).keypoints, keypoints)


def test_writing_never_mixes_with_what_is_there(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    track = PoseTrack(np.ones((2, NUM_KEYPOINTS, 3)), 30, SIZE)
    with pytest.raises(OutputError, match="holds other files"):
        write_openpose(track, tmp_path)
    with pytest.raises(OutputError, match="no such folder"):
        write_openpose(track, tmp_path / "missing" / "dance")
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


def test_writing_into_an_empty_folder_fills_it(tmp_path):
    (tmp_path / "v1.5").mkdir()
    write_openpose(PoseTrack(np.ones((2, NUM_KEYPOINTS, 3)), 30, SIZE), tmp_path / "v1.5")
    assert len(list((tmp_path / "v1.5").glob("*_keypoints.json"))) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["v1.5"]


def test_files_of_ours_tell_frame_rate_and_size(tmp_path, recwarn):
    keypoints = np.repeat(np.random.default_rng(0).uniform(2, 90, (1, NUM_KEYPOINTS, 3)), 2, 0)
    keypoints[..., 2] = 1
    write_openpose(PoseTrack(keypoints, 24, SIZE), tmp_path / "dance")
    again = read(tmp_path / "dance")
    assert (again.fps, again.size) == (24, SIZE) and not recwarn.list
    assert read(tmp_path / "dance", fps=12).fps == 12
    (tmp_path / "dance" / "dancenow-track.json").write_text("[]")
    with pytest.warns(DanceNowWarning, match="30 frames a second"):
        assert read(tmp_path / "dance").fps == 30


@pytest.mark.parametrize("names", [BODY_18, BODY_23, BODY_NAMES], ids=len)
def test_each_body_model_puts_every_point_under_its_name(tmp_path, names):
    body = some_person(points=len(names))
    write_json(tmp_path, "a_000000000000", body)
    keypoints = read(tmp_path, size=SIZE).keypoints[0]
    for i, name in enumerate(names):
        assert_array_equal(keypoints[INDEX[name]], body[i])


def test_what_a_smaller_body_model_lacks_is_derived_or_missing(tmp_path):
    body = some_person(points=18)
    write_json(tmp_path, "a_0", body)
    keypoints = read(tmp_path, size=SIZE).keypoints[0]
    hips = keypoints[[INDEX["left_hip"], INDEX["right_hip"]]]
    np.testing.assert_allclose(keypoints[INDEX["mid_hip"], :2], hips[:, :2].mean(axis=0), rtol=1e-6)
    assert keypoints[INDEX["left_big_toe"], 2] == 0


def test_the_23_points_of_everybody_dance_now_are_body_25_without_heels():
    assert set(BODY_NAMES) - set(BODY_23) == {"left_heel", "right_heel"}
    assert (BODY_23[0], BODY_23[7], BODY_23[18]) == ("neck", "mid_hip", "nose")


def test_face_and_hands_and_the_key_names_of_old_versions_are_read(tmp_path):
    rng = np.random.default_rng(1)
    face, hand = rng.uniform(0.1, 1, (70, 3)), rng.uniform(0.1, 1, (21, 3))
    person = {
        "pose_keypoints": some_person().ravel().tolist(),
        "face_keypoints": face.ravel().tolist(),
        "hand_left_keypoints": hand.ravel().tolist(),
        "hand_right_keypoints": [],
    }
    (tmp_path / "a_0_keypoints.json").write_text(json.dumps({"people": [person]}))
    keypoints = read(tmp_path, size=SIZE).keypoints[0]
    np.testing.assert_allclose(keypoints[FACE], face, rtol=1e-6)
    np.testing.assert_allclose(keypoints[LEFT_HAND], hand, rtol=1e-6)
    assert not keypoints[LEFT_HAND.stop :].any()


def test_yaml_files_of_filestorage_are_read(tmp_path):
    body, face = some_person(points=23), np.random.default_rng(1).uniform(0.1, 1, (70, 3))
    for frame in (9, 10):
        write_yaml(tmp_path, f"frame{frame}", "pose", body[None] + [[[frame, 0, 0]]])
        write_yaml(tmp_path, f"frame{frame}", "face", face[None])
    storage = cv2.FileStorage(str(tmp_path / "frame11_pose.yml"), cv2.FILE_STORAGE_WRITE)
    storage.write("pose_0", np.zeros((0, 0), np.float32))  # nobody
    storage.release()
    track = read(tmp_path, size=SIZE)
    neck = track.keypoints[:, INDEX["neck"]]
    np.testing.assert_allclose(neck[:, 0], [body[0, 0] + 9, body[0, 0] + 10, 0], rtol=1e-6)
    np.testing.assert_allclose(track.keypoints[1, FACE], face, rtol=1e-6)
    assert not track.keypoints[1, LEFT_HAND].any()


def test_of_several_people_the_larger_and_steadier_is_followed(tmp_path):
    dancer, small = some_person(), some_person() * [0.3, 0.3, 1] + [400, 0, 0]
    for frame in range(6):
        write_json(tmp_path, f"a_{frame}", *((small, dancer) if frame % 2 else (dancer,)))
    with pytest.warns(DanceNowWarning, match="3 of 6 frames"):
        track = read(tmp_path, size=SIZE)
    assert_array_equal(track.keypoints[:, BODY], np.stack([dancer] * 6))


def test_frames_are_in_natural_order_and_numbers_left_out_are_missing_frames(tmp_path):
    for frame in (8, 9, 10, 12):
        write_json(tmp_path, f"a_{frame}", np.add(some_person(), [frame, 0, 0]))
    with pytest.warns(DanceNowWarning, match="1 of 5 frames"):
        track = read(tmp_path, size=SIZE)
    x = track.keypoints[:, 0, 0] - some_person()[0, 0]
    np.testing.assert_allclose(x[[0, 1, 2, 4]], [8, 9, 10, 12], atol=1e-4)
    assert track.confidence[3].max() == 0


def test_the_frame_size_is_taken_from_the_keypoints_with_a_warning(tmp_path):
    body = some_person()
    body[3, :2] = 301.5, 410.25
    write_json(tmp_path, "a_0", body)
    with pytest.warns(DanceNowWarning, match="302 x 411"):
        assert read(tmp_path).size == (302, 411)


def _broken_yaml(folder):
    (folder / "a_0_pose.yml").write_text("%YAML:1.0\npose_0: !!opencv-nd-matrix\n  sizes: [ 1, 2")


def _flat_yaml(folder):
    (folder / "a_0_pose.yml").write_text(
        "%YAML:1.0\npose_0: !!opencv-matrix\n   rows: 1\n   cols: 2\n   dt: f\n   data: [ 1, 2 ]\n"
    )


BAD_FOLDERS = {
    "holds no pose files": lambda folder: (folder / "1.jpg").touch(),
    "a_0_keypoints.json: is not a file of poses, or is damaged": lambda folder: (
        folder / "a_0_keypoints.json"
    ).write_text('{"people": [{"pose'),
    "a_1_keypoints.json: is not a file of poses": lambda folder: (
        folder / "a_1_keypoints.json"
    ).write_text("[]"),
    "a_0_keypoints.json: holds NaN": lambda folder: write_json(
        folder, "a_0", some_person() * np.nan
    ),
    "a_0_pose.yml: is not an OpenPose YAML file, or is damaged": _broken_yaml,
    "a_0_pose.yml: holds a matrix of": _flat_yaml,
    "a body of 15 points; 17, 18, 23, 25, 26, 133, 136 or 137": lambda folder: write_json(
        folder, "a_0", some_person(points=15)
    ),
    "hand_left has 20 points; 21": lambda folder: write_json(
        folder, "a_0", some_person(), hand_left_keypoints_2d=np.ones((20, 3))
    ),
    "bodies of 18 points, but a_0_keypoints.json of 25": lambda folder: (
        write_json(folder, "a_0", some_person()),
        write_json(folder, "a_1", some_person(points=18)),
    ),
    "several clips": lambda folder: (
        write_json(folder, "a_0", some_person()),
        write_json(folder, "b_1", some_person()),
    ),
    "no frame numbers": lambda folder: (
        write_json(folder, "a_1500000000", some_person()),
        write_json(folder, "a_1600000000", some_person()),
    ),
    "same frame number twice": lambda folder: (
        write_json(folder, "a_1", some_person()),
        write_json(folder, "a_01", some_person()),
    ),
    "holds no poses of anybody": lambda folder: write_json(folder, "a_0"),
}


@pytest.mark.parametrize("message", BAD_FOLDERS)
def test_bad_folders_are_refused_in_one_line_that_says_why(tmp_path, message):
    BAD_FOLDERS[message](tmp_path)
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path, size=SIZE)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder or file"):
        read(tmp_path / "missing")


def test_openpose_folders_are_told_from_others(tmp_path):
    assert not holds_poses(tmp_path)
    assert not holds_poses(tmp_path / "missing")
    (tmp_path / "1.jpg").touch()
    assert not holds_poses(tmp_path)
    write_json(tmp_path, "a_0", some_person())
    assert holds_poses(tmp_path)
    assert holds_poses(tmp_path / "a_0_keypoints.json")
