"""The body of a motion capture, found by the names of its joints."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.mocap.bvh import Bvh, unit
from dancenow.mocap.figure import SOLE, Array, Figure
from dancenow.mocap.skeleton import find_joints
from dancenow.pose.layout import FINGERS, SIDES

_CALM_FPS: Final = 60.0  # captures of 120 frames a second are thinned to this
_BEGINNING: Final = 0.5  # seconds at the start in which the body faces the camera
_SUDDEN: Final = 1.5  # body heights a second, mean of all joints: faster than anyone moves
_BLOCK: Final = 1000  # frames whose joints are computed at once
_FOREHEAD: Final = 0.9  # share of the height that legs and trunk make up; the head is not measured


def figure_of(bvh: Bvh, path: Path) -> Figure:
    """The body of a motion capture, which faces the camera at the start.

    The up axis and the unit of length are found from the body itself.  A first frame that no body
    could leave so fast is taken for a calibration pose and replaced with the second.  At most 60
    frames a second are kept.

    Args:
        bvh: the capture.
        path: its file, for messages and for `STEM.joints.json` beside it.

    Raises:
        InputError: a joint is not found, or the body has no size.
    """
    at = find_joints(bvh, path)
    step = max(1, math.ceil(bvh.fps / _CALM_FPS - 0.01))
    bvh = Bvh(bvh.joints, bvh.values[::step], bvh.fps / step)
    turning = ["head", *(f"{side}_{joint}" for side in SIDES for joint in ("ankle", "wrist"))]
    places, turns = _moved(bvh, [at[name] for name in turning])
    height, up = _height(places, at), _up(places, at)
    if up is None or not height > 1e-6:
        raise InputError(f"{path}: the body has no size; is the file damaged?")
    if _starts_with_a_jump(places[:6] / height, at, bvh.fps):
        places[0], turns[0] = places[1], turns[1]
    now = _axes(places, at, up, round(_BEGINNING * bvh.fps))
    if now is None:
        raise InputError(f"{path}: the body has no width; are the joints named correctly?")
    placed = (places @ now.T) / height
    feet = placed[:, [at["left_ankle"], at["right_ankle"]], 1].min(axis=1)
    placed[..., 1] -= np.quantile(feet, 0.05) - SOLE
    rest = bvh.rest()
    then = _standing(rest, at)
    own, hands = {}, {}
    for number, name in enumerate(turning):
        turned = now @ turns[:, number]
        if name.endswith("wrist"):
            along = rest[at[name]] - rest[at[name.replace("wrist", "elbow")]]
            hands[name] = turned @ unit(along)
        low = _low(placed[:, at[name], 1]) if name.endswith("ankle") else None
        if then is None or low is not None:
            own[name] = turned @ _settled(turned, placed, at, low)
        else:
            own[name] = turned @ then.T
    ends = {joint.parent: number for number, joint in enumerate(bvh.joints) if not joint.channels}
    named = {name: placed[:, number] for name, number in at.items()}
    for side in SIDES:
        tip = at.get(f"{side}_toe", at[f"{side}_ankle"])
        if tip in ends:
            named[f"{side}_toe_end"] = placed[:, ends[tip]]
        for finger in FINGERS:
            last = at.get(f"{side}_{finger}_3")
            if last in ends:
                named.setdefault(f"{side}_{finger}_4", placed[:, ends[last]])
    return Figure(named, own, hands, bvh.fps)


def _moved(bvh: Bvh, turning: list[int]) -> tuple[Array, Array]:
    """Positions of all joints, `(T, J, 3)`, and rotations of some, `(T, N, 3, 3)`."""
    places, turns = [], []
    for first in range(0, len(bvh), _BLOCK):
        block = Bvh(bvh.joints, bvh.values[first : first + _BLOCK], bvh.fps)
        where, how = block.kinematics()
        places.append(where)
        turns.append(how[:, turning])
    return np.concatenate(places), np.concatenate(turns)


def _height(places: Array, at: dict[str, int]) -> float:
    """The body's height in the file's units, from its legs and its straightest trunk."""

    def length(a: Array, b: Array, quantile: float) -> float:
        return float(np.quantile(np.linalg.norm(a - b, axis=-1), quantile))

    legs = sum(
        length(places[:, at[f"{side}_{a}"]], places[:, at[f"{side}_{b}"]], 0.5) / 2
        for side in SIDES
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    )
    hips = (places[:, at["left_hip"]] + places[:, at["right_hip"]]) / 2
    trunk = length(places[:, at["head"]], hips, 0.9)
    return (legs + trunk) / _FOREHEAD / (1 - SOLE) if min(legs, trunk) > 0 else 0.0


def _up(places: Array, at: dict[str, int]) -> Array | None:
    """The axis of the file that points up: from the feet to the head, most of the time."""
    feet = (places[:, at["left_ankle"]] + places[:, at["right_ankle"]]) / 2
    rise = np.median(places[:, at["head"]] - feet, axis=0)
    axis = int(np.abs(rise).argmax())
    if not np.abs(rise[axis]) > 1e-9:
        return None
    up = np.zeros(3)
    up[axis] = np.sign(rise[axis])
    return up


def _starts_with_a_jump(places: Array, at: dict[str, int], fps: float) -> bool:
    """Whether the first frame is not part of the motion; `places` are in body heights."""
    hips = (places[:, at["left_hip"]] + places[:, at["right_hip"]]) / 2
    steps = np.diff(places - hips[:, None], axis=0)
    speed = fps * np.linalg.norm(steps, axis=-1).mean(axis=1)
    return len(speed) == 5 and speed[0] > _SUDDEN and speed[0] > 2 * float(speed[1:].max())


def _leftward(places: Array, at: dict[str, int], up: Array) -> Array:
    """From the right hip and shoulder to the left ones, horizontally, `(T, 3)`."""
    hips = places[:, at["left_hip"]] - places[:, at["right_hip"]]
    left: Array = hips + places[:, at["left_shoulder"]] - places[:, at["right_shoulder"]]
    level: Array = left - (left @ up)[:, None] * up
    return level


def _axes(places: Array, at: dict[str, int], up: Array, frames: int = 1) -> Array | None:
    """Rows: the body's left, up and forward, over the first frames in which it is upright."""
    left = _leftward(places, at, up)
    width = np.linalg.norm(left, axis=1)
    if not width.max() > 1e-6:
        return None
    upright = unit(left[width > 0.5 * width.max()])[: max(1, frames)]
    mean = upright.mean(axis=0)
    first = unit(mean if np.linalg.norm(mean) > 0.1 else upright[0])  # else it spins
    return np.array([first, up, np.cross(first, up)], np.float64)


