"""What a person looks like: the colours that tell two dancers apart when they cross."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.pose.layout import FOUND, INDEX
from dancenow.pose.track import FloatArray

_TORSO: Final = [INDEX[n] for n in ("right_shoulder", "left_shoulder", "right_hip", "left_hip")]
_THIGHS: Final = [(INDEX[f"{side}_hip"], INDEX[f"{side}_knee"]) for side in ("left", "right")]
_ACROSS: Final = np.linspace(0.25, 0.75, 4)
_DOWN: Final = np.linspace(0.1, 0.8, 6)


def look_of(frame: NDArray[np.uint8], keypoints: FloatArray) -> FloatArray:
    """Mean colours of a person's trunk and thighs, float32 `(6,)`, RGB each; NaN if not seen.

    Args:
        frame: uint8 `(H, W, 3)` RGB.
        keypoints: float32 `(137, 3)`, pixels.
    """
    xy, seen = keypoints[:, :2], keypoints[:, 2] >= FOUND
    trunk: NDArray[Any] | None = None
    if seen[_TORSO].all():
        right, left, low_right, low_left = xy[_TORSO]
        top = right + _ACROSS[:, None] * (left - right)
        bottom = low_right + _ACROSS[:, None] * (low_left - low_right)
        trunk = top[None] + _DOWN[:, None, None] * (bottom - top)[None]
    thighs = [xy[a] + _DOWN[:, None] * (xy[b] - xy[a]) for a, b in _THIGHS if seen[a] and seen[b]]
    legs = np.concatenate(thighs) if thighs else None
    return np.concatenate([_mean_colour(frame, trunk), _mean_colour(frame, legs)])


def looks_apart(a: FloatArray | None, b: FloatArray | None) -> float:
    """How much two looks differ, 0..255; 0 where they cannot be compared."""
    if a is None or b is None:
        return 0.0
    both = np.isfinite(a) & np.isfinite(b)
    return float(np.abs(a - b)[both].mean()) if both.any() else 0.0


def _mean_colour(frame: NDArray[np.uint8], places: NDArray[Any] | None) -> FloatArray:
    if places is None:
        return np.full(3, np.nan, np.float32)
    height, width = frame.shape[:2]
    columns, rows = places.reshape(-1, 2).astype(int).T
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    if not inside.any():
        return np.full(3, np.nan, np.float32)
    return np.asarray(frame[rows[inside], columns[inside]].mean(axis=0), np.float32)
