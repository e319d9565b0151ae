"""Which clips show the same room, and so most likely the same person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from dancenow.detector.passages import Passages

_BINS: Final = 8  # of each colour
_ALIKE: Final = 0.7  # clips of one room share 0.84 of their colours or more, others 0.59 or less


def rooms_of(clips: Sequence[Passages]) -> list[int]:
    """A number for every clip, which clips of one room share.

    What is around the body is compared by its colours (histogram intersection: Swain and Ballard,
    1991, "Color indexing").  A performer's room is a picture of the real one.
    """
    colours = np.stack([_colours(clip) for clip in clips])
    shared = np.array([np.minimum(one, colours).sum(axis=1) for one in colours])
    return list(connected_components(shared > _ALIKE, directed=False)[1].tolist())


def _colours(clip: Passages) -> NDArray[np.float64]:
    """How often each colour is seen around the body, `(BINS^3,)`; in all 1."""
    counts = np.zeros(_BINS**3)
    pictures = clip.variants[0]
    for frame, places in zip(pictures[:, pictures.shape[1] // 2], clip.places, strict=True):
        size = (frame.shape[1], frame.shape[0])
        body = cv2.resize(places, size, interpolation=cv2.INTER_NEAREST)
        levels = frame[body == 0].astype(np.int64) * _BINS // 256
        counts += np.bincount(levels @ (_BINS**2, _BINS, 1), minlength=_BINS**3)
    return np.asarray(counts / max(1.0, counts.sum()))
