"""MediaPipe's person detector by itself: where all persons are in a picture.

Holistic keeps only the best of what it finds (Bazarevsky et al., "BlazePose", 2020, section 2.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

import numpy as np

from dancenow.pose.estimators.base import Frame
from dancenow.pose.estimators.graphs import Detector, Graphs
from dancenow.pose.estimators.stderr_filter import MEDIAPIPE, drop_stderr_lines
from dancenow.pose.estimators.window import Cutter, Window, search_windows

_SAME: Final = 0.5  # radii between the hips of two findings of one person
_PART: Final = 0.65  # of a person's radius; a smaller finding within it is a part of the person
_SURE: Final = 0.75  # score; windows cut people in pieces, which score less
_PARTS: Final = (2, 3)  # of the frame's short side that windows are wide, for small persons
_LARGEST: Final = 0.75  # of the window's side; larger findings are left to larger windows


@dataclass(frozen=True)
class Spot:
    """Where a person is.

    Attributes:
        x, y: the middle of the hips, pixels.
        radius: of the circle around the whole body, pixels.
        score: how sure the detector is, 0..1.
    """

    x: float
    y: float
    radius: float
    score: float

    def part_of(self, other: Spot) -> bool:
        """Whether it is the same person, or a part of them that a window cut off."""
        apart = float(np.hypot(self.x - other.x, self.y - other.y))
        return apart < (_SAME if self.radius > _PART * other.radius else 1.0) * other.radius


class PersonDetector:
    """Finds all persons in single pictures, also small ones; see `Spot`.

    Args:
        graphs: where its detector comes from.
    """

    def __init__(self, graphs: Graphs) -> None:
        self._graphs = graphs
        self._detector: Detector | None = None
        self._cutter = Cutter()
        self._looks = 0

    def __enter__(self) -> PersonDetector:
        return self

    def __exit__(self, *_: object) -> None:
        if self._detector is not None:
            self._detector.close()

    def find(self, frame: Frame, *, closely: bool = False, small: bool = False) -> list[Spot]:
        """All persons in a frame, the surest first.

        Args:
            frame: uint8 `(H, W, 3)` RGB.
            closely: look at smaller windows, too, which takes three times as long.
            small: if nobody is found, look for persons of a tenth of the frame's height, which
                takes ten times as long.
        """
        height, width = frame.shape[:2]
        windows = [Window.whole(width, height), *search_windows(width, height, 1)]
        if closely:
            windows += search_windows(width, height, 2)
        found = self._all(frame, windows)
        for part in _PARTS if small else ():
            found = found or self._all(frame, search_windows(width, height, part))
        return found

    def _all(self, frame: Frame, windows: Iterable[Window]) -> list[Spot]:
        spots = [spot for window in windows for spot in self._look(frame, window)]
        kept: list[Spot] = []
        for spot in sorted(spots, key=lambda spot: -spot.score):
            if spot.score >= _SURE and not any(spot.part_of(other) for other in kept):
                kept.append(spot)
        return kept

    def _look(self, frame: Frame, window: Window) -> list[Spot]:
        self._looks += 1
        noisy = self._looks <= len(_PARTS) + 1
        with drop_stderr_lines(MEDIAPIPE) if noisy else nullcontext():
            self._detector = self._detector or self._graphs.detector()
            people = self._detector.find(self._cutter.cut(frame, window))
        spots = []
        for found in people:
            radius = found.radius * window.side
            if 2 * radius < _LARGEST * window.side or window.side >= max(frame.shape[:2]):
                x, y = found.x * window.side + window.left, found.y * window.side + window.top
                spots.append(Spot(x, y, radius, found.score))
        return spots
