"""Cleaning pose tracks: outliers, gaps and jitter.

Everything here is a pure function from track to track, works offline (it looks ahead, so nothing
lags), never smooths across a long gap, and measures in seconds and body heights, so that clips of
any size and frame rate are treated alike.  The defaults of `CleanConfig` were chosen by
measurement; `benchmarks/filters.py` repeats it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.pose.body_size import body_height
from dancenow.pose.layout import BODY, FACE, FOUND, INDEX, LEFT_HAND, RIGHT_HAND
from dancenow.pose.track import PoseTrack

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_FILLED: Final = 0.5  # share of its ends' confidence that an interpolated keypoint keeps
_CHUNK: Final = 2048  # frames whose windows are held at a time


@dataclass(frozen=True)
class SmoothConfig:
    """A short median, then a Savitzky-Golay filter; together they move a keypoint only so far.

    The bound protects fast moves: jitter stays below it, the peaks that smoothing shaves do not.
    """

    median_window: float = 0.12  # seconds
    savgol_window: float = 0.2  # seconds
    max_shift: float = 0.005  # body heights


@dataclass(frozen=True)
class CleanConfig:
    """What `clean` does; lengths in body heights, times in seconds."""

    min_confidence: float = FOUND  # a keypoint below it counts as missing
    outlier_window: float = 0.25  # seconds; a jump away and back within half of it is dropped
    outlier_distance: float = 0.08  # body heights
    max_gap_seconds: float = 0.4
    smooth: SmoothConfig = field(default_factory=SmoothConfig)


@dataclass(frozen=True)
class _Part:
    """Keypoints and the one they move with."""

    keypoints: slice
    anchor: int | None


_PARTS: Final = (
    _Part(BODY, None),
    _Part(FACE, INDEX["nose"]),
    _Part(LEFT_HAND, INDEX["left_wrist"]),
    _Part(RIGHT_HAND, INDEX["right_wrist"]),
)


def clean(track: PoseTrack, config: CleanConfig = CleanConfig()) -> PoseTrack:
    """Drop uncertain and outlying keypoints, fill short gaps, remove jitter.

    Args:
        track: as an estimator returns it.
        config: thresholds and windows.

    Returns:
        A track of the same length.  Keypoints missing for longer than the longest gap have
        confidence 0.  What was edited stays as it is.
    """
    return _as_edited(smooth(complete(track, config), config.smooth), track)


def complete(track: PoseTrack, config: CleanConfig = CleanConfig()) -> PoseTrack:
    """As `clean`, but what jitters stays; for tracks that `join_with_flow` steadies."""
    certain = drop_uncertain(track, config.min_confidence)
    steady = drop_outliers(certain, config.outlier_window, config.outlier_distance)
    return _as_edited(fill_gaps(steady, config.max_gap_seconds), track)


def _as_edited(cleaned: PoseTrack, track: PoseTrack) -> PoseTrack:
    """A cleaned track with what was edited as it was before."""
    if track.edited is None:
        return cleaned
    kept = track.edited[..., None]
    return cleaned.with_keypoints(np.where(kept, track.keypoints, cleaned.keypoints))


def drop_uncertain(track: PoseTrack, min_confidence: float) -> PoseTrack:
    """Make every keypoint below a confidence (0..1) missing."""
    return _without(track, track.confidence < min_confidence)


def drop_outliers(track: PoseTrack, window: float, distance: float) -> PoseTrack:
    """Drop keypoints that jump away from their neighbours in time and come back.

    A Hampel filter: a keypoint is dropped if it lies farther from its window's median than both
    `distance` and 2.5 times the window's median distance.  So a fast reversal, in which all
    keypoints are far from the median, stays.

    Args:
        track: the pose track.
        window: seconds.
        distance: body heights.
    """
    half = _half_window(window, track.fps)
    if half == 0 or len(track) < 3:
        return track
    seen = track.confidence > 0
    limit = distance * _scale(track)[:, None]
    outlying = np.zeros_like(seen)
    for rows, windows, same in _windows(track.xy, np.where(seen, 0, -1), half):
        centre = _median(windows, same[:, :, None])
        away = np.linalg.norm(windows - centre[..., None], axis=2)
        spread = _median(away, same)
        outlying[rows] = away[..., half] > np.maximum(limit[rows], 2.5 * spread)
    return _without(track, seen & outlying)


def fill_gaps(track: PoseTrack, max_gap_seconds: float) -> PoseTrack:
    """Interpolate keypoints over short gaps; longer gaps and both ends stay missing.

    Linear in time: the body in the picture, a hand relative to the body's wrist and the face
    relative to the nose if these are known (so a hand lost in a fast move still moves with its
    arm).  Confidence is half the lower one at the gap's ends.

    Args:
        track: the pose track.
        max_gap_seconds: the longest gap that is filled.
    """
    keypoints = track.keypoints.copy()
    seen = track.confidence > 0
    frames = np.arange(len(track))[:, None]
    before = np.maximum.accumulate(np.where(seen, frames, -1), axis=0)
    after = np.minimum.accumulate(np.where(seen, frames, len(track))[::-1], axis=0)[::-1]
    longest = max_gap_seconds * track.fps * (1 + 1e-6)
    fill = ~seen & (before >= 0) & (after < len(track)) & (after - before - 1 <= longest)
    for part in _PARTS:  # the body first: the others hang on it
        frame, keypoint = np.nonzero(fill[:, part.keypoints])
        keypoint += part.keypoints.start
        a, b = before[frame, keypoint], after[frame, keypoint]
        start, end = keypoints[a, keypoint], keypoints[b, keypoint]
        share = ((frame - a) / np.maximum(b - a, 1))[:, None]
        filled = (1 - share) * start + share * end
        filled[:, 2] = _FILLED * np.minimum(start[:, 2], end[:, 2])
        if part.anchor is not None:
            here, there, then = (keypoints[i, part.anchor] for i in (frame, a, b))
            swing = here - (1 - share) * there - share * then
            known = (np.stack([here, there, then])[..., 2] > 0).all(axis=0)
            filled[:, :2] += np.where(known[:, None], swing[:, :2], 0.0)
        keypoints[frame, keypoint] = filled
    return track.with_keypoints(keypoints)


def smooth(track: PoseTrack, config: SmoothConfig = SmoothConfig()) -> PoseTrack:
    """Remove jitter within each unbroken run of seen frames; confidence does not change.

    Args:
        track: the pose track; a keypoint with confidence 0 is missing and stays untouched.
        config: both windows, and the bound.
    """
    if len(track) == 0:
        return track
    seen = track.confidence > 0
    xy = track.xy.astype(np.float64)
    half = _half_window(config.median_window, track.fps)
    if half > 0:
        xy = _median_in_runs(xy, seen, half)
    xy = _savitzky_golay(xy, track.confidence, _half_window(config.savgol_window, track.fps))
    shift = xy - track.xy
    length = np.linalg.norm(shift, axis=-1)
    bound = config.max_shift * _scale(track)[:, None]
    shift *= np.minimum(1.0, bound / np.maximum(length, 1e-9))[..., None]
    keypoints = track.keypoints.copy()
    keypoints[..., :2] += np.where(seen[..., None], shift, 0.0)
    return track.with_keypoints(keypoints)


def _without(track: PoseTrack, dropped: Mask) -> PoseTrack:
    return track.with_keypoints(np.where(dropped[..., None], 0.0, track.keypoints))


def _half_window(seconds: float, fps: float) -> int:
    """Frames on each side of the middle one."""
    return round(seconds * fps / 2)


def _scale(track: PoseTrack) -> Array:
    """The body's height in pixels, interpolated to every frame, `(T,)`."""
    height = body_height(track).astype(np.float64)
    known = np.isfinite(height) & (height > 0)
    if not known.any():
        return np.full(len(track), float(track.size[1]))
    frames = np.arange(len(track))
    return np.interp(frames, frames[known], height[known])


