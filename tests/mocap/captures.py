"""Motion captures with known poses: one body, under many names, axes, units and rest poses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dancenow.mocap import Bvh
from dancenow.mocap.bvh import Joint

Array = NDArray[np.float64]

# Ours: parent, and place in the rest pose in metres: a T, x to the left, y up, z ahead.
_MIDDLE: Final = {
    "hips": ("", (0.0, 1.0, 0.0)),
    "spine": ("hips", (0.0, 1.2, 0.0)),
    "neck": ("spine", (0.0, 1.5, 0.0)),
    "head": ("neck", (0.0, 1.6, 0.0)),
    "head_end": ("head", (0.0, 1.8, 0.0)),
}
_LEFT: Final = {
    "collar": ("spine", (0.03, 1.45, 0.0)),
    "shoulder": ("collar", (0.2, 1.45, 0.0)),
    "elbow": ("shoulder", (0.48, 1.45, 0.0)),
    "wrist": ("elbow", (0.74, 1.45, 0.0)),
    "wrist_end": ("wrist", (0.85, 1.45, 0.0)),
    "hip": ("hips", (0.1, 0.95, 0.0)),
    "knee": ("hip", (0.1, 0.52, 0.0)),
    "ankle": ("knee", (0.1, 0.08, 0.0)),
    "toe": ("ankle", (0.1, 0.03, 0.12)),
    "toe_end": ("toe", (0.1, 0.03, 0.2)),
}
_FINGERS: Final = ("thumb", "index", "middle", "ring", "little")

HEIGHTS: Final = {name: place[1] for name, (_, place) in (_MIDDLE | _LEFT).items()}

# How programs call the joints; `{}` is the side.
_NAMES: Final[dict[str, tuple[tuple[str, str], dict[str, str]]]] = {
    "cmu": (("Left", "Right"), {
        "hips": "Hips", "spine": "Spine1", "neck": "Neck1", "head": "Head",
        "collar": "{}Shoulder", "shoulder": "{}Arm", "elbow": "{}ForeArm", "wrist": "{}Hand",
        "hip": "{}UpLeg", "knee": "{}Leg", "ankle": "{}Foot", "toe": "{}ToeBase",
    }),
    "poser": (("Left", "Right"), {
        "hips": "Hips", "spine": "Chest2", "neck": "Neck", "head": "Head",
        "collar": "{}Collar", "shoulder": "{}Shoulder", "elbow": "{}Elbow", "wrist": "{}Wrist",
        "hip": "{}Hip", "knee": "{}Knee", "ankle": "{}Ankle", "toe": "{}Toe",
    }),
    "mixamo": (("Left", "Right"), {
        "hips": "mixamorig:Hips", "spine": "mixamorig:Spine2", "neck": "mixamorig:Neck",
        "head": "mixamorig:Head", "collar": "mixamorig:{}Shoulder", "shoulder": "mixamorig:{}Arm",
        "elbow": "mixamorig:{}ForeArm", "wrist": "mixamorig:{}Hand", "hip": "mixamorig:{}UpLeg",
        "knee": "mixamorig:{}Leg", "ankle": "mixamorig:{}Foot", "toe": "mixamorig:{}ToeBase",
    }),
    "rokoko": (("Left", "Right"), {
        "hips": "Hips", "spine": "Spine4", "neck": "Neck", "head": "Head",
        "collar": "{}Shoulder", "shoulder": "{}Arm", "elbow": "{}ForeArm", "wrist": "{}Hand",
        "hip": "{}Thigh", "knee": "{}Shin", "ankle": "{}Foot", "toe": "{}Toe",
    }),
    "rigify": (("L", "R"), {
        "hips": "spine", "spine": "spine.003", "neck": "spine.004", "head": "spine.006",
        "collar": "shoulder.{}", "shoulder": "upper_arm.{}", "elbow": "forearm.{}",
        "wrist": "hand.{}", "hip": "thigh.{}", "knee": "shin.{}", "ankle": "foot.{}",
        "toe": "toe.{}",
    }),
    "biped": (("L", "R"), {
        "hips": "Bip01", "spine": "Bip01 Spine1", "neck": "Bip01 Neck", "head": "Bip01 Head",
        "collar": "Bip01 {} Clavicle", "shoulder": "Bip01 {} UpperArm",
        "elbow": "Bip01 {} Forearm", "wrist": "Bip01 {} Hand", "hip": "Bip01 {} Thigh",
        "knee": "Bip01 {} Calf", "ankle": "Bip01 {} Foot", "toe": "Bip01 {} Toe0",
    }),
    "daz": (("l", "r"), {
        "hips": "hip", "spine": "chest", "neck": "neck", "head": "head",
        "collar": "{}Collar", "shoulder": "{}Shldr", "elbow": "{}ForeArm", "wrist": "{}Hand",
        "hip": "{}Thigh", "knee": "{}Shin", "ankle": "{}Foot", "toe": "{}Toe",
    }),
    "unreal": (("l", "r"), {
        "hips": "pelvis", "spine": "spine_03", "neck": "neck_01", "head": "head",
        "collar": "clavicle_{}", "shoulder": "upperarm_{}", "elbow": "lowerarm_{}",
        "wrist": "hand_{}", "hip": "thigh_{}", "knee": "calf_{}", "ankle": "foot_{}",
        "toe": "ball_{}",
    }),
    "smpl": (("L", "R"), {
        "hips": "Pelvis", "spine": "Spine3", "neck": "Neck", "head": "Head",
        "collar": "{}_Collar", "shoulder": "{}_Shoulder", "elbow": "{}_Elbow", "wrist": "{}_Wrist",
        "hip": "{}_Hip", "knee": "{}_Knee", "ankle": "{}_Ankle", "toe": "{}_Foot",
    }),
    "vroid": (("L", "R"), {
        "hips": "J_Bip_C_Hips", "spine": "J_Bip_C_Chest", "neck": "J_Bip_C_Neck",
        "head": "J_Bip_C_Head", "collar": "J_Bip_{}_Shoulder", "shoulder": "J_Bip_{}_UpperArm",
        "elbow": "J_Bip_{}_LowerArm", "wrist": "J_Bip_{}_Hand", "hip": "J_Bip_{}_UpperLeg",
        "knee": "J_Bip_{}_LowerLeg", "ankle": "J_Bip_{}_Foot", "toe": "J_Bip_{}_ToeBase",
    }),
    "actor": (("Left", "Right"), {
        "hips": "Actor_7_Hips", "spine": "Actor_7_Spine", "neck": "Actor_7_Neck",
        "head": "Actor_7_Head", "collar": "Actor_7_{}Shoulder", "shoulder": "Actor_7_{}Arm",
        "elbow": "Actor_7_{}ForeArm", "wrist": "Actor_7_{}Hand", "hip": "Actor_7_{}UpLeg",
        "knee": "Actor_7_{}Leg", "ankle": "Actor_7_{}Foot", "toe": "Actor_7_{}ToeBase",
    }),
    "leg and knee": (("Left", "Right"), {
        "hips": "Hips", "spine": "Chest", "neck": "Neck", "head": "Head",
        "collar": "{} shoulder", "shoulder": "{} arm", "elbow": "{} elbow", "wrist": "{} wrist",
        "hip": "{} leg", "knee": "{} knee", "ankle": "{} ankle", "toe": "{} toe",
    }),
    "unknown": (("A", "B"), {
        "hips": "j0", "spine": "j1", "neck": "j2", "head": "j3",
        "collar": "k0{}", "shoulder": "k1{}", "elbow": "k2{}", "wrist": "k3{}",
        "hip": "m0{}", "knee": "m1{}", "ankle": "m2{}", "toe": "m3{}",
    }),
}  # fmt: skip
KINDS: Final = tuple(kind for kind in _NAMES if kind != "unknown")

# Of the thumb, and of the other fingers; of the joints 1 to 4.
_FINGER_NAMES: Final = {
    "mixamo": lambda side, n, i: (
        f"mixamorig:{side}Hand{('Thumb', 'Index', 'Middle', 'Ring', 'Pinky')[n]}{i + 1}"
    ),
    "rokoko": lambda side, n, i: (
        f"{side}Finger{n + 1}"
        + (("Metacarpal", "Proximal", "Distal", "Tip") if n == 0 else
           ("Proximal", "Medial", "Distal", "Tip"))[i]
    ),
    "rigify": lambda side, n, i: (
        ("thumb", "f_index", "f_middle", "f_ring", "f_pinky")[n] + f".0{i + 1}.{side}"
    ),
    "biped": lambda side, n, i: f"Bip01 {side} Finger{n}" + ("", "1", "2", "Nub")[i],
    "unreal": lambda side, n, i: (
        ("thumb", "index", "middle", "ring", "pinky")[n] + f"_0{i + 1}_{side}"
    ),
}  # fmt: skip
FINGER_KINDS: Final = tuple(_FINGER_NAMES)

Y_UP: Final = np.eye(3)
Z_UP: Final = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # columns: left, up, ahead
Y_DOWN: Final = np.diag([1.0, -1, -1])
X_UP: Final = np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
Z_DOWN: Final = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
X_DOWN: Final = np.array([[0.0, -1, 0], [0, 0, 1], [-1, 0, 0]])


def theirs(kind: str, name: str) -> str:
    """The name of a joint of ours in a file of a kind."""
    sides, names = _NAMES[kind]
    side, _, joint = name.partition("_")
    if side not in ("left", "right"):
        return names[name]
    whose = sides[side == "right"]
    finger, _, part = joint.partition("_")
    if finger in _FINGERS:
        return _FINGER_NAMES[kind](whose, _FINGERS.index(finger), int(part) - 1)
    return names[joint].format(whose)


def _places(fingers: int) -> dict[str, tuple[str, Array]]:
    """All joints in the rest pose, with the first `fingers` joints of each finger."""
    body = {name: (parent, np.array(place)) for name, (parent, place) in _MIDDLE.items()}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        mirror = np.array([sign, 1.0, 1.0])
        for name, (parent, place) in _LEFT.items():
            above = parent if parent in _MIDDLE else f"{side}_{parent}"
            body[f"{side}_{name}"] = (above, mirror * place)
        for number, finger in enumerate(_FINGERS if fingers else ()):
            above = f"{side}_wrist"
            for part in range(1, fingers + 1):
                place = np.array([0.78 + 0.025 * part, 1.44, 0.04 - 0.02 * number])
                body[f"{side}_{finger}_{part}"] = (above, mirror * place)
                above = f"{side}_{finger}_{part}"
    return body


def capture(
    kind: str = "mixamo",
    *,
    turns: Mapping[str, object] | None = None,
    travel: object = (0.0, 0.0, 0.0),
    frames: int = 12,
    fps: float = 30.0,
    axes: Array = Y_UP,
    unit: float = 1.0,
    facing: float = 0.0,
    order: str = "ZXY",
    fingers: int = 0,
    in_a_row: bool = False,
) -> Bvh:
    """A body that stands as a T and moves.

    Args:
        kind: how its joints are named.
        turns: how its joints are turned from the T, as rotation vectors in degrees about left, up
            and ahead, `(3,)` or `(T, 3)`.
        travel: where the body goes, `(3,)` or `(T, 3)`, m.
        frames: T.
        fps: frames a second.
        axes: where the body's left, up and ahead point in the file, as columns.
        unit: of the file, a metre.
        facing: degrees by which the whole body is turned to its left.
        order: of the rotations' channels.
        fingers: how many joints each finger has.
        in_a_row: whether all bones point along x in the rest pose, as some programs have it.
    """
    body, turns = _places(fingers), dict(turns or {})
    names = list(body)
    basis = {name: np.eye(3) for name in names}  # from a joint's own axes to the body's
    if in_a_row:
        for above, place in body.values():
            if above:
                bone = place - body[above][1]
                basis[above] = Rotation.align_vectors([bone], [[1.0, 0, 0]])[0].as_matrix()
    joints, values = [], []
    ground = np.broadcast_to(np.array(travel, np.float64), (frames, 3))
    whole = Rotation.from_euler("y", facing, degrees=True)
    for name, (above, place) in body.items():
        inner, outer = basis[name], basis[above] if above else np.eye(3)
        offset = unit * axes @ outer.T @ (place - body[above][1] if above else np.zeros(3))
        end = name.endswith("_end")
        channels: tuple[str, ...] = () if end else tuple(f"{axis}rotation" for axis in order)
        vector = np.broadcast_to(np.array(turns.get(name, (0, 0, 0)), np.float64), (frames, 3))
        turn = Rotation.from_rotvec(vector, degrees=True)
        if not above:
            channels = ("Xposition", "Yposition", "Zposition", *channels)
            values.append(unit * whole.apply(place + ground) @ axes.T)
            turn = whole * turn
        if not end:
            local = axes @ outer.T @ turn.as_matrix() @ inner @ axes.T
            values.append(Rotation.from_matrix(local).as_euler(order, degrees=True))
        called = f"{joints[names.index(above)].name}_end" if end else theirs(kind, name)
        x, y, z = offset.tolist()
        joints.append(Joint(called, names.index(above) if above else -1, (x, y, z), channels))
    return Bvh(tuple(joints), np.concatenate(values, axis=1), fps)
