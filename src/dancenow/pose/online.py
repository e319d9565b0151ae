"""Poses from a live camera: cleaned and normalised online, without looking ahead."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from dancenow.errors import InputError
from dancenow.pose.layout import BODY, NUM_KEYPOINTS
from dancenow.pose.normalize import PoseStatistics, normalize, pose_statistics
from dancenow.pose.track import FloatArray, PoseTrack

_HELD: Final = 0.2  # seconds for which a lost keypoint stays where it was
_FADE: Final = 0.5  # its confidence is multiplied by this
_WATCHED: Final = 2.0  # seconds of poses that the dancer's position and height are measured in
_FEWEST: Final = 8  # poses needed to begin
_WINDOW: Final = 0.5  # seconds of poses with which a new one is normalised
_BODY_POINTS: Final = 8  # body keypoints that must be seen


class OnlineCleaner:
    """Holds keypoints that are lost for a moment; new ones replace old ones at once."""

    def __init__(self) -> None:
        self._last = np.zeros((NUM_KEYPOINTS, 3), np.float32)
        self._seen = np.full(NUM_KEYPOINTS, -np.inf)

    def add(self, keypoints: FloatArray | None, seconds: float) -> FloatArray:
        """Clean the pose seen at a time (None: nobody); returns float32 `(137, 3)`."""
        new = np.zeros_like(self._last) if keypoints is None else keypoints
        there = new[:, 2] > 0
        self._seen[there] = seconds
        self._last[there] = new[there]
        cleaned = self._last.copy()
        held = ~there
        cleaned[held, 2] *= _FADE
        cleaned[held & (seconds - self._seen > _HELD), 2] = 0
        return cleaned


class OnlineNormalizer:
    """Normalises poses to a target, one by one.

    The dancer's position and height are measured in the first seconds and then fixed; otherwise
    the picture would drift.

    Args:
        size: width and height of the source's frames, pixels.
        fps: about how many poses arrive a second.
        target: where the target stands.
        target_size: width and height of the target's frames, pixels.
    """

    def __init__(
        self,
        size: tuple[int, int],
        fps: float,
        target: PoseStatistics,
        target_size: tuple[int, int],
    ) -> None:
        self._size, self._fps = size, fps
        self._target, self._target_size = target, target_size
        self._watched = max(_FEWEST, round(_WATCHED * fps))
        self._poses: deque[FloatArray] = deque(maxlen=self._watched)
        self._count = 0
        self._source: PoseStatistics | None = None

    def add(self, keypoints: FloatArray) -> FloatArray | None:
        """The pose in the target's frames, pixels; None until enough has been seen."""
        if (keypoints[BODY, 2] > 0).sum() < _BODY_POINTS:
            return None
        self._poses.append(keypoints)
        self._count += 1
        if self._count < _FEWEST:
            return None
        recent = max(2, round(_WINDOW * self._fps))
        try:
            if self._source is None or self._count <= self._watched:
                self._source = pose_statistics(self._last(self._watched))
            track = self._last(recent)
            moved = normalize(track, self._source, self._target, self._target_size)
        except InputError:  # no torso has been seen yet
            return None
        return np.asarray(moved.keypoints[-1], dtype=np.float32)

    def _last(self, count: int) -> PoseTrack:
        return PoseTrack(np.stack(list(self._poses)[-count:]), self._fps, self._size)
