"""A performer in a small folder: the same pictures to the eye, in a fraction of the bytes.

Three things make a performer's folder large: the weights, and the pictures of the person at two
resolutions.  Here the weights are kept in half precision, and of the pictures only the person:
the room behind them is never shown, since their masks cut it away.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from dancenow.performer.fast.dataset import spread
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.references import (
    FineFrames,
    Frame,
    Packing,
    References,
    pack_picture,
)

MOST_REFERENCES: Final = 128
PACKING: Final = Packing(".webp", 88)
_GREY: Final = 127  # in the place of the room
_MARGIN_PX: Final = 9  # of the canvas, kept around the person: filters look beyond the mask


def save_small(performer: FastPerformer, folder: Path) -> None:
    """Write a performer as `FastPerformer.save` does, but small; `Performer.load` reads it too.

    Args:
        performer: the performer; it is not changed.
        folder: where to; each file is written atomically.
    """
    performer.save_as(folder, smaller(performer.texture.references), PACKING, torch.float16)


def smaller(references: References, most: int = MOST_REFERENCES) -> References:
    """Up to `most` of the references, spread over the clip, with the person alone.

    Args:
        references: those of a trained performer.
        most: how many to keep.
    """
    rows = spread(len(references), most)
    masks = [references.masks[row] for row in rows]
    frames = [
        _alone(references.frames[row], mask, 1.0) for row, mask in zip(rows, masks, strict=True)
    ]
    fine = references.fine
    if fine is not None:
        factor = fine.factor
        pictures = [_alone(fine[row], mask, factor) for row, mask in zip(rows, masks, strict=True)]
        fine = FineFrames.of([pack_picture(each, PACKING) for each in pictures], factor)
    return replace(
        references,
        frames=np.stack(frames),
        masks=np.stack(masks),
        keypoints=references.keypoints[rows],
        times=references.times[rows],
        fine=fine,
    )


def _alone(frame: Frame, mask: NDArray[np.uint8], factor: float) -> Frame:
    """A picture `(H, W, 3)` with grey in the place of the room.

    The mask, `(H / factor, W / factor)`, is 0 there.
    """
    size = 2 * _MARGIN_PX + 1
    near = cv2.dilate((mask > 0).astype(np.uint8), np.ones((size, size), np.uint8))
    if factor > 1:
        near = cv2.resize(near, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return np.where(near[..., None] > 0, frame, np.uint8(_GREY))
