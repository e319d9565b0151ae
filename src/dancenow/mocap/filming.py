"""A body in space as a pose track: seen by a virtual camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.mocap.figure import Array, Figure
from dancenow.options.view import FRONT, View
from dancenow.pose import PoseTrack
from dancenow.pose.body_size import height_in_space
from dancenow.pose.layout import INDEX

SIZE: Final = (1280, 720)  # pixels of the virtual camera's picture

# Of the camera, in body heights.
_DISTANCE: Final = 4.0
_NEAREST: Final = 1.0  # the body comes no nearer; it moves back
_EYE: Final = 0.6  # its height

_TALL: Final = 0.62  # share of the picture's height that the standing body fills at most
_MARGIN: Final = 0.04  # of the picture's height
_PROFILE: Final = 0.15  # sine of the angle beyond the profile at which a face is still seen


@dataclass(frozen=True)
class Lens:
    """How a camera shows a body; the body's place is that of the middle of its hips, in general.

    Attributes:
        size: width and height of the picture in pixels.
        x: of the body's place, in pixels.
        horizon: y of what is as high as the camera, in pixels.
        eye: the camera's height, in body heights.
        away: its distance from the body's place, in body heights.
        scale: pixels that a body height fills there.
    """

    size: tuple[int, int]
    x: float
    horizon: float
    eye: float
    away: float
    scale: float


def film(figure: Figure, view: View = FRONT, lens: Lens | None = None) -> PoseTrack:
    """The keypoints of a body in space, with their depths, seen by a camera.

    Args:
        figure: the body.
        view: where the camera stands.
        lens: how it shows the body; None: in 1280 x 720 px, as large as it fits.
    """
    points, hidden = figure.keypoints()
    turn = np.radians(view.azimuth + view.turning * np.arange(len(figure)) / figure.fps)
    across = np.stack([np.cos(turn), 0 * turn, -np.sin(turn)], axis=-1)[:, None]
    towards = np.stack([np.sin(turn), 0 * turn, np.cos(turn)], axis=-1)[:, None]
    place = np.median(figure.hips, axis=0) * [1, 0, 1]
    x, depth = ((points - place) * across).sum(axis=-1), ((points - place) * towards).sum(axis=-1)
    seen = (hidden * towards).sum(axis=-1).min(axis=0) <= _PROFILE
    # A camera moves back if the body would come too near.
    away = max(_DISTANCE if lens is None else lens.away, float(depth.max()) + _NEAREST)
    near = away / (away - depth)
    if lens is None:
        xy, size = _framed(x * near, (points[..., 1] - _EYE) * near), SIZE
    else:
        down = (lens.eye - points[..., 1]) * near
        xy = np.stack([lens.x + lens.scale * x * near, lens.horizon + lens.scale * down], axis=-1)
        size = lens.size
    keypoints = np.concatenate([xy, seen[..., None]], axis=-1)
    keypoints[~seen] = 0
    behind = (depth[:, [INDEX["mid_hip"]]] - depth) / float(np.median(height_in_space(points)))
    return PoseTrack(keypoints.astype(np.float32), figure.fps, size, behind.astype(np.float32))


def _framed(x: Array, y: Array) -> NDArray[np.float64]:
    """Pixels in a picture that contains all of it, the ground near its lower edge."""
    width, height = SIZE
    x = x - np.median(x[:, INDEX["mid_hip"]])
    margin = _MARGIN * height
    top, bottom, side = float(y.max()), float(y.min()), float(np.abs(x).max())
    scale = min(
        _TALL * height,
        (height - 2 * margin) / max(top - bottom, 1e-6),
        (width / 2 - margin) / max(side, 1e-6),
    )
    return np.stack([width / 2 + scale * x, height - margin + scale * (bottom - y)], axis=-1)
