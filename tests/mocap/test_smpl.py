"""Captures of AMASS and AIST++: rotations of SMPL's joints, archived or pickled."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.mocap import figure_of
from dancenow.mocap.smpl import holds_smpl, read_smpl
from dancenow.pose import PoseTrack
from dancenow.sources.load import load_source
from motions import dancing

Array = NDArray[np.float64]

LEFT_SHOULDER, LEFT_ELBOW, RIGHT_SHOULDER = 16, 18, 17
COUNT = 40


def standing(joints: int = 22) -> Array:
    """Rotation vectors `(T, J, 3)` of a body that stands with its arms down."""
    poses = np.zeros((COUNT, joints, 3))
    poses[:, LEFT_SHOULDER, 2], poses[:, RIGHT_SHOULDER, 2] = -1.4, 1.4
    return poses


def waving(joints: int = 22) -> Array:
    """The same, while the left forearm comes up."""
    poses = standing(joints)
    poses[:, LEFT_ELBOW, 1] = -np.linspace(0, 2, COUNT)
    return poses


def amass(path: Path, poses: Array, **more: object) -> Path:
    np.savez(path, poses=poses.reshape(COUNT, -1), trans=np.zeros((COUNT, 3)),
             mocap_framerate=np.float64(30), gender="neutral", **more)  # fmt: skip
    return path


def aist(path: Path, poses: Array, protocol: int = 2) -> Path:
    values = {
        "smpl_poses": poses[:, :24].reshape(COUNT, -1),
        "smpl_trans": np.tile([0, 90.0, 0], (COUNT, 1)),
        "smpl_scaling": np.array([100.0]),
        "smpl_loss": 0.5,
    }
    path.write_bytes(pickle.dumps(values, protocol))
    return path


def upright(path: Path, turn: Array) -> Path:
    """AMASS counts z upwards; the root's rotation holds that."""
    poses = waving(52)
    poses[:, 0] = turn
    return amass(path, poses)


@pytest.mark.parametrize("turn", [[0, 0, 0], [np.pi / 2, 0, 0]])
def test_amass_is_read_whichever_way_is_up(tmp_path: Path, turn: list[float]) -> None:
    path = upright(tmp_path / "a.npz", np.array(turn))
    bvh = read_smpl(path)
    assert bvh.fps == 30 and len(bvh) == COUNT
    figure = figure_of(bvh, path)
    head, ankle = figure["head"], figure["left_ankle"]
    assert np.median(head[:, 1] - ankle[:, 1]) == pytest.approx(0.83, abs=0.06)
    elbow, wrist = figure["left_elbow"], figure["left_wrist"]
    assert elbow[0, 1] - wrist[0, 1] > 0.1  # the arm hangs
    assert (wrist - elbow)[-1, 2] > 0.1  # and comes up in front
    assert figure["left_wrist"][0, 0] > figure["right_wrist"][0, 0]  # it faces the camera


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_aist_is_read_in_its_own_scale(tmp_path: Path, protocol: int) -> None:
    path = aist(tmp_path / "a.pkl", waving(24), protocol)
    bvh = read_smpl(path)
    assert bvh.fps == 60
    assert bvh.values[0, :3] == pytest.approx([0, 0.9, 0])


@pytest.mark.parametrize("make", [aist, amass])
def test_a_capture_is_a_source(tmp_path: Path, make: Callable[[Path, Array], Path]) -> None:
    path = make(tmp_path / ("a.pkl" if make is aist else "a.npz"), waving(24))
    track = load_source(path).track
    assert len(track) == COUNT and (track.confidence[:, :8] > 0).all()
    assert track.depth is not None


def test_a_track_is_no_capture(tmp_path: Path) -> None:
    dancing(seconds=1).save(tmp_path / "a.npz")
    assert not holds_smpl(tmp_path / "a.npz") and not holds_smpl(tmp_path / "none.npz")
    assert isinstance(load_source(tmp_path / "a.npz").track, PoseTrack)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo gotcha > gotcha",)


def test_a_pickle_that_would_run_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for values in (Evil(), {"smpl_poses": Evil()}, np.array([Evil()], object)):
        (tmp_path / "a.pkl").write_bytes(pickle.dumps(values))
        with pytest.raises(InputError, match=r"a.pkl: is no motion capture .*system, which is no"):
            read_smpl(tmp_path / "a.pkl")
    assert not (tmp_path / "gotcha").exists()


BAD: dict[str, object] = {
    "no dictionary": [1, 2],
    "no poses": {"smpl_trans": np.zeros((3, 3))},
    "too few joints": {"smpl_poses": np.zeros((3, 30)), "smpl_trans": np.zeros((3, 3))},
    "no frames": {"smpl_poses": np.zeros((0, 72))},
    "other lengths": {"smpl_poses": np.zeros((3, 72)), "smpl_trans": np.zeros((2, 3))},
    "nan": {"smpl_poses": np.full((3, 72), np.nan)},
    "text": {"smpl_poses": "none"},
    "no rate": {"smpl_poses": np.zeros((3, 72)), "fps": 0.0},
}


@pytest.mark.parametrize("values", BAD.values(), ids=BAD)
def test_what_is_no_capture_is_told(tmp_path: Path, values: object) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(values))
    with pytest.raises(InputError, match=r"a\.pkl: "):
        read_smpl(tmp_path / "a.pkl")


@pytest.mark.parametrize("content", [b"", b"not a pickle", b"\x80\x04."])
def test_damaged_pickles_are_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(InputError, match="is no motion capture"):
        read_smpl(tmp_path / "a.pkl")
    with pytest.raises(InputError, match="no such file"):
        read_smpl(tmp_path / "b.pkl")
