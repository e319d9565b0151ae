"""A motion as what video models are conditioned on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import DanceNowError, InputError
from dancenow.options import ExportMotionOptions
from dancenow.pose import PoseTrack
from dancenow.pose.draw_dwpose import draw_dwpose
from dancenow.pose.layout import INDEX
from dancenow.video import probe, read_frames
from dancenow.workflows.export_motion import export_motion
from fixture_types import SampleClip
from motions import dancing
from untrained import plated, untrained


def test_a_clip_leaves_all_conditions(sample_clip: SampleClip, tmp_path: Path) -> None:
    clip = sample_clip()
    track = PoseTrack.load(clip.with_suffix(".pose.npz"))
    options = ExportMotionOptions(device="cpu", source_poses=clip.with_suffix(".pose.npz"))
    made = export_motion(clip, tmp_path / "out", options)
    assert made.files == (
        "background.png", "dwpose.mp4", "face.mp4", "mask.mp4", "pose.mp4", "poses.json",
        "sound.m4a",
    )  # fmt: skip
    info = probe(clip)
    for name in ("pose", "dwpose", "mask", "face"):
        video = probe(tmp_path / "out" / f"{name}.mp4")
        assert (video.frames, video.fps) == (info.frames, info.fps), name
        assert video.size == ((512, 512) if name == "face" else info.size), name
    mask = next(iter(read_frames(tmp_path / "out" / "mask.mp4"))).mean(axis=-1)
    chest = track.xy[0, INDEX["neck"]].astype(int)
    assert mask[chest[1] + 4, chest[0]] > 200 and mask[2, 2] < 20
    frames = json.loads((tmp_path / "out" / "poses.json").read_text())
    assert len(frames) == info.frames
    (person,) = frames[0]["people"]
    assert [len(part) // 3 for part in person.values()] == [18, 70, 21, 21]
    assert (frames[0]["canvas_width"], frames[0]["canvas_height"]) == info.size
    nose = track.keypoints[0, INDEX["nose"], :2]
    assert person["pose_keypoints_2d"][:2] == pytest.approx(nose.tolist(), abs=0.01)
    with pytest.raises(DanceNowError, match="holds other files"):
        export_motion(clip, tmp_path / "out", options)


def test_a_track_is_moved_to_whom_it_is_for(tmp_path: Path) -> None:
    home = dancing("zola", "house", seconds=1, fps=8, size=(160, 96))
    untrained(home, plated(home, np.full((96, 160, 3), 90, np.uint8))).save(tmp_path / "zola")
    dancing("bo", "disco", seconds=1, fps=8, size=(64, 64)).save(tmp_path / "a.npz")
    options = ExportMotionOptions(device="cpu", performer=tmp_path / "zola")
    made = export_motion(tmp_path / "a.npz", tmp_path / "out", options)
    assert made.files == ("dwpose.mp4", "pose.mp4", "poses.json") and made.size == (160, 96)
    with pytest.raises(InputError, match="holds poses already"):
        options = ExportMotionOptions(source_poses=tmp_path / "a.npz")
        export_motion(tmp_path / "a.npz", tmp_path / "other", options)
    assert not (tmp_path / "other").exists()


def test_dwpose_has_its_colours() -> None:
    keypoints = dancing(seconds=0.1, size=(512, 512)).keypoints[0].copy()
    picture = draw_dwpose(keypoints, (512, 512))
    x, y = keypoints[INDEX["right_knee"], :2].astype(int)
    assert tuple(picture[y, x]) == (0, 255, 255)  # a joint: bright, the tenth of 18 hues
    middle = keypoints[[INDEX["right_knee"], INDEX["right_hip"]], :2].mean(axis=0).astype(int)
    assert tuple(picture[middle[1], middle[0]]) == (0, 153, 51)  # its limb: 0.6 of the eighth
    keypoints[:, 2] = 0
    assert draw_dwpose(keypoints, (512, 512)).max() == 0
