"""How clean silhouettes are: grey where there should be black or white, and bodies in pieces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

_BLACK: Final = 0.2 * 255  # darker is background
_WHITE: Final = 0.8 * 255  # brighter is body
_BODY: Final = 127  # what is brighter counts as the figure, to see whether it is in one piece
_PIECE: Final = 0.02  # of the figure's pixels; smaller pieces are specks


@dataclass(frozen=True)
class SilhouetteScores:
    """How clean the silhouettes of a dance are.

    Attributes:
        grey: mean share of the grey pixels, 20 % to 80 % of white, among all that are not black, on
            the figure and around it.
        pieces: fraction of the frames in which the figure has more than one piece larger than 2 %
            of it.
    """

    grey: float = float("nan")
    pieces: float = float("nan")


def ratio(new: float, learned: float) -> float:
    """`new / learned`; 1 where both are 0, infinite where only `learned` is, NaN if unknown."""
    if learned == 0:
        return 1.0 if new == 0 else new * float("inf")
    return new / learned


def silhouette_scores(pictures: Iterable[Frame]) -> SilhouetteScores:
    """Measure silhouettes; NaN where none shows anything.

    Args:
        pictures: uint8 `(H, W, 1)` each.
    """
    grey, apart = [], []
    for picture in pictures:
        if np.isfinite(share := grey_share(picture)):
            grey.append(share)
            apart.append(pieces_of(picture) > 1)
    if not grey:
        return SilhouetteScores()
    return SilhouetteScores(float(np.mean(grey)), float(np.mean(apart)))


def grey_share(picture: Frame) -> float:
    """The share of grey pixels among those that are not black; NaN if all are.

    Args:
        picture: uint8 `(H, W, 1)`.
    """
    lit = int((picture >= _BLACK).sum())
    return int(((picture >= _BLACK) & (picture <= _WHITE)).sum()) / lit if lit else float("nan")


def pieces_of(picture: Frame) -> int:
    """Number of the figure's pieces larger than 2 % of it; pixels touch also at corners.

    Args:
        picture: uint8 `(H, W, 1)`.
    """
    _, _, blobs, _ = cv2.connectedComponentsWithStats((picture > _BODY).astype(np.uint8))
    areas = blobs[1:, cv2.CC_STAT_AREA]
    return int((areas > _PIECE * areas.sum()).sum())
