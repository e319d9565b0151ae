"""What a figure is worth: the scores of true frames that were blurred or moved, and of nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.evaluation.judge import Judge, Region
from dancenow.evaluation.pictures import PictureScores
from dancenow.evaluation.regions import BOX_PX, Box

Frame = NDArray[np.uint8]

BLURRED: Final = "true frames blurred by 1.5 px"
MOVED: Final = "true frames moved by 2 px"
EMPTY: Final = "the empty room"
_BLUR_PX, _SHIFT_PX = 1.5, 2.0  # where the person's box is 256 px high
_MOST: Final = 4  # frames: each costs seconds
_REGIONS: Final = ("person", "native", "head")


class Yardsticks:
    """Collects the scores of some frames, spread over the clip.

    Args:
        judge: scores them.
        count: how many frames there are.
        empty: returns the room without the person as frame k shows it.
    """

    def __init__(self, judge: Judge, count: int, empty: Callable[[int], Frame] | None) -> None:
        self._judge, self._empty = judge, empty
        self._chosen = set(np.linspace(0, count - 1, min(_MOST, count)).round().astype(int))
        self._found: dict[str, dict[Region, list[PictureScores | None]]] = {}

    def add(self, index: int, truth: Frame) -> None:
        """Judge a true frame, uint8 `(H, W, 3)` RGB, if it is one of those chosen."""
        box = self._judge.places(index).person
        if index not in self._chosen or box is None:
            return
        made = {BLURRED: _blurred(truth, box), MOVED: _moved(truth, box)}
        if self._empty is not None:
            made[EMPTY] = self._empty(index)
        for name, picture in made.items():
            regions = self._found.setdefault(name, {region: [] for region in _REGIONS})
            for region, scores in self._judge.close(index, picture, truth, always=True).items():
                if region in regions:
                    regions[region].append(scores)

    def scores(self) -> dict[str, dict[str, PictureScores]]:
        """The means by name and region."""
        return {
            name: {
                region: mean
                for region, scores in regions.items()
                if (mean := PictureScores.mean(scores)) is not None
            }
            for name, regions in self._found.items()
        }


def _blurred(truth: Frame, box: Box) -> Frame:
    sigma = _BLUR_PX * (box[3] - box[1]) / BOX_PX
    return np.asarray(cv2.GaussianBlur(truth, (0, 0), sigma), np.uint8)


def _moved(truth: Frame, box: Box) -> Frame:
    shift = _SHIFT_PX * (box[3] - box[1]) / BOX_PX
    motion = np.array([[1, 0, shift], [0, 1, 0]], np.float64)
    size = truth.shape[1::-1]
    moved = cv2.warpAffine(truth, motion, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)
