"""The interface of pose estimators: frames in, track out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dancenow.pose.dancers import bridged, dancers
from dancenow.pose.track import FloatArray, PoseTrack
from dancenow.pose.tracking import track_people

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class Detection:
    """What was seen in one frame.

    Attributes:
        candidates: the persons, each float32 `(137, 3)`: x, y in pixels (pixel centres at .5),
            confidence in 0..1.
        mask: float32 `(H, W)`, 0 = background to 1 = the first candidate; None if it was not
            asked for or nobody was seen.
        depths: of each candidate, float32 `(137,)` or None if the estimator does not know; see
            `PoseTrack`.  May be shorter.
        looks: of each candidate, float32 `(6,)`; see `look_of`.
        cut: whether a new shot begins with this frame.
    """

    candidates: list[FloatArray]
    mask: FloatArray | None = None
    depths: list[FloatArray | None] = field(default_factory=list)
    looks: list[FloatArray] = field(default_factory=list)
    cut: bool = False


@dataclass(frozen=True)
class Cast:
    """Who dances in a clip.

    Attributes:
        tracks: the dancers' poses, the largest and steadiest first.
        cuts: the frames with which new shots begin, ascending.
    """

    tracks: tuple[PoseTrack, ...]
    cuts: tuple[int, ...] = ()


class PoseEstimator(Protocol):
    """Finds the poses of persons in frames.  An implementation defines `stream`."""

    @abstractmethod
    def stream(self, frames: Iterable[Frame], *, masks: bool = False) -> Iterator[Detection]:
        """Detect the persons in each frame, one frame at a time.

        Args:
            frames: uint8 `(H, W, 3)` RGB, all of one size.
            masks: also return a mask of the person, if the estimator can.
        """


def cast_of(detections: Iterable[Detection], fps: float, size: tuple[int, int]) -> Cast:
    """Join what was seen into the poses of all dancers, the largest and steadiest first.

    At most nine; who is seen in less than a tenth of the frames is left out, and so are mirror
    images, posters and statues.  Only keypoints are kept, so memory grows little with the clip's
    length.

    Args:
        detections: of each frame, read once, one at a time.
        fps: frames a second.
        size: frame size `(width, height)`.

    Raises:
        InputError: no person was found.
    """
    candidates: list[list[FloatArray]] = []
    depths: list[list[FloatArray | None]] = []
    looks: list[list[FloatArray]] = []
    cuts: list[int] = []
    for number, detection in enumerate(detections):
        candidates.append(detection.candidates)
        depths.append(detection.depths)
        looks.append(detection.looks)
        if detection.cut:
            cuts.append(number)
    found = dancers(track_people(candidates, size, looks, cuts))
    tracks = [
        PoseTrack(each.keypoints, fps, size, _depth_of(each.keypoints, candidates, depths))
        for each in found
    ]
    return Cast(tuple(bridged(tracks, cuts)), tuple(cuts))


def _depth_of(
    keypoints: FloatArray,
    candidates: Sequence[Sequence[FloatArray]],
    depths: Sequence[Sequence[FloatArray | None]],
) -> FloatArray | None:
    """The depth `(T, 137)` of the candidates whose keypoints `(T, 137, 3)` these are."""
    made = np.full(keypoints.shape[:2], np.nan, np.float32)
    for row, pose, seen, known in zip(made, keypoints, candidates, depths, strict=True):
        for candidate, depth in zip(seen, known, strict=False):
            if depth is not None and np.array_equal(candidate, pose):
                row[:] = depth
    return made if np.isfinite(made).any() else None
