"""Pose files of other programs: read where their meaning is certain, else refused."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError
from dancenow.options import PoseOptions
from dancenow.pose.bodies import MODELS, BodyModel, model_of
from dancenow.pose.layout import BODY, INDEX, LEFT_HAND, RIGHT_HAND
from dancenow.pose.pose_files import holds_poses, read_pose_files
from dancenow.sources.load import load_poses, load_source
from dancenow.video import open_writer, probe, stored_frames
from dancenow.workflows.pose import write_pose
from motions import dancing

SIZE = (256, 256)
Points = NDArray[np.float32]


def in_order(model: BodyModel, keypoints: Points) -> Points:
    """A pose of the layout in another order; what the layout lacks is at the head's crown."""
    rows = np.array(model.rows)
    return np.where((rows >= 0)[:, None], keypoints[rows], keypoints[INDEX["nose"]] - [0, 20, 0])


def people(points: Points, **more: Any) -> dict[str, Any]:
    return {"people": [{"pose_keypoints_2d": points.ravel().tolist()}], **more}


def quiet(path: Path, **arguments: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DanceNowWarning)
        return read_pose_files(path, **arguments)


@pytest.fixture(scope="module")
def dance() -> Points:
    return dancing(seconds=1).keypoints


@pytest.mark.parametrize("frames", [1, 5, 20])
@pytest.mark.parametrize("model", MODELS, ids=[model.name for model in MODELS])
def test_the_order_of_keypoints_is_told_by_the_limbs(
    model: BodyModel, frames: int, dance: Points
) -> None:
    poses = [in_order(model, pose) for pose in dance[:frames]]
    assert model_of(poses) is model
    for pose, given in zip(poses, dance[:frames], strict=True):
        back = model.to_layout(pose)
        there = [row for row in model.rows if row >= 0 and given[row, 2] > 0]
        assert_allclose(back[there], given[there], atol=1e-4)
        shoulders = given[[INDEX["left_shoulder"], INDEX["right_shoulder"]], :2]
        if INDEX["neck"] not in model.rows:
            assert_allclose(back[INDEX["neck"], :2], shoulders.mean(axis=0), atol=1e-3)


def test_body_25b_is_told_from_body_25(cases: Path) -> None:
    read = quiet(cases / "pose_body25b")
    assert "25 points (BODY_25B)" in read.taken_for
    first = read.track.keypoints[0]
    for name, place in {"nose": (320, 80), "neck": (320, 130), "right_hip": (300, 220)}.items():
        assert_array_equal(first[INDEX[name], :2], place)


def test_a_byte_order_mark_changes_nothing(cases: Path) -> None:
    read = quiet(cases / "pose_with_bom")
    assert "25 points (BODY_25)," in read.taken_for and len(read.track) == 3


def test_a_list_of_dwpose_states_its_size(cases: Path, recwarn: pytest.WarningsRecorder) -> None:
    read = read_pose_files(cases / "pose_dwpose.json", fps=24)
    assert not recwarn and read.track.size == (512, 768)
    assert read.taken_for == (
        "a list of frames, as from DWPose, 18 points (OpenPose's COCO), pixels of 512 x 768, "
        "24 frames a second"
    )


def test_json_files_with_numbers_for_names(cases: Path, tmp_path: Path) -> None:
    assert holds_poses(cases / "pose_sep_json")
    assert len(quiet(cases / "pose_sep_json").track) == 4
    (tmp_path / "1.json").write_text("{}")
    assert not holds_poses(tmp_path)


def test_frames_of_json_files_are_in_the_order_of_their_numbers(
    dance: Points, tmp_path: Path
) -> None:
    for index in range(12):
        (tmp_path / f"{index}.json").write_text(json.dumps(people(dance[index, BODY])))
    track = quiet(tmp_path, size=SIZE).track
    assert_allclose(track.keypoints[:, 0, :2], dance[:12, 0, :2], atol=1e-3)


