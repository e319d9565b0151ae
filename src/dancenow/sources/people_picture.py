"""A picture of all dancers of a clip, with the numbers that choose them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dancenow.pose import PoseTrack
from dancenow.pose.draw import overlay
from dancenow.pose.extent import body_extent
from dancenow.video import ClipInfo, read_frames

_TEXT: Final = 0.07  # of the picture's height
_SMALLEST: Final = 14  # pixels of the text


def draw_people(clip: ClipInfo, people: Sequence[PoseTrack]) -> NDArray[np.uint8]:
    """Frames that show all dancers, their poses and numbers drawn over them.

    Args:
        clip: the clip.
        people: its dancers, number 1 first.

    Returns:
        uint8 `(H, W, 3)` RGB: one frame, or several below each other where no frame shows all.
    """
    extents = np.stack([body_extent(track) for track in people])
    seen = np.isfinite(extents).all(axis=2)
    left, panels = np.ones(len(people), np.bool_), []
    while (count := seen[left].sum(axis=0)).size and count.max() > 0:
        best = np.flatnonzero(count == count.max())
        index = int(best[len(best) // 2])
        panels.append(_panel(clip, people, extents[:, index], index))
        left &= ~seen[:, index]
    if not panels:  # too little is seen of everybody for a number above them
        index = int(sum(track.confidence.sum(axis=1) for track in people).argmax())
        panels.append(_panel(clip, people, extents[:, index], index))
    return np.asarray(np.vstack(panels), dtype=np.uint8)


def _panel(
    clip: ClipInfo, people: Sequence[PoseTrack], extents: NDArray[np.float32], index: int
) -> NDArray[np.uint8]:
    """One frame with the poses and numbers of whom it shows."""
    picture = next(iter(read_frames(clip, start=index, stop=index + 1)))
    for track in people:
        picture = overlay(picture, track.keypoints[index])
    shown = Image.fromarray(picture)
    pen = ImageDraw.Draw(shown)
    size = max(_SMALLEST, round(_TEXT * clip.size[1]))
    font = ImageFont.load_default(size)
    for number, extent in enumerate(extents, start=1):
        if np.isfinite(extent).all():
            left, top, right, _ = extent.tolist()
            place = ((left + right) / 2, max(top - 0.4 * size, size))
            pen.text(
                place,
                str(number),
                font=font,
                fill="white",
                stroke_width=max(2, size // 8),
                stroke_fill="black",
                anchor="ms",
            )
    return np.asarray(shown, dtype=np.uint8)
