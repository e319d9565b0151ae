"""Motion captures in the axes of SMPL's joints: AMASS (`.npz`) and AIST++ (`.npz`, `.pkl`).

Both hold a rotation vector for every joint of the SMPL body (Loper et al., "SMPL: a skinned
multi-person linear model", SIGGRAPH Asia 2015), and where the body is.  The body model itself may
not be passed on; the motion is given to an average body (Drillis and Contini, 1966) instead.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dancenow import limits
from dancenow.errors import InputError
from dancenow.mocap.bvh import Bvh, Joint
from dancenow.reading import read_arrays

_POSES: Final = ("poses", "smpl_poses")
_TRAVEL: Final = ("trans", "smpl_trans")
_RATES: Final = ("mocap_framerate", "mocap_frame_rate", "fps")
_USUAL_RATE: Final = 60.0  # of AIST++, which does not say it
_BODY: Final = 22  # joints of the body; those of hands and face follow
_TURN: Final = ("Zrotation", "Xrotation", "Yrotation")
_MULTIARRAY: Final = ("numpy.core.multiarray", "numpy._core.multiarray")
_TALL: Final = 1.7  # metres

# SMPL's joints by Mixamo's names: parent, and offset from it in a T pose, in body heights.
_JOINTS: Final = (
    ("Hips", -1, (0, 0, 0)),
    ("LeftUpLeg", 0, (0.05, -0.03, 0)),
    ("RightUpLeg", 0, (-0.05, -0.03, 0)),
    ("Spine", 0, (0, 0.07, 0)),
    ("LeftLeg", 1, (0, -0.245, 0)),
    ("RightLeg", 2, (0, -0.245, 0)),
    ("Spine1", 3, (0, 0.08, 0)),
    ("LeftFoot", 4, (0, -0.246, 0)),
    ("RightFoot", 5, (0, -0.246, 0)),
    ("Spine2", 6, (0, 0.035, 0)),
    ("LeftToeBase", 7, (0.01, -0.032, 0.075)),
    ("RightToeBase", 8, (-0.01, -0.032, 0.075)),
    ("Neck", 9, (0, 0.125, 0)),
    ("LeftShoulder", 9, (0.04, 0.08, 0)),
    ("RightShoulder", 9, (-0.04, 0.08, 0)),
    ("Head", 12, (0, 0.045, 0.01)),
    ("LeftArm", 13, (0.065, 0.025, 0)),
    ("RightArm", 14, (-0.065, 0.025, 0)),
    ("LeftForeArm", 16, (0.155, 0, 0)),
    ("RightForeArm", 17, (-0.155, 0, 0)),
    ("LeftHand", 18, (0.145, 0, 0)),
    ("RightHand", 19, (-0.145, 0, 0)),
)


def holds_smpl(path: Path) -> bool:
    """Whether a file is a capture in SMPL's joints: a pickled one, or an archive that has them."""
    if path.suffix.lower() == ".pkl":
        return True
    if path.suffix.lower() != ".npz" or not path.is_file():
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
    except Exception:  # whatever it is, it is no archive
        return False
    return bool(names & set(_POSES)) and "keypoints" not in names


def read_smpl(path: Path) -> Bvh:
    """Read a capture of AMASS or AIST++.

    Raises:
        InputError: there is no such file, it is damaged, or it lacks poses.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        values = _unpickled(path) if path.suffix.lower() == ".pkl" else _archived(path)
        poses = _first(values, _POSES)
        limits.check_memory(path, 24 * np.size(poses))
        poses = np.asarray(poses, np.float64)
        if poses.ndim == 4:
            raise _NoCaptureError("rotation matrices are not read, only rotation vectors")
        poses = poses.reshape(len(poses), -1, 3)
        travel = np.zeros((len(poses), 3))
        if any(name in values for name in _TRAVEL):
            travel = np.asarray(_first(values, _TRAVEL), np.float64).reshape(-1, 3)
        travel = travel / float(np.ravel(values.get("smpl_scaling", 1.0))[0])
        rates = [values[name] for name in _RATES if name in values]
        rate = float(np.ravel(rates[0])[0]) if rates else _USUAL_RATE
    except InputError:
        raise
    except Exception as error:  # whatever a parser says of it
        why = f": {error}" if isinstance(error, _NoCaptureError) else "; load it anew"
        raise InputError(
            f"{path}: is no motion capture of AMASS or AIST++, which hold arrays of poses{why}."
        ) from error
    good = len(poses) > 0 and poses.shape[1] >= _BODY and len(travel) == len(poses)
    if not good or not np.isfinite(poses).all() or not np.isfinite(travel).all():
        raise InputError(f"{path}: holds no whole poses; load the file anew.")
    if not 1 <= rate <= 1000:
        raise InputError(f"{path}: has {rate:g} frames a second; is the file damaged?")
    return _moving(poses[:, :_BODY], travel, rate)


def _moving(poses: NDArray[np.float64], travel: NDArray[np.float64], rate: float) -> Bvh:
    """The skeleton, moved by rotation vectors `(T, 22, 3)` and places `(T, 3)` in metres."""
    joints, columns = [], [travel]
    for number, (name, parent, offset) in enumerate(_JOINTS):
        place = ("Xposition", "Yposition", "Zposition") if parent < 0 else ()
        x, y, z = (_TALL * value for value in offset)
        joints.append(Joint(name, parent, (x, y, z), (*place, *_TURN)))
        columns.append(Rotation.from_rotvec(poses[:, number]).as_euler("ZXY", degrees=True))
    return Bvh(tuple(joints), np.concatenate(columns, axis=1), rate)


def _first(values: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in values:
            return values[name]
    raise _NoCaptureError(f"it has no {names[0]}")


def _archived(path: Path) -> dict[str, Any]:
    wanted = {*_POSES, *_TRAVEL, *_RATES, "smpl_scaling"}
    arrays = read_arrays(path, "is no motion capture of AMASS or AIST++, or is damaged.")
    return {name: values for name, values in arrays.items() if name in wanted}


def _unpickled(path: Path) -> dict[str, Any]:
    if path.stat().st_size > limits.DOCUMENT:
        raise _NoCaptureError(f"it has more than {limits.DOCUMENT >> 20} MiB")
    values = _ArraysOnly(io.BytesIO(path.read_bytes()), encoding="latin1").load()
    if not isinstance(values, dict):
        raise _NoCaptureError("it is no dictionary")
    return values


class _ArraysOnly(pickle.Unpickler):
    """Admits numpy's arrays and plain values, and nothing that could run code."""

    _ADMITTED: Final = {
        ("numpy", "dtype"),
        *((f"numpy.{core}.multiarray", "scalar") for core in ("core", "_core")),
        *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
    }

    def find_class(self, module: str, name: str) -> Any:
        """See `pickle.Unpickler`."""
        if (module, name) == ("_codecs", "encode"):  # the bytes of arrays that Python 2 pickled
            return _latin1
        if (module, name) == ("numpy", "ndarray"):
            return None  # the class would make arrays of any size, of whatever lies in memory
        if name == "_reconstruct" and module in _MULTIARRAY:
            return lambda *_: np.empty(0)  # which gets its shape with its values
        if (module, name) in self._ADMITTED:
            return super().find_class(module, name)
        raise _NoCaptureError(f"it holds {module[:40]}.{name[:40]}, which is no array")


class _NoCaptureError(Exception):
    """What a file holds instead of a capture, in words of ours."""


def _latin1(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise _NoCaptureError(f"it holds text in {encoding[:40]}")
    return text.encode("latin1")
