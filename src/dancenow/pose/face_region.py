"""The square region around the face, which a face network works on.

Chan et al., 2019, section 3.3, use 128 x 128 pixels around the face in frames of 1024 x 512; here
the region is the same share of the frame's longer side.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.pose.layout import CERTAIN, FACE, INDEX
from dancenow.pose.track import FloatArray, PoseTrack

_PART: Final = 128 / 1024  # of the frame's longer side
_STEP: Final = 8  # pixels: the face generator halves its picture three times
_ROOM: Final = 1.8  # sides of a square around a face's keypoints
_STEADY: Final = 0.2  # seconds over which it is averaged
_FEWEST: Final = 10  # face keypoints that must be seen
_HEAD: Final = [INDEX[name] for name in ("nose", "right_eye", "left_eye")]


def face_side(size: tuple[int, int]) -> int:
    """Side of the face region in pixels, a multiple of 8, for frames of `size` (width, height)."""
    return max(2 * _STEP, _STEP * round(_PART * max(size) / _STEP))


def face_corners(
    keypoints: FloatArray, size: tuple[int, int], side: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The face region of every frame, moved into the frame if it would stick out.

    It is centred on the face's seen keypoints or, if too few are seen, on nose and eyes.

    Args:
        keypoints: float32 `(T, 137, 3)`, pixels of the frame and confidence.
        size: width and height of the frame in pixels; both at least `side`.
        side: the region's side in pixels.

    Returns:
        int64 `(T, 2)`, left and top of the region in pixels (0, 0 where there is no face), and bool
        `(T,)`, whether there is a face.
    """
    width, height = size
    if side > min(size):
        raise ValueError(f"a face region of {side} px in a frame of {width} x {height}")
    face, face_count = _middle(keypoints[:, FACE])
    head, head_count = _middle(keypoints[:, _HEAD])
    from_face = face_count >= _FEWEST
    middle = np.where(from_face[:, None], face, head)
    inside = ((middle >= 0) & (middle < (width, height))).all(axis=1)
    seen = (from_face | (head_count == len(_HEAD))) & inside
    corners = np.round(np.where(seen[:, None], middle, 0.0) - side / 2).astype(np.int64)
    corners = np.clip(corners, 0, np.array([width - side, height - side]))
    return corners, seen


def face_boxes(track: PoseTrack) -> NDArray[np.float64]:
    """A square around the face in every frame, all of one side, steady over time.

    Returns:
        float64 `(T, 3)`: x and y of the middle, and the side, in pixels.  Where no face is seen it
        moves from where one was to where one will be; if none ever is, it is the frame's middle.
    """
    places, sure = track.xy[:, FACE], track.confidence[:, FACE] >= CERTAIN
    found = np.flatnonzero(sure.any(axis=1))
    if not len(found):
        return np.tile([track.size[0] / 2, track.size[1] / 2, min(track.size)], (len(track), 1))
    boxes = []
    for index in found.tolist():
        low, high = (edge(places[index, sure[index]], axis=0) for edge in (np.min, np.max))
        boxes.append([*(low + high) / 2, _ROOM * (high - low).max()])
    known, all_frames = np.array(boxes), np.arange(len(track))
    filled = np.stack([np.interp(all_frames, found, part) for part in known.T], axis=1)
    filled[:, 2] = np.median(known[:, 2])
    reach = max(0, round(_STEADY * track.fps / 2))
    padded = np.pad(filled, ((reach, reach), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    return np.asarray(windows.mean(axis=-1))


def _middle(points: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mean of the seen points of every frame, float64 `(T, 2)`, and how many were seen."""
    seen = points[..., 2] >= CERTAIN
    count = seen.sum(axis=1)
    xy = np.where(seen[..., None], points[..., :2].astype(np.float64), 0.0).sum(axis=1)
    return xy / np.maximum(count, 1)[:, None], count
