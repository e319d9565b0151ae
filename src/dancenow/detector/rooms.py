"""Which clips show the same room, and so most likely the same person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.sparse.csgraph import connected_components

from dancenow.detector.passages import Passages

_BINS: Final = 12  # of each colour
_SOFT: Final = 1.0  # standard deviation, in bins, of the blur that forgives a little other light
# In 128 clips of 22 rooms, those of one room shared 0.90 of their colours or more, others 0.71 or
# less; brighter by 4 or 8 levels, a clip shared 0.86 or 0.77 with itself.  To take two rooms for
# one does no harm.
_ALIKE: Final = 0.75


def rooms_of(clips: Sequence[Passages]) -> list[int]:
    """A number for every clip, which clips of one room share.

    What is around the body is compared by its colours (histogram intersection: Swain and Ballard,
    1991, "Color indexing").  A performer's room is a picture of the real one.
    """
    colours = np.stack([_colours(clip) for clip in clips])
    shared = np.array([np.minimum(one, colours).sum(axis=1) for one in colours])
    return list(connected_components(shared > _ALIKE, directed=False)[1].tolist())


def _colours(clip: Passages) -> NDArray[np.float64]:
    """How often each colour is seen around the body, `(BINS^3,)`; in all 1, or 0 if none is."""
    counts = np.zeros(_BINS**3)
    pictures = clip.variants[0]
    for frame, places in zip(pictures[:, pictures.shape[1] // 2], clip.places, strict=True):
        size = (frame.shape[1], frame.shape[0])
        body = cv2.resize(places, size, interpolation=cv2.INTER_NEAREST)
        levels = frame[body == 0].astype(np.int64) * _BINS // 256
        counts += np.bincount(levels @ (_BINS**2, _BINS, 1), minlength=_BINS**3)
    soft = gaussian_filter(counts.reshape((_BINS,) * 3), _SOFT, mode="nearest").ravel()
    return np.asarray(soft / max(1.0, soft.sum()))
