"""Keeping standing feet still."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dancenow.choreographer.motion.body import LIMB_NAMES
from dancenow.choreographer.motion.series import Array
from dancenow.pose.feet import held_still
from dancenow.pose.gaps import runs
from dancenow.pose.layout import INDEX, SIDES

_FOOT: Final = ("big_toe", "heel", "ankle")
_SOLE: Final = ("big_toe", "small_toe", "heel")
_FADES: Final = 2.0  # seconds in which a correction of the body's place fades
_TAKEN_UP: Final = 0.01  # of the sum of all lengths: what a leg may move a foot
_SOFT: Final = 0.04  # seconds


def settle(xy: Array, stands: Array, lengths: Array, scale: Array, fps: float) -> None:
    """Keep standing feet still: the body follows them, and the legs take up what is left.

    Along the picture's width only; the height of feet on the ground shows how deep they stand.
    """
    if len(xy) < 3:
        return
    firm = stands > 0.5
    feet = np.stack(
        [xy[:, [INDEX[f"{side}_{part}"] for part in _FOOT], 0].mean(axis=1) for side in SIDES]
    )
    correction = held_still(feet, firm.T, _FADES * fps)
    xy[..., 0] += correction[:, None]
    feet += correction
    most = _TAKEN_UP * float(lengths.sum())
    for foot, side in zip(feet, SIDES, strict=True):
        away = np.zeros(len(xy))
        for start, stop in runs(firm[:, SIDES.index(side)]):
            away[start:stop] = foot[start:stop].mean() - foot[start:stop]
        away = gaussian_filter1d(away.clip(-most, most), _SOFT * fps)
        for part, share in (("knee", 0.5), ("ankle", 1), *((part, 1) for part in _SOLE)):
            xy[:, INDEX[f"{side}_{part}"], 0] += share * away
        for bone, rest in ((("hip", "knee"), ("ankle", *_SOLE)), (("knee", "ankle"), _SOLE)):
            _shorten(xy, side, bone, rest, lengths, scale)


def _shorten(
    xy: Array,
    side: str,
    bone: tuple[str, str],
    rest: tuple[str, ...],
    lengths: Array,
    scale: Array,
) -> None:
    """Bring back the end of a bone that has become too long, and what follows it."""
    a, b = (f"{side}_{end}" for end in bone)
    longest = lengths[LIMB_NAMES.index((a, b))] * scale
    along = xy[:, INDEX[b]] - xy[:, INDEX[a]]
    length = np.linalg.norm(along, axis=-1)
    back = along * (np.minimum(1, longest / np.maximum(length, 1e-9)) - 1)[:, None]
    for name in (b, *(f"{side}_{part}" for part in rest)):
        xy[:, INDEX[name]] += back
