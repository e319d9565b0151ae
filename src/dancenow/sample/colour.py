"""Colours: from sRGB, as they are written, to linear light for computing, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


def linear(colour: str) -> Image:
    """`#rrggbb` -> linear light, float32 `(3,)`, 0..1 (sRGB, IEC 61966-2-1)."""
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float32) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


def to_display(light: Image) -> NDArray[np.uint8]:
    """Linear light `(..., 3)` -> uint8 sRGB, with a gentle film-like shoulder."""
    x = np.maximum(light, 0.0)
    knee = 0.62
    over = np.maximum(x - knee, 0.0)
    x = np.minimum(x, knee) + (1 - knee) * over / (over + (1 - knee))
    # A table is faster than the power function, and exact enough for eight bits.
    table = np.linspace(0, 1, 4097)
    curve = np.where(table <= 0.0031308, 12.92 * table, 1.055 * table ** (1 / 2.4) - 0.055)
    levels = (255 * curve + 0.5).astype(np.uint8)
    shown: NDArray[np.uint8] = levels[(x * 4096 + 0.5).astype(np.int32)]
    return shown