@pytest.mark.parametrize("count", [17, 26, 133, 136])
def test_alphapose_and_mmpose(dance: Points, tmp_path: Path, count: int) -> None:
    model = next(m for m in MODELS if len(m.rows) == count)
    poses = [in_order(model, pose) for pose in dance[:6]]
    alpha = [
        {"image_id": f"{i}.jpg", "keypoints": pose.ravel().tolist(), "score": 2.9}
        for i, pose in enumerate(poses)
        if i != 3
    ]
    predictions = [
        {
            "frame_id": i + 1,
            "instances": [
                {"keypoints": pose[:, :2].tolist(), "keypoint_scores": pose[:, 2].tolist()}
            ],
        }
        for i, pose in enumerate(poses)
        if i != 3
    ]
    for name, document in {"alpha": alpha, "mm": {"instance_info": predictions}}.items():
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(document))
        with pytest.warns(DanceNowWarning, match="1 of 6 frames are missing"):
            read = read_pose_files(file, size=SIZE)
        assert f"{count} points ({model.name})" in read.taken_for
        assert (read.track.confidence[3] == 0).all()
        wrist = INDEX["right_wrist"]
        assert_allclose(read.track.keypoints[4, wrist, :2], dance[4, wrist, :2], atol=1e-3)
        if count > 100:
            hands = slice(LEFT_HAND.start, RIGHT_HAND.stop)
            assert_allclose(read.track.keypoints[4, hands], dance[4, hands], atol=1e-3)


def test_pairs_of_coordinates_have_no_confidence(dance: Points, tmp_path: Path) -> None:
    pairs = dance[0, BODY, :2].copy()
    pairs[INDEX["left_wrist"]] = 0
    (tmp_path / "a.json").write_text(json.dumps([people(pairs)]))
    found = quiet(tmp_path / "a.json").track.keypoints[0]
    assert_allclose(found[0, :2], pairs[0], atol=1e-3)
    assert found[0, 2] == 1 and found[INDEX["left_wrist"], 2] == 0


@pytest.mark.parametrize("low", [0, -1])
def test_fractions_of_the_frame_need_its_size(dance: Points, tmp_path: Path, low: int) -> None:
    """One point beyond the frame does not make them pixels."""
    bodies = dance[:8, BODY].copy()
    bodies[..., :2] = bodies[..., :2] / SIZE * (1 - low) + low
    bodies[3, INDEX["left_wrist"], 0] = 1.3
    for index, body in enumerate(bodies):
        (tmp_path / f"a_{index}_keypoints.json").write_text(json.dumps(people(body)))
    with pytest.raises(InputError, match=f"fractions from {low} to 1, not pixels, of a frame"):
        read_pose_files(tmp_path)
    read = read_pose_files(tmp_path, size=SIZE)
    assert f"fractions from {low} to 1" in read.taken_for
    assert_allclose(read.track.keypoints[0, BODY], dance[0, BODY], atol=0.01)


def test_a_small_person_far_away_is_in_pixels(dance: Points, tmp_path: Path) -> None:
    body = dance[0, BODY].copy()
    body[:, :2] = body[:, :2] / 30 + 3
    (tmp_path / "a.json").write_text(json.dumps([people(body)]))
    assert "pixels" in quiet(tmp_path / "a.json").taken_for


def test_people_who_change_places_in_the_files_are_followed(dance: Points, tmp_path: Path) -> None:
    other = dance[:, BODY] * [0.6, 0.6, 1] + [10, 90, 0]
    for index in range(10):
        pair = [dance[index, BODY], other[index]]
        pair = pair[::-1] if index % 2 else pair
        document = {"people": [people(body)["people"][0] for body in pair]}
        (tmp_path / f"a_{index}_keypoints.json").write_text(json.dumps(document))
    track = quiet(tmp_path, size=SIZE).track
    assert_allclose(track.keypoints[:, BODY], dance[:10, BODY], atol=1e-3)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([1, 2, 3], "is damaged, or not what it seems to be"),
        ({"frames": []}, "holds no poses in a known form"),
        ([], "holds no poses in a known form"),
        ([{"people": [{"pose_keypoints_2d": [1, 2, 3, 4]}]}], "a body of 4 points; 17, 18, 23"),
        ([{"image_id": "x.jpg", "keypoints": [0] * 51}], "is damaged, or not what it seems to be"),
        ([{"people": [{"pose_keypoints_2d": ["a"] * 54}]}], "is damaged, or not what it seems"),
        ({"instance_info": []}, "holds no poses of anybody"),
        ([{"people": []}], "holds no poses of anybody"),
        (
            [{"people": [], "canvas_width": 10**9, "canvas_height": 5}],
            r"has pictures of 1e\+09 x 5 pixels",
        ),
        (
            [{"people": [{"pose_keypoints_2d": [1e30, 1e30, 1] * 18}]}],
            "places more than 327,680 pixels away",
        ),
    ],
)
def test_other_json_is_refused_in_one_line(document: Any, message: str, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(document))
    with pytest.raises(InputError, match=message) as error:
        read_pose_files(file)
    assert "\n" not in str(error.value)


