"""Motion capture from video: MediaPipe's 3D landmarks as a BVH skeleton that Blender opens."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter
from scipy.spatial.transform import Rotation

from dancenow.errors import InputError, counted
from dancenow.mocap.bvh import Bvh, Joint, unit
from dancenow.pose import PoseTrack
from dancenow.pose.body_size import body_height
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import INDEX

Array = NDArray[np.float64]

LANDMARKS: Final = 33

_CENTIMETRES: Final = 100.0  # a metre: Blender and Mixamo write centimetres
_VISIBLE: Final = 0.3  # of MediaPipe's visibility: from which a landmark counts
_SMOOTH: Final = 0.25  # seconds
_TURN: Final = ("Zrotation", "Xrotation", "Yrotation")
_SHORTEST: Final = 3  # frames
_FEWEST: Final = 0.5  # share of the frames in which the body must be seen

# Indices in MediaPipe's PoseLandmark.
_AT: Final = {
    "nose": 0,
    **{f"{side}_{name}": number + (side == "right")
       for name, number in (("ear", 7), ("shoulder", 11), ("elbow", 13), ("wrist", 15),
                            ("little", 17), ("index", 19), ("hip", 23), ("knee", 25),
                            ("ankle", 27), ("heel", 29), ("toe", 31))
       for side in ("left", "right")},
}  # fmt: skip


def landmarks_to_bvh(world: NDArray[np.float32], track: PoseTrack) -> Bvh:
    """A skeleton that moves like the landmarks, with limbs of constant length.

    Joints have Mixamo's names, the rest pose is a T, y is up, the body faces +z, and lengths are
    centimetres.  Landmarks are relative to the hips: travel along the picture comes from the
    keypoints; travel along the camera's axis is unknown and left out.

    Args:
        world: float32 `(T, 33, 4)`: x, y, z in metres, in MediaPipe's axes (x to the right, y
            down, z away from the camera), and visibility; NaN where nobody was seen.
        track: the keypoints of the same frames.

    Raises:
        InputError: the body is rarely seen.
    """
    points = _cleaned(world.astype(np.float64), track.fps)
    places = {name: points[:, number] for name, number in _AT.items()}
    for name in ("hip", "shoulder", "ear"):
        places[f"mid_{name}"] = (places[f"left_{name}"] + places[f"right_{name}"]) / 2
    turns = _turns(places)
    joints = _skeleton(places)
    values = [_root(track, places)]
    for joint in joints:
        if joint.channels:
            own = turns[joint.name]
            local = own
            if joint.parent >= 0:
                local = np.swapaxes(turns[joints[joint.parent].name], 1, 2) @ own
            angles = Rotation.from_matrix(local).as_euler("ZXY")
            values.append(np.degrees(np.unwrap(angles, axis=0)))
    return Bvh(tuple(joints), np.concatenate(values, axis=1), track.fps)


def _cleaned(world: Array, fps: float) -> Array:
    """The landmarks with y up and z towards the camera, gaps filled, jitter smoothed."""
    known = np.isfinite(world).all(axis=(1, 2))
    if len(known) < _SHORTEST:
        raise InputError(
            f"is {counted(len(known), 'frame')} long; a motion capture needs at least {_SHORTEST}."
        )
    if known.mean() < _FEWEST:
        raise InputError(
            f"the body is seen in only {100 * known.mean():.0f} % of the frames; a motion capture "
            "needs a clip that shows it nearly always."
        )
    frames = np.arange(len(world))
    points = world[..., :3] * [1.0, -1.0, -1.0]
    window = max(5, round(_SMOOTH * fps) | 1)
    for number in range(LANDMARKS):
        seen = known & (world[:, number, 3] >= _VISIBLE)
        seen = seen if seen.any() else known
        for axis in range(3):
            column = np.interp(frames, frames[seen], points[seen, number, axis])
            if len(column) >= window:
                column = savgol_filter(column, window, 2)
            points[:, number, axis] = column
    return points


def _skeleton(places: dict[str, Array]) -> list[Joint]:
    """The rest pose: a T with the median limb lengths, in centimetres."""

    def length(a: str, b: str) -> float:
        apart = np.linalg.norm(places[b] - places[a], axis=-1)
        return float(np.median(apart)) * _CENTIMETRES

    def both(a: str, b: str) -> float:
        return (length(f"left_{a}", f"left_{b}") + length(f"right_{a}", f"right_{b}")) / 2

    hips, shoulders = length("left_hip", "right_hip") / 2, length("left_shoulder", "right_shoulder")
    trunk = length("mid_hip", "mid_shoulder")
    joints = [Joint("Hips", -1, (0.0, 0.0, 0.0), ("Xposition", "Yposition", "Zposition", *_TURN))]

    def add(name: str, parent: str, *offset: float, end: bool = False) -> None:
        number = [joint.name for joint in joints].index(parent)
        x, y, z = offset
        joints.append(Joint(name, number, (x, y, z), () if end else _TURN))

    lower = 0.45 * trunk
    add("Spine", "Hips", 0, lower, 0)
    add("Neck", "Spine", 0, trunk - lower, 0)
    add("Head", "Neck", 0, 0.45 * length("mid_shoulder", "mid_ear"), 0)
    add("HeadTop_End", "Head", 0, length("mid_shoulder", "mid_ear"), 0, end=True)
    for side, sign in (("Left", 1), ("Right", -1)):
        add(f"{side}Arm", "Spine", sign * shoulders / 2, trunk - lower, 0)
        add(f"{side}ForeArm", f"{side}Arm", sign * both("shoulder", "elbow"), 0, 0)
        add(f"{side}Hand", f"{side}ForeArm", sign * both("elbow", "wrist"), 0, 0)
        add(f"{side}Hand_End", f"{side}Hand", sign * both("wrist", "index"), 0, 0, end=True)
        add(f"{side}UpLeg", "Hips", sign * hips, 0, 0)
        add(f"{side}Leg", f"{side}UpLeg", 0, -both("hip", "knee"), 0)
        add(f"{side}Foot", f"{side}Leg", 0, -both("knee", "ankle"), 0)
        add(f"{side}Toe_End", f"{side}Foot", 0, -0.3 * both("ankle", "heel"),
            both("ankle", "toe"), end=True)  # fmt: skip
    return joints


def _turns(places: dict[str, Array]) -> dict[str, Array]:
    """Each joint's rotation from the rest pose, `(T, 3, 3)`."""
    up = places["mid_shoulder"] - places["mid_hip"]
    turns = {
        "Hips": _frame(places["left_hip"] - places["right_hip"], up),
        "Spine": _frame(places["left_shoulder"] - places["right_shoulder"], up),
    }
    across = places["left_ear"] - places["right_ear"]
    ahead = places["nose"] - places["mid_ear"]
    turns["Head"] = _frame(across, np.cross(ahead, across))
    turns["Neck"] = _aimed(
        turns["Spine"], np.array([0.0, 1, 0]), places["mid_ear"] - places["mid_shoulder"]
    )
    for side, sign in (("left", 1.0), ("right", -1.0)):
        ours, out = side.capitalize(), np.array([sign, 0, 0])
        at = {
            name.removeprefix(f"{side}_"): places[name] for name in places if name.startswith(side)
        }
        hand = (at["index"] + at["little"]) / 2
        turns[f"{ours}Arm"] = _aimed(turns["Spine"], out, at["elbow"] - at["shoulder"])
        turns[f"{ours}ForeArm"] = _aimed(turns[f"{ours}Arm"], out, at["wrist"] - at["elbow"])
        turns[f"{ours}Hand"] = _aimed(turns[f"{ours}ForeArm"], out, hand - at["wrist"])
        down, along = np.array([0.0, -1, 0]), np.array([0.0, 0, 1])
        turns[f"{ours}UpLeg"] = _aimed(turns["Hips"], down, at["knee"] - at["hip"])
        turns[f"{ours}Leg"] = _aimed(turns[f"{ours}UpLeg"], down, at["ankle"] - at["knee"])
        turns[f"{ours}Foot"] = _aimed(turns[f"{ours}Leg"], along, at["toe"] - at["ankle"])
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


