"""The box around a person's keypoints, and the person's height."""

from __future__ import annotations

import numpy as np

from dancenow.errors import InputError
from dancenow.pose.layout import CERTAIN
from dancenow.pose.track import FloatArray, PoseTrack

_FEWEST_KEYPOINTS = 5


def body_extent(track: PoseTrack) -> FloatArray:
    """The box around each frame's keypoints, float32 `(T, 4)`: left, top, right, bottom in pixels.

    Frames without a person are NaN.
    """
    seen = track.confidence >= CERTAIN
    x, y = track.xy[..., 0], track.xy[..., 1]
    box = np.stack(
        [
            np.where(seen, x, np.inf).min(axis=1),
            np.where(seen, y, np.inf).min(axis=1),
            np.where(seen, x, -np.inf).max(axis=1),
            np.where(seen, y, -np.inf).max(axis=1),
        ],
        axis=1,
    )
    box[seen.sum(axis=1) < _FEWEST_KEYPOINTS] = np.nan
    return np.asarray(box, dtype=np.float32)


def standing_height(track: PoseTrack) -> float:
    """The height in pixels of the standing person: the 95th percentile over the frames.

    Raises:
        InputError: there is no person in the track.
    """
    box = body_extent(track)
    heights = box[:, 3] - box[:, 1]
    if not np.isfinite(heights).any():
        raise InputError("no frame shows enough of a person; the whole body must be visible.")
    return float(np.nanpercentile(heights, 95))
