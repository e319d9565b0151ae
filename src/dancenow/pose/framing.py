"""Keeping a dancer in the frame: travel that would leave it is shortened."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dancenow.pose.extent import body_extent
from dancenow.pose.layout import INDEX, USABLE
from dancenow.pose.track import PoseTrack

_SMOOTH_SECONDS = 0.5  # standard deviation; slower motion is travel, faster is dancing
_FRAMES = 0.97  # share of the frames in which the whole body must fit


def keep_in_frame(track: PoseTrack) -> PoseTrack:
    """Shorten the dancer's horizontal travel so that the body stays inside the frame.

    A source that walks across a wide picture would leave a narrow one.  The slow path of the hips
    is scaled towards its median, by one factor for the whole track; movement about that path does
    not change.  A track that already fits is returned unchanged.

    Args:
        track: poses in pixels of the frame they are to be performed in.
    """
    hips = track.keypoints[:, INDEX["mid_hip"]]
    seen = hips[:, 2] >= USABLE
    if not seen.any():
        return track
    frames = np.arange(len(track))
    path = np.interp(frames, frames[seen], hips[seen, 0])
    path = gaussian_filter1d(path, _SMOOTH_SECONDS * track.fps, mode="nearest")
    centre = float(np.clip(np.median(path), 0, track.size[0]))
    away = path - centre
    extent = body_extent(track)
    # The largest factor k with 0 <= edge - (1 - k) * away <= width, for each frame; 0 if the body
    # does not fit even in the middle.
    room = np.where(away < 0, extent[:, 0] - away, track.size[0] - (extent[:, 2] - away))
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(away < 0, room / -away, room / away)
    factor = factor[np.isfinite(factor)]
    if factor.size == 0:
        return track
    k = float(np.clip(np.quantile(factor, 1 - _FRAMES), 0.0, 1.0))
    keypoints = track.keypoints.copy()
    keypoints[..., 0] -= ((1 - k) * away)[:, None].astype(np.float32)
    return track.with_keypoints(keypoints) if k < 1 else track
