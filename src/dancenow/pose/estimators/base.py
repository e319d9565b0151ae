"""The interface of pose estimators: frames in, track out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dancenow.pose.track import FloatArray, PoseTrack
from dancenow.pose.tracking import track_person

Frame = NDArray[np.uint8]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Detection:
    """What was seen in one frame.

    Attributes:
        candidates: the persons, each float32 `(137, 3)`: x, y in pixels (pixel centres at .5),
            confidence in 0..1.
        mask: float32 `(H, W)`, 0 = background to 1 = the first candidate; None if it was not
            asked for or nobody was seen.
        world: float32 `(33, 4)`, the first candidate in space, in MediaPipe's axes: metres from the
            hips, x to the right, y down, z away from the camera; and visibility.  None if the
            estimator does not know.
    """

    candidates: list[FloatArray]
    mask: FloatArray | None = None
    world: FloatArray | None = None


class PoseEstimator(Protocol):
    """Finds the poses of persons in frames.  An implementation defines `stream`."""

    @abstractmethod
    def stream(self, frames: Iterable[Frame], *, masks: bool = False) -> Iterator[Detection]:
        """Detect the persons in each frame, one frame at a time.

        Args:
            frames: uint8 `(H, W, 3)` RGB, all of one size.
            masks: also return a mask of the person, if the estimator can.
        """

    def estimate(
        self,
        frames: Iterable[Frame],
        fps: float,
        size: tuple[int, int],
        progress: Progress | None = None,
    ) -> PoseTrack:
        """Find the pose of the largest and steadiest person of a clip in every frame.

        Only keypoints are kept, so memory grows little with the clip's length.

        Args:
            frames: uint8 `(H, W, 3)` RGB, read once, one at a time.
            fps: frames a second.
            size: frame size `(width, height)`.
            progress: called with the number of frames done, after each.

        Raises:
            InputError: no person was found.
        """
        candidates: list[list[FloatArray]] = []
        for detection in self.stream(frames):
            candidates.append(detection.candidates)
            if progress is not None:
                progress(len(candidates))
        return PoseTrack(track_person(candidates, size), fps, size)
