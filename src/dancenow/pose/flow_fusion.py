"""Joining a clip's poses with its optical flow.

A detector looks at each frame by itself, and its errors change slowly: a filter cannot tell them
from motion.  Optical flow knows nothing of poses, but it sees precisely how what lies under a
keypoint moves from one frame to the next.  Together they place keypoints better than either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from dancenow.pose.body_size import body_height
from dancenow.pose.filters import smooth
from dancenow.pose.layout import FOUND
from dancenow.pose.track import FloatArray, PoseTrack

Frame = NDArray[np.uint8]
Array = NDArray[np.float64]

_BODY_PX: Final = 256  # height of the body at which flow is found
_AROUND: Final = 0.12  # body heights around the keypoints that are looked at
_UNDER: Final = 0.015  # body heights around a keypoint whose flow it follows
_THERE_AND_BACK: Final = (0.5, 0.1)  # pixels, and share of the motion, by which flow may miss
_TRUST: Final = 5.0  # weight of the flow, where that of a certain detection is 1
_ASTRAY: Final = 0.01  # body heights; a detection farther from the others counts less
_SLIP: Final = 0.004  # body heights; flow farther from the keypoints' motion counts less
_ROUNDS: Final = 4
_SMALLEST: Final = 16  # pixels; flow in a smaller picture means nothing


@dataclass(frozen=True)
class Flow:
    """How the picture moves under each keypoint, from each frame to the next.

    Attributes:
        steps: float32 `(T - 1, K, 2)`, pixels.
        sure: float32 `(T - 1, K)`, 0..1.
    """

    steps: FloatArray
    sure: FloatArray

    @staticmethod
    def joined(parts: Sequence[Flow]) -> Flow:
        """The flow of a clip, given that of its parts."""
        return Flow(
            np.concatenate([part.steps for part in parts]),
            np.concatenate([part.sure for part in parts]),
        )

    def __getitem__(self, shot: slice) -> Flow:
        """The flow in a shot; that into the next one is left out."""
        inside = slice(shot.start, shot.stop - 1)
        return Flow(self.steps[inside], self.sure[inside])


def flow_height(track: PoseTrack) -> float:
    """The body's height by which a shot's flow is found, pixels; 0 where none is known."""
    heights = body_height(track)
    return float(np.nanmedian(heights)) if np.isfinite(heights).any() else 0.0


def measure_flow(
    keypoints: FloatArray, heights: NDArray[np.float64], frames: Iterable[Frame]
) -> Flow:
    """How the picture moves under a person's keypoints.

    Args:
        keypoints: float32 `(T, K, 3)`, pixels.
        heights: `(T - 1,)`, the body's height in pixels; 0 where flow is not wanted.
        frames: uint8 `(H, W, 3)` RGB, read once, one at a time.
    """
    shape = len(heights), keypoints.shape[1]
    steps, sure = np.zeros((*shape, 2), np.float32), np.zeros(shape, np.float32)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    greys = (np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8) for frame in frames)
    poses = zip(pairwise(keypoints), heights, strict=False)
    for index, (pictures, (pair, height)) in enumerate(zip(pairwise(greys), poses, strict=False)):
        window = _window(np.concatenate(pair), pictures[0].shape, height) if height > 0 else None
        if window is not None:
            left, top, right, bottom = window
            parts = [picture[top:bottom, left:right] for picture in pictures]
            corner = np.array([left, top])
            moved, known = _step(parts, pair[0][:, :2] - corner, height, search)
            steps[index], sure[index] = moved, known
    return Flow(steps, sure)


def join_with_flow(track: PoseTrack, flow: Flow) -> PoseTrack:
    """The track that agrees best with its detections and with the flow between frames.

    For each keypoint, a least-squares problem over the whole shot: stay near what was detected,
    weighted by confidence, and move from frame to frame as the picture does.  Weights are found
    anew some times, so that detections gone astray (Huber's weights) and flow that belongs to
    something else, say an arm in front (Cauchy's), hardly count (Holland and Welsch, "Robust
    regression using iteratively reweighted least-squares", 1977).

    Where no body's height is known, as in a close-up, the track is smoothed instead.

    Args:
        track: a shot's, as detected; what has confidence 0 stays as it is.
        flow: the shot's.
    """
    height = flow_height(track)
    if len(track) < 2 or height <= 0:
        return smooth(track)
    keypoints = track.keypoints.copy()
    # One after the other: in a long clip, all at once would take gigabytes.
    for index in range(keypoints.shape[1]):
        keypoint = track.keypoints[:, index].astype(np.float64) / (height, height, 1)
        moves = flow.steps[:, index].astype(np.float64) / height
        joined = _join(keypoint, moves, flow.sure[:, index].astype(np.float64))
        keypoints[:, index, :2] = np.where(
            keypoint[:, 2:] >= FOUND, height * joined, track.xy[:, index]
        )
    return track.with_keypoints(keypoints)


def _join(keypoint: Array, steps: Array, sure: Array) -> Array:
    """The places of a keypoint `(T, 3)`, `(T, 2)`, in body heights."""
    found = keypoint[:, :2]
    trust = np.where(keypoint[:, 2] >= FOUND, keypoint[:, 2], 0.0)
    along = _TRUST * sure * np.minimum(trust[1:], trust[:-1])
    weight, weight_along, joined = trust, along, found
    for _ in range(_ROUNDS if trust.any() else 0):
        joined = _least_squares(found, weight, steps, weight_along)
        astray = np.linalg.norm(joined - found, axis=-1) / _ASTRAY
        slip = np.linalg.norm(np.diff(joined, axis=0) - steps, axis=-1) / _SLIP
        weight, weight_along = trust / np.maximum(1, astray), along / (1 + slip * slip)
    return joined


def _step(
    pictures: list[Frame], points: FloatArray, height: float, search: cv2.DISOpticalFlow
) -> tuple[Array, Array]:
    """The motion under points `(K, 2)` from one picture to the next, and how sure it is."""
    scale = min(1.0, _BODY_PX / height)
    rows, columns = (max(16, round(scale * side)) for side in pictures[0].shape)
    small = [cv2.resize(each, (columns, rows), interpolation=cv2.INTER_AREA) for each in pictures]
    forth = search.calc(small[0], small[1], None)  # type: ignore[call-overload]
    back = search.calc(small[1], small[0], None)  # type: ignore[call-overload]
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).astype(np.float32)
    x, y = np.moveaxis(grid + forth, -1, 0)
    back = cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    least, share = _THERE_AND_BACK
    missed = np.linalg.norm(forth + back, axis=-1)
    good = (missed < least + share * np.linalg.norm(forth, axis=-1)).astype(np.float32)
    size = 2 * max(1, round(_UNDER * scale * height)) + 1
    near = cv2.blur(np.dstack([forth * good[..., None], good]), (size, size))
    # Keypoints have pixel centres at .5.
    shrink = np.array([columns, rows]) / pictures[0].shape[::-1]
    place = np.floor(np.nan_to_num(points) * shrink)
    inside = np.clip(place, 0, (columns - 1, rows - 1))
    column, row = inside.astype(int).T
    flow = near[row, column]
    sure = np.where((place == inside).all(axis=1), flow[:, 2], 0.0)
    return flow[:, :2] / np.maximum(flow[:, 2:], 1e-6) / shrink, sure


def _window(
    keypoints: FloatArray, shape: tuple[int, ...], height: float
) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom around what is seen of some keypoints; None if little is."""
    points = keypoints[keypoints[:, 2] >= FOUND, :2]
    if not len(points):
        return None
    margin = _AROUND * height
    left, top = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int).tolist()
    limits = shape[1::-1]
    right, bottom = np.minimum(np.ceil(points.max(axis=0) + margin), limits).astype(int).tolist()
    return None if min(right - left, bottom - top) < _SMALLEST else (left, top, right, bottom)


def _least_squares(found: Array, weight: Array, steps: Array, along: Array) -> Array:
    """The `x` that minimises `weight |x - found|² + along |x[1:] - x[:-1] - steps|²`, `(T, 2)`.

    Args:
        found: `(T, 2)`.
        weight: `(T,)`.
        steps: `(T - 1, 2)`.
        along: `(T - 1,)`.
    """
    diagonal = weight + 1e-9  # what nothing holds stays where it is
    right = diagonal[:, None] * found
    diagonal[1:] += along
    diagonal[:-1] += along
    pull = along[:, None] * steps
    right[1:] += pull
    right[:-1] -= pull
    bands = np.stack([np.append(0.0, -along), diagonal])  # the one above the diagonal, and it
    return np.asarray(solveh_banded(bands, right), dtype=np.float64)
