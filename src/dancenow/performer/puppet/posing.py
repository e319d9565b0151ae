"""A puppet's pose: its own limbs, turned as a dancer's are.

A photo shows one side of a person, so a puppet cannot turn: it keeps its side.  Of a dancer who
turns away, the motion is shown as if they faced the camera: their left arm is the puppet's left.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.performer.puppet.cutting import with_palms
from dancenow.performer.puppet.parts import BODY, PALMS, PARTS
from dancenow.pose.body_size import body_heights
from dancenow.pose.layout import INDEX, USABLE
from dancenow.pose.track import FloatArray

Point = NDArray[np.float64]

_TURNED: Final = 0.12  # trunk lengths between the shoulders, beyond which a side is certain
_TURN: Final = 0.12  # seconds in which the motion changes sides
_SIZE: Final = 0.5  # seconds in which the size follows the dancer's
_SMALLEST, _LARGEST = 0.6, 1.6  # of the size
_FULL: Final = 0.88  # of a limb's length, from which it is not foreshortened
_SHORTEST: Final = 0.25  # of its length
_USUAL: Final = {
    "shoulder-elbow": 0.155,
    "elbow-wrist": 0.14,
    "hip-knee": 0.22,
    "knee-ankle": 0.2,
}  # shares of the height, which limbs have at least
_STRETCHED: Final = 2.0  # the most by which a foreshortened limb of the photo is lengthened
_SHRUG: Final = 0.12  # trunk lengths by which shoulders and hips move along the trunk
_TILT: Final = math.radians(40)  # of the head and the hands, at most
_FLAT: Final = (math.radians(25), math.radians(60))  # turns of a shin: feet stay flat, follow it


class Poser:
    """Turns a dancer's poses into a puppet's, frame after frame.

    Args:
        joints: float32 `(137, 3)`, the puppet's own pose in its photo, pixels.
        body_px: its height in the dancer's pixels.
        own_px: its height in the photo.
    """

    def __init__(self, joints: FloatArray, body_px: float, own_px: float) -> None:
        self._own = with_palms(joints).astype(np.float64)
        self._own[:, :2] *= body_px / own_px
        self._body_px = body_px
        self._longer = _longer(self._own, body_px)
        self._side = side_of(self._own)
        self.reset()

    @property
    def size(self) -> float:
        """The dancer's size, 1 for the puppet's own."""
        return 1.0 if self._size is None else self._size

    def reset(self) -> None:
        """Forget the dancer."""
        self._facing = self._shown = 1.0
        self._size: float | None = None
        self._hip: Point = self._own[INDEX["mid_hip"], :2].copy()
        self._turns: dict[tuple[int, int], tuple[float, float]] = {}

    def pose(self, dancer: FloatArray, fps: float) -> FloatArray:
        """The puppet's keypoints `(137, 3)` for a dancer's, of which it has those of its bones."""
        joints = with_palms(dancer).astype(np.float64)
        self._follow(joints, fps)
        size = self.size
        hip, neck = INDEX["mid_hip"], INDEX["neck"]
        posed = np.zeros_like(joints)
        self._place(joints)
        posed[hip] = (*self._hip, 1)
        turn = self._hang(posed, joints, hip, neck, size)
        for middle, names in ((neck, "shoulder"), (hip, "hip")):
            for side in PALMS:
                self._attach(posed, joints, middle, INDEX[f"{side}_{names}"], turn, size)
        self._tilt_head(posed, joints, turn, size)
        for part in PARTS:
            if part is BODY:
                continue
            before = 0.0
            for number, bone in enumerate(part.bones):
                if number < 2:
                    before = self._hang(posed, joints, bone.start, bone.end, size)
                elif part.name.endswith("leg"):
                    self._put_foot(posed, bone.start, bone.end, before, size)
                else:
                    self._turn_hand(posed, joints, bone.start, bone.end, before, size)
        self._stand(posed, joints)
        return posed.astype(np.float32)

    def _place(self, dancer: NDArray[np.float64]) -> None:
        """Where the hips are; if they are not seen, below the neck or where they were."""
        hip, neck = INDEX["mid_hip"], INDEX["neck"]
        if dancer[hip, 2] >= USABLE:
            self._hip = dancer[hip, :2].copy()
        elif dancer[neck, 2] >= USABLE:
            angle, share = self._turns.get((hip, neck), (0.0, 1.0))
            trunk = self._own[neck, :2] - self._own[hip, :2]
            self._hip = dancer[neck, :2] - self.size * share * _turned(trunk, angle)

    def _follow(self, dancer: NDArray[np.float64], fps: float) -> None:
        """See which side the dancer shows, and how large they are."""
        side = side_of(dancer)
        if self._side and abs(side) > _TURNED:
            self._facing = math.copysign(1.0, side * self._side)
        self._shown += (self._facing - self._shown) * (1 - math.exp(-1 / (_TURN * fps)))
        height = float(body_heights(dancer[None])[0]) / self._body_px
        if math.isfinite(height):
            height = min(max(height, _SMALLEST), _LARGEST)
            if self._size is None:
                self._size = height
            self._size += (height - self._size) * (1 - math.exp(-1 / (_SIZE * fps)))

    def _vector(self, dancer: NDArray[np.float64], start: int, end: int) -> Point | None:
        """A dancer's bone, as if they showed the puppet's side; None if it is not seen."""
        if min(dancer[start, 2], dancer[end, 2]) < USABLE:
            return None
        vector = dancer[end, :2] - dancer[start, :2]
        return np.array([vector[0] * self._shown, vector[1]])

    def _hang(
        self, posed: NDArray[np.float64], dancer: NDArray[np.float64], start: int, end: int,
        size: float,
    ) -> float:  # fmt: skip
        """Place the end of a bone; returns by which angle it is turned from the photo's."""
        own = self._own[end, :2] - self._own[start, :2]
        own = own * self._longer.get((start, end), 1.0)
        length = float(np.linalg.norm(own))
        vector = self._vector(dancer, start, end)
        if vector is not None and length > 0:
            reach = float(np.linalg.norm(vector)) / (size * length)
            share = min(max(reach / _FULL, _SHORTEST), 1.0)
            self._turns[start, end] = _angle(own, vector), share
        angle, share = self._turns.get((start, end), (0.0, 1.0))
        posed[end] = (*(posed[start, :2] + size * share * _turned(own, angle)), 1)
        return angle

    def _attach(
        self, posed: NDArray[np.float64], dancer: NDArray[np.float64], middle: int, end: int,
        turn: float, size: float,
    ) -> None:  # fmt: skip
        """Place a shoulder or a hip: as wide as in the photo, as high as the dancer's."""
        own = self._own[end, :2] - self._own[middle, :2]
        trunk = self._own[INDEX["neck"], :2] - self._own[INDEX["mid_hip"], :2]
        along = trunk / max(float(np.linalg.norm(trunk)), 1e-6)
        vector = self._vector(dancer, middle, end)
        if vector is not None:
            level = float(_turned(vector, -turn) @ along) / size
            most = _SHRUG * float(np.linalg.norm(trunk))
            own = own + along * min(max(level - float(own @ along), -most), most)
        posed[end] = (*(posed[middle, :2] + size * _turned(own, turn)), 1)

    def _tilt_head(
        self, posed: NDArray[np.float64], dancer: NDArray[np.float64], turn: float, size: float
    ) -> None:
        """Place the nose: the head leans as the line from the neck to between the ears does."""
        neck, nose = INDEX["neck"], INDEX["nose"]
        ears = [INDEX["left_ear"], INDEX["right_ear"]]
        lean = self._turns.get((neck, nose), (turn, 1.0))[0]
        if min(dancer[i, 2] for i in (neck, *ears)) >= USABLE:
            vector = (dancer[ears, :2].mean(axis=0) - dancer[neck, :2]) * (self._shown, 1)
            own = self._own[nose, :2] - self._own[neck, :2]
            if min(self._own[ears, 2]) >= USABLE:
                own = self._own[ears, :2].mean(axis=0) - self._own[neck, :2]
            lean = turn + _bounded(_wrapped(_angle(own, vector) - turn), _TILT)
            self._turns[neck, nose] = lean, 1.0
        own = self._own[nose, :2] - self._own[neck, :2]
        posed[nose] = (*(posed[neck, :2] + size * _turned(own, lean)), 1)

    def _put_foot(
        self, posed: NDArray[np.float64], start: int, end: int, shin: float, size: float
    ) -> None:
        """Feet are flat while the shin is upright, and follow it when it is raised."""
        part = np.clip((abs(_wrapped(shin)) - _FLAT[0]) / (_FLAT[1] - _FLAT[0]), 0, 1)
        own = self._own[end, :2] - self._own[start, :2]
        posed[end] = (*(posed[start, :2] + size * _turned(own, float(part) * _wrapped(shin))), 1)

    def _turn_hand(
        self, posed: NDArray[np.float64], dancer: NDArray[np.float64], start: int, end: int,
        forearm: float, size: float,
    ) -> None:  # fmt: skip
        own = self._own[end, :2] - self._own[start, :2]
        bend = self._turns.get((start, end), (0.0, 1.0))[0]
        vector = self._vector(dancer, start, end)
        if vector is not None and np.linalg.norm(own) > 0:
            bend = _bounded(_wrapped(_angle(own, vector) - forearm), _TILT)
            self._turns[start, end] = bend, 1.0
        posed[end] = (*(posed[start, :2] + size * _turned(own, forearm + bend)), 1)

    def _stand(self, posed: NDArray[np.float64], dancer: NDArray[np.float64]) -> None:
        """Move the puppet so that its lower foot is where the dancer's is."""
        ankles = [INDEX["left_ankle"], INDEX["right_ankle"]]
        upright = dancer[INDEX["mid_hip"], 1] - dancer[INDEX["neck"], 1]
        seen = [i for i in ankles if dancer[i, 2] >= USABLE]
        if seen and upright > 0 and (self._own[ankles, 2] >= USABLE).all():
            posed[:, 1] += dancer[seen, 1].max() - posed[ankles, 1].max()


