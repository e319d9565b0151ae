"""Features of a dance's windows, and distances between dances.

Kinetic features (Onuma, Faloutsos and Hodgins, "FMDistance", 2008) and geometric ones (Mueller,
Roeder and Clausen, "Efficient content-based retrieval of motion capture data", 2005) are what
Li, Yang, Ross and Kanazawa ("AI Choreographer", ICCV 2021, section 5.2) compare dances by.  They
use 3D joints; here the joints are those in the picture, in body heights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import pdist

from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import INDEX, SIDES

Array = NDArray[np.float64]

WINDOW: Final = 4.0  # seconds
JOINTS: Final = (
    "nose", "neck", "mid_hip",
    *(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
      for side in ("left", "right")),
)  # fmt: skip
JOINT_ROWS: Final = np.array([INDEX[name] for name in JOINTS])  # their indices in a track
_PLACE: Final = {name: number for number, name in enumerate(JOINTS)}
_RARE: Final = 0.1  # of the median deviation: what each counts at least
_SMOOTH: Final = 0.05  # seconds; standard deviation of the smoothing before taking speeds


@dataclass(frozen=True)
class Joints:
    """The joints of a dance in body heights, relative to the middle of its ground.

    Attributes:
        places: float64 `(T, J, 2)`, x to the right, y up.
        speeds: float64 `(T, J, 2)`, body heights per second.
        ground: float64 `(T,)`, y of the ground under the dancer, who may step nearer or away.
        fps: frames per second.
    """

    places: Array
    speeds: Array
    ground: Array
    fps: float


def joints_of(track: PoseTrack) -> Joints:
    """The joints of a (cleaned) track; hidden ones are interpolated.

    Raises:
        InputError: the track has no frames or holds NaN, or the torso is never seen.
    """
    if len(track) == 0:
        raise InputError("the dance has no frames; make it again.")
    ground = find_ground(track)
    unit = float(np.nanmedian(ground.height))
    seen = track.confidence[:, JOINT_ROWS] > 0
    points = track.xy[:, JOINT_ROWS].astype(np.float64)
    frames = np.arange(len(track))
    for joint in range(len(JOINTS)):
        known = seen[:, joint]
        if known.any() and not known.all():
            for axis in (0, 1):
                column = points[known, joint, axis]
                points[:, joint, axis] = np.interp(frames, frames[known], column)
    if not np.isfinite(points).all():
        raise InputError("the dance holds values that are NaN or infinite; make it again.")
    origin = np.median(points[:, _PLACE["mid_hip"], 0]), np.median(ground.ankle)
    places = (points - origin) / unit * [1.0, -1.0]
    smooth = gaussian_filter1d(places, _SMOOTH * track.fps, axis=0, mode="nearest")
    under = (origin[1] - ground.ankle) / unit
    return Joints(places, _change(smooth, track.fps), under, track.fps)


def kinetic_features(joints: Joints, window: float = WINDOW) -> Array:
    """How fast every joint moves, window by window.

    Returns:
        `(W, 3 J)`: for every joint the root mean square of its speed along x and y, in body heights
        per second, and of its acceleration, in body heights per second squared.
    """
    acceleration = _change(joints.speeds, joints.fps)
    squares = np.concatenate(
        [joints.speeds**2, (acceleration**2).sum(axis=-1, keepdims=True)], axis=-1
    )
    features = [
        np.sqrt(part.mean(axis=0)).ravel() for part in _windows(squares, joints.fps, window)
    ]
    return np.stack(features)


def geometric_features(joints: Joints, window: float = WINDOW) -> Array:
    """How often certain relations of the body hold, window by window, `(W, 25)` in 0..1."""
    p = {name: joints.places[:, number] for name, number in _PLACE.items()}
    v = {name: np.linalg.norm(joints.speeds[:, number], axis=-1) for name, number in _PLACE.items()}
    hip_height = p["mid_hip"][:, 1] - joints.ground
    facing = p["left_shoulder"][:, 0] - p["right_shoulder"][:, 0]
    wide = float(np.quantile(np.abs(facing), 0.9))
    relations = [
        np.linalg.norm(p["left_wrist"] - p["right_wrist"], axis=-1) < 0.1,  # hands together
        (p["left_wrist"][:, 0] - p["right_wrist"][:, 0]) * np.sign(facing) < 0,  # arms crossed
        np.abs(p["left_ankle"][:, 0] - p["right_ankle"][:, 0]) > 0.3,  # feet apart
        (p["left_ankle"][:, 0] - p["right_ankle"][:, 0]) * np.sign(facing) < 0,  # feet crossed
        np.abs(_slope(p["neck"] - p["mid_hip"])) > np.radians(12),  # the trunk leans
        hip_height < 0.92 * np.median(hip_height),  # crouched
        np.abs(facing) < 0.5 * wide,  # turned to a side
        facing < -0.5 * wide,  # turned around
        v["mid_hip"] > 0.25,  # travelling
    ]
    for side in ("left", "right"):
        shoulder, elbow, wrist, hip, knee, ankle = (
            p[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        )
        relations += [
            wrist[:, 1] > p["neck"][:, 1],
            wrist[:, 1] > p["nose"][:, 1] + 0.1,
            _angle(shoulder, elbow, wrist) < np.radians(110),
            _angle(hip, knee, ankle) < np.radians(140),
            np.abs(wrist[:, 0] - shoulder[:, 0]) > 0.2,
            ankle[:, 1] - joints.ground > 0.05,
            v[f"{side}_wrist"] > 0.8,
            v[f"{side}_ankle"] > 0.5,
        ]
    table = np.stack(relations, axis=-1).astype(np.float64)
    return np.stack([part.mean(axis=0) for part in _windows(table, joints.fps, window)])


def frechet_distance(a: Array, b: Array) -> float:
    """Distance between two sets of features as if each were Gaussian (Heusel et al., 2017).

    |mean difference|^2 + trace(A + B - 2 (A B)^(1/2)) for their covariances A and B; the root has
    the trace of (A^(1/2) B A^(1/2))^(1/2), which is real even if A and B are singular.

    Args:
        a, b: `(N, F)` and `(M, F)`.  With a single row there is no covariance: the result is NaN.
    """
    if min(len(a), len(b)) < 2:
        return float("nan")
    first, second = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    variances, axes = np.linalg.eigh(first)
    half = (axes * np.sqrt(variances.clip(0))) @ axes.T
    shared = np.sqrt(np.linalg.eigvalsh(half @ second @ half).clip(0)).sum()
    apart = a.mean(axis=0) - b.mean(axis=0)
    return float(max(apart @ apart + np.trace(first + second) - 2 * shared, 0.0))


def standardized(features: Array, like: Array) -> Array:
    """Features in units of a real dance's standard deviations.

    What hardly varies in it is measured in tenths of what usually does: else a single window in
    which feet stand far apart, which they never did, would outweigh everything.
    """
    own = like.std(axis=0)
    deviation = np.maximum(own, max(_RARE * float(np.median(own)), 1e-9))
    scaled: Array = (features - like.mean(axis=0)) / deviation
    return scaled


def diversity(features: Array) -> float:
    """Mean distance between the windows of a dance; NaN if there is only one."""
    return float(pdist(features).mean()) if len(features) > 1 else float("nan")


def joint_speed(joints: Joints) -> Array:
    """Mean speed of all joints, `(T,)`, body heights per second."""
    speed: Array = np.linalg.norm(joints.speeds, axis=-1).mean(axis=-1)
    return speed


def unsupported(joints: Joints) -> Array:
    """How much the hips accelerate while both feet move, `(T,)`.

    The product of the hips' acceleration (upwards, but not downwards, as gravity needs no foot) and
    both feet's speeds: the sum in Tseng, Castellon and Liu, "EDGE", CVPR 2023, equation 9, whose
    mean is their physical foot contact score, up to a factor; here in the picture, and in body
    heights and seconds.
    """
    acceleration = _change(joints.speeds[:, _PLACE["mid_hip"]], joints.fps)
    acceleration[:, 1] = acceleration[:, 1].clip(0)
    feet = np.linalg.norm(joints.speeds[:, [_PLACE[f"{s}_ankle"] for s in SIDES]], axis=-1)
    product: Array = np.linalg.norm(acceleration, axis=-1) * feet.prod(axis=-1)
    return product


def _windows(values: Array, fps: float, seconds: float) -> list[Array]:
    """Windows that overlap by half; a single one if the dance is shorter."""
    length = max(2, round(seconds * fps))
    starts = range(0, max(1, len(values) - length + 1), max(1, length // 2))
    return [values[start : start + length] for start in starts]


def _change(values: Array, fps: float) -> Array:
    """Change per second along the first axis; 0 for a single frame."""
    if len(values) < 2:
        return np.zeros_like(values)
    change: Array = np.gradient(values, axis=0) * fps
    return change


def _slope(along: Array) -> Array:
    """The angle of vectors `(T, 2)` with the vertical."""
    slope: Array = np.arctan2(along[:, 0], along[:, 1])
    return slope


def _angle(a: Array, b: Array, c: Array) -> Array:
    """The angle at b in the picture."""
    first, second = a - b, c - b
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    cosine = (first * second).sum(axis=-1) / np.maximum(lengths, 1e-9)
    angle: Array = np.arccos(cosine.clip(-1, 1))
    return angle
