"""How unsteady a clip is: flicker where the true one stands still, wrong motion elsewhere.

Chan et al., 2019, train on two frames at a time for a steady video ("temporal smoothing"); these
figures measure how steady it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Change = NDArray[np.int16]
Mask = NDArray[np.uint8]
Box = tuple[int, int, int, int]

_BLUR_PX: Final = 1.5  # standard deviation; averages out noise of camera and codec, not motion
_STILL: Final = 4.0  # of 255; a blurred pixel that changes less from frame to frame stands still


@dataclass(frozen=True)
class FlickerScores:
    """Changes from frame to frame, in 1/255 of full scale.

    Attributes:
        made: mean change of the made clip's pixels where the true clip stands still; None if it
            never does.
        real: the same of the true clip, its noise; None if it never stands still.
        motion_error: mean difference between the changes of the made clip and of the true one
            inside the person's box, with equal weight for each frame.
    """

    made: float | None
    real: float | None
    motion_error: float


class Flicker:
    """Measures flicker from pairs of made and true frames; keeps only the last pair."""

    def __init__(self) -> None:
        self._before: tuple[Change, Change] | None = None
        self._made = self._real = self._error = 0.0  # sums
        self._still_px = self._steps = 0

    def add(self, made: Frame, true: Frame, box: Box | None = None) -> None:
        """Add the next pair of frames.

        Args:
            made: uint8 `(H, W, 3)` RGB.
            true: uint8 `(H, W, 3)` RGB, of the same moment.
            box: left, top, right and bottom of the person in pixels, inside the frame and not
                empty; by default the whole frame.
        """
        if made.shape != true.shape:
            raise ValueError(f"frames of different sizes: {made.shape} and {true.shape}")
        now = made.astype(np.int16), true.astype(np.int16)
        if self._before is not None:
            self._compare(now[0] - self._before[0], now[1] - self._before[1], box)
        self._before = now

    def _compare(self, made: Change, real: Change, box: Box | None) -> None:
        still = _stands_still(real)
        self._made += cv2.norm(made, cv2.NORM_L1, still) / 3
        self._real += cv2.norm(real, cv2.NORM_L1, still) / 3
        self._still_px += cv2.countNonZero(still)
        left, top, right, bottom = box or (0, 0, still.shape[1], still.shape[0])
        inside = slice(top, bottom), slice(left, right)
        self._error += float(np.abs(made[inside] - real[inside]).mean())
        self._steps += 1

    def scores(self) -> FlickerScores | None:
        """The figures of all frames so far; None if there are fewer than two."""
        if not self._steps:
            return None
        error = self._error / self._steps
        if not self._still_px:
            return FlickerScores(None, None, error)
        return FlickerScores(self._made / self._still_px, self._real / self._still_px, error)


def _stands_still(change: Change) -> Mask:
    """Where the true clip stands still, uint8 `(H, W)`, 255 or 0, given its change `(H, W, 3)`.

    Blurring the signed change gives the change of the blurred frames.
    """
    smooth = cv2.GaussianBlur(change.astype(np.float32), (0, 0), _BLUR_PX)
    most = np.full(3, np.nextafter(np.float32(_STILL), np.float32(0)), np.float64)
    return np.asarray(cv2.inRange(smooth, -most, most), np.uint8)
