"""Pictures and videos inside a page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.report.html import Html, element

_WIDE: Final = 3.0  # aspect ratio from which pictures are stacked vertically
_LONGEST_PX: Final = 800  # of a picture in a page
_QUALITY: Final = 82  # of JPEG, 0..100
_TYPES: Final = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclass(frozen=True)
class Shot:
    """A picture of a strip.

    Attributes:
        data: JPEG or PNG.
        caption: shown below it.
        alt: alternative text.
    """

    data: bytes
    caption: str
    alt: str


def picture(data: bytes, alt: str, caption: object = "") -> Html:
    """A picture, JPEG or PNG, with a caption."""
    source = _embedded(_type(data), data)
    width, height = _size(data)
    image = element("img", src=source, alt=alt, width=width, height=height)
    return element("figure", image, element("figcaption", caption) if caption else "")


def strip(shots: Sequence[Shot], label: str) -> Html:
    """Pictures in time order; empty if there are none.

    Args:
        shots: the pictures.
        label: what they show together.
    """
    if not shots:
        return Html("")
    ratios = [width / height for width, height in (_size(shot.data) for shot in shots)]
    items = [element("li", picture(shot.data, shot.alt, shot.caption)) for shot in shots]
    layout = "grid rows" if max(ratios) > _WIDE else "grid shots"
    row = element("ol", *items, class_=layout)
    # Scrollable on narrow screens, with the keyboard too.
    return element("div", row, class_="wide", role="region", aria_label=label, tabindex="0")


def video(path: Path, label: str, caption: object = "", *, starts: bool = False) -> Html:
    """An MP4 video with a caption.

    Args:
        path: the file, embedded in the page.
        label: what it shows.
        caption: shown below it.
        starts: whether it plays automatically.
    """
    shown = element(
        "video",
        src=_embedded("video/mp4", path.read_bytes()),
        controls=True,
        autoplay=starts,
        loop=True,
        muted=True,
        playsinline=True,
        aria_label=label,
    )
    return element("figure", shown, element("figcaption", caption) if caption else "")


def encode_jpeg(picture: NDArray[np.uint8], px: int = _LONGEST_PX) -> bytes:
    """A picture, uint8 `(H, W, 3)` RGB, as JPEG of at most `px` along its longer side."""
    factor = px / max(picture.shape[:2])
    if factor < 1:
        height, width = (max(1, round(factor * side)) for side in picture.shape[:2])
        shrunk = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        picture = np.asarray(shrunk, np.uint8)
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} cannot be written as JPEG")
    return bytes(data)


def _embedded(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _type(data: bytes) -> str:
    for start, kind in _TYPES.items():
        if data.startswith(start):
            return kind
    raise ValueError("a picture in a page must be JPEG or PNG")


def _size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise ValueError("a picture that cannot be read")
    height, width = decoded.shape[:2]
    return width, height
