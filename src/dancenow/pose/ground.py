"""Where a dancer stands: the ankle position `a` that pose normalisation is built on.

Who stands on their hands, lies or sits on the floor is carried by another part of the body: the
lowest one, and the ankles would be a little above it.

Chan et al. average the two ankles while the feet are on the ground.  Here a foot counts less the
higher it is raised, and while both are in the air (a jump) the position is interpolated from the
frames around, so that a jump stays a jump.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dancenow.errors import InputError
from dancenow.pose.body_size import SHANK, THIGH, body_height
from dancenow.pose.layout import BODY, INDEX, USABLE
from dancenow.pose.track import PoseTrack

Array = NDArray[np.float64]

_RAISED: Final = 0.04  # body heights above the other foot at which a foot is off the ground
_ABOVE: Final = 0.2  # body heights between the ankles and the lowest part that carries the body
_SOLE: Final = 0.05  # body heights from the ankles down to the ground
_AIRBORNE: Final = 0.04  # body heights above the ground before and after that make a jump
_LONGEST_JUMP: Final = 0.7  # seconds in the air: 60 cm high
_STEADY: Final = 0.1  # seconds; standard deviation of the smoothing of the ground position
_SIZE_STEADY: Final = 0.3  # seconds; the same, for the size used to guess hidden ankles
_MEDIAN: Final = 5  # frames; removes single wrong ankles, whatever the frame rate


@dataclass(frozen=True)
class Ground:
    """Where the dancer stands in each frame.

    Attributes:
        ankle: float64 `(T,)`, y of the ankles on the ground, pixels; known in every frame.
        grounded: bool `(T,)`, whether a foot was seen on the ground.
        height: float64 `(T,)`, the body's height, pixels; NaN where unknown.
    """

    ankle: Array
    grounded: NDArray[np.bool_]
    height: Array


def find_ground(track: PoseTrack) -> Ground:
    """Find the ground position of every frame.

    Raises:
        InputError: the torso is never seen.

    """
    height = _median(body_height(track))
    height[height <= 0] = np.nan
    if not np.isfinite(height).any():
        raise InputError(
            "shoulders and hips are never seen together, so nothing tells where the dancer stands; "
            "use a clip that shows the whole body."
        )
    feet = _carried(track, _ankles(track, height), height)
    lower = _median(np.fmax(feet[0], feet[1]))
    seen = np.isfinite(lower)
    unit = float(np.nanmedian(height))
    ground = _close_jumps(lower, track.fps)
    grounded = seen & (ground - lower <= _AIRBORNE * unit)
    standing = _median(_mean_on_ground(feet, unit))
    grounded &= np.isfinite(standing)
    ankle = _fill(np.where(grounded, standing, np.nan))
    ankle = ndimage.gaussian_filter1d(ankle, _STEADY * track.fps, mode="nearest")
    return Ground(ankle, grounded, height)


def _ankles(track: PoseTrack, height: Array) -> Array:
    """y of both ankles `(2, T)`; if neither is seen, both are put below the knees or hips.

    How far below is interpolated from the frames in which both are seen; if there are none, an
    adult's proportions decide.
    """
    y = np.where(track.confidence >= USABLE, track.keypoints[..., 1], np.nan)
    feet: Array = np.stack([y[:, INDEX["left_ankle"]], y[:, INDEX["right_ankle"]]])
    feet = feet.astype(np.float64)
    knee = np.fmax(y[:, INDEX["left_knee"]], y[:, INDEX["right_knee"]])
    size = ndimage.gaussian_filter1d(_fill(height), _SIZE_STEADY * track.fps, mode="nearest")
    for joint, part in ((knee, SHANK), (y[:, INDEX["mid_hip"]], THIGH + SHANK)):
        lower = np.fmax(feet[0], feet[1])
        below = (lower - joint) / size
        below = _fill(below) if np.isfinite(below).any() else np.full(len(track), part)
        feet = np.where(np.isnan(lower), joint + below * size, feet)
    return feet


def _carried(track: PoseTrack, feet: Array, height: Array) -> Array:
    """y of both ankles `(2, T)`; where another part carries the body, where they would stand."""
    body = track.keypoints[:, BODY]
    lowest = np.where(body[..., 2] >= USABLE, body[..., 1], -np.inf).max(axis=1).astype(np.float64)
    unit = np.where(np.isfinite(height), height, np.nanmedian(height))
    other = lowest - np.fmax(feet[0], feet[1]) > _ABOVE * unit
    return np.where(other, lowest - _SOLE * unit, feet)


def _fill(values: Array) -> Array:
    """Values `(T,)` with NaN interpolated."""
    frames = np.arange(len(values))
    known = np.isfinite(values)
    return np.interp(frames, frames[known], values[known]).astype(np.float64)


def _mean_on_ground(feet: Array, unit: float) -> Array:
    """Mean of the two ankles `(T,)`, each weighted by how near it is to the lower one."""
    lower = np.fmax(feet[0], feet[1])
    weight = np.exp(-(((lower - feet) / (_RAISED * unit)) ** 2))
    weight = np.where(np.isfinite(feet), weight, 0.0)
    total = weight.sum(axis=0)
    mean: Array = (weight * np.nan_to_num(feet)).sum(axis=0) / np.maximum(total, 1e-12)
    mean[total == 0] = np.nan
    return mean


def _close_jumps(lower: Array, fps: float) -> Array:
    """The ground under the lower foot: a grey closing fills the dips that jumps make.

    (y points down, so a jump is a dip; the closing keeps slower movements.)
    """
    window = min(2 * round(_LONGEST_JUMP * fps / 2) + 1, 2 * len(lower) + 1)
    closed: Array = ndimage.grey_closing(_fill(lower), window, mode="nearest")
    return closed


def _median(values: NDArray[Any]) -> Array:
    """Median over `_MEDIAN` frames, ignoring NaN; what is NaN stays NaN."""
    padded = np.pad(values.astype(np.float64), _MEDIAN // 2, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _MEDIAN)
    known = np.isfinite(values)
    result = np.full(len(values), np.nan)
    result[known] = np.nanmedian(windows[known], axis=-1)
    return result
