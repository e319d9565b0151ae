"""Judging one pair of frames in every region where it is worth looking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.evaluation.perceptual import load_lpips
from dancenow.evaluation.pictures import (
    PictureScores,
    gradient_magnitude,
    picture_scores,
    with_alignment,
)
from dancenow.evaluation.regions import (
    BOX_PX,
    HEAD_PX,
    NATIVE_PX,
    Box,
    cut,
    face_boxes,
    head_boxes,
    outline,
    person_boxes,
    scaled,
)
from dancenow.evaluation.shift_tolerant import MISSING, load_st_lpips
from dancenow.pose import PoseTrack

Frame = NDArray[np.uint8]
Distance = Callable[[Frame, Frame], float]
Region = str  # a name of `REGIONS`

REGIONS: Final = ("whole", "person", "native", "face", "head")
_EVERY, _MOST = 3, 24  # ST-LPIPS judges every third frame, at most so many: it takes a second each


class Places(NamedTuple):
    """Where the person is in one frame; None where it is not seen."""

    person: Box | None
    face: Box | None
    head: Box | None


class Judge:
    """Scores pairs of frames with the networks that are installed.

    Args:
        track: the true poses, one for each pair.

    Attributes:
        lpips_missing: why LPIPS is not measured; None if it is.
        st_lpips_missing: the same for ST-LPIPS.
    """

    def __init__(self, track: PoseTrack) -> None:
        self._track = track
        self._places = [
            Places(*boxes)
            for boxes in zip(person_boxes(track), face_boxes(track), head_boxes(track), strict=True)
        ]
        self._lpips, self.lpips_missing = load_lpips()
        self._st_lpips = load_st_lpips()
        self._every = max(_EVERY, -(-len(track) // _MOST))
        self.st_lpips_missing = MISSING if self._st_lpips is None else None

    def places(self, index: int) -> Places:
        """Where the person is in a frame."""
        return self._places[index]

    def whole(self, made: Frame, truth: Frame) -> PictureScores:
        """Scores of whole frames."""
        return picture_scores(made, truth, self._lpips)

    def close(
        self, index: int, made: Frame, truth: Frame, *, always: bool = False
    ) -> dict[Region, PictureScores | None]:
        """Scores of the regions around the person.

        Args:
            index: which frame.
            made: uint8 `(H, W, 3)` RGB.
            truth: uint8 `(H, W, 3)` RGB.
            always: ST-LPIPS judges this frame even if it is not one of those chosen.
        """
        boxes = self._places[index]
        far = self._st_lpips if always or index % self._every == 0 else None
        found: dict[Region, PictureScores | None] = dict.fromkeys(REGIONS[1:])
        if boxes.person is not None:
            a, b = (cut(frame, boxes.person) for frame in (made, truth))
            small = scaled(a, BOX_PX), scaled(b, BOX_PX)
            found["person"] = with_alignment(self._scores(*small, far), *small)
            found["native"] = self._native(index, boxes.person, (made, truth), far)
        if boxes.face is not None:
            pair = cut(made, boxes.face), cut(truth, boxes.face)
            found["face"] = picture_scores(*pair, self._lpips)
        if boxes.head is not None:
            a, b = (_square(cut(frame, boxes.head), HEAD_PX) for frame in (made, truth))
            found["head"] = with_alignment(self._scores(a, b, far), a, b)
        return found

    def _scores(self, made: Frame, truth: Frame, far: Distance | None) -> PictureScores:
        scores = picture_scores(made, truth, self._lpips)
        return scores if far is None else replace(scores, st_lpips=far(made, truth))

    def _native(
        self, index: int, box: Box, pair: tuple[Frame, Frame], far: Distance | None
    ) -> PictureScores:
        """The person's box at its own size; its sharpness inside the body's outline alone."""
        a, b = (cut(frame, box) for frame in pair)
        inside = cut(outline(self._track.keypoints[index], self._track.size), box)
        if a.shape[0] > NATIVE_PX:
            a_shown, b_shown = scaled(a, NATIVE_PX), scaled(b, NATIVE_PX)
        else:
            a_shown, b_shown = a, b
        scores = picture_scores(a_shown, b_shown)
        if inside.any():
            real = max(gradient_magnitude(b, inside), 1e-6)
            scores = replace(scores, sharpness=gradient_magnitude(a, inside) / real)
        return scores if far is None else replace(scores, st_lpips=far(a_shown, b_shown))


def _square(picture: Frame, side: int) -> Frame:
    method = cv2.INTER_AREA if picture.shape[0] > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (side, side), interpolation=method), np.uint8)
