"""Writing poses: what goes in, and in which form it comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.mocap import Bvh, read_bvh
from dancenow.mocap.bvh import Joint
from dancenow.options import PoseOptions
from dancenow.pose import PoseTrack
from dancenow.pose.openpose import write_openpose
from dancenow.pose.pose_files import read_pose_files
from dancenow.video import open_writer
from dancenow.workflows import pose
from dancenow.workflows.pose import write_pose
from motions import dancing


def test_openpose_files_are_left_as_they_are_if_asked(tmp_path: Path) -> None:
    track = dancing(seconds=1)
    shaken = track.keypoints.copy()
    shaken[::2, :, 0] += 3
    write_openpose(track.with_keypoints(shaken), tmp_path / "poses")
    given = read_pose_files(tmp_path / "poses").track.keypoints
    write_pose(tmp_path / "poses", tmp_path / "raw.npz", PoseOptions(raw=True))
    write_pose(tmp_path / "poses", tmp_path / "clean.npz")
    assert np.array_equal(PoseTrack.load(tmp_path / "raw.npz").keypoints, given)
    assert not np.array_equal(PoseTrack.load(tmp_path / "clean.npz").keypoints, given)


def test_a_track_becomes_openpose_files(tmp_path: Path) -> None:
    track = dancing(seconds=1)
    track.save(tmp_path / "dance.npz")
    made = write_pose(tmp_path / "dance.npz", tmp_path / "poses")
    back = read_pose_files(tmp_path / "poses").track
    assert made.frames == len(back) == len(track)
    assert np.abs(back.keypoints - track.keypoints).max() < 1e-2


def test_a_motion_capture_is_made_in_one_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = dancing(seconds=1)
    root = Joint("Hips", -1, (0.0, 0.0, 0.0), ("Xposition", "Yposition", "Zposition"))
    motion = Bvh((root,), np.ones((len(track), 3)), 20.0)
    monkeypatch.setattr(pose, "record_bvh", lambda *_, **__: (motion, track))
    monkeypatch.setattr(pose, "detect_pose", lambda *_, **__: pytest.fail("looked at again"))
    with open_writer(tmp_path / "clip.mp4", fps=20) as writer:
        writer.write(np.zeros((64, 64, 3), np.uint8))
    made = write_pose(tmp_path / "clip.mp4", tmp_path / "motion.bvh")
    assert made.frames == len(read_bvh(tmp_path / "motion.bvh")) == len(track)


def test_what_was_filmed_already_has_its_camera(tmp_path: Path) -> None:
    for name in ("motion.bvh", "poses.npz"):
        with pytest.raises(InputError, match=r"`camera=30`: .*clip.mp4 is no motion capture"):
            write_pose(tmp_path / "clip.mp4", tmp_path / name, PoseOptions(camera=30))
    assert list(tmp_path.iterdir()) == []


def test_a_motion_capture_cannot_be_left_raw(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`raw`: a motion capture is always cleaned"):
        write_pose(tmp_path / "clip.mp4", tmp_path / "motion.bvh", PoseOptions(raw=True))
    assert list(tmp_path.iterdir()) == []
