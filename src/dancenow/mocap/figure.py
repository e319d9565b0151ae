"""`Figure`: a body that moves in space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.mocap.bvh import unit
from dancenow.pose.face_model import NOSE_TIP, face_features
from dancenow.pose.layout import (
    FACE,
    FINGERS,
    INDEX,
    LEFT_HAND,
    MIDPOINTS,
    NUM_KEYPOINTS,
    RIGHT_HAND,
    SIDES,
)

Array = NDArray[np.float64]

# What a capture lacks, of an average body, in body heights (Drillis and Contini, 1966).
HEAD: Final = 0.13  # from the chin to the top
CHIN: Final = -0.01  # above the head's joint
EARS: Final = 0.47  # of the head, above the chin
SOLE: Final = 0.039  # from the ankle to the ground
_DEEP: Final = 0.06  # from the head's joint to the front of the face
_EAR: Final = 0.042
_TOES: Final = 0.11
_HEEL: Final = 0.05
_FOOT_WIDE: Final = 0.035
_HAND: Final = 0.1


@dataclass(frozen=True)
class Figure:
    """A body that moves in space.

    Lengths are body heights; x points to the right of who stands before it, y up from the floor,
    and z to them.

    Attributes:
        places: of joints, `(T, 3)` each: head (where it is joined to the neck), left and right
            shoulder, elbow, wrist, hip, knee, ankle; perhaps toe (the ball of the foot),
            toe_end, and the joints of fingers, such as left_index_1 to left_index_4.
        turns: rotations of head, ankles and wrists, `(T, 3, 3)` each; the columns are left, up and
            forward of a body that stands with its arms hanging or spread.
        hands: where the hands point, by the names of the wrists, `(T, 3)` each.
        fps: frames a second.
    """

    places: dict[str, Array]
    turns: dict[str, Array]
    hands: dict[str, Array]
    fps: float

    def __len__(self) -> int:
        return len(self.places["head"])

    def __getitem__(self, name: str) -> Array:
        return self.places[name]

    @property
    def hips(self) -> Array:
        """The middle of the hips, `(T, 3)`."""
        middle: Array = (self.places["left_hip"] + self.places["right_hip"]) / 2
        return middle

    def foot(self, side: str) -> tuple[Array, Array, Array]:
        """Heel, big and small toe, `(T, 3)` each; the foot points to its toe if it has one."""
        ankle = self[f"{side}_ankle"]
        left, up, ahead = np.moveaxis(self.turns[f"{side}_ankle"], -1, 0)
        tip = self.places.get(f"{side}_toe_end", self.places.get(f"{side}_toe", ankle))
        to_toe = tip - ankle
        to_toe = to_toe - (to_toe * up).sum(axis=-1, keepdims=True) * up
        if float(np.median(np.linalg.norm(to_toe, axis=-1))) > 0.2 * _TOES:
            ahead = unit(to_toe)
            left = np.cross(up, ahead)
        outside = left if side == "left" else -left
        sole = ankle - 0.8 * SOLE * up
        big_toe = sole + _TOES * ahead - 0.3 * _FOOT_WIDE * outside
        small_toe = sole + 0.85 * _TOES * ahead + _FOOT_WIDE * outside
        return sole - _HEEL * ahead, big_toe, small_toe

    def keypoints(self) -> tuple[Array, Array]:
        """The keypoints `(T, 137, 3)`, and two directions from which each cannot be seen.

        A camera in both directions, `(2, T, 137, 3)`, does not see the keypoint; 0 if it is always
        seen.  The face, and heels and hands without fingers, are those of an average body.
        """
        shape = (len(self), NUM_KEYPOINTS, 3)
        points, hidden = np.zeros(shape), np.zeros((2, *shape))
        for side in SIDES:
            for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
                points[:, INDEX[f"{side}_{joint}"]] = self[f"{side}_{joint}"]
            ends = (f"{side}_{end}" for end in ("heel", "big_toe", "small_toe"))
            for name, place in zip(ends, self.foot(side), strict=True):
                points[:, INDEX[name]] = place
            _add_hand(points, self, side)
        for name, left, right in MIDPOINTS:
            points[:, INDEX[name]] = points[:, [INDEX[left], INDEX[right]]].mean(axis=1)
        _add_head(points, hidden, self)
        return points, hidden


def _add_head(points: Array, hidden: Array, figure: Figure) -> None:
    left, up, ahead = np.moveaxis(figure.turns["head"], -1, 0)
    origin = figure["head"] + CHIN * up
    features = face_features(0.0, 0.0)
    u, v = features[:, 0], features[:, 1]
    bulge = 1 - (u / 0.33) ** 2 - ((v - 0.45) / 0.75) ** 2
    front = _DEEP * np.sqrt(np.maximum(bulge, 0.0))
    front[27:31] += 0.02 * np.linspace(0.2, 1, 4)  # the bridge of the nose
    for number in range(len(features)):
        points[:, FACE.start + number] = (
            origin + HEAD * (u[number] * left + v[number] * up) + front[number] * ahead
        )
        hidden[:, :, FACE.start + number] = -ahead - 2 * u[number] * left
    points[:, INDEX["nose"]] = origin + HEAD * NOSE_TIP[1] * up + (_DEEP + 0.02) * ahead
    hidden[:, :, INDEX["nose"]] = -ahead
    for side, sign in zip(SIDES, (1, -1), strict=True):
        eye, pupil = INDEX[f"{side}_eye"], INDEX[f"face_{side}_pupil"]
        points[:, eye], hidden[:, :, eye] = points[:, pupil], hidden[:, :, pupil]
        points[:, INDEX[f"{side}_ear"]] = origin + EARS * HEAD * up + sign * _EAR * left
        # From in front and from behind, both are seen.
        hidden[0, :, INDEX[f"{side}_ear"]] = -sign * left - 0.4 * ahead
        hidden[1, :, INDEX[f"{side}_ear"]] = -sign * left + 0.4 * ahead


def _add_hand(points: Array, figure: Figure, side: str) -> None:
    """The fingers of the capture; missing ones are those of an open hand."""
    first = (LEFT_HAND if side == "left" else RIGHT_HAND).start
    wrist = figure[f"{side}_wrist"]
    points[:, first] = wrist
    along = figure.hands[f"{side}_wrist"]
    thumbward = figure.turns[f"{side}_wrist"][..., 2]
    across = unit(thumbward - (thumbward * along).sum(axis=-1, keepdims=True) * along)
    for finger, name in enumerate(FINGERS):
        at = first + 1 + 4 * finger
        own = [figure.places.get(f"{side}_{name}_{part}") for part in range(1, 5)]
        known = [place for place in own[:3] if place is not None]
        if len(known) == 3:
            points[:, at : at + 3] = np.stack(known, axis=1)
            bent = known[2] - known[1]
            points[:, at + 3] = known[2] + 0.8 * bent if own[3] is None else own[3]
            continue
        spread = (0.35, 0.16, 0.05, -0.06, -0.17)[finger]
        reach = (0.55, 0.95, 1.0, 0.95, 0.8)[finger]
        knuckle = 0.25 if finger == 0 else 0.5
        for part in range(4):
            share = knuckle * reach + (reach - knuckle * reach) * part / 3
            fan = spread * (0.5 + 0.5 * share)
            points[:, at + part] = wrist + _HAND * (share * along + fan * across)