def _longer(own: NDArray[np.float64], body_px: float) -> dict[tuple[int, int], float]:
    """How much longer limbs are than in the photo, in which some point at the camera."""
    longer = {}
    for name, share in _USUAL.items():
        first, second = name.split("-")
        for side in PALMS:
            start, end = INDEX[f"{side}_{first}"], INDEX[f"{side}_{second}"]
            length = float(np.linalg.norm(own[end, :2] - own[start, :2]))
            if min(own[start, 2], own[end, 2]) >= USABLE and length > 0:
                longer[start, end] = min(max(share * body_px / length, 1.0), _STRETCHED)
    return longer


def side_of(joints: NDArray[np.float64]) -> float:
    """How far the left shoulder and hip are to the right of the others, in trunk lengths."""
    names = ("left_shoulder", "right_shoulder", "left_hip", "right_hip", "neck", "mid_hip")
    points = joints[[INDEX[name] for name in names]]
    if (points[:, 2] < USABLE).any():
        return 0.0
    trunk = max(float(np.linalg.norm(points[4, :2] - points[5, :2])), 1e-6)
    across = points[0, 0] - points[1, 0] + points[2, 0] - points[3, 0]
    return float(across) / trunk


def _angle(own: Point, new: Point) -> float:
    """The angle from one vector to another, radians."""
    return math.atan2(
        float(own[0] * new[1] - own[1] * new[0]), float(own[0] * new[0] + own[1] * new[1])
    )


def _turned(vector: Point, angle: float) -> Point:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([cos * vector[0] - sin * vector[1], sin * vector[0] + cos * vector[1]])


def _wrapped(angle: float) -> float:
    return math.remainder(angle, math.tau)


def _bounded(angle: float, most: float) -> float:
    return min(max(angle, -most), most)