def _runs(seen: Mask) -> NDArray[np.int64]:
    """A number `(T, K)` for each unbroken run of seen frames of a keypoint."""
    return np.cumsum(~seen, axis=0)


def _windows(
    values: NDArray[Any], group: NDArray[np.int64], half: int
) -> Iterator[tuple[slice, NDArray[Any], Mask]]:
    """The window of `half` frames on each side of every frame, some frames at a time.

    Args:
        values: `(T, K, C)`.
        group: `(T, K)`, -1 where a keypoint is missing.
        half: frames on each side.

    Yields:
        The frames' slice, their windows `(n, K, C, 2 * half + 1)`, and which frames of a window
        are in the group of its middle one `(n, K, 2 * half + 1)`.
    """
    padding, span = ((half, half), (0, 0)), 2 * half + 1
    padded = np.pad(values, (*padding, (0, 0)), mode="edge")
    padded_group = np.pad(group, padding, constant_values=-1)
    for start in range(0, len(values), _CHUNK):
        rows = slice(start, min(start + _CHUNK, len(values)))
        wide = slice(rows.start, rows.stop + 2 * half)
        windows = np.lib.stride_tricks.sliding_window_view(padded[wide], span, axis=0)
        groups = np.lib.stride_tricks.sliding_window_view(padded_group[wide], span, axis=0)
        yield rows, windows, groups == group[rows, :, None]


