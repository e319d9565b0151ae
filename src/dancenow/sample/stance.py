"""Stances, which do not depend on a body, and the inverse kinematics that poses a body in one.

A stance is one row of numbers, named by `CHANNELS`.  Positions on the floor and heights are in
units of the leg's length, a hand's position is a direction from its shoulder and a share of the
arm's length, angles are radians.  So any body can take any stance with its feet in the right place.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from dancenow.pose.layout import FINGERS
from dancenow.sample.kinematics import JOINT, JOINTS, PARENTS, Array, BodyPose, Skeleton

# Neutral values.  "weight" is -1 over the right foot .. +1 over the left; "out" is away from the
# body's middle; "palm_*" is where the palm faces.  Arms are in the chest's axes.
_TRUNK: Final = {
    "weight": 0.0, "drop": 0.0, "lean": 0.0, "yaw": 0.0,
    "hip_yaw": 0.0, "hip_roll": 0.0, "hip_pitch": 0.0,
    "chest_yaw": 0.0, "chest_roll": 0.0, "chest_pitch": 0.0,
    "head_yaw": 0.0, "head_roll": 0.0, "head_pitch": 0.0,
    "mouth": 0.15, "blink": 0.0,
}  # fmt: skip
_ARM: Final = {
    "shrug": 0.0, "out": 0.52, "up": -0.78, "front": 0.28, "reach": 0.90, "elbow": 0.25,
    "palm_out": -0.55, "palm_up": -0.15, "palm_front": -0.75, "flex": 0.0,
    "curl": 0.12, "point": 0.0, "spread": 0.5,
}  # fmt: skip
_FOOT: Final = {"foot_x": 0.115, "foot_y": 0.0, "foot_z": 0.0, "toe_out": 0.22, "heel": 0.0}

NEUTRAL: Final[dict[str, float]] = {
    **_TRUNK,
    **{f"left_{name}": value for name, value in (_ARM | _FOOT).items()},
    **{
        f"right_{name}": -value if name in ("foot_x",) else value
        for name, value in (_ARM | _FOOT).items()
    },
}
CHANNELS: Final = tuple(NEUTRAL)
CHANNEL: Final = {name: i for i, name in enumerate(CHANNELS)}
# Channels that change sign when left and right are swapped.
ODD: Final = frozenset(
    name for name in CHANNELS if name == "weight" or name.endswith(("yaw", "roll", "foot_x"))
)


def _rx(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _ry(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def _rz(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _unit(v: Array) -> Array:
    return np.asarray(v / max(float(np.linalg.norm(v)), 1e-9))


def _softmin(a: float, b: float, width: float) -> float:
    """The smaller of two, smoothed within `width`, so that motion stays smooth."""
    h = max(width - abs(a - b), 0.0) / width
    return min(a, b) - h * h * width / 4


def _two_bones(start: Array, end: Array, pole: Array, a: float, b: float) -> tuple[Array, Array]:
    """Middle joint and end of two bones of lengths a and b that reach for `end`, bent to `pole`."""
    direction = end - start
    limit = 0.998 * (a + b)
    distance = _softmin(float(np.linalg.norm(direction)), limit, 0.02 * limit)
    direction = _unit(direction)
    side = _unit(pole - direction * (pole @ direction))
    cosine = (distance**2 + a**2 - b**2) / (2 * distance * a)
    cosine = min(max(cosine, -1.0), 1.0)
    middle = start + a * (cosine * direction + np.sqrt(1 - cosine**2) * side)
    return middle, start + distance * direction


class Solver:
    """Poses one body in stances.

    `pose(stance)` returns the `BodyPose`.  Feet are exactly where the stance puts them; if the
    legs cannot reach, the hips come down.
    """

    def __init__(self, skeleton: Skeleton, hip_swing: float = 1.0) -> None:
        self.skeleton = skeleton
        self.hip_swing = hip_swing

    def pose(self, stance: Array) -> BodyPose:
        """The pose of this body in a stance, `(len(CHANNELS),)`."""
        c = dict(zip(CHANNELS, stance.tolist(), strict=True))
        world = np.empty((len(JOINTS), 3, 3))
        world[:] = np.eye(3)
        positions = np.zeros((len(JOINTS), 3))
        self._trunk(c, world)
        feet = [self._foot(c, side, world) for side in ("left", "right")]
        positions[0] = self._pelvis(c, world[0], feet)
        for side, ankle in zip(("left", "right"), feet, strict=True):
            self._leg(side, world, positions, ankle)
        self._carry(world, positions, ("spine", "chest"))
        for side in ("left", "right"):
            self._arm(c, side, world, positions)
            self._fingers(c, side, world)
        local = world.copy()
        for j in range(1, len(JOINTS)):
            local[j] = world[PARENTS[j]].T @ world[j]
        root = positions[0] / self.skeleton.leg
        return BodyPose(root, local, min(max(c["mouth"], 0), 1), min(max(c["blink"], 0), 1))

    def _carry(self, world: Array, positions: Array, names: tuple[str, ...]) -> None:
        rest = self.skeleton.rest
        for name in names:
            j = JOINT[name]
            p = PARENTS[j]
            positions[j] = positions[p] + world[p] @ (rest[j] - rest[p])

    def _trunk(self, c: dict[str, float], world: Array) -> None:
        sway = self.hip_swing * c["weight"]
        yaw = _ry(c["yaw"])
        # The hip over the standing leg rises; the chest leans the other way for balance.
        hip_roll = c["hip_roll"] + 0.10 * sway
        chest_roll = c["chest_roll"] - 0.07 * sway
        chest_pitch = c["chest_pitch"] + 0.35 * c["hip_pitch"]
        hips = _ry(c["hip_yaw"] + 0.10 * sway) @ _rx(c["hip_pitch"]) @ _rz(hip_roll)
        chest = _ry(c["chest_yaw"]) @ _rx(chest_pitch) @ _rz(chest_roll)
        middle = (
            _ry(0.5 * (c["hip_yaw"] + c["chest_yaw"]))
            @ _rx(0.5 * (c["hip_pitch"] + chest_pitch))
            @ _rz(0.5 * (hip_roll + chest_roll))
        )

        def head(share: float) -> Array:
            # The head follows the chest only in part: dancers keep their eyes on the audience.
            follow = 0.85 - 0.5 * share
            return np.asarray(
                _ry(follow * c["chest_yaw"] + share * c["head_yaw"])
                @ _rx(follow * chest_pitch + share * c["head_pitch"])
                @ _rz(follow * chest_roll + share * c["head_roll"])
            )

        world[JOINT["pelvis"]] = yaw @ hips
        world[JOINT["spine"]] = yaw @ middle
        world[JOINT["chest"]] = yaw @ chest
        world[JOINT["neck"]] = yaw @ head(0.5)
        world[JOINT["head"]] = yaw @ head(1.0)

    def _foot(self, c: dict[str, float], side: str, world: Array) -> Array:
        """Set the foot's rotations; returns the ankle's position."""
        sign = 1 if side == "left" else -1
        # toe_out turns the toes outwards; the whole body's yaw is in the step's own channels.
        flat = _ry(c["yaw"] + sign * c[f"{side}_toe_out"])
        pitched = flat @ _rx(c[f"{side}_heel"])
        rest = self.skeleton.at(f"{side}_ankle")
        ball = self.skeleton.at(f"{side}_toe")
        leg = self.skeleton.leg
        ground = np.array([c[f"{side}_foot_x"] * leg, c[f"{side}_foot_y"] * leg, 0.0])
        ground[2] = c[f"{side}_foot_z"] * leg
        # The foot turns and rolls over its ball, which does not move.
        offset = np.array([0.0, 0.0, ball[2] - rest[2]])
        ball_at = ground + offset + np.array([0.0, ball[1], 0.0])
        world[JOINT[f"{side}_ankle"]] = pitched
        world[JOINT[f"{side}_toe"]] = flat
        return np.asarray(ball_at + pitched @ (rest - ball))

    def _pelvis(self, c: dict[str, float], rotation: Array, ankles: list[Array]) -> Array:
        leg = self.skeleton.leg
        share = 0.5 + 0.5 * c["weight"]
        over = share * ankles[0] + (1 - share) * ankles[1]
        height = leg * (0.985 - c["drop"])
        place = np.array([over[0], height, over[2] + c["lean"] * leg])
        bones = leg - self.skeleton.at("left_ankle")[1]
        for side, ankle in zip(("left", "right"), ankles, strict=True):
            hip = place + rotation @ (self.skeleton.at(f"{side}_hip") - self.skeleton.rest[0])
            flat = float(np.hypot(*(hip - ankle)[[0, 2]]))
            most = ankle[1] + np.sqrt(max((0.985 * bones) ** 2 - flat**2, 0.01)) - (hip - place)[1]
            place[1] = _softmin(place[1], most, 0.05 * leg)
        return place

    def _leg(self, side: str, world: Array, positions: Array, ankle: Array) -> None:
        rest = self.skeleton.rest
        hip, knee, foot = (JOINT[f"{side}_{n}"] for n in ("hip", "knee", "ankle"))
        positions[hip] = positions[0] + world[0] @ (rest[hip] - rest[0])
        sign = 1 if side == "left" else -1
        pole = world[JOINT[f"{side}_toe"]] @ np.array([0.12 * sign, 0.0, 1.0])
        thigh = float(np.linalg.norm(rest[knee] - rest[hip]))
        shin = float(np.linalg.norm(rest[foot] - rest[knee]))
        middle, end = _two_bones(positions[hip], ankle, pole, thigh, shin)
        for joint, a, b in ((hip, positions[hip], middle), (knee, middle, end)):
            y = _unit(a - b)
            z = _unit(pole - y * (pole @ y))
            world[joint] = np.stack([np.cross(y, z), y, z], axis=1)

    def _arm(self, c: dict[str, float], side: str, world: Array, positions: Array) -> None:
        sign = 1 if side == "left" else -1
        mirror = np.array([sign, 1.0, 1.0])
        chest = world[JOINT["chest"]]
        rest = self.skeleton.rest
        clavicle, shoulder, elbow, wrist = (
            JOINT[f"{side}_{n}"] for n in ("clavicle", "shoulder", "elbow", "wrist")
        )
        aim = _unit(np.array([c[f"{side}_out"], c[f"{side}_up"], c[f"{side}_front"]]))
        # Shoulder blades follow a raised arm.
        lift = c[f"{side}_shrug"] + 0.22 * max(aim[1] + 0.15, 0.0) ** 2
        world[clavicle] = chest @ _rz(sign * lift)
        self._carry(world, positions, (f"{side}_clavicle", f"{side}_shoulder"))
        reach = self.skeleton.arm * min(c[f"{side}_reach"], 0.995)
        target = positions[shoulder] + chest @ (mirror * aim * reach)
        e, raised = c[f"{side}_elbow"], max(aim[1] + 0.2, 0.0)
        pole = np.array([0.1 + 0.9 * e + raised, -0.8 + 0.8 * e, -0.6 + 0.2 * e + 0.6 * raised])
        pole = chest @ (mirror * pole)
        upper = float(abs(rest[elbow, 0] - rest[shoulder, 0]))
        fore = float(abs(rest[wrist, 0] - rest[elbow, 0]))
        middle, end = _two_bones(positions[shoulder], target, pole, upper, fore)
        for joint, a, b in ((shoulder, positions[shoulder], middle), (elbow, middle, end)):
            x = sign * _unit(b - a)
            z = _unit(x * (pole @ x) - pole)
            world[joint] = np.stack([x, np.cross(z, x), z], axis=1)
        facing = np.array([c[f"{side}_palm_out"], c[f"{side}_palm_up"], c[f"{side}_palm_front"]])
        twist = self._twist(world[elbow], chest @ (mirror * facing))
        world[wrist] = world[elbow] @ _rx(twist) @ _rz(-sign * c[f"{side}_flex"])
        world[elbow] = world[elbow] @ _rx(0.5 * twist)

    @staticmethod
    def _twist(forearm: Array, palm: Array) -> float:
        """How far the forearm turns so that the hand's palm (-y at rest) faces `palm`."""
        local = forearm.T @ palm
        # A little of the rest direction keeps the angle defined if the palm is along the bone.
        return float(np.arctan2(-local[2], -local[1] + 0.05))

    def _fingers(self, c: dict[str, float], side: str, world: Array) -> None:
        sign = 1 if side == "left" else -1
        hand = world[JOINT[f"{side}_wrist"]]
        curl, point, spread = c[f"{side}_curl"], c[f"{side}_point"], c[f"{side}_spread"]
        for f, finger in enumerate(FINGERS):
            bend = curl * (1 - point) if finger == "index" else max(curl, 0.9 * point)
            bend *= 1.0 + 0.08 * (f - 2)  # the little finger closes more than the index
            if finger == "thumb":
                bend = 0.7 * max(curl, 0.7 * point)
                turn = _ry(sign * (0.8 * bend)) @ _rz(-sign * 0.5 * bend)
                base, step = hand @ _ry(-sign * 0.22 * (spread - 0.3)), turn
            else:
                fan = (0.14, 0.04, -0.05, -0.16)[f - 1] * spread
                base = hand @ _ry(-sign * fan)
                step = _rz(-sign * 1.45 * bend)
            rotation = base
            for i in range(1, 4):
                rotation = rotation @ step
                world[JOINT[f"{side}_{finger}_{i}"]] = rotation
