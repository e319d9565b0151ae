"""Cuts: where one shot of a clip ends and the next begins."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
_Small = NDArray[np.float32]

_SIZE: Final = (32, 18)  # of the pictures that are compared
_APART: Final = 16.0  # of 255; consecutive frames of one shot differ by less
_SUDDEN: Final = 4.0  # times as much as the frames around, as a pan does not
_REMEMBERED: Final = 12  # frames
LOOK_AHEAD: Final = 6  # frames that follow a cut and tell it from a flash, which is over by then
_FEWEST: Final = 4  # steps from frame to frame that tell how large they usually are
_BACK: Final = 0.5  # of a step; what is nearer to the last frame of a shot belongs to it


def with_cuts(frames: Iterable[Frame], *, at_once: bool = False) -> Iterator[tuple[Frame, bool]]:
    """Frames, and whether a new shot begins with each; the first begins none.

    Args:
        frames: uint8 `(H, W, 3)`.
        at_once: do not look at the frames that follow, which tell a cut from light that flashes.
    """
    finder = _CutFinder()
    waiting: deque[tuple[Frame, _Small]] = deque()
    for frame in frames:
        small = cv2.resize(frame, _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        waiting.append((frame, small))
        if at_once or len(waiting) > LOOK_AHEAD:
            yield waiting[0][0], finder.begins([picture for _, picture in waiting])
            waiting.popleft()
    while waiting:
        yield waiting[0][0], finder.begins([picture for _, picture in waiting])
        waiting.popleft()


class _CutFinder:
    """Tells with which frames a new shot begins, one frame after the other."""

    def __init__(self) -> None:
        self._last: _Small | None = None  # frame of this shot
        self._steps: deque[float] = deque(maxlen=_REMEMBERED)
        self._flash = 0  # frames that are left of it

    def begins(self, pictures: Sequence[_Small]) -> bool:
        """Whether a new shot begins with the first of these pictures, which the others follow."""
        picture, *later = pictures
        if self._flash:
            self._flash -= 1
            return False
        if self._last is None:
            self._last = picture
            return False
        step = _apart(picture, self._last)
        steps = [*self._steps, *(_apart(a, b) for a, b in pairwise(pictures))]
        usual = float(np.median(steps)) if len(steps) >= _FEWEST else np.inf
        cut = step > _APART and step > _SUDDEN * usual
        if cut:
            same = [_apart(each, self._last) < _BACK * step for each in later]
            if any(same):
                self._flash = same.index(True)
                return False
            self._steps.clear()
        else:
            self._steps.append(step)
        self._last = picture
        return cut


def _apart(a: _Small, b: _Small) -> float:
    return float(np.abs(a - b).mean())
