"""Keeping a dancer on stage: travel that leads out of the frame is shortened."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dancenow.pose.extent import body_extent
from dancenow.pose.layout import INDEX, USABLE
from dancenow.pose.track import PoseTrack

_SMOOTH_SECONDS = 0.5  # standard deviation; slower motion than this is travel, faster is dancing
_FRAMES = 0.97  # the part of the frames in which the whole body must fit


def keep_in_frame(track: PoseTrack) -> PoseTrack:
    """Shorten the dancer's horizontal travel so that the body stays inside the frame.

    A source that walks through a wide picture would leave a narrow one.  The slow path of the
    hips is scaled towards its median by one factor for the whole track; what the body does around
    that path stays as it is.  A track that fits already comes back unchanged.

    Args:
        track: poses in px of the frame they are to be performed in.
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
    # The largest factor k with 0 <= edge - (1 - k) * away <= width, for each frame; where the
    # body would not fit even in the middle, k is 0.
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
