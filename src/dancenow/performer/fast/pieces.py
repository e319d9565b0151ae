"""The pieces into which a body is divided: what moves together, and what it lies beside."""

from __future__ import annotations

from typing import Final, NamedTuple

from dancenow.pose.layout import FACE, INDEX, LEFT_HAND, RIGHT_HAND


class Piece(NamedTuple):
    """A part of the body whose appearance changes little when it moves.

    Attributes:
        name: what it is.
        layer: 0 for the body, 1 for the arms.
        bones: lines, as pairs of keypoints, around which its pixels lie.
        width: their distance from the lines, in body heights.
        frame: keypoints that define its motion: two make a bone, stretched only along its length;
            more are fitted by a similarity transform.
        alike: keypoints and weights for finding a similar pose, relative to the first of `frame`.
    """

    name: str
    layer: int
    bones: tuple[tuple[int, int], ...]
    width: float
    frame: tuple[int, ...]
    alike: tuple[tuple[int, float], ...]


def _pieces() -> tuple[Piece, ...]:
    at = INDEX
    torso = tuple(at[n] for n in ("right_shoulder", "left_shoulder", "right_hip", "left_hip"))
    eyes_and_ears = ("right_eye", "left_eye", "right_ear", "left_ear")
    head = (at["neck"], at["nose"], *(at[n] for n in eyes_and_ears))
    face = tuple(FACE.start + i for i in (0, 4, 8, 12, 16, 48, 51, 54, 57))
    pieces = [
        Piece(
            "torso",
            0,
            ((torso[0], torso[2]), (torso[1], torso[3]), (at["neck"], at["mid_hip"])),
            0.06,
            (at["neck"], at["mid_hip"]),
            (
                *((i, 1.0) for i in torso),
                (at["mid_hip"], 1.0),
                *((at[f"{side}_{n}"], w) for side in ("left", "right")
                  for n, w in (("elbow", 0.5), ("wrist", 0.25), ("knee", 0.3))),
            ),
        ),
        Piece(
            "head",
            0,
            ((at["nose"], at["neck"]), (at["right_ear"], at["left_ear"])),
            0.05,
            (*head, *face),
            (*((i, 2.0) for i in head), *((i, 1.0) for i in face)),
        ),
    ]  # fmt: skip
    for side, hand in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
        shoulder, elbow, wrist = (at[f"{side}_{n}"] for n in ("shoulder", "elbow", "wrist"))
        hip, knee, ankle = (at[f"{side}_{n}"] for n in ("hip", "knee", "ankle"))
        toe, little_toe, heel = (at[f"{side}_{n}"] for n in ("big_toe", "small_toe", "heel"))
        knuckles = tuple(hand.start + i for i in (5, 9, 13, 17))
        tips = tuple(hand.start + i for i in (4, 8, 12, 16, 20))
        other = "right" if side == "left" else "left"
        pieces += [
            Piece(
                f"{side} upper arm", 1, ((shoulder, elbow),), 0.04, (shoulder, elbow),
                ((elbow, 1.0), (wrist, 0.5), (at["neck"], 0.7)),
            ),
            Piece(
                f"{side} forearm", 1, ((elbow, wrist),), 0.032, (elbow, wrist),
                ((wrist, 1.0), (shoulder, 0.5), *((i, 0.15) for i in knuckles)),
            ),
            Piece(
                f"{side} hand", 1, tuple((wrist, i) for i in tips), 0.025,
                (wrist, *knuckles, *tips),
                ((elbow, 0.2), *((i, 1.0) for i in (*knuckles, *tips))),
            ),
            Piece(
                f"{side} thigh", 0, ((hip, knee),), 0.06, (hip, knee),
                ((knee, 1.0), (ankle, 0.3), (at[f"{other}_knee"], 0.4), (at["neck"], 0.3)),
            ),
            Piece(
                f"{side} shin", 0, ((knee, ankle),), 0.04, (knee, ankle),
                ((ankle, 1.0), (hip, 0.3), (toe, 0.3)),
            ),
            Piece(
                f"{side} foot", 0, ((heel, toe), (ankle, heel)), 0.03,
                (ankle, toe, little_toe, heel),
                ((toe, 1.0), (little_toe, 1.0), (heel, 1.0), (knee, 0.3)),
            ),
        ]  # fmt: skip
    return tuple(pieces)


PIECES: Final = _pieces()
