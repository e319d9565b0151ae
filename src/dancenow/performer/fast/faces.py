"""Faces: expressions from the one who dances, looks from the one who is painted."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.pose.layout import FACE, USABLE
from dancenow.pose.track import FloatArray

Affine = NDArray[np.float64]  # (2, 3), as cv2.warpAffine takes it

_POINTS: Final = slice(FACE.start, FACE.start + 68)  # without the pupils, which not all find
_FEWEST: Final = 20  # points of a face that tell how it is bent
_SMALLEST: Final = 24.0  # pixels; in a lower face, points err as far as expressions move them
_REACH: Final = 0.12  # of the face's height; how far around it a point moves what lies there
_FIRM: Final = 0.3  # weight of what does not move; it wins where no point is near
_STEPS, _MOST_STEPS = 24, 64  # at which the field is found: along the face's height, a tile's side
_FARTHEST: Final = 0.25  # of the face's height; no point of a face bends farther
_EYES: Final = (slice(36, 42), slice(42, 48))  # of the face's 70 points: the right one, the left
_NOSE, _JAW = 30, (0, 16)  # its tip; the jaw's ends
_FRONTAL: Final = 2.0  # largest ratio of the nose's distances from the jaw's ends
_WIDE: Final = 4.0  # distances between the eyes; a jaw that seems wider is seen from the side


class Bend(NamedTuple):
    """How a face differs from a similar one beyond what moving and turning can tell.

    Attributes:
        points: float64 `(K, 2)`, pixels of the new face.
        shifts: float64 `(K, 2)`, by which each lies elsewhere in the old one, in its pixels.
        height: of the new face, pixels.
    """

    points: NDArray[np.float64]
    shifts: NDArray[np.float64]
    height: float

    @staticmethod
    def of(new: FloatArray, old: FloatArray, back: Affine) -> Bend | None:
        """From two poses `(137, 3)` and the map from pixels of the new one to the old one.

        None if too little of a face is seen, or it is too small.
        """
        both = (new[FACE, 2] >= USABLE) & (old[FACE, 2] >= USABLE)
        if both.sum() < _FEWEST:
            return None
        # Keypoints have pixel centres at .5, cv2 at .0.
        points, ends = (pose[FACE][both, :2].astype(np.float64) - 0.5 for pose in (new, old))
        height, old_height = (float(np.ptp(face[:, 1])) for face in (points, ends))
        if min(height, old_height) < _SMALLEST:
            return None
        shifts = ends - (points @ back[:, :2].T + back[:, 2])
        lengths = np.linalg.norm(shifts, axis=1, keepdims=True)
        shifts *= np.minimum(1, _FARTHEST * old_height / np.maximum(lengths, 1e-9))
        return Bend(points, shifts, height)

    @property
    def farthest(self) -> float:
        """The longest shift, pixels."""
        return float(np.linalg.norm(self.shifts, axis=1).max())

    def field(self, corner: tuple[int, int], size: tuple[int, int]) -> FloatArray:
        """The shifts of a part of the picture, `(H, W, 2)`: smooth, and none far from the face."""
        step = max(1.0, self.height / _STEPS, max(size) / _MOST_STEPS)
        x, y = (
            low + step * np.arange(int(np.ceil(side / step)) + 1)
            for low, side in zip(corner, size, strict=True)
        )
        squared = (x[None, :, None] - self.points[:, 0]) ** 2
        squared = squared + (y[:, None, None] - self.points[:, 1]) ** 2
        weights = np.exp(-squared / (2 * (_REACH * self.height) ** 2))
        field = (weights @ self.shifts) / (weights.sum(axis=-1, keepdims=True) + _FIRM)
        finer = np.array([[1 / step, 0, 0], [0, 1 / step, 0]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(
                field.astype(np.float32), finer, size, None, flags, cv2.BORDER_REPLICATE
            ),
            dtype=np.float32,
        )


class Looks:
    """Gives faces the shape of the one who is painted, and leaves them their expressions.

    The usual face of the dancer, the mean over all frontal ones so far, is replaced by that of the
    performer.  What a face differs from it is expression.

    Args:
        keypoints: float32 `(N, 137, 3)`, poses of the one who is painted.
    """

    def __init__(self, keypoints: FloatArray) -> None:
        faces = [face for pose in keypoints if (face := upright_face(pose)) is not None]
        self._own = np.median(faces, axis=0) if faces else None
        self.reset()

    def reset(self) -> None:
        """Forget the dancer."""
        self._sum, self._count = np.zeros((_POINTS.stop - _POINTS.start, 2)), 0

    def meet(self, keypoints: FloatArray) -> None:
        """See more of the dancer: `(T, 137, 3)`."""
        for pose in keypoints:
            face = upright_face(pose)
            if face is not None:
                self._sum += face
                self._count += 1

    def adapt(self, pose: FloatArray) -> FloatArray:
        """A pose of the dancer, `(137, 3)`, with the face of the performer."""
        face = pose[_POINTS]
        if self._own is None or not self._count or (face[:, 2] < USABLE).any():
            return pose
        usual = self._sum / self._count
        # The affine map that brings the dancer's usual face here; a turned one is narrower.
        known = np.column_stack([usual, np.ones(len(usual))])
        to_here, *_ = np.linalg.lstsq(known, face[:, :2].astype(np.float64), rcond=None)
        change = (self._own - usual) @ to_here[:2]
        pupils = [change[eye].mean(axis=0) for eye in _EYES]
        adapted = pose.copy()
        adapted[FACE, :2] += np.where(pose[FACE, 2:] > 0, np.vstack([change, *pupils]), 0.0)
        return adapted


def upright_face(pose: FloatArray) -> NDArray[np.float64] | None:
    """The face of a pose `(137, 3)`, `(68, 2)`: from the eyes' middle, in distances between them.

    None if it is not seen from the front.
    """
    face = pose[_POINTS].astype(np.float64)
    if (face[:, 2] < USABLE).any():
        return None
    points = face[:, 0] + 1j * face[:, 1]
    right, left = (points[eye].mean() for eye in _EYES)
    if abs(left - right) < 1:
        return None
    upright = (points - (left + right) / 2) / (left - right)
    start, nose, end = (float(upright[i].real) for i in (_JAW[0], _NOSE, _JAW[1]))
    sides = nose - start, end - nose
    if min(sides) <= 0 or max(sides) > _FRONTAL * min(sides) or end - start > _WIDE:
        return None
    return np.asarray(np.stack([upright.real, upright.imag], axis=-1), dtype=np.float64)
