"""Cuts: where one shot of a clip ends and the next begins."""

from __future__ import annotations

from collections import deque
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE: Final = (32, 18)  # of the pictures that are compared
_APART: Final = 16.0  # of 255; consecutive frames of one shot differ by less
_SUDDEN: Final = 4.0  # times as much as the frames before, as a pan does not
_REMEMBERED: Final = 12  # frames
_SHORTEST: Final = 8  # frames of a shot; light that flashes is none


class CutFinder:
    """Tells with which frames a new shot begins, one frame after the other."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._steps: deque[float] = deque(maxlen=_REMEMBERED)
        self._since = 0  # frames of this shot

    def begins(self, frame: NDArray[np.uint8]) -> bool:
        """Whether a new shot begins with this frame, uint8 `(H, W, 3)`; the first begins none."""
        small = cv2.resize(frame, _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        last, self._last = self._last, small
        self._since += 1
        if last is None:
            return False
        step = float(np.abs(small - last).mean())
        usual = float(np.median(self._steps)) if self._steps else 0.0
        cut = step > _APART and step > _SUDDEN * usual and self._since > _SHORTEST
        if cut:
            self._steps.clear()
            self._since = 0
        else:
            self._steps.append(step)
        return cut
