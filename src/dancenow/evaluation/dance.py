"""How a dance moves: features of its windows, and distances between dances.

Kinetic features (Onuma, Faloutsos and Hodgins, "FMDistance", 2008) and geometric ones (Mueller,
Roeder and Clausen, "Efficient content-based retrieval of motion capture data", 2005) are what
Li, Yang, Ross and Kanazawa ("AI Choreographer", ICCV 2021, section 5.2) compare dances by.  They
have 3D joints; here the same is asked of joints in the picture, in body heights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import pdist

from dancenow.errors import InputError
from dancenow.evaluation.motion import longest_stand, slowest_part
from dancenow.pose import PoseTrack
from dancenow.pose.feet import find_feet
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import INDEX

Array = NDArray[np.float64]

WINDOW: Final = 4.0  # seconds
JOINTS: Final = (
    "nose", "neck", "mid_hip",
    *(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
      for side in ("left", "right")),
)  # fmt: skip
_AT: Final = np.array([INDEX[name] for name in JOINTS])
_PLACE: Final = {name: number for number, name in enumerate(JOINTS)}
_SMOOTH: Final = 0.05  # seconds; standard deviation, before speeds are taken
_LIMBS: Final = tuple(
    (f"{side}_{a}", f"{side}_{b}")
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
    for side in ("left", "right")
)
_ROUNDING: Final = 1e-6  # body heights a second: slower is not moving
_LONGEST: Final = 0.985  # quantile of a limb's length in the picture


@dataclass(frozen=True)
class Joints:
    """The joints of a dance in body heights, seen from the middle of its ground.

    Attributes:
        places: float64 `(T, J, 2)`, x to the right, y up.
        speeds: float64 `(T, J, 2)`, body heights a second.
        fps: frames a second.
    """

    places: Array
    speeds: Array
    fps: float


def joints_of(track: PoseTrack) -> Joints:
    """The joints of a (cleaned) track; what is hidden is interpolated.

    Raises:
        InputError: the track has no frames or holds what is no number, or the torso is never seen.
    """
    if len(track) == 0:
        raise InputError("the dance has no frames; make it anew.")
    ground = find_ground(track)
    unit = float(np.nanmedian(ground.height))
    seen = track.confidence[:, _AT] > 0
    points = track.xy[:, _AT].astype(np.float64)
    frames = np.arange(len(track))
    for joint in range(len(_AT)):
        known = seen[:, joint]
        if known.any() and not known.all():
            for axis in (0, 1):
                column = points[known, joint, axis]
                points[:, joint, axis] = np.interp(frames, frames[known], column)
    if not np.isfinite(points).all():
        raise InputError("the dance holds values that are no numbers; make it anew.")
    origin = np.median(points[:, _PLACE["mid_hip"], 0]), np.median(ground.ankle)
    places = (points - origin) / unit * [1.0, -1.0]
    smooth = gaussian_filter1d(places, _SMOOTH * track.fps, axis=0, mode="nearest")
    return Joints(places, _change(smooth, track.fps), track.fps)


def kinetic_features(joints: Joints, window: float = WINDOW) -> Array:
    """How fast every joint moves, window by window.

    Returns:
        `(W, 3 J)`: of every joint the root of the mean square of its speed along x and along y, in
        body heights a second, and of its acceleration, in body heights a second squared.
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
    """How often the body is in certain relations, window by window, `(W, 25)` in 0..1."""
    p = {name: joints.places[:, number] for name, number in _PLACE.items()}
    v = {name: np.linalg.norm(joints.speeds[:, number], axis=-1) for name, number in _PLACE.items()}
    hip_height = p["mid_hip"][:, 1]
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
            ankle[:, 1] > 0.05,
            v[f"{side}_wrist"] > 0.8,
            v[f"{side}_ankle"] > 0.5,
        ]
    table = np.stack(relations, axis=-1).astype(np.float64)
    return np.stack([part.mean(axis=0) for part in _windows(table, joints.fps, window)])


def frechet_distance(a: Array, b: Array) -> float:
    """Distance between two sets of features as if each were Gaussian (Heusel et al., 2017).

    |mean difference|^2 + trace(A + B - 2 (A B)^(1/2)) for their covariances A and B; the root has
    the trace of (A^(1/2) B A^(1/2))^(1/2), which is real where A and B are singular, too.

    Args:
        a, b: `(N, F)` and `(M, F)`; NaN where one has a single row, hence no covariance.
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
    """Features in standard deviations of those of a real dance."""
    deviation = np.maximum(like.std(axis=0), 1e-2 * max(float(like.std()), 1e-9))
    scaled: Array = (features - like.mean(axis=0)) / deviation
    return scaled


def diversity(features: Array) -> float:
    """Mean distance between the windows of a dance; NaN where there is one only."""
    return float(pdist(features).mean()) if len(features) > 1 else float("nan")


def joint_speed(joints: Joints) -> Array:
    """Mean speed of all joints, `(T,)`, body heights a second."""
    speed: Array = np.linalg.norm(joints.speeds, axis=-1).mean(axis=-1)
    return speed


def skating(track: PoseTrack) -> float:
    """Mean speed of feet on the ground along the picture's width, body heights a second."""
    return _mean(_slides(track))


