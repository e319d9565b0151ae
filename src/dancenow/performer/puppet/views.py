"""Which of several photos shows the side of a person that a dancer shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.performer.puppet.posing import side_of
from dancenow.pose.layout import INDEX, USABLE
from dancenow.pose.track import FloatArray

_BETTER: Final = 0.2  # by which another photo must fit better
_STAYS: Final = 0.3  # seconds for which a photo is shown at least
_FADE: Final = 0.05  # seconds in which the next one replaces it
_FACES: Final = 1.5  # weight of where the face looks


class ViewChooser:
    """Chooses among photos, and fades from one to the next.

    Args:
        views: float32 `(137, 3)` each, the person's keypoints in every photo.
    """

    def __init__(self, views: Sequence[FloatArray]) -> None:
        self._views = np.stack([_view(keypoints) for keypoints in views])
        self.reset()

    def reset(self) -> None:
        """Forget the dancer."""
        self._shown: int | None = None
        self._before, self._faded, self._since = 0, 1.0, math.inf

    def choose(self, dancer: FloatArray, fps: float) -> list[tuple[int, float]]:
        """The photos to show, from below, each with its share: one, or two during a fade."""
        if self._shown is not None and not side_of(dancer.astype(np.float64)):
            return [(self._shown, 1.0)]  # the trunk is not seen
        apart = np.abs(self._views - _view(dancer)).sum(axis=1)
        best = int(apart.argmin())
        if self._shown is None:
            self._shown = best
        self._since += 1 / fps
        self._faded = min(1.0, self._faded + 1 / (fps * _FADE))
        better = apart[best] < apart[self._shown] - _BETTER
        if better and self._since >= _STAYS and self._faded >= 1:
            self._before, self._shown = self._shown, best
            self._since, self._faded = 0.0, 1 / (fps * _FADE + 1)
        if self._faded >= 1:
            return [(self._shown, 1.0)]
        return [(self._before, 1.0), (self._shown, self._faded)]


def _view(keypoints: FloatArray) -> NDArray[np.float64]:
    """The side that is shown and where the face looks, 1 or so for wholly to a side, `(2,)`."""
    joints = keypoints.astype(np.float64)
    nose, neck, hip = (joints[INDEX[name]] for name in ("nose", "neck", "mid_hip"))
    looks = 0.0
    if min(nose[2], neck[2], hip[2]) >= USABLE:
        trunk = max(float(np.linalg.norm(neck[:2] - hip[:2])), 1e-6)
        looks = _FACES * float(nose[0] - neck[0]) / trunk
    return np.array([side_of(joints), looks])
