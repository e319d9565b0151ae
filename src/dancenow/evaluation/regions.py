"""The parts of a frame that are judged: the person's box, face, head, the body's outline."""

from __future__ import annotations

from typing import Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.pose.face_region import face_corners, face_side
from dancenow.pose.layout import BODY_LIMBS, FACE, INDEX, USABLE
from dancenow.pose.track import FloatArray

Frame = NDArray[np.uint8]
Value = TypeVar("Value", np.uint8, np.bool_)
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the frame

BOX_PX: Final = 256  # height to which the person's box is scaled
NATIVE_PX: Final = 640  # its largest height where it is judged at its own size
HEAD_PX: Final = 96  # side to which the head's box is scaled
_MARGIN: Final = 0.05  # around the person, of the frame's shorter side
_SMALLEST_PX: Final = 16
_SMALLEST_HEAD_PX: Final = 8
_LIMB: Final = 0.07  # width of a limb in the outline, of the body's height
_FEATURES: Final = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")
_MOUTH: Final = (FACE.start + 48, FACE.start + 54)  # its corners
_TORSO: Final = ("right_shoulder", "left_shoulder", "left_hip", "right_hip")


def person_boxes(track: PoseTrack) -> list[Box | None]:
    """The person's box in every frame, with a margin; None where it is not seen."""
    width, height = track.size
    margin = _MARGIN * min(width, height)
    edges = body_extent(track) + np.array([-margin, -margin, margin, margin])
    return [_inside(row, track.size, _SMALLEST_PX) for row in edges]


def face_boxes(track: PoseTrack) -> list[Box | None]:
    """The square that the paper's face network paints, in every frame (`pose.face_region`)."""
    side = face_side(track.size)
    if side > min(track.size):  # the frame is too narrow for the square
        return [None] * len(track)
    corners, seen = face_corners(track.keypoints, track.size, side)
    return [
        (left, top, left + side, top + side) if there else None
        for (left, top), there in zip(corners.tolist(), seen, strict=True)
    ]


def head_boxes(track: PoseTrack) -> list[Box | None]:
    """A square around eyes, ears, nose and mouth in every frame; None where they are not seen."""
    rows = [*(INDEX[name] for name in _FEATURES), *_MOUTH]
    boxes: list[Box | None] = []
    for points in track.keypoints[:, rows]:
        seen = points[points[:, 2] >= USABLE, :2]
        if len(seen) < 3:
            boxes.append(None)
            continue
        span = max(_SMALLEST_HEAD_PX, 1.3 * np.ptp(seen[:, 0]), 2.2 * np.ptp(seen[:, 1]))
        middle = seen.mean(axis=0)
        edges = np.concatenate([middle - 0.75 * span, middle + 0.75 * span])
        boxes.append(_inside(edges, track.size, _SMALLEST_HEAD_PX))
    return boxes


def outline(keypoints: FloatArray, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The body as limbs of one width, a torso and a head, bool `(H, W)`.

    Args:
        keypoints: float32 `(137, 3)`, pixels of the frame and confidence.
        size: width and height of the frame in pixels.
    """
    drawn = np.zeros(size[::-1], np.uint8)
    seen = keypoints[:, 2] >= USABLE
    body = keypoints[: FACE.start]
    usable = body[seen[: FACE.start], :2]
    if len(usable) == 0:
        return drawn > 0
    thick = max(1, round(_LIMB * float(np.ptp(usable[:, 1]))))
    at = np.round(np.nan_to_num(keypoints[:, :2])).astype(int).tolist()
    for a, b in BODY_LIMBS:
        if seen[a] and seen[b]:
            cv2.line(drawn, at[a], at[b], (255.0,), thick)
    torso = [INDEX[name] for name in _TORSO]
    if seen[torso].all():
        cv2.fillConvexPoly(drawn, cv2.convexHull(np.array([at[i] for i in torso])), (255.0,))
    if seen[INDEX["nose"]]:
        cv2.circle(drawn, at[INDEX["nose"]], round(1.5 * thick), (255.0,), -1)
    return drawn > 0


def cut(frame: NDArray[Value], box: Box) -> NDArray[Value]:
    """A box of a frame `(H, W, 3)` or a mask `(H, W)`."""
    left, top, right, bottom = box
    return np.ascontiguousarray(frame[top:bottom, left:right])


def scaled(inside: Frame, height: int) -> Frame:
    """A picture scaled to a height in pixels."""
    width = max(_SMALLEST_PX, round(inside.shape[1] * height / inside.shape[0]))
    method = cv2.INTER_AREA if inside.shape[0] > height else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(inside, (width, height), interpolation=method), dtype=np.uint8)


def _inside(
    edges: NDArray[np.float32] | NDArray[np.float64], size: tuple[int, int], smallest: int
) -> Box | None:
    """Whole pixels inside the frame; None if there are too few of them."""
    if not np.isfinite(edges).all():
        return None
    left, top = max(0, round(float(edges[0]))), max(0, round(float(edges[1])))
    right, bottom = min(size[0], round(float(edges[2]))), min(size[1], round(float(edges[3])))
    return (left, top, right, bottom) if min(right - left, bottom - top) >= smallest else None
