"""Animated WebP and PNG, read by Pillow: FFmpeg reads neither their times nor all of WebP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from dancenow import limits
from dancenow.reading import check_file, reading
from dancenow.video.images import on_black, see_through
from dancenow.video.timing import Timeline, fit_timeline, nearest_slot

_FORMATS: Final = ("PNG", "WEBP")
_TICKS: Final = 1_000_000  # a second
_SHOWN: Final = 100.0  # ms; for pictures that state no duration, as browsers do


@dataclass(frozen=True)
class Animation:
    """An animated picture.

    Attributes:
        path: the file.
        size: `(width, height)` in pixels.
        timeline: its frames at a constant rate.
        seconds: when each picture is first shown.
        transparent: whether its first picture is transparent in parts.
    """

    path: Path
    size: tuple[int, int]
    timeline: Timeline
    seconds: tuple[Fraction, ...]
    transparent: bool

    def pictures(self, rate: Fraction) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Its pictures, uint8 `(H, W, 3)` RGB, each with the frame at which it is first shown.

        Raises:
            InputError: one cannot be decoded.
        """
        with _opened(self.path) as image:
            for seconds, picture in zip(self.seconds, _moving(image), strict=False):
                yield nearest_slot(seconds, rate), on_black(picture)


def is_animation(path: Path) -> bool:
    """Whether a file is a WebP or PNG of several pictures; reads its beginning only."""
    check_file(path)
    try:
        with path.open("rb") as file:
            head = file.read(12)
        if not (head.startswith(b"\x89PNG") or head[8:] == b"WEBP"):
            return False
        with Image.open(path, formats=_FORMATS) as image:
            return getattr(image, "n_frames", 1) > 1
    except Exception:  # whatever Pillow says of it, it is none
        return False


def scan_animation(path: Path) -> Animation:
    """Decode an animated picture once, for the times of its pictures.

    Raises:
        InputError: it cannot be decoded.
    """
    state = path.stat()
    return _scan_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _scan_once(path: Path, _changed: int, _size: int) -> Animation:
    durations: list[int] = []
    transparent = False
    with _opened(path) as image:
        size = image.size
        for picture in _moving(image):
            picture.load()  # a WebP tells its duration only then
            if not durations:
                transparent = see_through(picture)
            durations.append(round(float(picture.info.get("duration") or _SHOWN) * _TICKS / 1000))
    ends = np.cumsum(durations, dtype=np.int64)
    starts = np.concatenate([[0], ends[:-1]])
    limits.check_length(path, len(durations), int(ends[-1]) / _TICKS)
    timeline = fit_timeline(starts, Fraction(1, _TICKS), (), durations[-1])
    seconds = tuple(Fraction(int(start), _TICKS) for start in starts)
    return Animation(path, size, timeline, seconds, transparent)


def _moving(image: Image.Image) -> Iterator[Image.Image]:
    """The pictures of the animation, without the one that viewers show who know no animations."""
    pictures = iter(ImageSequence.Iterator(image))
    if getattr(image, "default_image", False):
        next(pictures)
    return pictures


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    with (
        reading(path, "is damaged and cannot be decoded; save it again."),
        Image.open(path, formats=_FORMATS) as image,
    ):
        limits.check_picture(path, *image.size)
        yield image