def _standing(rest: Array, at: dict[str, int]) -> Array | None:
    """The body's axes in the rest pose if it stands there; some files put all bones in a row."""
    hips, feet = ((rest[at[f"left_{a}"]] + rest[at[f"right_{a}"]]) / 2 for a in ("hip", "ankle"))
    up = _up(rest[None], at)
    if up is None or min(unit(hips - feet) @ up, unit(rest[at["head"]] - hips) @ up) < 0.7:
        return None
    return _axes(rest[None], at, up)


def _settled(
    turns: Array, placed: Array, at: dict[str, int], frames: NDArray[np.bool_] | None
) -> Array:
    """A joint's rotation from the file's axes to the body's, if it is upright on the whole.

    The rotation `(3, 3)` nearest to the mean over `frames`, or over all.
    """
    up = np.array([0.0, 1, 0])
    left = _leftward(placed, at, up)
    width = np.linalg.norm(left, axis=1)
    good = width > 0.3 * width.max()
    if frames is not None and (good & frames).any():
        good &= frames
    left = unit(left[good])
    body = np.stack([left, np.tile(up, (len(left), 1)), np.cross(left, up)], axis=-1)
    mean = (np.swapaxes(turns[good], 1, 2) @ body).mean(axis=0)
    u, _, v = np.linalg.svd(mean)
    return np.asarray(u @ np.diag([1, 1, np.linalg.det(u @ v)]) @ v)


def _low(height: Array) -> NDArray[np.bool_]:
    """Frames in which an ankle is low, so that its sole is on the ground."""
    return np.asarray(height <= np.quantile(height, 0.25) + 0.01)
