"""Comparing a new dance with the learned one: speed, stalls, feet, limbs, novelty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dancenow.evaluation.features import (
    JOINT_ROWS,
    Joints,
    diversity,
    frechet_distance,
    geometric_features,
    joint_speed,
    joints_of,
    kinetic_features,
    standardized,
    unsupported,
)
from dancenow.evaluation.motion import longest_stand, slowest_part
from dancenow.pose import PoseTrack
from dancenow.pose.feet import find_feet
from dancenow.pose.layout import INDEX

Array = NDArray[np.float64]

_LIMBS: Final = tuple(
    (f"{side}_{a}", f"{side}_{b}")
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
    for side in ("left", "right")
)
_ROUNDING: Final = 1e-6  # body heights per second; slower counts as still
_LONGEST: Final = 0.985  # quantile of a limb's length in the picture


def skating(track: PoseTrack) -> float:
    """Mean speed of feet on the ground along the picture's width, body heights per second."""
    return _mean(_slides(track))


def limb_lengths(track: PoseTrack) -> Array:
    """Lengths of upper and lower arms and legs: a high quantile of those seen, in pixels."""
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


def _slides(track: PoseTrack) -> Array:
    """Speeds of feet on the ground."""
    feet = find_feet(track)
    return feet.speed[feet.standing]


def _mean(values: NDArray[Any]) -> float:
    """The mean; NaN if empty."""
    return float(values.mean()) if values.size else float("nan")


def _moved(speeds: NDArray[Any]) -> float:
    """The mean speed; NaN if nothing moves, as nothing can be compared with it."""
    mean = _mean(speeds)
    return mean if mean > _ROUNDING else float("nan")


@dataclass(frozen=True)
class DanceScores:
    """A new dance compared with the learned dance, and with a held-out part of it.

    A figure is NaN if there is nothing to measure or to compare with: distances and diversities
    need two windows, which take six seconds.

    Attributes:
        seconds: length of the new dance.
        speed_ratio: mean speed of its joints, relative to the learned dance's.
        slowest_ratio: the same of its slowest tenth.
        freeze, learned_freeze: longest time without movement, in seconds.
        skating_ratio: mean speed of feet on the ground, relative to the learned dance's.
        contact_ratio: physical foot contact (`unsupported`), relative to the learned dance's: above
            1, the body moves more than its feet explain.
        limbs, learned_limbs: largest deviation of a limb's length in any minute from its overall
            length, at equal distance from the camera.
        size, learned_size: largest deviation of the body's size in any minute from its overall
            size: drift towards or away from the camera.
        outside: fraction of the frames with a body keypoint outside the picture.
        fid_k, fid_g: Frechet distances of kinetic and geometric features to the held-out dance.
        learned_fid_k, learned_fid_g: the learned dance's, as reference.
        diversity_k, diversity_g: mean distances between its windows.
        learned_diversity_k, learned_diversity_g: the learned dance's.
        copy_distance: median distance of its seconds to the nearest learned one, relative to the
            distance between nearest learned ones; 0 is a copy.
        nearest: the smallest such distance.
        held_out: whether a part was held out; if not, the learned dance is used instead.
    """

    seconds: float
    speed_ratio: float
    slowest_ratio: float
    freeze: float
    learned_freeze: float
    skating_ratio: float
    contact_ratio: float
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

    def summary(self) -> str:
        """The figures for the user."""
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The figures for the user, a line each."""
        held_out = "the held-out part" if self.held_out else "the learned dance (none held out)"
        return [
            f"speed: {self.speed_ratio:.2f} of the learned dance's; its slowest tenth "
            f"{self.slowest_ratio:.2f}",
            f"longest stand: {self.freeze:.1f} s; the learned dance's: {self.learned_freeze:.1f} s",
            f"feet on the ground slide {self.skating_ratio:.2f} times as fast as in the learned "
            f"dance; physical foot contact: {self.contact_ratio:.2f} of the learned dance's",
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
        copies: distances of the new dance's seconds to the nearest learned one.
        walked: the learned dance with its original feet, if `learned` has them settled.
    """
    walked = learned if walked is None else walked
    known, other = ([joints_of(track) for track in part] for part in (learned, held_out or learned))
    joints = joints_of(new)
    speed, *speeds = (joint_speed(j).astype(np.float32) for j in (joints, *known))
    usual = _moved(np.concatenate(speeds))
    kinetic, geometric = (
        _compared(features, joints, known, other)
        for features in (kinetic_features, geometric_features)
    )
    slide = _moved(np.concatenate([_slides(track) for track in walked]))
    pushed = _moved(np.concatenate([unsupported(joints_of(track)) for track in walked]))
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
        contact_ratio=float(unsupported(joints).mean()) / pushed,
        limbs=limbs,
        learned_limbs=learned_limbs,
        size=size,
        learned_size=learned_size,
        outside=_outside(new),
        fid_k=kinetic.to_held_out,
        fid_g=geometric.to_held_out,
        learned_fid_k=kinetic.learned_to_held_out,
        learned_fid_g=geometric.learned_to_held_out,
        diversity_k=kinetic.diversity,
        diversity_g=geometric.diversity,
        learned_diversity_k=kinetic.learned_diversity,
        learned_diversity_g=geometric.learned_diversity,
        copy_distance=float(np.median(copies)) if len(copies) else nothing,
        nearest=float(copies.min()) if len(copies) else nothing,
        held_out=bool(held_out),
    )


class _Compared(NamedTuple):
    """One kind of features of a new dance, compared with the learned one's."""

    to_held_out: float
    learned_to_held_out: float
    diversity: float
    learned_diversity: float


def _compared(
    features: Callable[[Joints], Array],
    new: Joints,
    learned: Sequence[Joints],
    held_out: Sequence[Joints],
) -> _Compared:
    own = np.concatenate([features(joints) for joints in learned])
    truth = standardized(np.concatenate([features(joints) for joints in held_out]), own)
    made, own = standardized(features(new), own), standardized(own, own)
    return _Compared(
        frechet_distance(made, truth),
        frechet_distance(own, truth),
        diversity(made),
        diversity(own),
    )


def _by_the_minute(differs: str, new: float, learned: float) -> str:
    if not np.isfinite(new):
        return "not compared, which needs two minutes"
    known = f"; in the learned dance by {100 * learned:.1f} %" if np.isfinite(learned) else ""
    return f"{differs} by {100 * new:.1f} % at most from minute to minute{known}"


def _minutes(track: PoseTrack) -> list[PoseTrack]:
    """Its minutes; the last one is included if it has at least 30 seconds."""
    minute = max(1, round(60 * track.fps))
    starts = range(0, len(track) - minute // 2, minute)
    return [track[start : start + minute] for start in starts] or [track]


def _changes(parts: Sequence[PoseTrack]) -> tuple[float, float]:
    """Largest deviations from the median of the size, and of limb lengths relative to the size.

    NaN if there are fewer than two parts.
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
    """Fraction of the frames with a joint outside the picture."""
    points, seen = track.xy[:, JOINT_ROWS], track.confidence[:, JOINT_ROWS] > 0
    inside = ((points >= 0) & (points < track.size)).all(axis=-1)
    return float((~inside & seen).any(axis=1).mean())
