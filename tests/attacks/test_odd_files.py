"""Files that are well formed and odd: each gave a raw error, a hang or gigabytes once."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.mocap.bvh import read_bvh
from dancenow.mocap.smpl import read_smpl
from dancenow.plan import read_plan
from dancenow.plan.batch import read_batch
from dancenow.pose.filters import clean
from dancenow.pose.pose_files import read_pose_files
from dancenow.sample import dance_track
from dancenow.sources.captures import read_figure
from dancenow.video.images import written_rate

BODY = [
    (320, 60), (320, 100), (290, 100), (280, 140), (275, 180), (350, 100), (360, 140), (365, 180),
    (320, 200), (300, 200), (300, 260), (300, 320), (340, 200), (340, 260), (340, 320), (315, 55),
    (325, 55), (308, 60), (332, 60), (345, 335), (350, 332), (335, 328), (295, 335), (290, 332),
    (305, 328),
]  # fmt: skip
SMALL = (640, 360)


def frame(shift: int = 0) -> dict[str, Any]:
    """A person in OpenPose's form."""
    points = [value for x, y in BODY for value in (x + shift, y, 0.9)]
    return {"people": [{"pose_keypoints_2d": points}], "canvas_width": 640, "canvas_height": 360}


@pytest.mark.parametrize(
    ("frames", "fps"), [(1, 30), (2, 30), (3, 60), (5, 60), (12, 240), (40, 1000)]
)
def test_the_shortest_motions_are_cleaned(frames: int, fps: int) -> None:
    track = dance_track("mika", "groove", seconds=frames / fps, fps=fps)
    assert len(clean(track)) == len(track) == frames


@pytest.mark.parametrize("rate", ["1e99999999", "1e9999999999", "9" * 5000, "25/0", True, None])
def test_the_rate_of_a_folder_of_pictures_is_a_plain_number(rate: object, tmp_path: Path) -> None:
    (tmp_path / "dancenow-clip.json").write_text(json.dumps({"fps": rate}))
    with pytest.raises(InputError, match="is damaged; remove it"):
        written_rate(tmp_path)


def test_far_numbers_of_a_few_pictures_are_no_frames(tmp_path: Path) -> None:
    points = [value for x, y in BODY[:17] for value in (x, y, 0.9)]
    one = {"keypoints": points, "category_id": 1, "score": 1}
    for step, name in ((100, "far.json"), (3, "near.json")):
        poses = [{"image_id": f"{number * step}.jpg", **one} for number in range(60)]
        (tmp_path / name).write_text(json.dumps(poses))
    with pytest.raises(InputError, match="no frame numbers"):
        read_pose_files(tmp_path / "far.json", fps=30, size=SMALL)
    assert len(read_pose_files(tmp_path / "near.json", fps=30, size=SMALL).people) == 178


def test_names_may_end_in_what_only_looks_like_a_number(tmp_path: Path) -> None:
    for name in "²³":
        (tmp_path / f"{name}_keypoints.json").write_text(json.dumps(frame()))
    assert len(read_pose_files(tmp_path, fps=30, size=SMALL).people) == 2


SKELETON = "HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\nCHANNELS 3 Xposition Yposition Zposition\n}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("HIERARCHY\n" + "x" * 3_000_000, "a line has more than"),
        (f"{SKELETON}MOTION\nFrames: 1\nFrame Time: 1\n{'1 ' * 1_500_000}", "a line has more than"),
        (f"{SKELETON}MOTION\nFrames: 3000\nFrame Time: 9.9\n" + "1 2 3\n" * 3000, "hours long"),
    ],
)
def test_a_capture_is_bounded(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "a.bvh").write_text(text)
    with pytest.raises(InputError, match=why):
        read_bvh(tmp_path / "a.bvh")


def test_a_capture_may_have_as_long_a_name_as_any_file(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 246}.bvh"
    path.write_text(f"{SKELETON}MOTION\nFrames: 1\nFrame Time: 1\n1 2 3\n")
    with pytest.raises(InputError, match="which joint is head"):
        read_figure(path)


class Made:
    """Pickled as a call."""

    def __init__(self, *call: Any) -> None:
        self._call = call

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize("shape", [(1 << 20, 330), (1000, 21_600), (10, 66)])
def test_a_pickle_makes_no_arrays_without_their_values(
    shape: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"smpl_poses": Made(np.ndarray, (shape, "i1"))}, 2))
    with pytest.raises(InputError, match=r"which hold arrays of poses; load it anew\.$"):
        read_smpl(path)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_with_arrays_is_read(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    poses = np.random.default_rng(0).normal(0, 0.1, (5, 72))
    poses = np.asfortranarray(poses) if protocol == 4 else poses
    capture = {"smpl_poses": poses, "smpl_trans": np.zeros((5, 3), np.float32)}
    path.write_bytes(pickle.dumps(capture | {"smpl_scaling": np.float64(1.0)}, protocol))
    assert len(read_smpl(path)) == 5


def test_a_long_line_of_a_plan_is_told_at_once_and_shortly(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text("clip = x" + " " * 500_000 + "y\n")
    with pytest.raises(InputError) as caught:
        read_plan(path)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "option",
    ['name = "\\U0000D800"', 'x = {"me\\U0000D800" = "a"}', f"seed = 0x{'f' * 6000}",
     "minutes = nan", "minutes = inf"],
)  # fmt: skip
def test_what_a_batch_could_not_write_down_is_refused(option: str, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(f"[options]\n{option}\n")
    with pytest.raises(InputError, match="no Unicode, or a number that"):
        read_batch(tmp_path / "plan.toml")