def limb_lengths(track: PoseTrack) -> Array:
    """The lengths of upper and lower arms and legs, in px: nearly the longest in the picture."""
    lengths = []
    for a, b in _LIMBS:
        seen = (track.confidence[:, [INDEX[a], INDEX[b]]] > 0).all(axis=1)
        if seen.any():
            ends = track.xy[seen].astype(np.float64)
            limb = np.linalg.norm(ends[:, INDEX[a]] - ends[:, INDEX[b]], axis=-1)
            lengths.append(float(np.quantile(limb, _LONGEST)))
        else:
            lengths.append(np.nan)
    return np.array(lengths)


def _windows(values: Array, fps: float, seconds: float) -> list[Array]:
    """Windows that overlap by half; one, where the dance is shorter."""
    length = max(2, round(seconds * fps))
    starts = range(0, max(1, len(values) - length + 1), max(1, length // 2))
    return [values[start : start + length] for start in starts]


def _change(values: Array, fps: float) -> Array:
    """Change a second along the first axis; 0 for a single frame."""
    if len(values) < 2:
        return np.zeros_like(values)
    change: Array = np.gradient(values, axis=0) * fps
    return change


def _slides(track: PoseTrack) -> Array:
    """Speeds of feet on the ground."""
    feet = find_feet(track)
    return feet.speed[feet.standing]


def _mean(values: NDArray[Any]) -> float:
    """The mean; NaN where there is nothing."""
    return float(values.mean()) if values.size else float("nan")


def _moved(speeds: NDArray[Any]) -> float:
    """The mean speed; NaN where nothing moves, so that nothing can be compared with it."""
    mean = _mean(speeds)
    return mean if mean > _ROUNDING else float("nan")


def _slope(along: Array) -> Array:
    """The angle of vectors `(T, 2)` with the vertical."""
    slope: Array = np.arctan2(along[:, 0], along[:, 1])
    return slope


def _angle(a: Array, b: Array, c: Array) -> Array:
    """The angle at b, in the picture."""
    first, second = a - b, c - b
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    cosine = (first * second).sum(axis=-1) / np.maximum(lengths, 1e-9)
    angle: Array = np.arccos(cosine.clip(-1, 1))
    return angle


@dataclass(frozen=True)
class DanceScores:
    """A new dance against the dance that was learned, and against a part that was held out.

    A figure is NaN where there is nothing to measure or to compare with: distances and diversities
    want two windows, which are six seconds.

    Attributes:
        seconds: length of the new dance.
        speed_ratio: mean speed of its joints, in parts of the learned dance's.
        slowest_ratio: that of its slowest tenth part.
        freeze, learned_freeze: longest stands, in seconds.
        skating_ratio: mean speed of feet on the ground, in parts of the learned dance's.
        limbs, learned_limbs: by how much a limb's length in any minute differs from its length in
            all, at most, seen from the same distance.
        size, learned_size: by how much the body's size in any minute differs from its size in all,
            at most: how far it wanders towards the camera and away.
        outside: part of the frames in which a keypoint of the body lies outside the picture.
        fid_k, fid_g: Frechet distances of kinetic and geometric features to the held-out dance.
        learned_fid_k, learned_fid_g: those of the learned dance: what a dance of the same kind has.
        diversity_k, diversity_g: mean distances between its windows.
        learned_diversity_k, learned_diversity_g: the learned dance's.
        copy_distance: how far its seconds lie from the nearest learned one, in the median, in parts
            of how far learned ones lie from each other's nearest; 0 is a copy.
        nearest: the least such distance.
        held_out: whether a part was held out; without, the learned dance stands in.
    """

    seconds: float
    speed_ratio: float
    slowest_ratio: float
    freeze: float
    learned_freeze: float
    skating_ratio: float
    limbs: float
    learned_limbs: float
    size: float
    learned_size: float
    outside: float
    fid_k: float
    fid_g: float
    learned_fid_k: float
    learned_fid_g: float
    diversity_k: float
    diversity_g: float
    learned_diversity_k: float
    learned_diversity_g: float
    copy_distance: float
    nearest: float
    held_out: bool

    def lines(self) -> list[str]:
        """For people."""
        held_out = "the held-out part" if self.held_out else "the learned dance (none held out)"
        return [
            f"speed: {self.speed_ratio:.2f} of the learned dance's; its slowest tenth "
            f"{self.slowest_ratio:.2f}",
            f"longest stand: {self.freeze:.1f} s; the learned dance's: {self.learned_freeze:.1f} s",
            f"feet on the ground slide {self.skating_ratio:.2f} times as fast as in the learned "
            "dance",
            f"limbs: {_by_the_minute('lengths differ', self.limbs, self.learned_limbs)}",
            f"size: {_by_the_minute('differs', self.size, self.learned_size)}",
            f"outside the picture: {100 * self.outside:.2f} % of the frames",
            f"distance to {held_out}: FID_k {self.fid_k:.2f}, FID_g {self.fid_g:.2f}; of the "
            f"learned dance itself {self.learned_fid_k:.2f} and {self.learned_fid_g:.2f}",
            f"diversity: kinetic {self.diversity_k:.2f}, geometric {self.diversity_g:.2f}; the "
            f"learned dance's {self.learned_diversity_k:.2f} and {self.learned_diversity_g:.2f}",
            f"nearest second of the learned dance: {self.copy_distance:.2f} away in the median, "
            f"{self.nearest:.2f} at least (0 is a copy, 1 another passage)",
        ]


def dance_scores(
    new: PoseTrack,
    learned: Sequence[PoseTrack],
    held_out: Sequence[PoseTrack],
    copies: NDArray[np.float32],
    walked: Sequence[PoseTrack] | None = None,
) -> DanceScores:
    """Measure a new dance; see `DanceScores`.

    Args:
        new: the new dance.
        learned: the dance that was learned.
        held_out: a part of it that was not; may be empty.
        copies: distances of its seconds to the nearest learned one.
        walked: the learned dance with its feet as they were, where `learned` has them settled.
    """
    walked = learned if walked is None else walked
    known, other = ([joints_of(track) for track in part] for part in (learned, held_out or learned))
    joints = joints_of(new)
    speed, *speeds = (joint_speed(j).astype(np.float32) for j in (joints, *known))
    usual = _moved(np.concatenate(speeds))
    distances: dict[str, tuple[float, float, float, float]] = {}
    for name, features in (("k", kinetic_features), ("g", geometric_features)):
        real = np.concatenate([features(j) for j in known])
        truth, made, own = (
            standardized(values, real)
            for values in (np.concatenate([features(j) for j in other]), features(joints), real)
        )
        distances[name] = (
            frechet_distance(made, truth),
            frechet_distance(own, truth),
            diversity(made),
            diversity(own),
        )
    slide = _moved(np.concatenate([_slides(track) for track in walked]))
    size, limbs = _changes(_minutes(new))
    learned_size, learned_limbs = _changes([part for track in learned for part in _minutes(track)])
    nothing = float("nan")
    return DanceScores(
        seconds=new.duration,
        speed_ratio=float(speed.mean()) / usual,
        slowest_ratio=slowest_part(speed) / usual,
        freeze=longest_stand(speed, usual, new.fps),
        learned_freeze=max(
            longest_stand(of, usual, j.fps) for of, j in zip(speeds, known, strict=True)
        ),
        skating_ratio=skating(new) / slide,
        limbs=limbs,
        learned_limbs=learned_limbs,
        size=size,
        learned_size=learned_size,
        outside=_outside(new),
        fid_k=distances["k"][0],
        fid_g=distances["g"][0],
        learned_fid_k=distances["k"][1],
        learned_fid_g=distances["g"][1],
        diversity_k=distances["k"][2],
        diversity_g=distances["g"][2],
        learned_diversity_k=distances["k"][3],
        learned_diversity_g=distances["g"][3],
        copy_distance=float(np.median(copies)) if len(copies) else nothing,
        nearest=float(copies.min()) if len(copies) else nothing,
        held_out=bool(held_out),
    )


def _by_the_minute(differs: str, new: float, learned: float) -> str:
    if not np.isfinite(new):
        return "not compared, which wants two minutes"
    known = f"; in the learned dance by {100 * learned:.1f} %" if np.isfinite(learned) else ""
    return f"{differs} by {100 * new:.1f} % at most from minute to minute{known}"


def _minutes(track: PoseTrack) -> list[PoseTrack]:
    """Its minutes; the last counts where it is at least half a minute."""
    minute = max(1, round(60 * track.fps))
    starts = range(0, len(track) - minute // 2, minute)
    return [track[start : start + minute] for start in starts] or [track]


def _changes(parts: Sequence[PoseTrack]) -> tuple[float, float]:
    """By how much size, and lengths of limbs in that size, differ from the median, at most.

    NaN where there are no two parts to compare.
    """
    if len(parts) < 2:
        return float("nan"), float("nan")
    lengths = np.stack([limb_lengths(part) for part in parts])
    known = np.isfinite(lengths).all(axis=0) & (lengths > 0).all(axis=0)
    if not known.any():
        return float("nan"), float("nan")
    ratios = lengths[:, known] / np.median(lengths[:, known], axis=0)
    sizes = np.median(ratios, axis=1)
    within = ratios / sizes[:, None]
    return float(np.abs(sizes - 1).max()), float(np.abs(within - 1).max())


def _outside(track: PoseTrack) -> float:
    """Part of the frames in which a joint lies outside the picture."""
    points, seen = track.xy[:, _AT], track.confidence[:, _AT] > 0
    inside = ((points >= 0) & (points < track.size)).all(axis=-1)
    return float((~inside & seen).any(axis=1).mean())
