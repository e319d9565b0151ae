"""A model of the face: where its features lie, in head heights (u to its left, v up from the chin).

Motion capture, which records no face, gets its face keypoints from here.  The sample performers'
faces are painted from the same table, so that their true keypoints lie on what is seen.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EYE: Final = (0.132, 0.490)  # middle of the left eye
EYE_HALF: Final = (0.085, 0.060)  # half its width and height
BROW: Final = (0.135, 0.622)
BROW_HALF: Final = 0.092
NOSE_TIP: Final = (0.0, 0.375)
MOUTH: Final = (0.0, 0.225)
MOUTH_HALF: Final = 0.108
LIP: Final = 0.026  # thickness of a lip
MOUTH_OPENS: Final = 0.055  # how far the lower lip drops in an open mouth


def mouth_curve(u: Array, rise: float = 0.022) -> Array:
    """Height of the line between the lips above MOUTH at u: a smile."""
    return rise * (u / MOUTH_HALF) ** 2 - 0.3 * rise


def face_features(mouth: float, blink: float) -> Array:
    """The 70 face keypoints, float64 `(70, 2)`: (u, v), in the layout's order.

    Args:
        mouth: how far the mouth is open, 0..1.
        blink: how far the eyes are closed, 0..1.
    """
    angle = np.pi * np.arange(17) / 16
    jaw = np.stack([-0.295 * np.cos(angle), 0.50 - 0.475 * np.sin(angle) ** 0.9], axis=1)
    across = np.linspace(1, -1, 5)
    brow = np.stack(
        [BROW[0] + BROW_HALF * across, BROW[1] + 0.022 * (1 - across**2) - 0.012 * across], axis=1
    )  # from the outer end to the inner one, left side
    bridge = np.stack([np.zeros(4), np.linspace(0.52, NOSE_TIP[1], 4)], axis=1)
    u = np.linspace(-0.055, 0.055, 5)
    base = np.stack([u, 0.335 + 0.010 * np.abs(u) / 0.055], axis=1)
    w, h = EYE_HALF[0], EYE_HALF[1] * (1 - blink)
    corners = [(w, 0), (w / 3, h), (-w / 3, h), (-w, 0), (-w / 3, -h), (w / 3, -h)]
    eye = np.array(EYE) + np.array(corners)
    mirror = np.array([-1.0, 1.0])
    gap = MOUTH_OPENS * mouth
    outer_u = np.array([-1, -0.66, -0.28, 0, 0.28, 0.66, 1, 0.6, 0.28, 0, -0.28, -0.6])
    inner_u = np.array([-0.85, -0.3, 0, 0.3, 0.85, 0.3, 0, -0.3])
    outer = np.stack([outer_u * MOUTH_HALF, mouth_curve(outer_u * MOUTH_HALF)], axis=1)
    inner = np.stack([inner_u * MOUTH_HALF, mouth_curve(inner_u * MOUTH_HALF)], axis=1)
    outer[1:6, 1] += LIP * np.array([0.7, 1.0, 0.85, 1.0, 0.7])
    outer[7:12, 1] -= (LIP * 1.15 + gap) * np.array([0.7, 1.0, 1.05, 1.0, 0.7])
    inner[5:8, 1] -= gap
    pupil = np.array([EYE])
    return np.concatenate(
        [
            jaw, brow * mirror, brow[::-1], bridge, base,
            eye * mirror, eye[[3, 2, 1, 0, 5, 4]],
            outer + MOUTH, inner + MOUTH, pupil * mirror, pupil,
        ]
    )  # fmt: skip