def test_what_a_file_was_taken_for_is_said(cases: Path, tmp_path: Path) -> None:
    made = write_pose(cases / "pose_dwpose.json", tmp_path / "t.npz", PoseOptions(fps=12))
    assert made.summary().endswith(
        "made of a list of frames, as from DWPose, 18 points (OpenPose's COCO), pixels of "
        "512 x 768, 12 frames a second"
    )
    assert load_source(cases / "pose_dwpose.json", fps=12).track.fps == 12
    assert write_pose(tmp_path / "t.npz", tmp_path / "u.npz").taken_for == "a track"


# Poses of a clip


def write_files(folder: Path, poses: Points) -> Path:
    folder.mkdir()
    for index, pose in enumerate(poses):
        (folder / f"{index}.json").write_text(json.dumps(people(pose[BODY])))
    return folder


def clip_of(path: Path, frames: int, fps: float = 20) -> Path:
    with open_writer(path, fps=fps) as writer:
        for _ in range(frames):
            writer.write(np.zeros((256, 256, 3), np.uint8))
    return path


@pytest.mark.parametrize("more", [-2, -1, 1, 2])
def test_a_pose_file_more_or_less_than_frames_is_told(
    dance: Points, tmp_path: Path, more: int
) -> None:
    clip = probe(clip_of(tmp_path / "a.mp4", 10))
    files = write_files(tmp_path / "poses", dance[: 10 + more])
    with pytest.warns(DanceNowWarning, match=f"has {10 + more} poses, .* has 10 frames"):
        track = load_poses(clip, files)
    assert len(track) == 10
    assert_array_equal((track.confidence > 0).any(axis=1), np.arange(10) < 10 + more)


def test_far_more_poses_than_frames_are_of_another_clip(dance: Points, tmp_path: Path) -> None:
    clip = probe(clip_of(tmp_path / "a.mp4", 10))
    with pytest.raises(InputError, match=r"has 20 poses, .* has 10 frames"):
        load_poses(clip, write_files(tmp_path / "poses", dance[:20]))


def test_a_pose_for_each_stored_frame_of_a_resampled_clip(dance: Points, tmp_path: Path) -> None:
    clip = probe(clip_of(tmp_path / "a.mp4", 20), fps=10)
    assert_array_equal(stored_frames(clip)[0], np.arange(0, 20, 2))
    track = load_poses(clip, write_files(tmp_path / "poses", dance[:20]))
    assert len(track) == 10 and track.fps == 10
    assert_allclose(track.keypoints[:, 8, :2], dance[:20:2, 8, :2], atol=3)  # cleaned


def test_a_track_of_all_stored_frames_fits_a_fast_clip(tmp_path: Path) -> None:
    file = clip_of(tmp_path / "a.mp4", 24, fps=120)
    track = dancing(seconds=1.2, size=SIZE)
    replace(track, fps=120).save(tmp_path / "a.npz")
    assert stored_frames(probe(file))[1] == len(track) == 24
    given = load_poses(probe(file), tmp_path / "a.npz")
    assert given.fps == 60
    assert_array_equal(given.keypoints, track.keypoints[::2])


