"""The parts that a puppet is cut into: chains of bones, each drawn as one picture."""

from __future__ import annotations

from typing import Final, NamedTuple

from dancenow.pose.layout import INDEX, LEFT_HAND, RIGHT_HAND

PALMS: Final = {"left": LEFT_HAND.start + 9, "right": RIGHT_HAND.start + 9}
"""The keypoint of each hand at which its bone ends: the middle finger's knuckle."""


class Bone(NamedTuple):
    """What moves as one.

    Attributes:
        start, end: the keypoints between which it lies.
        lines: pairs of keypoints along which its pixels lie.
        width: their usual distance from the lines, in body heights.
    """

    start: int
    end: int
    lines: tuple[tuple[int, int], ...]
    width: float


class Part(NamedTuple):
    """A chain of bones, from where it is attached outwards.

    Attributes:
        name: of its picture.
        bones: the chain; the body has the torso and the head.
    """

    name: str
    bones: tuple[Bone, ...]


def _parts() -> tuple[Part, ...]:
    at = INDEX
    torso = Bone(
        at["mid_hip"],
        at["neck"],
        (
            (at["right_shoulder"], at["right_hip"]),
            (at["left_shoulder"], at["left_hip"]),
            (at["neck"], at["mid_hip"]),
        ),
        0.06,
    )
    head = Bone(
        at["neck"],
        at["nose"],
        ((at["nose"], at["neck"]), (at["right_ear"], at["left_ear"])),
        0.05,
    )
    legs, arms = [], []
    for side, palm in PALMS.items():
        hip, knee, ankle, toe, heel = (
            at[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "big_toe", "heel")
        )
        shoulder, elbow, wrist = (at[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
        tips = tuple(palm - 9 + finger for finger in (4, 8, 12, 16, 20))
        legs.append(
            Part(
                f"{side}_leg",
                (
                    Bone(hip, knee, ((hip, knee),), 0.06),
                    Bone(knee, ankle, ((knee, ankle),), 0.04),
                    Bone(ankle, toe, ((heel, toe), (ankle, heel), (ankle, toe)), 0.03),
                ),
            )
        )
        arms.append(
            Part(
                f"{side}_arm",
                (
                    Bone(shoulder, elbow, ((shoulder, elbow),), 0.04),
                    Bone(elbow, wrist, ((elbow, wrist),), 0.032),
                    Bone(wrist, palm, ((wrist, palm), *((wrist, tip) for tip in tips)), 0.025),
                ),
            )
        )
    return (*legs, Part("body", (torso, head)), *arms)


PARTS: Final = _parts()
"""From the back to the front."""

BODY: Final = next(part for part in PARTS if part.name == "body")
