"""Global pose normalisation: a source's poses moved and scaled to where a target stands.

Chan, Ginosar, Zhou and Efros, "Everybody Dance Now", ICCV 2019: section "Global Pose
Normalization" and its appendix.  With `a` the ankle position (y, pixels, grows towards the camera),
`s` the source and `t` the target, every frame is moved vertically by

    b = t_far + (a - s_far) / (s_near - s_far) * (t_near - t_far) - a

and scaled about its ankles by a factor that is interpolated in the same way from c_far to c_near,
where c = target height / source height at the far and the near ankle position (the paper writes
`s_min`, `s_max` for far and near).

The paper leaves open what is decided here:

- The horizontal position relative to the source's median hip is scaled like the body and put at
  the target's median hip.
- If the source hardly moves in depth, the quotient above only amplifies noise; the whole body is
  then scaled by one factor about its median position.  Between 4 % and 12 % of the body's height of
  movement, one method blends into the other.
- A little beyond the near and far positions the formulas are extrapolated; further out the body
  moves at its own scale.
- Extremes come from median-filtered ankles on the ground (`dancenow.pose.ground`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow import limits
from dancenow.errors import InputError
from dancenow.pose.ground import Ground, find_ground
from dancenow.pose.layout import INDEX, USABLE
from dancenow.pose.track import PoseTrack

Array = NDArray[np.float64]

_LOWEST: Final = 1.0  # pixel
_ALPHA: Final = 0.7  # the paper's; how far the far cluster lies from the median, in |max - median|
_EPSILON: Final = 0.1  # half the width of the far cluster, in |max - median|
_DELTA: Final = 0.05  # half the width of the clusters that heights are taken from, in near - far
_FEWEST: Final = 0.05  # share of the frames that such a cluster holds at least
_STILL, _MOVING = 0.04, 0.12  # body heights of movement in depth: below, above
_EXTRAPOLATED: Final = 0.25  # how far beyond near and far the formulas hold, in near - far


@dataclass(frozen=True)
class PoseStatistics:
    """Where a dancer stands in the picture, and how tall they are there; all in pixels.

    Attributes:
        near: ankle y closest to the camera (the paper's `s_max`).
        far: ankle y farthest from it (the paper's `s_min`).
        middle: median ankle y.
        near_height, far_height: the body's height at `near` and `far`.
        x: median x of the hips.
    """

    near: float
    far: float
    middle: float
    near_height: float
    far_height: float
    x: float

    def __post_init__(self) -> None:
        values = [getattr(self, field.name) for field in fields(self)]
        if not all(abs(value) <= 2 * limits.FARTHEST for value in values):  # NaN is not
            raise ValueError("pose statistics must be numbers of pixels")
        if not (self.far <= self.near and min(self.near_height, self.far_height) >= _LOWEST):
            raise ValueError("pose statistics need far <= near and heights above 0")

    def to_dict(self) -> dict[str, float]:
        """The numbers by name, for JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> PoseStatistics:
        """Read what `to_dict` returned.

        Raises:
            InputError: a number is missing or impossible.
        """
        names = [field.name for field in fields(PoseStatistics)]
        try:
            return PoseStatistics(**{name: float(values[name]) for name in names})
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"the pose statistics are damaged ({error}); train the performer anew."
            ) from error

    @property
    def depth(self) -> float:
        """How far the dancer moves in depth: the range of ankle y in mean body heights."""
        return 2 * (self.near - self.far) / (self.near_height + self.far_height)

    def place(self, ankle: Array) -> Array:
        """Ankle y as a position from far (0) to near (1); 0.5 if the two are the same."""
        if self.near - self.far < 1e-6 * self.near_height:
            return np.full_like(ankle, 0.5)
        return (ankle - self.far) / (self.near - self.far)

    @property
    def middle_height(self) -> float:
        """The body's height at the median position."""
        place = float(np.clip(self.place(np.array(self.middle)), 0, 1))
        return (1 - place) * self.far_height + place * self.near_height


def pose_statistics(track: PoseTrack) -> PoseStatistics:
    """Measure where the dancer of a (cleaned) track stands.

    Raises:
        InputError: the track has no frames, or shows no body.
    """
    _check(track)
    ground = find_ground(track)
    ankles = ground.ankle[ground.grounded]
    near, middle = float(ankles.max()), float(np.median(ankles))
    far = _far_position(ankles, near, middle)
    return PoseStatistics(
        near=near,
        far=far,
        middle=middle,
        near_height=_height_near(ground, near, near - far),
        far_height=_height_near(ground, far, near - far),
        x=_median_x(track),
    )


def normalize(
    track: PoseTrack, source: PoseStatistics, target: PoseStatistics, target_size: tuple[int, int]
) -> PoseTrack:
    """Move and scale a source's track to where the target stands.

    Args:
        track: the source's (cleaned) track.
        source: statistics of the track, or of a longer one it was cut from.
        target: statistics of the target's track.
        target_size: width and height of the target's frames, pixels.

    Returns:
        The track in the target's frames, at the source's frame rate.  Missing keypoints stay
        missing; keypoints may lie outside the frame.

    Raises:
        InputError: the track has no frames, or shows no body.
    """
    _check(track)
    ankle = find_ground(track).ankle
    placed, scale = _map_ankles(ankle, source, target)
    anchor = np.stack([np.full_like(ankle, source.x), ankle], axis=-1)[:, None]
    goal = np.stack([np.full_like(ankle, target.x), placed], axis=-1)[:, None]
    keypoints = track.keypoints.copy()
    moved = goal + scale[:, None, None] * (track.xy - anchor)
    seen = track.confidence > 0
    keypoints[..., :2] = np.where(seen[..., None], moved, keypoints[..., :2])
    return replace(track, keypoints=keypoints, size=target_size)


def _map_ankles(
    ankle: Array, source: PoseStatistics, target: PoseStatistics
) -> tuple[Array, Array]:
    """The new ankle y of each frame, and the scale about it; both `(T,)`."""
    c_far = target.far_height / source.far_height
    c_near = target.near_height / source.near_height
    place = np.clip(source.place(ankle), -_EXTRAPOLATED, 1 + _EXTRAPOLATED)
    low, high = sorted((c_far, c_near))
    scale = np.clip(c_far + place * (c_near - c_far), 0.8 * low, 1.25 * high)
    beyond = ankle - (source.far + place * (source.near - source.far))
    moving = target.far + place * (target.near - target.far) + scale * beyond

    one_scale = target.middle_height / source.middle_height
    still = target.middle + one_scale * (ankle - source.middle)

    part = np.clip((source.depth - _STILL) / (_MOVING - _STILL), 0, 1)
    weight = part * part * (3 - 2 * part)
    return weight * moving + (1 - weight) * still, weight * scale + (1 - weight) * one_scale


def _far_position(ankles: Array, near: float, middle: float) -> float:
    """The paper's median rule: max {y : ||y - med| - alpha |max - med|| < epsilon, y < med}.

    If no frame fits (few frames, or a dancer who only comes nearer), the one that fits best.
    """
    behind = ankles[ankles < middle]
    if behind.size == 0:
        return middle
    spread = near - middle
    misfit = np.abs((middle - behind) - _ALPHA * spread)
    cluster = behind[misfit < _EPSILON * spread]
    return float(cluster.max() if cluster.size else behind[np.argmin(misfit)])


def _height_near(ground: Ground, position: float, depth: float) -> float:
    """The greatest height among the frames on the ground near an ankle position.

    At least a twentieth of the frames count, so that a crouch at the very front does not make the
    dancer short.
    """
    known = ground.grounded & np.isfinite(ground.height)
    if not known.any():
        known = np.isfinite(ground.height)
    distance = np.abs(ground.ankle[known] - position)
    fewest = np.sort(distance)[math.ceil(_FEWEST * distance.size) - 1]
    return float(ground.height[known][distance <= max(fewest, _DELTA * depth)].max())


def _median_x(track: PoseTrack) -> float:
    hips = track.keypoints[:, INDEX["mid_hip"]]
    seen = hips[:, 2] >= USABLE
    return float(np.median(hips[seen, 0].astype(np.float64)))


def _check(track: PoseTrack) -> None:
    if len(track) == 0:
        raise InputError("the pose track has no frames; use a clip that shows a dancer.")
