"""A body: its limbs, their lengths, and how near to the camera it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.motion.series import Array
from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.pose.body_size import body_height, depth_scale
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import HANDS, INDEX, USABLE, swapped

KNOWN: Final = 0.05  # part of the frames in which a part must be seen to be known

_LONGEST: Final = 0.985  # quantile of a limb's length in the picture that is taken for its own
_UPRIGHT: Final = 0.85  # quantile of the body's height
_NEEDED: Final = 0.5  # part of the frames in which the whole body must be seen


def _limbs() -> tuple[tuple[str, str], ...]:
    """Parent and child of every limb, from the hips outwards."""
    sides = ("left", "right")
    return (
        ("mid_hip", "neck"),
        *(("mid_hip", f"{s}_hip") for s in sides),
        *(("neck", f"{s}_shoulder") for s in sides),
        *((f"{s}_shoulder", f"{s}_elbow") for s in sides),
        *((f"{s}_elbow", f"{s}_wrist") for s in sides),
        *((f"{s}_hip", f"{s}_knee") for s in sides),
        *((f"{s}_knee", f"{s}_ankle") for s in sides),
        *((f"{s}_ankle", f"{s}_{end}") for end in ("big_toe", "small_toe", "heel") for s in sides),
        ("neck", "nose"),
    )


LIMB_NAMES: Final = _limbs()
PARENTS: Final = np.array([INDEX[a] for a, _ in LIMB_NAMES])
CHILDREN: Final = np.array([INDEX[b] for _, b in LIMB_NAMES])
CORE: Final = np.array([not b.endswith(("toe", "heel", "nose")) for _, b in LIMB_NAMES])


# Lengths are the same on both sides.
OTHER_SIDE: Final = np.array([LIMB_NAMES.index((swapped(a), swapped(b))) for a, b in LIMB_NAMES])


@dataclass(frozen=True)
class Body:
    """A body's own lengths, and where it stands in its frame.

    Attributes:
        limbs: of `LIMB_NAMES`, in body heights, float64 `(20,)`; 0 where never seen.
        hand, head: sizes, in body heights.
        height: of the usual body, in pixels.
        x, ground: median x of the hips and y of the ankles on the ground, in pixels.
        size: width and height of the frame in pixels.
    """

    limbs: Array
    hand: float
    head: float
    height: float
    x: float
    ground: float
    size: tuple[int, int]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {**vars(self), "limbs": self.limbs.tolist(), "size": list(self.size)}

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Body:
        """Read what `to_dict` returned.

        Raises:
            KeyError, TypeError, ValueError: it is damaged.
        """
        numbers = {k: float(values[k]) for k in ("hand", "head", "height", "x", "ground")}
        width, height = values["size"]
        limbs = np.array(values["limbs"], np.float64)
        if limbs.shape != (len(LIMB_NAMES),) or not np.isfinite([*limbs, *numbers.values()]).all():
            raise ValueError("a length is NaN or infinite")
        return Body(limbs, size=(int(width), int(height)), **numbers)


def measure_body(track: PoseTrack) -> Body:
    """The lengths of a (cleaned) track's body.

    Raises:
        InputError: there is no body, or hardly ever a whole one.
    """
    whole = whole_body(track).mean() if len(track) else 0.0
    if whole < _NEEDED:
        raise InputError(
            f"the whole body, from shoulders to ankles, is seen in {100 * whole:.0f} % of the "
            "frames only; film it so that head and feet are in the picture."
        )
    scale = depth_scale(track)
    height = float(np.nanquantile(body_height(track) / scale, _UPRIGHT))
    if height <= 0:
        raise InputError("the body has no size: all its joints lie in one place.")
    xy, seen = track.xy.astype(np.float64), track.confidence >= USABLE
    limbs = np.zeros(len(LIMB_NAMES))
    for number, (a, b) in enumerate(zip(PARENTS, CHILDREN, strict=True)):
        both = seen[:, a] & seen[:, b]
        if both.mean() >= KNOWN:
            lengths = np.linalg.norm(xy[both, b] - xy[both, a], axis=-1) / scale[both]
            limbs[number] = np.quantile(lengths, _LONGEST) / height
    limbs = np.maximum(limbs, limbs[OTHER_SIDE])
    hands = []
    for part in HANDS.values():
        root, knuckle = part.start, part.start + 9
        both = seen[:, root] & seen[:, knuckle]
        if both.mean() >= KNOWN:
            lengths = np.linalg.norm(xy[both, knuckle] - xy[both, root], axis=-1) / scale[both]
            hands.append(float(np.quantile(lengths, _LONGEST)) / height)
    torso = limbs[0]
    hips = xy[:, INDEX["mid_hip"], 0][seen[:, INDEX["mid_hip"]]]
    return Body(
        limbs,
        max(hands) if hands else 0.2 * torso,
        float(limbs[-1]) or 0.4 * torso,
        height,
        float(np.median(hips)),
        float(np.median(find_ground(track).ankle)),
        track.size,
    )


def whole_body(track: PoseTrack) -> NDArray[np.bool_]:
    """In which frames the trunk, arms and legs are seen, `(T,)`."""
    seen = track.confidence >= USABLE
    core = np.union1d(PARENTS[CORE], CHILDREN[CORE])
    whole: NDArray[np.bool_] = seen[:, core].all(axis=1)
    return whole
