"""Telling the user that the camera of a target moves, with the figure."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning
from dancenow.performer.camera import CameraDrift, Drift
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent

_LOOKED_AT = 36  # frames
_SHRINK = 8  # px of the frame for one px of the mask
_MARGIN = 0.03  # of the frame's longer side around the keypoints

Frame = NDArray[np.uint8]


class DriftWatch:
    """Looks at a few dozen of the frames of a clip that is read anyway.

    Args:
        track: the poses, which say where the person hides the room.
        count: how many frames will be seen.
    """

    def __init__(self, track: PoseTrack, count: int) -> None:
        self._drift = CameraDrift()
        self._extent, self._size = body_extent(track), track.size
        chosen = np.linspace(0, count - 1, min(_LOOKED_AT, count))
        self._chosen = set(chosen.astype(int).tolist())

    def see(self, place: int, index: int, frame: Frame) -> None:
        """Look at the frame that is `place`th of those seen and `index`th of the clip."""
        if place in self._chosen:
            self._drift.add(frame, self._mask(index))

    def figures(self) -> dict[str, Any]:
        """What was measured, as JSON values."""
        drift = self._drift.drift()
        return {"x": drift.x, "y": drift.y, "zoom": drift.zoom, "measured": drift.measured}

    def _mask(self, index: int) -> Frame:
        width, height = self._size
        mask = np.zeros((-(-height // _SHRINK), -(-width // _SHRINK)), np.uint8)
        edges = self._extent[index]
        if np.isfinite(edges).all():
            margin = _MARGIN * max(self._size)
            grown = (edges + np.array([-margin, -margin, margin, margin])) / _SHRINK
            left, top, right, bottom = np.maximum(np.round(grown), 0).astype(int)
            mask[top:bottom, left:right] = 255
        return mask


def warn_of_drift(clip: Path, size: tuple[int, int], figures: dict[str, Any]) -> None:
    """Warn where the figures of `DriftWatch` say that the camera moves."""
    drift = Drift(**figures)
    if drift.moves(size):
        warnings.warn(drift.warning(clip.name, size), DanceNowWarning, stacklevel=3)
