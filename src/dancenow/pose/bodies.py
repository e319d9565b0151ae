"""The keypoints of other programs, and where they go in the layout of 137.

A body may have 17 points (COCO, or Human3.6M), 18 (OpenPose's COCO), 23 (see `openpose`), 25
(OpenPose's BODY_25, or its BODY_25B), or 26 (Halpe); a body with face and hands 133
(COCO-WholeBody), 136 (Halpe) or 137 (OpenPose's parts one after the other).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.pose.layout import (
    BODY,
    BODY_NAMES,
    FACE,
    INDEX,
    LEFT_HAND,
    NUM_KEYPOINTS,
    RIGHT_HAND,
    add_midpoints,
)
from dancenow.pose.track import FloatArray

Points = NDArray[Any]  # (N, 3): x, y, confidence

_LEGS = (
    "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
)  # fmt: skip
_LEFT_FOOT = ("left_big_toe", "left_small_toe", "left_heel")
_RIGHT_FOOT = ("right_big_toe", "right_small_toe", "right_heel")
_UNUSED = ""  # a point that the layout lacks

COCO_BODY: Final = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
BODY_18: Final = (*BODY_NAMES[:8], *_LEGS, "right_eye", "left_eye", "right_ear", "left_ear")
BODY_23: Final = (
    *BODY_NAMES[1:9],
    "right_hip", "right_knee", "right_ankle", "right_big_toe", "right_small_toe",
    "left_hip", "left_knee", "left_ankle", "left_big_toe", "left_small_toe",
    "nose", "right_eye", "right_ear", "left_eye", "left_ear",
)  # fmt: skip
BODY_25B: Final = (*COCO_BODY, "neck", _UNUSED, *_LEFT_FOOT, *_RIGHT_FOOT)
HALPE_26: Final = (
    *COCO_BODY, _UNUSED, "neck", "mid_hip",
    "left_big_toe", "right_big_toe", "left_small_toe", "right_small_toe", "left_heel", "right_heel",
)  # fmt: skip
HUMAN36M: Final = (
    "mid_hip", *_LEGS, _UNUSED, "neck", "nose", _UNUSED,
    "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist",
)  # fmt: skip


@dataclass(frozen=True)
class BodyModel:
    """An order of keypoints.

    Attributes:
        name: what it is called.
        rows: for each of its points, the row in the layout of 137; -1 if the layout lacks it.
    """

    name: str
    rows: tuple[int, ...]

    def to_layout(self, points: Points) -> FloatArray:
        """Points in its order, as float32 `(137, 3)`; neck and mid-hip are derived if missing."""
        keypoints = np.zeros((NUM_KEYPOINTS, 3), np.float32)
        rows = np.array(self.rows)
        given = rows[rows >= 0]
        keypoints[given] = points[rows >= 0]
        add_midpoints(keypoints)
        keypoints[given] = points[rows >= 0]
        keypoints[:, 2] = np.clip(keypoints[:, 2], 0, 1)
        return keypoints


def _named(name: str, points: tuple[str, ...], rest: tuple[int, ...] = ()) -> BodyModel:
    return BodyModel(name, (*(INDEX.get(point, -1) for point in points), *rest))


_FACE_68: Final = tuple(range(FACE.start, FACE.start + 68))
_HANDS: Final = (
    *range(LEFT_HAND.start, LEFT_HAND.stop),
    *range(RIGHT_HAND.start, RIGHT_HAND.stop),
)
BODY_25: Final = _named("BODY_25", BODY_NAMES)
WHOLEBODY: Final = _named("COCO-WholeBody", (*COCO_BODY, *_LEFT_FOOT, *_RIGHT_FOOT),
                          (*_FACE_68, *_HANDS))  # fmt: skip
# The first of those with the same number of points is the usual one.
MODELS: Final = (
    _named("COCO", COCO_BODY),
    _named("Human3.6M", HUMAN36M),
    _named("OpenPose's COCO", BODY_18),
    _named("OpenPose's BODY_23", BODY_23),
    BODY_25,
    _named("BODY_25B", BODY_25B),
    _named("Halpe", HALPE_26),
    WHOLEBODY,
    _named("Halpe with face and hands", HALPE_26, (*_FACE_68, *_HANDS)),
    BodyModel("BODY_25, face and hands", tuple(range(NUM_KEYPOINTS))),
    BodyModel(
        "BODY_25, hands and face",
        (*range(BODY.stop), *_HANDS, *range(FACE.start, FACE.stop)),
    ),
)
COUNTS: Final = tuple(sorted({len(model.rows) for model in MODELS}))
"""How many points a body may have."""

_LIMBS: Final = np.array(
    [
        [(INDEX[f"{side}_{a}"], INDEX[f"{side}_{b}"]) for side in ("left", "right")]
        for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
    ]
)  # (limb, side, end)
_WRISTS: Final = np.array(
    [(INDEX[f"{side}_wrist"], INDEX[f"{side}_hand_wrist"]) for side in ("left", "right")]
)
_BETTER: Final = 0.6  # of the oddness of the usual order, another one may have to be believed
_FARTHEST: Final = 3.0  # forearms; a hand that is farther from its wrist is no odder


def model_of(people: list[Points]) -> BodyModel | None:
    """The order of keypoints of some people, all with equally many: told by their limbs.

    None if no known order has so many points.
    """
    count = len(people[0])
    found = [model for model in MODELS if len(model.rows) == count]
    if len(found) < 2:
        return found[0] if found else None
    odd = [_oddness(np.stack([m.to_layout(p) for p in people])) for m in found]
    best = int(np.argmin(odd))
    return found[best] if odd[best] < _BETTER * odd[0] else found[0]


def _oddness(keypoints: FloatArray) -> float:
    """How unlike a body keypoints `(P, 137, 3)` are; 0 if too little is seen.

    Limbs are about as long on the left as on the right, and hands begin at the wrists.
    """
    lengths, seen = _lengths(keypoints, _LIMBS)
    both = seen.all(axis=2)
    ratios = np.abs(np.log(np.maximum(lengths[..., 0], 1e-6) / np.maximum(lengths[..., 1], 1e-6)))
    gaps, near = _lengths(keypoints, _WRISTS)
    forearms = np.maximum(lengths[:, 1], 1e-6)
    apart = np.minimum(gaps / forearms, _FARTHEST)
    oddness = float(np.median(ratios[both])) if both.any() else 0.0
    return oddness + (float(np.median(apart[near])) if near.any() else 0.0)


def _lengths(
    keypoints: FloatArray, limbs: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Lengths of limbs `(..., 2)` of `(P, 137, 3)`, `(P, ...)`, and whether both ends are seen."""
    ends = keypoints[:, limbs]
    across = ends[..., 0, :2] - ends[..., 1, :2]
    return np.linalg.norm(across, axis=-1), (ends[..., 2] > 0).all(axis=-1)