def _root(track: PoseTrack, places: dict[str, Array]) -> Array:
    """The hips' position `(T, 3)` in centimetres: x along the picture, y above the ground."""
    hips = track.keypoints[:, INDEX["mid_hip"]].astype(np.float64)
    seen, frames = hips[:, 2] > 0, np.arange(len(track))
    x, y = (np.interp(frames, frames[seen], hips[seen, axis]) for axis in (0, 1))
    ground = float(np.median(find_ground(track).ankle))
    tall = sum(
        np.median(np.linalg.norm(places[a] - places[b], axis=-1))
        for a, b in (
            ("mid_hip", "mid_shoulder"), ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
            ("mid_shoulder", "mid_ear"),
        )
    )  # fmt: skip
    # `body_height` measures from the ankle to the top of the head, in pixels.
    scale = _CENTIMETRES * 1.12 * float(tall) / float(np.nanquantile(body_height(track), 0.85))
    ankles = places["mid_hip"][:, 1] - np.minimum(
        places["left_ankle"][:, 1], places["right_ankle"][:, 1]
    )
    standing = _CENTIMETRES * float(np.quantile(ankles, 0.85))
    above = scale * (ground - y)
    above += standing - float(np.quantile(above, 0.85))
    return np.stack([scale * (x - track.size[0] / 2), above, np.zeros(len(track))], axis=1)
