"""Retargeting: a source's motion with the target's limb lengths.

Normalisation makes the whole body as tall as the target's; a child's motion then still has a
child's large head and short legs.  Here every limb keeps the source's direction and foreshortening
but takes the target's length.  The dancer's position on the ground does not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.pose.body_size import body_height
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import FACE, INDEX, LEFT_HAND, RIGHT_HAND, USABLE
from dancenow.pose.track import PoseTrack

_QUANTILE: Final = 0.85  # of a limb's length in the picture: it is foreshortened most of the time
_MOST: Final = 1.6  # a limb becomes at most this much longer or shorter
_FEWEST: Final = 5  # frames in which a limb must be seen

Limb = tuple[str, str]


def _sides(a: str, b: str) -> tuple[Limb, ...]:
    return tuple((a.format(side), b.format(side)) for side in ("left_", "right_"))


# From the hips outwards; limbs of one name have one length.  Heads and hands scale as a whole.
_LIMBS: Final[dict[str, tuple[Limb, ...]]] = {
    "torso": (("mid_hip", "neck"),),
    "hips": _sides("mid_hip", "{}hip"),
    "shoulders": _sides("neck", "{}shoulder"),
    "upper_arm": _sides("{}shoulder", "{}elbow"),
    "forearm": _sides("{}elbow", "{}wrist"),
    "thigh": _sides("{}hip", "{}knee"),
    "shin": _sides("{}knee", "{}ankle"),
    "foot": _sides("{}ankle", "{}big_toe"),
    "neck": (("neck", "nose"),),
}
_HEAD: Final = tuple(INDEX[n] for n in ("nose", "right_eye", "left_eye", "right_ear", "left_ear"))
_HEAD_WIDTHS: Final = (("right_ear", "left_ear"), ("nose", "right_ear"), ("nose", "left_ear"))
# Shares of the height of adults, as pose detectors see them from the front.
_USUAL: Final = {
    "torso": 0.32, "hips": 0.06, "shoulders": 0.11, "upper_arm": 0.18, "forearm": 0.15,
    "thigh": 0.25, "shin": 0.225, "foot": 0.093, "neck": 0.12, "head": 0.095, "half_head": 0.055,
    "hand": 0.057,
}  # fmt: skip
_SHORTEST, _LONGEST = 0.75, 1.6  # of the usual share; children's heads are larger
_FOLLOWERS: Final = {
    "foot": _sides("{}ankle", "{}small_toe") + _sides("{}ankle", "{}heel"),
}


@dataclass(frozen=True)
class BodyShape:
    """How long the limbs of a body are, as shares of its height.

    Attributes:
        limbs: lengths by name; a limb that was never seen is missing.
    """

    limbs: Mapping[str, float]

    def to_dict(self) -> dict[str, float]:
        """The lengths by name, for JSON."""
        return dict(self.limbs)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> BodyShape:
        """Read what `to_dict` returned.

        Raises:
            InputError: a number is impossible.
        """
        try:
            limbs = {str(name): float(value) for name, value in values.items()}
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(
                "the body's proportions are damaged; train the performer again."
            ) from (error)
        if not all(1e-3 <= length <= 10 for length in limbs.values()):
            raise InputError("the body's proportions are damaged; train the performer again.")
        return BodyShape(limbs)


def body_shape(track: PoseTrack) -> BodyShape:
    """Measure the limbs of a (cleaned) track.

    A limb that points at the camera whenever it is seen looks too short: the usual proportions of
    a body bound every single limb.

    Raises:
        InputError: it shows no person.
    """
    heights = body_height(track)
    if not np.isfinite(heights).any():
        raise InputError("no frame shows enough of a person; the whole body must be visible.")
    height = float(np.nanquantile(heights, _QUANTILE))  # raised arms do not count
    limbs = {name: _length(track, pairs) for name, pairs in _LIMBS.items()}
    limbs["head"] = _length(track, _HEAD_WIDTHS[:1])
    limbs["half_head"] = _length(track, _HEAD_WIDTHS[1:])  # all that a side view shows
    hands = [(f"{side}_hand_wrist", f"{side}_hand_middle_1") for side in ("left", "right")]
    limbs["hand"] = _length(track, tuple(hands))
    shares = {name: length / height for name, length in limbs.items() if length}
    return BodyShape(
        {
            name: min(max(share, _SHORTEST * _USUAL[name]), _LONGEST * _USUAL[name])
            for name, share in shares.items()
        }
    )


def retarget_limbs(track: PoseTrack, source: BodyShape, target: BodyShape) -> PoseTrack:
    """A track with the target's limb lengths.

    Args:
        track: a source's track, normalised to the target's height and position.
        source: limb lengths of the source.
        target: limb lengths of the target.

    Raises:
        InputError: the track shows no body.
    """
    ratio = {
        name: float(np.clip(target.limbs[name] / source.limbs[name], 1 / _MOST, _MOST))
        for name in source.limbs.keys() & target.limbs.keys()
    }
    old = track.xy.astype(np.float64)
    seen = track.confidence > 0
    moved = np.zeros_like(old)
    for name, pairs in _LIMBS.items():
        for parent, child in (*pairs, *_FOLLOWERS.get(name, ())):
            a, b = INDEX[parent], INDEX[child]
            both = (seen[:, a] & seen[:, b])[:, None]
            longer = (ratio.get(name, 1.0) - 1) * (old[:, b] - old[:, a])
            moved[:, b] = moved[:, a] + np.where(both, longer, 0)
    head = ratio.get("head", ratio.get("half_head", 1.0))
    for part in (_HEAD, tuple(range(FACE.start, FACE.stop))):
        _with_parent(moved, old, seen, INDEX["nose"], part, head)
    for hand, wrist in ((LEFT_HAND, "left_wrist"), (RIGHT_HAND, "right_wrist")):
        fingers = tuple(range(hand.start, hand.stop))
        _with_parent(moved, old, seen, INDEX[wrist], fingers, ratio.get("hand", 1.0))
    keypoints = track.keypoints.copy()
    keypoints[..., :2] = np.where(seen[..., None], old + moved, old)
    made = track.with_keypoints(keypoints)
    lift = find_ground(track).ankle - find_ground(made).ankle
    keypoints = made.keypoints.copy()
    keypoints[..., 1] += np.where(seen, lift[:, None], 0).astype(np.float32)
    return made.with_keypoints(keypoints)


def _length(track: PoseTrack, pairs: tuple[Limb, ...]) -> float:
    """The length of limbs with these ends, pixels; 0 if they are hardly ever seen."""
    lengths: list[NDArray[np.float32]] = []
    for first, second in pairs:
        a, b = track.keypoints[:, INDEX[first]], track.keypoints[:, INDEX[second]]
        both = (a[:, 2] >= USABLE) & (b[:, 2] >= USABLE)
        lengths.append(np.linalg.norm(a[both, :2] - b[both, :2], axis=-1))
    together = np.concatenate(lengths)
    return float(np.quantile(together, _QUANTILE)) if len(together) >= _FEWEST else 0.0


def _with_parent(
    moved: NDArray[np.float64],
    old: NDArray[np.float64],
    seen: NDArray[np.bool_],
    parent: int,
    children: tuple[int, ...],
    ratio: float,
) -> None:
    """Move keypoints along with another one, and scale them about it."""
    others = [child for child in children if child != parent]
    away = old[:, others] - old[:, [parent]]
    there = (seen[:, [parent]] & seen[:, others])[..., None]
    moved[:, others] = moved[:, [parent]] + np.where(there, (ratio - 1) * away, 0)
