"""A picture of all dancers of a clip, with the numbers that choose them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dancenow.pose import PoseTrack
from dancenow.pose.draw import overlay
from dancenow.pose.extent import body_extent
from dancenow.video import ClipInfo, read_frames

_TEXT: Final = 0.07  # of the picture's height
_SMALLEST: Final = 14  # pixels of the text


class PeoplePicture(NamedTuple):
    """Frames that show all dancers, their poses and numbers drawn over them.

    Attributes:
        picture: uint8 `(H, W, 3)` RGB: one frame, or several below each other where no frame shows
            all.
        boxes: where each dancer is, number 1 first: left, top, right and bottom, 0..1 of the
            picture's size; None for one of whom too little is seen.
    """

    picture: NDArray[np.uint8]
    boxes: list[tuple[float, ...] | None]


def draw_people(clip: ClipInfo, people: Sequence[PoseTrack]) -> PeoplePicture:
    """Draw a picture by which a dancer can be chosen.

    Args:
        clip: the clip.
        people: its dancers, number 1 first.
    """
    extents = np.stack([body_extent(track) for track in people])
    seen = np.isfinite(extents).all(axis=2)
    left = np.ones(len(people), np.bool_)
    indices: list[int] = []
    panel_of = np.full(len(people), -1)
    while (count := seen[left].sum(axis=0)).size and count.max() > 0:
        best = np.flatnonzero(count == count.max())
        index = int(best[len(best) // 2])
        panel_of[left & seen[:, index]] = len(indices)
        indices.append(index)
        left &= ~seen[:, index]
    if not indices:  # too little is seen of everybody for a number above them
        indices = [int(sum(track.confidence.sum(axis=1) for track in people).argmax())]
    panels = [_panel(clip, people, extents[:, index], index) for index in indices]
    boxes: list[tuple[float, ...] | None] = []
    for extent, panel in zip(extents, panel_of.tolist(), strict=True):
        if panel < 0:
            boxes.append(None)
            continue
        corners = (extent[indices[panel]].reshape(2, 2) / clip.size).clip(0, 1)
        corners[:, 1] = (panel + corners[:, 1]) / len(panels)
        boxes.append(tuple(corners.ravel().tolist()))
    return PeoplePicture(np.asarray(np.vstack(panels), dtype=np.uint8), boxes)


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
