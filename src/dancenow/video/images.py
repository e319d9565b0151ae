"""A clip as a folder of pictures, in natural order and of one size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from dancenow import limits
from dancenow.errors import InputError
from dancenow.reading import check_file, read_object, read_rate, reading
from dancenow.video.timing import DEFAULT_RATE

_VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".gif"}
)
IMAGE_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".heic", ".heif"}
)
# Written beside the pictures of a folder that DanceNow made.  It holds the frame rate, and marks
# the folder as ours: one of the user's own must never be replaced.
SEE_THROUGH: Final = "is transparent in parts; black is put behind them"
NOTE_NAME: Final = "dancenow-clip.json"
_DAMAGED: Final = "is damaged and cannot be decoded; remove it."
_EXIF_ORIENTATION: Final = 0x0112
_TURNED: Final = (5, 6, 7, 8)  # the EXIF orientations that swap width and height


@dataclass(frozen=True)
class ImageFolder:
    """The pictures of a folder, in natural order.

    Attributes:
        files: the pictures.
        size: upright `(width, height)` in pixels, the same for all of them.
        rate: frames a second.
    """

    files: tuple[Path, ...]
    size: tuple[int, int]
    rate: Fraction


def open_picture(path: Path) -> Image.Image:
    """Open a picture with Pillow, HEIC of phones, too, whatever its name says.

    Raises:
        InputError: it has too many pixels.
    """
    check_file(path)
    try:
        picture = _opened(path)
    except UnidentifiedImageError:
        from pi_heif import register_heif_opener

        register_heif_opener()
        picture = _opened(path)
    limits.check_picture(path, *picture.size)
    return picture


def _opened(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except Image.DecompressionBombError as error:
        raise InputError(f"{path}: has far too many pixels; make it smaller first.") from error


def natural_key(path: Path) -> tuple[tuple[int, int | str], ...]:
    """A key that sorts names by the numbers in them: 1.jpg, 2.jpg, 10.jpg."""
    parts = re.findall(r"\d+|\D+", path.name.lower())
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts)


def list_images(folder: Path) -> list[Path]:
    """The pictures of a folder in natural order; hidden files are left out."""
    try:
        found = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
        ]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}).") from error
    return sorted(found, key=lambda path: (natural_key(path), path.name))


def clips_in(path: Path) -> list[Path]:
    """The clips that a path names: itself, or the videos in a folder without pictures, by name.

    Raises:
        InputError: the folder holds neither, or there is no such file.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder.")
    if not path.is_dir() or list_images(path):
        return [path]
    found = [
        each
        for each in path.iterdir()
        if each.suffix.lower() in _VIDEO_SUFFIXES and not each.name.startswith(".")
    ]
    if not found:
        raise InputError(f"{path}: is a folder without clips.")
    return sorted(found, key=natural_key)


def open_folder(folder: Path) -> ImageFolder:
    """List a folder of pictures and check that they have one size; reads their headers only.

    Its frame rate is the one that DanceNow wrote it with, otherwise 25.

    Raises:
        InputError: it holds no pictures, one cannot be read, or one differs in size.
    """
    files = list_images(folder)
    if not files:
        within = next((each for each in sorted(folder.iterdir()) if _holds_pictures(each)), None)
        if within is not None:
            raise InputError(f"{folder}: holds pictures only in its folders; give {within}.")
        raise InputError(
            f"{folder}: is a folder without pictures; put numbered pictures into it "
            f"({', '.join(sorted(IMAGE_SUFFIXES))})."
        )
    size = _read_size(files[0])
    for path in files[1:]:
        other = _read_size(path)
        if other != size:
            raise InputError(
                f"{path}: is {other[0]} x {other[1]}, but {files[0].name} is {size[0]} x "
                f"{size[1]}; all pictures of a clip must have one size."
            )
    return ImageFolder(tuple(files), size, written_rate(folder) or DEFAULT_RATE)


def _holds_pictures(path: Path) -> bool:
    return path.is_dir() and bool(list_images(path))


def _read_size(path: Path) -> tuple[int, int]:
    unread = reading(path, "is not a picture that can be read; remove it.")
    with unread, open_picture(path) as image:
        width, height = image.size
        turned = image.getexif().get(_EXIF_ORIENTATION) in _TURNED
        moves = getattr(image, "n_frames", 1) > 1 and image.format in ("PNG", "WEBP", "GIF")
    if moves:
        raise InputError(f"{path}: is an animation; give it by itself, not in a folder.")
    return (height, width) if turned else (width, height)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read one picture as uint8 `(H, W, 3)` RGB, upright; black stands behind what is transparent.

    Raises:
        InputError: it cannot be decoded.
    """
    with reading(path, _DAMAGED), open_picture(path) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I;16") or upright.mode == "I":
            grey = np.clip(np.asarray(upright).astype(np.int64) >> 8, 0, 255).astype(np.uint8)
            return np.repeat(grey[..., None], 3, axis=2)
        return on_black(upright)


def read_rgba(path: Path) -> NDArray[np.uint8]:
    """Read one picture as uint8 `(H, W, 4)` RGBA, upright; not premultiplied.

    Raises:
        InputError: it cannot be decoded.
    """
    with reading(path, _DAMAGED), open_picture(path) as image:
        return np.array(ImageOps.exif_transpose(image).convert("RGBA"))


def on_black(picture: Image.Image) -> NDArray[np.uint8]:
    """A picture as uint8 `(H, W, 3)` RGB; black stands behind what is transparent."""
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        behind = Image.new("RGB", picture.size)
        behind.paste(picture, mask=picture.getchannel("A"))
        return np.array(behind)
    return np.array(picture.convert("RGB"))


def see_through(picture: Image.Image) -> bool:
    """Whether a picture is transparent in parts."""
    if not picture.has_transparency_data:
        return False
    return bool(np.asarray(picture.convert("RGBA").getchannel("A")).min() < 255)


def written_rate(folder: Path) -> Fraction | None:
    """The frame rate in the note of a folder that DanceNow wrote; None for any other folder."""
    note = folder / NOTE_NAME
    if not note.is_file():
        return None
    said = "is damaged; remove it, and the pictures are read at 25 a second."
    with reading(note, said):
        rate = read_rate(read_object(note, said)["fps"])
    limits.check_rate(note, float(rate))
    return rate
