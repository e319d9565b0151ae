"""The skeleton of a sample performer: proportions, joints, forward kinematics.

World axes in the whole package: x to the right of the picture, y up, z towards the
camera; metres; the floor is y = 0.  A performer faces +z, so their left is +x.

In the rest pose the body stands upright in a T: arms straight out along +x and -x, palms down,
thumbs forward, legs straight down, feet pointing forward.  In that pose every joint's own axes are
the world axes, as in a BVH file whose rest pose is a T, so a motion capture's local rotations can
go into a `BodyPose` unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.pose.layout import FINGERS, SIDES

Array = NDArray[np.float64]


def _joint_table() -> Iterator[tuple[str, str]]:
    """Names and parents, parents first."""
    yield "pelvis", ""
    yield "spine", "pelvis"
    yield "chest", "spine"
    yield "neck", "chest"
    yield "head", "neck"
    for side in SIDES:
        yield f"{side}_clavicle", "chest"
        yield f"{side}_shoulder", f"{side}_clavicle"
        yield f"{side}_elbow", f"{side}_shoulder"
        yield f"{side}_wrist", f"{side}_elbow"
        for finger in FINGERS:
            yield f"{side}_{finger}_1", f"{side}_wrist"
            yield f"{side}_{finger}_2", f"{side}_{finger}_1"
            yield f"{side}_{finger}_3", f"{side}_{finger}_2"
        yield f"{side}_hip", "pelvis"
        yield f"{side}_knee", f"{side}_hip"
        yield f"{side}_ankle", f"{side}_knee"
        yield f"{side}_toe", f"{side}_ankle"


_TABLE: Final = tuple(_joint_table())
JOINTS: Final = tuple(name for name, _ in _TABLE)
JOINT: Final = {name: i for i, name in enumerate(JOINTS)}
PARENTS: Final = tuple(JOINT[parent] if parent else -1 for _, parent in _TABLE)


@dataclass(frozen=True)
class Proportions:
    """How a body is built.  Lengths are in metres, or shares of the height where stated."""

    height: float = 1.72
    legs: float = 0.515  # height of the hip joints, share of the height
    arms: float = 0.335  # shoulder to wrist, share of the height
    shoulders: float = 0.36  # from shoulder joint to shoulder joint
    hips: float = 0.20  # from hip joint to hip joint
    head: float = 0.258  # from chin to crown
    hand: float = 0.212  # from wrist to the middle finger's tip
    foot: float = 0.25
    girth: float = 1.0  # thickness of limbs and trunk, 1 = slim and fit


@dataclass(frozen=True)
class Skeleton:
    """The joints of one body in the rest pose.

    Attributes:
        proportions: what it was built from.
        rest: float64 `(51, 3)`, metres: the joints of `JOINTS` in the rest pose, soles at y = 0.
        fingertips: float64 `(10, 3)`, metres: left thumb ... left little, right thumb ... little.
    """

    proportions: Proportions
    rest: Array
    fingertips: Array

    def at(self, name: str) -> Array:
        """Rest position of a joint, `(3,)`, metres."""
        return np.asarray(self.rest[JOINT[name]])

    @property
    def leg(self) -> float:
        """Hip joint to sole in the rest pose, metres."""
        return float(self.at("left_hip")[1])

    @property
    def arm(self) -> float:
        """Shoulder to wrist, metres."""
        return float(self.at("left_wrist")[0] - self.at("left_shoulder")[0])


def _identity_rotations() -> Array:
    return np.tile(np.eye(3), (len(JOINTS), 1, 1))


@dataclass(frozen=True)
class BodyPose:
    """One pose of any body.

    Attributes:
        root: `(3,)` position of the pelvis (between the hip joints) in units of the body's hip
            height: `(0, 1, 0)` stands at home with straight legs.
        rotations: `(51, 3, 3)` rotation of each joint of `JOINTS` relative to its parent; identity
            is the rest pose.
        mouth: how far the mouth is open, 0..1.
        blink: how far the eyes are closed, 0..1.
    """

    root: Array = field(default_factory=lambda: np.array([0.0, 1.0, 0.0]))
    rotations: Array = field(default_factory=_identity_rotations)
    mouth: float = 0.0
    blink: float = 0.0


@dataclass(frozen=True)
class PosedSkeleton:
    """A posed skeleton in the world: `rotations` `(51, 3, 3)`, `positions` `(51, 3)` metres."""

    skeleton: Skeleton
    rotations: Array
    positions: Array
    mouth: float
    blink: float

    def at(self, name: str) -> Array:
        """World position of a joint, `(3,)`."""
        return np.asarray(self.positions[JOINT[name]])

    def carry(self, name: str, rest_points: NDArray[Any]) -> Array:
        """World positions of rest-pose points fixed to a joint; both `(..., 3)`, metres."""
        j = JOINT[name]
        local = np.asarray(rest_points, dtype=np.float64) - self.skeleton.rest[j]
        return np.asarray(local @ self.rotations[j].T + self.positions[j])


def build_skeleton(p: Proportions) -> Skeleton:
    """The rest pose of a body with these proportions."""
    rest = np.zeros((len(JOINTS), 3))
    tips = np.zeros((10, 3))
    hip_y = p.legs * p.height
    chin_y = p.height - p.head
    shoulder_y = chin_y - 0.30 * p.head
    trunk = shoulder_y - hip_y

    def put(name: str, x: float, y: float, z: float) -> None:
        rest[JOINT[name]] = (x, y, z)

    put("pelvis", 0, hip_y, 0)
    put("spine", 0, hip_y + 0.25 * trunk, 0)
    put("chest", 0, hip_y + 0.52 * trunk, 0)
    put("neck", 0, shoulder_y + 0.03, -0.012)
    put("head", 0, chin_y + 0.20 * p.head, 0.0)
    for s, side in ((1, "left"), (-1, "right")):
        put(f"{side}_clavicle", 0.03 * s, shoulder_y + 0.01, 0)
        x = p.shoulders / 2
        put(f"{side}_shoulder", x * s, shoulder_y, 0)
        arm = p.arms * p.height
        put(f"{side}_elbow", (x + 0.53 * arm) * s, shoulder_y, 0)
        put(f"{side}_wrist", (x + arm) * s, shoulder_y, 0)
        put(f"{side}_hip", p.hips / 2 * s, hip_y, 0)
        put(f"{side}_knee", p.hips / 2 * s, 0.075 + 0.50 * (hip_y - 0.075), 0.0)
        put(f"{side}_ankle", p.hips / 2 * s, 0.075, 0)
        put(f"{side}_toe", p.hips / 2 * s, 0.02, 0.56 * p.foot)
        _put_fingers(rest, tips, s, side, p.hand)
    return Skeleton(p, rest, tips)


# Along the hand, towards the thumb (share of the hand's length), and the finger's length.
_KNUCKLES: Final = {
    "index": (0.47, 0.17, 0.46),
    "middle": (0.49, 0.055, 0.51),
    "ring": (0.47, -0.06, 0.46),
    "little": (0.43, -0.165, 0.37),
}


def _put_fingers(rest: Array, tips: Array, s: int, side: str, hand: float) -> None:
    wrist = rest[JOINT[f"{side}_wrist"]]
    for f, finger in enumerate(FINGERS):
        if finger == "thumb":
            direction = np.array([0.66, -0.18, 0.73])
            start, lengths = np.array([0.12, -0.03, 0.12]), (0.20, 0.19, 0.15)
        else:
            along, across, length = _KNUCKLES[finger]
            direction = np.array([1.0, 0.0, 0.55 * across])
            start = np.array([along, 0.0, across])
            lengths = (0.44 * length, 0.32 * length, 0.24 * length)
        direction /= np.linalg.norm(direction)
        ends = start + np.cumsum([0.0, *lengths])[:, None] * direction
        points = wrist + hand * ends * (s, 1, 1)
        for i in range(3):
            rest[JOINT[f"{side}_{finger}_{i + 1}"]] = points[i]
        tips[f + (0 if side == "left" else 5)] = points[3]


def forward_kinematics(
    skeleton: Skeleton, pose: BodyPose, home: Array | None = None
) -> PosedSkeleton:
    """Forward kinematics.

    Args:
        skeleton: the body.
        pose: the pose.
        home: `(3,)`, metres: the body's place on the floor; by default the origin.
    """
    rotations = np.empty((len(JOINTS), 3, 3))
    positions = np.empty((len(JOINTS), 3))
    rotations[0] = pose.rotations[0]
    positions[0] = pose.root * skeleton.leg + (0.0 if home is None else home)
    for j in range(1, len(JOINTS)):
        parent = PARENTS[j]
        rotations[j] = rotations[parent] @ pose.rotations[j]
        offset = skeleton.rest[j] - skeleton.rest[parent]
        positions[j] = positions[parent] + rotations[parent] @ offset
    return PosedSkeleton(skeleton, rotations, positions, pose.mouth, pose.blink)
