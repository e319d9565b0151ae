"""What makes a piece of a reference worse than others: blur, and arms before the face."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.performer.fast.pieces import PIECES, Piece
from dancenow.performer.fast.references import References
from dancenow.pose.layout import INDEX, LEFT_HAND, RIGHT_HAND, USABLE
from dancenow.pose.track import FloatArray

_NEAR: Final = 0.04  # body heights around a piece's keypoints in which its sharpness is measured
_GRAIN_PX: Final = 0.8  # standard deviation of the smoothing that hides noise
_USUAL: Final = 1.15  # of the median sharpness of a piece: sharper ones have no fault
_BLUR_COSTS: Final = 0.5  # for each halving of the sharpness
_BEFORE: Final = 0.035  # body heights; an arm this near covers a keypoint of the face
_COVER_COSTS: Final = 4.0  # for a face that is covered whole
_PALM: Final = 0.45  # length of a hand that is not found, in forearms
_UNKNOWN: Final = 1.0  # halvings; where a piece is not seen well enough to tell


def find_faults(references: References) -> FloatArray:
    """The factor by which faults of a piece make it less alike, 1 for none: float32 `(N, P)`."""
    count = range(len(references))
    sharpness = np.stack([_sharpness(references, index) for index in count])
    usual = np.nanmedian(np.where(np.isnan(sharpness).all(axis=0), 1.0, sharpness), axis=0)
    halvings = np.log2(np.maximum(_USUAL * usual, 1e-3) / np.maximum(sharpness, 1e-3)).clip(min=0)
    faults = 1 + _BLUR_COSTS * np.where(np.isnan(halvings), _UNKNOWN, halvings)
    head = [piece.name for piece in PIECES].index("head")
    covered = [
        _covered(PIECES[head], references.keypoints[index], references.body_px) for index in count
    ]
    faults[:, head] += _COVER_COSTS * np.array(covered)
    return np.asarray(faults, dtype=np.float32)


def _sharpness(references: References, index: int) -> FloatArray:
    """Mean absolute Laplacian near the keypoints of each piece, `(P,)`; NaN if it is not seen."""
    grey = cv2.cvtColor(references.frames[index], cv2.COLOR_RGB2GRAY).astype(np.float32)
    # The person's outline against the room is no detail of a piece.
    inside = cv2.erode(references.masks[index], np.ones((5, 5), np.uint8)) > 200
    detail = np.abs(cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), _GRAIN_PX), cv2.CV_32F)) * inside
    size = 2 * max(3, round(_NEAR * references.body_px)) + 1
    sums, shares = (
        cv2.blur(np.asarray(each, np.float32), (size, size)) for each in (detail, inside)
    )
    last = np.array(grey.shape[::-1]) - 1
    sharpness = np.full(len(PIECES), np.nan, np.float32)
    for number, piece in enumerate(PIECES):
        points = references.keypoints[index][list(piece.frame)]
        places = points[points[:, 2] >= USABLE, :2]
        if len(places) < 2:
            continue
        if len(piece.frame) == 2:  # a bone: what lies along it
            places = places[0] + np.array([[0.25], [0.5], [0.75]]) * (places[1] - places[0])
        x, y = np.clip(places, 0, last).astype(int).T
        share = shares[y, x].sum()
        if share > 0.1 * len(x):
            sharpness[number] = sums[y, x].sum() / share
    return sharpness


def _covered(piece: Piece, keypoints: FloatArray, body_px: float) -> float:
    """The share of a piece's keypoints that an arm or a hand hides."""
    points = keypoints[list(piece.frame)]
    points = points[points[:, 2] >= USABLE, :2]
    if not len(points):
        return 0.0
    hidden = np.zeros(len(points), np.bool_)
    for start, end in _arms(keypoints):
        along = end - start
        share = ((points - start) @ along / max(float(along @ along), 1e-3)).clip(0, 1)
        distance = np.linalg.norm(points - start - share[:, None] * along, axis=1)
        hidden |= distance < _BEFORE * body_px
    return float(hidden.mean())


def _arms(keypoints: FloatArray) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Both ends of the forearms and fingers that are seen, pixels."""
    lines = []
    for side, hand in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
        elbow, wrist = (keypoints[INDEX[f"{side}_{name}"]] for name in ("elbow", "wrist"))
        if min(elbow[2], wrist[2]) >= USABLE:
            beyond = wrist[:2] + _PALM * (wrist[:2] - elbow[:2])
            lines += [(elbow[:2], wrist[:2]), (wrist[:2], beyond)]
        palm, *tips = (keypoints[hand.start + i] for i in (0, 4, 8, 12, 16, 20))
        lines += [(palm[:2], tip[:2]) for tip in tips if min(palm[2], tip[2]) >= USABLE]
    return lines