def test_poses_of_scaled_frames_are_scaled(dance: Points, tmp_path: Path) -> None:
    clip = probe(clip_of(tmp_path / "a.mp4", 10))
    for height, name in ((128, "half"), (96, "flat")):
        poses = dance[:10, BODY] * np.array([0.5, 0.5, 1])
        size = {"canvas_width": 128, "canvas_height": height}
        (tmp_path / f"{name}.json").write_text(json.dumps([people(p, **size) for p in poses]))
    track = load_poses(clip, tmp_path / "half.json")
    assert track.size == SIZE
    assert_allclose(track.keypoints[:, 8, :2], dance[:10, 8, :2], atol=3)  # cleaned
    with pytest.raises(InputError, match="is for frames of 128 x 96 pixels"):
        load_poses(clip, tmp_path / "flat.json")


@pytest.mark.parametrize("kind", ["folder", "alpha", "mm"])
def test_frames_with_nobody_before_and_after_are_left_out(
    dance: Points, tmp_path: Path, kind: str
) -> None:
    clip = probe(clip_of(tmp_path / "a.mp4", 10))
    shown, files = range(2, 7), tmp_path / f"{kind}.json"
    points = [dance[index, BODY] for index in shown]
    if kind == "folder":
        files = tmp_path / "poses"
        files.mkdir()
        for index, pose in zip(shown, points, strict=True):
            (files / f"{index}.json").write_text(json.dumps(people(pose)))
    elif kind == "alpha":
        document: Any = [
            {"image_id": f"{index}.jpg", "keypoints": pose.ravel().tolist()}
            for index, pose in zip(shown, points, strict=True)
        ]
        files.write_text(json.dumps(document))
    else:
        document = [
            {"frame_id": index + 1, "instances": [{"keypoints": pose.ravel().tolist()}]}
            for index, pose in zip(shown, points, strict=True)
        ]
        files.write_text(json.dumps({"instance_info": document}))
    with pytest.warns(DanceNowWarning, match="has 5 poses, .* has 10 frames; they are placed by"):
        track = load_poses(clip, files)
    assert_array_equal(np.flatnonzero(track.confidence.any(axis=1)), shown)
    assert len(quiet(files).track) == 5


def test_what_macos_puts_beside_files_is_passed_over(dance: Points, tmp_path: Path) -> None:
    for index in range(3):
        (tmp_path / f"a_{index}_keypoints.json").write_text(json.dumps(people(dance[index, BODY])))
        (tmp_path / f"._a_{index}_keypoints.json").write_bytes(b"\0\5\x16\7")
    assert len(quiet(tmp_path).track) == 3


def test_the_name_of_a_track_may_end_in_capitals(tmp_path: Path) -> None:
    dancing(seconds=0.5, size=SIZE).save(tmp_path / "a.npz")
    (tmp_path / "a.npz").rename(tmp_path / "A.NPZ")
    track = load_source(tmp_path / "A.NPZ").track
    clip = probe(clip_of(tmp_path / "a.mp4", len(track)))
    assert_array_equal(load_poses(clip, tmp_path / "A.NPZ").keypoints, track.keypoints)


def test_persons_in_pose_files_can_be_chosen(dance: Points, tmp_path: Path) -> None:
    other = dance[:, BODY] * [0.6, 0.6, 1] + [100, 60, 0]
    for index in range(10):
        pair = {"people": [people(b)["people"][0] for b in (dance[index, BODY], other[index])]}
        (tmp_path / f"{index}.json").write_text(json.dumps(pair))
    clip = probe(clip_of(tmp_path / "a.mp4", 10))
    chosen = load_poses(clip, tmp_path, person="right")
    assert_allclose(chosen.keypoints[:, 8, :2], other[:10, 8, :2], atol=3)  # cleaned
    right = quiet(tmp_path, size=SIZE).of("right", tmp_path)
    assert_allclose(right.keypoints[:, BODY], other[:10], atol=1e-3)
    with pytest.raises(InputError, match="`person=3`: 2 persons are seen"):
        quiet(tmp_path, size=SIZE).of("3", tmp_path)
    dancing(seconds=1).save(tmp_path / "t.npz")
    with pytest.raises(InputError, match=r"t\.npz holds one person; leave it out"):
        load_source(tmp_path / "t.npz", person="2")
