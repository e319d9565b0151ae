"""The keypoint layout, as tables: OpenPose BODY_25 + face + two hands = 137 keypoints.

Order and names are OpenPose's own (Cao et al., "OpenPose: Realtime Multi-Person 2D Pose
Estimation using Part Affinity Fields", 2019, and the project's output documentation).  Left and
right are the person's own.  All indices below are in the whole layout of 137.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

LAYOUT: Final = "openpose137"

# What a keypoint's confidence, 0..1, says.
FOUND: Final = 0.1  # below it the keypoint is missing: dropped, not drawn, part of nobody
USABLE: Final = 0.2  # from here on its place is used: for lengths, feet, limbs that are painted
CERTAIN: Final = 0.3  # from here on it counts where one stray keypoint spoils all: boxes, scores

BODY_NAMES: Final = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "mid_hip",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
    "left_big_toe", "left_small_toe", "left_heel",
    "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip

FACE_NAMES: Final = (
    *(f"jaw_{i}" for i in range(17)),  # from the person's right ear over the chin to the left ear
    *(f"right_brow_{i}" for i in range(5)),
    *(f"left_brow_{i}" for i in range(5)),
    *(f"nose_bridge_{i}" for i in range(4)),
    *(f"nose_base_{i}" for i in range(5)),
    *(f"right_eye_{i}" for i in range(6)),
    *(f"left_eye_{i}" for i in range(6)),
    *(f"outer_lip_{i}" for i in range(12)),
    *(f"inner_lip_{i}" for i in range(8)),
    "right_pupil", "left_pupil",
)  # fmt: skip

SIDES: Final = ("left", "right")


def swapped(name: str) -> str:
    """A name with left and right exchanged."""
    return name.replace("left", "?").replace("right", "left").replace("?", "right")


FINGERS: Final = ("thumb", "index", "middle", "ring", "little")
HAND_NAMES: Final = ("wrist", *(f"{finger}_{i}" for finger in FINGERS for i in range(1, 5)))

KEYPOINT_NAMES: Final = (
    *BODY_NAMES,
    *(f"face_{name}" for name in FACE_NAMES),
    *(f"left_hand_{name}" for name in HAND_NAMES),
    *(f"right_hand_{name}" for name in HAND_NAMES),
)

NUM_HAND: Final = len(HAND_NAMES)  # 21
NUM_KEYPOINTS: Final = len(KEYPOINT_NAMES)  # 137

BODY: Final = slice(0, 25)
FACE: Final = slice(25, 95)
LEFT_HAND: Final = slice(95, 116)
RIGHT_HAND: Final = slice(116, 137)

HANDS: Final = {"left": LEFT_HAND, "right": RIGHT_HAND}

INDEX: Final = {name: i for i, name in enumerate(KEYPOINT_NAMES)}

Limb = tuple[int, int]
Colour = tuple[int, int, int]  # RGB, 0..255


def _body(*pairs: tuple[str, str]) -> tuple[Limb, ...]:
    return tuple((INDEX[a], INDEX[b]) for a, b in pairs)


BODY_LIMBS: Final[tuple[Limb, ...]] = _body(
    ("neck", "mid_hip"),
    ("neck", "right_shoulder"), ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"),
    ("neck", "left_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
    ("mid_hip", "right_hip"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
    ("mid_hip", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
    ("neck", "nose"),
    ("nose", "right_eye"), ("right_eye", "right_ear"),
    ("nose", "left_eye"), ("left_eye", "left_ear"),
    ("right_ankle", "right_big_toe"), ("right_big_toe", "right_small_toe"),
    ("right_ankle", "right_heel"),
    ("left_ankle", "left_big_toe"), ("left_big_toe", "left_small_toe"),
    ("left_ankle", "left_heel"),
)  # fmt: skip


def _chain(start: int, stop: int, *, closed: bool = False) -> tuple[Limb, ...]:
    """Limbs from each face point `start..stop-1` (face numbering) to the next."""
    offset = FACE.start
    limbs = tuple((offset + i, offset + i + 1) for i in range(start, stop - 1))
    return (*limbs, (offset + stop - 1, offset + start)) if closed else limbs


FACE_LIMBS: Final[tuple[Limb, ...]] = (
    *_chain(0, 17),
    *_chain(17, 22),
    *_chain(22, 27),
    *_chain(27, 31),
    *_chain(31, 36),
    *_chain(36, 42, closed=True),
    *_chain(42, 48, closed=True),
    *_chain(48, 60, closed=True),
    *_chain(60, 68, closed=True),
)


def _hand_limbs(offset: int) -> tuple[Limb, ...]:
    limbs = []
    for finger in range(5):
        first = 1 + 4 * finger
        limbs.append((offset, offset + first))
        limbs += [(offset + i, offset + i + 1) for i in range(first, first + 3)]
    return tuple(limbs)


LEFT_HAND_LIMBS: Final = _hand_limbs(LEFT_HAND.start)
RIGHT_HAND_LIMBS: Final = _hand_limbs(RIGHT_HAND.start)
LIMBS: Final[tuple[Limb, ...]] = (*BODY_LIMBS, *FACE_LIMBS, *LEFT_HAND_LIMBS, *RIGHT_HAND_LIMBS)


def _hue(position: float, value: float = 1.0) -> Colour:
    """A saturated colour at `position` (0..1) on the colour circle."""
    channels = np.clip(np.abs((position * 6.0 + np.array([0.0, 4.0, 2.0])) % 6.0 - 3.0) - 1.0, 0, 1)
    red, green, blue = (round(255 * float(value * c)) for c in channels)
    return red, green, blue


BODY_COLOURS: Final[tuple[Colour, ...]] = tuple(
    _hue(i / len(BODY_LIMBS)) for i in range(len(BODY_LIMBS))
)
FACE_COLOUR: Final[Colour] = (255, 255, 255)
HAND_COLOURS: Final[tuple[Colour, ...]] = tuple(
    _hue((i // 4) / 5.0, 0.85) for i in range(len(LEFT_HAND_LIMBS))
)
LIMB_COLOURS: Final[tuple[Colour, ...]] = (
    *BODY_COLOURS,
    *(FACE_COLOUR for _ in FACE_LIMBS),
    *HAND_COLOURS,
    *HAND_COLOURS,
)


MIDPOINTS: Final = (
    ("neck", "left_shoulder", "right_shoulder"),
    ("mid_hip", "left_hip", "right_hip"),
)


def add_midpoints(keypoints: NDArray[np.float32]) -> None:
    """Put neck and mid-hip halfway between shoulders and hips, in place.

    Their confidence is the lower one of the two sides.

    Args:
        keypoints: float32 `(..., 137, 3)`: x, y, confidence.
    """
    for name, left, right in MIDPOINTS:
        pair = keypoints[..., [INDEX[left], INDEX[right]], :]
        keypoints[..., INDEX[name], :2] = pair[..., :2].mean(axis=-2)
        keypoints[..., INDEX[name], 2] = pair[..., 2].min(axis=-1)


def _mirror_index() -> tuple[int, ...]:
    """Where each keypoint goes when the picture is flipped from left to right."""
    index = list(range(NUM_KEYPOINTS))
    for i, name in enumerate(BODY_NAMES):
        if name.startswith("left_"):
            index[i] = INDEX["right_" + name.removeprefix("left_")]
        elif name.startswith("right_"):
            index[i] = INDEX["left_" + name.removeprefix("right_")]
    face = [
        *range(16, -1, -1),
        *range(26, 16, -1),
        *range(27, 31),
        *range(35, 30, -1),
        45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
        54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55,
        64, 63, 62, 61, 60, 67, 66, 65,
        69, 68,
    ]  # fmt: skip
    for i, j in enumerate(face):
        index[FACE.start + i] = FACE.start + j
    for i in range(NUM_HAND):
        index[LEFT_HAND.start + i] = RIGHT_HAND.start + i
        index[RIGHT_HAND.start + i] = LEFT_HAND.start + i
    return tuple(index)


MIRROR: Final = _mirror_index()
