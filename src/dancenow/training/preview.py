"""Previews: what a network has learned so far, as one picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


def picture_sheet(rows: Tensor) -> NDArray[np.uint8]:
    """Several rows of pictures, joined into one picture.

    Args:
        rows: float `(R, B, 3, H, W)` RGB in -1..1: R rows of B pictures each.

    Returns:
        uint8 `(R * H, B * W, 3)` RGB.
    """
    sheet = rows.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    picture: NDArray[np.uint8] = ((sheet + 1) * 127.5).round().clamp(0, 255).byte().cpu().numpy()
    return picture
