"""Keeping a dancer in the frame: travel that would leave it is shortened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dancenow.pose.extent import body_extent
from dancenow.pose.layout import INDEX, USABLE
from dancenow.pose.track import FloatArray, PoseTrack

_SMOOTH_SECONDS = 0.5  # standard deviation; slower motion is travel, faster is dancing
_FRAMES = 0.97  # share of the frames in which the whole body must fit
_EDGE = 0.01  # of the width; a body that near the source's edge comes in or goes out there
_BELOW = 0.03  # of the height, by which a body may hang out at the bottom
_LEAVES = 0.05  # of the body's height beyond the edge: it leaves the frame


def keep_in_frame(track: PoseTrack, source: PoseTrack | None = None) -> PoseTrack:
    """Shorten the dancer's travel so that the body stays inside the frame.

    A source that walks across a wide picture would leave a narrow one.  The slow path of the hips
    is scaled towards its median, by one factor for the whole track; movement about that path does
    not change.  Only frames with a person count, and who comes in or goes out at the source's own
    edge does so here, too.  A body that hangs out at the bottom, as lying may, is raised.  A track
    that already fits is returned unchanged.

    Args:
        track: poses in pixels of the frame they are to be performed in.
        source: the same poses in the source's frame, which tell where its edges are.
    """
    hips = track.keypoints[:, INDEX["mid_hip"]]
    extent = body_extent(track)
    staying = (hips[:, 2] >= USABLE) & np.isfinite(extent).all(axis=1)
    if source is not None:
        staying &= ~_coming_or_going(source, _outside(extent, track.size[0]))
    if not staying.any():
        return track
    shift = np.stack([_sideways(track, hips, extent, staying), _upwards(track, extent)], axis=1)
    if not shift.any():
        return track
    keypoints = track.keypoints.copy()
    keypoints[..., :2] += shift[:, None].astype(np.float32)
    return track.with_keypoints(keypoints)


def share_outside(track: PoseTrack, source: PoseTrack) -> float:
    """The share of the frames with a person in which the body leaves the picture, 0..1.

    Who comes in or goes out as in the source does not leave it.
    """
    extent = body_extent(track)
    known = np.isfinite(extent).all(axis=1)
    known &= ~_coming_or_going(source, _outside(extent, track.size[0]))
    if not known.any():
        return 0.0
    left, top, right, bottom = extent[known].T
    margin = _LEAVES * np.median(bottom - top)
    width, height = track.size
    beyond = np.stack([-left, -top, right - width, bottom - height]).max(axis=0)
    return float((beyond > margin).mean())


def _outside(extent: FloatArray, width: int) -> NDArray[np.bool_]:
    return np.asarray((extent[:, 0] < 0) | (extent[:, 2] > width))


def _coming_or_going(source: PoseTrack, outside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Frames from one at the source's own edge to the first or last that is inside the frame."""
    extent = body_extent(source)
    margin = _EDGE * source.size[0]
    at_edge = (extent[:, 0] < margin) | (extent[:, 2] > source.size[0] - margin)
    passing = np.zeros(len(source), np.bool_)
    for order in (slice(None), slice(None, None, -1)):
        gone = False
        found = np.zeros(len(source), np.bool_)
        known = np.isfinite(extent).all(axis=1)[order]
        for index, (edge, out, there) in enumerate(
            zip(at_edge[order], outside[order], known, strict=True)
        ):
            gone = there and out and (gone or bool(edge))
            found[index] = gone
        passing |= found[order]
    return passing


def _sideways(
    track: PoseTrack, hips: FloatArray, extent: FloatArray, staying: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """How far each frame is moved to the right, `(T,)`."""
    frames = np.arange(len(track))
    path = _smooth(hips[:, 0], staying, track.fps)
    centre = float(np.clip(np.median(path[staying]), 0, track.size[0]))
    away = path - centre
    # The largest factor k with 0 <= edge - (1 - k) * away <= width, for each frame; 0 if the body
    # does not fit even in the middle.
    room = np.where(away < 0, extent[:, 0] - away, track.size[0] - (extent[:, 2] - away))
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(away < 0, room / -away, room / away)[staying]
    factor = factor[np.isfinite(factor)]
    k = float(np.clip(np.quantile(factor, 1 - _FRAMES), 0.0, 1.0)) if factor.size else 1.0
    # Who comes or goes is moved as the nearest frame is that stays.
    moved = np.interp(frames, frames[staying], ((k - 1) * away)[staying])
    return np.asarray(moved, np.float64)


def _smooth(
    values: NDArray[np.float32], known: NDArray[np.bool_], fps: float
) -> NDArray[np.float64]:
    """Values smoothed over the known frames alone, `(T,)`; others follow the nearest ones."""
    frames, sigma = np.arange(len(values)), _SMOOTH_SECONDS * fps
    weight = gaussian_filter1d(known.astype(np.float64), sigma, mode="constant")
    total = gaussian_filter1d(np.where(known, values, 0.0), sigma, mode="constant")
    smooth = total[known] / weight[known]
    return np.asarray(np.interp(frames, frames[known], smooth), np.float64)


def _upwards(track: PoseTrack, extent: FloatArray) -> NDArray[np.float64]:
    """How far each frame is moved down, `(T,)`: 0, or less where the body hangs out below."""
    height = track.size[1]
    known = np.isfinite(extent).all(axis=1)
    over = np.where(known, extent[:, 3] - (1 + _BELOW) * height, 0.0)
    # Where a performer is cut off by the frame, most frames hang out, and are meant to.
    usual = float(np.median(over[known]))
    over = np.maximum(over - max(usual, 0.0), 0.0)
    if not over.any():
        return np.zeros(len(track))
    window = 2 * round(_SMOOTH_SECONDS * track.fps) + 1
    padded = np.pad(over, window // 2, mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(padded, window).max(axis=1)
    return np.asarray(-gaussian_filter1d(highest, window / 4, mode="nearest"), np.float64)
