"""Writing poses: what goes in, and in which form it comes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.mocap import read_bvh
from dancenow.options import PoseOptions
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX
from dancenow.pose.openpose import write_openpose
from dancenow.pose.pose_files import read_pose_files
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


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    dancing(seconds=1).save(tmp_path / "dance.npz")
    return tmp_path / "dance.npz"


@pytest.mark.parametrize("source", ["track", "capture"])
@pytest.mark.parametrize("ending", ["bvh", "glb"])
def test_a_motion_that_knows_its_depth_becomes_a_capture(
    saved: Path, source: str, ending: str
) -> None:
    given = saved
    if source == "capture":
        given = saved.with_name("given.bvh")
        write_pose(saved, given)
    output = saved.with_name(f"motion.{ending}")
    made = write_pose(given, output)
    assert made.frames == 20 and output.is_file()
    if ending == "bvh":
        assert len(read_bvh(output)) == 20


def test_a_motion_without_depth_does_not(saved: Path) -> None:
    replace(PoseTrack.load(saved), depth=None).save(saved)
    for output, options in (("new.bvh", None), ("new.npz", PoseOptions(camera="90"))):
        with pytest.raises(InputError, match=r"dance.npz: its depth is not known"):
            write_pose(saved, saved.with_name(output), options)
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.parametrize(("camera", "turned"), [("90", 90), ("-45", -45), ("orbit", 0)])
def test_a_track_is_filmed_from_elsewhere(saved: Path, camera: str, turned: float) -> None:
    made = write_pose(saved, saved.with_name("side.npz"), PoseOptions(camera=camera))
    track, was = PoseTrack.load(made.track), PoseTrack.load(saved)
    assert len(track) == len(was) and track.size == was.size and track.depth is not None
    wide = [
        np.ptp(each.xy[0, [INDEX["left_shoulder"], INDEX["right_shoulder"]], 0])
        for each in (track, was)
    ]
    assert wide[0] / wide[1] == pytest.approx(abs(np.cos(np.radians(turned))), abs=0.25)


@pytest.mark.parametrize("camera", ["left", "nan", "1e999"])
def test_no_angle_is_refused(camera: str) -> None:
    with pytest.raises(InputError, match="`camera"):
        PoseOptions(camera=camera)


def test_an_overlay_shows_the_clip_as_it_was_filmed(tmp_path: Path) -> None:
    options = PoseOptions(camera="90", overlay=tmp_path / "a.mp4")
    with pytest.raises(InputError, match="`overlay`"):
        write_pose(tmp_path / "clip.mp4", tmp_path / "a.npz", options)


@pytest.mark.parametrize("options", [PoseOptions(raw=True), PoseOptions(camera="30")])
def test_a_motion_capture_is_cleaned_and_has_no_camera(
    tmp_path: Path, options: PoseOptions
) -> None:
    with pytest.raises(InputError, match=r"means nothing to a motion capture"):
        write_pose(tmp_path / "clip.mp4", tmp_path / "motion.bvh", options)
    assert list(tmp_path.iterdir()) == []
