"""Hands and heads: their shapes in their own sizes, and when they are seen."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.motion.body import KNOWN, Body
from dancenow.choreographer.motion.series import Array
from dancenow.pose import PoseTrack
from dancenow.pose.body_size import depth_scale
from dancenow.pose.gaps import filled
from dancenow.pose.layout import FACE, HANDS, INDEX, MIRROR, NUM_KEYPOINTS, SIDES, USABLE

HEAD_POINTS: Final = np.array(
    [INDEX[n] for n in ("right_eye", "left_eye", "right_ear", "left_ear")]
    + list(range(FACE.start, FACE.stop))
)
EYES: Final = slice(0, 2)  # of `HEAD_POINTS`
EARS: Final = slice(2, 4)
FACE_POINTS: Final = slice(4, None)
OTHER_SIDE: Final = np.array([list(HEAD_POINTS).index(MIRROR[p]) for p in HEAD_POINTS])
# What stands in for a hidden eye or ear: the pupil, the outline of the jaw where it begins.
_STAND_INS: Final = np.array(
    [4 + INDEX[n] - FACE.start for n in ("face_right_pupil", "face_left_pupil")] + [4, 20]
)

_MOST: Final = 0.7  # of the points of a hand or face: where fewer are seen, it is hidden


class Part(NamedTuple):
    """A hand or the head over time.

    Attributes:
        shape: in its own size, relative to its wrist or nose, `(T, 2 K)`; a left hand is mirrored.
        known: in which frames the shape is seen, `(T,)`.
        shown: in which frames the part is visible.
    """

    shape: Array
    known: NDArray[np.bool_]
    shown: NDArray[np.bool_]


def parts_of(track: PoseTrack, body: Body, *, face: bool) -> dict[str, Part]:
    """Hands and head; with `face`, a head's shape is unknown where its face is not seen."""
    xy, seen = track.xy.astype(np.float64), track.confidence >= USABLE
    scale = depth_scale(track) * body.height
    parts = {}
    for side, sign in zip(SIDES, (-1.0, 1.0), strict=True):
        points, anchor = np.arange(NUM_KEYPOINTS)[HANDS[side]], INDEX[f"{side}_wrist"]
        shape = (xy[:, points] - xy[:, [anchor]]) / (scale * body.hand)[:, None, None]
        there = _mostly(seen[:, points] & seen[:, [anchor]])
        shape = _completed(shape, seen[:, points] & seen[:, [anchor]])
        parts[side] = Part((shape * [sign, 1.0]).reshape(len(track), -1), there, there)
    nose = INDEX["nose"]
    there = seen_face(track)
    eyes = seen[:, HEAD_POINTS[EYES]].all(axis=1) & seen[:, nose]
    head = (xy[:, HEAD_POINTS] - xy[:, [nose]]) / (scale * body.head)[:, None, None]
    head[:, FACE_POINTS] = (
        _completed(head[:, FACE_POINTS], seen[:, FACE] & seen[:, [nose]]) if face else 0
    )
    # Without a face there is no outline of a jaw either.
    stand_ins = head[:, _STAND_INS] if face else head[:, [0, 1, 0, 1]]
    hidden = ~seen[:, HEAD_POINTS[: EARS.stop], None]
    head[:, : EARS.stop] = np.where(hidden, stand_ins, head[:, : EARS.stop])
    shown = there if there.mean() > KNOWN else eyes
    parts["face"] = Part(head.reshape(len(track), -1), there if face else eyes, shown)
    return parts


def seen_face(track: PoseTrack) -> NDArray[np.bool_]:
    """In which frames the nose and most of the face are seen, `(T,)`."""
    seen = track.confidence >= USABLE
    return _mostly(seen[:, FACE] & seen[:, [INDEX["nose"]]])


def _mostly(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where most of the points `(T, K)` are seen, `(T,)`; nowhere if one never is."""
    there: NDArray[np.bool_] = (seen.mean(axis=1) >= _MOST) & seen.any(axis=0).all()
    return there


def _completed(shape: Array, seen: NDArray[np.bool_]) -> Array:
    """Shapes `(T, K, 2)` with their hidden points interpolated."""
    return np.stack([filled(shape[:, i], seen[:, i]) for i in range(shape.shape[1])], axis=1)