def _median(windows: NDArray[Any], counted: Mask) -> Array:
    """Median over the last axis of the counted values; infinite if there are none."""
    ordered = np.sort(np.where(counted, windows, np.inf), axis=-1)
    count = np.broadcast_to(counted.sum(axis=-1, keepdims=True), (*ordered.shape[:-1], 1))
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, count // 2, axis=-1)
    return np.asarray((low + high)[..., 0] / 2, dtype=np.float64)


def _median_in_runs(xy: Array, seen: Mask, half: int) -> Array:
    """Median of each keypoint over its run; missing keypoints do not change.

    At a run's ends the window shrinks on both sides, which preserves slopes.
    """
    result = np.empty_like(xy)
    for rows, windows, same in _windows(xy, np.where(seen, _runs(seen), -1), half):
        result[rows] = _median(windows, (same & same[..., ::-1])[:, :, None])
    return np.where(seen[..., None], result, xy)


def _savitzky_golay(xy: Array, confidence: NDArray[np.float32], half: int) -> Array:
    """The value at each frame of a parabola fitted to its run within `half` frames.

    A least-squares fit weighted by confidence: the normal equations in closed form, for all
    keypoints at once.  A slight ridge keeps runs of fewer than three frames solvable (they come
    out unchanged).
    """
    if half == 0:
        return xy
    weight = confidence.astype(np.float64)
    runs = _runs(weight > 0)
    length = len(xy)
    moments = np.zeros((5, *weight.shape))
    sums = np.zeros((3, *xy.shape))
    for step in range(max(-half, 1 - length), min(half, length - 1) + 1):
        here = slice(max(0, -step), min(length, length - step))
        there = slice(max(0, step), min(length, length + step))
        w = weight[there] * (runs[there] == runs[here])
        difference = xy[there] - xy[here]
        for power in range(5):
            moments[power, here] += w * (step / half) ** power
            if power < 3:
                sums[power, here] += (w * (step / half) ** power)[..., None] * difference
    m0, m1, m2, m3, m4 = moments
    m2, m4 = m2 + 1e-6 * m0, m4 + 1e-6 * m0
    cofactors = np.stack([m2 * m4 - m3 * m3, m2 * m3 - m1 * m4, m1 * m3 - m2 * m2])
    determinant = m0 * cofactors[0] + m1 * cofactors[1] + m2 * cofactors[2]
    offset: Array = (cofactors[..., None] * sums).sum(axis=0)
    offset /= np.where(determinant > 0, determinant, np.inf)[..., None]
    return xy + offset
