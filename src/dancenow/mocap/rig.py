"""A figure as a skeleton of rotating joints, as animation programs expect it."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial.transform import Rotation

from dancenow.errors import InputError, counted
from dancenow.mocap.bvh import Bvh, Joint, unit
from dancenow.mocap.figure import HEAD, Array, Figure

_TALL: Final = 170.0  # centimetres: a picture does not say how tall somebody is
_TURN: Final = ("Zrotation", "Xrotation", "Yrotation")
_LOWER: Final = 0.4  # of the trunk: where the spine bends
_UPPER: Final = 0.85  # likewise: where the shoulders begin
_KNUCKLES: Final = 0.05  # body heights from the wrist
_SLOPE: Final = 0.35  # of the way from ankle to toe, how much goes down
_LEVEL: Final = (1 - _SLOPE**2) ** 0.5
_SHORTEST: Final = 3  # frames


def rig(figure: Figure) -> Bvh:
    """A skeleton that moves like a figure.

    Joints have Mixamo's names, the rest pose is a T, y is up, the body faces +z, and lengths are
    centimetres of a body 170 cm tall.

    Raises:
        InputError: the figure hardly lasts.
    """
    if len(figure) < _SHORTEST:
        raise InputError(
            f"is {counted(len(figure), 'frame')} long; a motion capture needs at least {_SHORTEST}."
        )
    places = _places(figure)
    turns = _turns(figure, places)
    joints = _skeleton(places)
    values = [_TALL * figure.hips]
    for joint in joints:
        if joint.channels:
            own = turns[joint.name]
            local = own
            if joint.parent >= 0:
                local = np.swapaxes(turns[joints[joint.parent].name], 1, 2) @ own
            angles = Rotation.from_matrix(local).as_euler("ZXY")
            values.append(np.degrees(np.unwrap(angles, axis=0)))
    return Bvh(tuple(joints), np.concatenate(values, axis=1), figure.fps)


def _places(figure: Figure) -> dict[str, Array]:
    """The joints, and the middles of hips, shoulders and knuckles."""
    places = dict(figure.places)
    for name in ("hip", "shoulder"):
        places[f"mid_{name}"] = (places[f"left_{name}"] + places[f"right_{name}"]) / 2
    for side in ("left", "right"):
        places[f"{side}_toe_end"] = figure.foot(side)[1]
        hand = figure.hands[f"{side}_wrist"]
        places[f"{side}_knuckles"] = places[f"{side}_wrist"] + _KNUCKLES * hand
    return places


def _skeleton(places: dict[str, Array]) -> list[Joint]:
    """The rest pose: a T with the median limb lengths, in centimetres."""

    def length(a: str, b: str) -> float:
        return _TALL * float(np.median(np.linalg.norm(places[b] - places[a], axis=-1)))

    def both(a: str, b: str) -> float:
        return (length(f"left_{a}", f"left_{b}") + length(f"right_{a}", f"right_{b}")) / 2

    hips, shoulders = length("left_hip", "right_hip") / 2, length("left_shoulder", "right_shoulder")
    trunk, throat = length("mid_hip", "mid_shoulder"), length("mid_shoulder", "head")
    joints = [Joint("Hips", -1, (0.0, 0.0, 0.0), ("Xposition", "Yposition", "Zposition", *_TURN))]

    def add(name: str, parent: str, *offset: float, end: bool = False) -> None:
        number = [joint.name for joint in joints].index(parent)
        x, y, z = offset
        joints.append(Joint(name, number, (x, y, z), () if end else _TURN))

    lower, chest = _LOWER * trunk, _UPPER * trunk
    add("Spine", "Hips", 0, lower, 0)
    add("Spine1", "Spine", 0, chest - lower, 0)
    add("Neck", "Spine1", 0, trunk - chest, 0)
    add("Head", "Neck", 0, throat, 0)
    add("HeadTop_End", "Head", 0, _TALL * HEAD, 0, end=True)
    for side, sign in (("Left", 1), ("Right", -1)):
        add(f"{side}Shoulder", "Spine1", sign * shoulders / 8, trunk - chest, 0)
        add(f"{side}Arm", f"{side}Shoulder", sign * shoulders * 3 / 8, 0, 0)
        add(f"{side}ForeArm", f"{side}Arm", sign * both("shoulder", "elbow"), 0, 0)
        add(f"{side}Hand", f"{side}ForeArm", sign * both("elbow", "wrist"), 0, 0)
        add(f"{side}Hand_End", f"{side}Hand", sign * both("wrist", "knuckles"), 0, 0, end=True)
        add(f"{side}UpLeg", "Hips", sign * hips, 0, 0)
        add(f"{side}Leg", f"{side}UpLeg", 0, -both("hip", "knee"), 0)
        add(f"{side}Foot", f"{side}Leg", 0, -both("knee", "ankle"), 0)
        toe = both("ankle", "toe_end")
        add(f"{side}Toe_End", f"{side}Foot", 0, -_SLOPE * toe, _LEVEL * toe, end=True)
    return joints


def _turns(figure: Figure, places: dict[str, Array]) -> dict[str, Array]:
    """Each joint's rotation from the rest pose, `(T, 3, 3)`."""
    up = places["mid_shoulder"] - places["mid_hip"]
    turns = {
        "Hips": _frame(places["left_hip"] - places["right_hip"], up),
        "Spine": _frame(places["left_shoulder"] - places["right_shoulder"], up),
        "Head": figure.turns["head"],
    }
    turns["Spine1"] = turns["LeftShoulder"] = turns["RightShoulder"] = turns["Spine"]
    turns["Neck"] = _aimed(
        turns["Spine"], np.array([0.0, 1, 0]), places["head"] - places["mid_shoulder"]
    )
    for side, sign in (("left", 1.0), ("right", -1.0)):
        ours, out = side.capitalize(), np.array([sign, 0, 0])
        at = {
            name.removeprefix(f"{side}_"): places[name] for name in places if name.startswith(side)
        }
        turns[f"{ours}Arm"] = _aimed(turns["Spine"], out, at["elbow"] - at["shoulder"])
        turns[f"{ours}ForeArm"] = _aimed(turns[f"{ours}Arm"], out, at["wrist"] - at["elbow"])
        turns[f"{ours}Hand"] = _aimed(turns[f"{ours}ForeArm"], out, figure.hands[f"{side}_wrist"])
        down, along = np.array([0.0, -1, 0]), np.array([0.0, -_SLOPE, _LEVEL])
        turns[f"{ours}UpLeg"] = _aimed(turns["Hips"], down, at["knee"] - at["hip"])
        turns[f"{ours}Leg"] = _aimed(turns[f"{ours}UpLeg"], down, at["ankle"] - at["knee"])
        turns[f"{ours}Foot"] = _aimed(turns[f"{ours}Leg"], along, at["toe_end"] - at["ankle"])
    return turns


def _frame(across: Array, up: Array) -> Array:
    """Axes as columns `(T, 3, 3)`: x along `across`, y as close to `up` as possible."""
    x = unit(across)
    y = unit(up - (up * x).sum(axis=-1, keepdims=True) * x)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def _aimed(parent: Array, rest: Array, wanted: Array) -> Array:
    """A joint's rotation: its parent's, then the shortest turn that aims its bone."""
    before, after = parent @ rest, unit(wanted)
    axis = np.cross(before, after)
    sine, cosine = np.linalg.norm(axis, axis=-1), (before * after).sum(axis=-1)
    # If the bone points straight back, any axis across it will do.
    spare = np.cross(before, np.roll(before, 1, axis=-1))
    axis = np.where((sine > 1e-6)[:, None], axis, np.where((cosine < 0)[:, None], spare, axis))
    turn = Rotation.from_rotvec(unit(axis) * np.arctan2(sine, cosine)[:, None])
    return np.asarray(turn.as_matrix() @ parent, dtype=np.float64)
