"""What users bring: looked at before anything is decoded, kept under names of our own."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer
from PIL import Image, UnidentifiedImageError

from dancenow.errors import InputError
from dancenow.files import make_folder, write_text
from dancenow.studio.config import MEGABYTE, Limits
from dancenow.studio.contents import Content, Sort, recognise
from dancenow.video import probe

_LONGEST_NAME: Final = 60  # characters
_FASTEST: Final = 240  # frames a second that a clip may have, for its length
_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_LOCAL: Final = {"protocol_whitelist": "file"}
_WANTED: Final = {
    Sort.clip: "a video (MP4, MOV, WebM, MKV, AVI, GIF)",
    Sort.picture: "a picture (PNG, JPEG, WebP) or a video",
    Sort.sound: "music (MP3, M4A, WAV, FLAC, OGG), or a video with sound",
}


@dataclass(frozen=True)
class Upload:
    """A file that was brought and taken.

    Attributes:
        id: cannot be guessed.
        name: what its owner called it; never part of a path.
        file: where it lies.
        mime: what it is.
        seconds: its length; 0 for a picture.
        size: width and height in px; zeros for sound.
    """

    id: str
    name: str
    file: Path
    mime: str
    seconds: float
    size: tuple[int, int]

    @property
    def strip(self) -> Path:
        """Where frames of it with their poses are put."""
        return self.file.with_name("strip.jpg")

    @property
    def picture(self) -> Path:
        """Where one small frame of it is put."""
        return self.file.with_name("picture.jpg")


def is_id(text: str) -> bool:
    """Whether a text can be one of the ids that the studio gives."""
    return _ID.fullmatch(text) is not None


def new_id() -> str:
    """A name that nobody can guess, safe in paths and addresses."""
    return secrets.token_urlsafe(16)


def plain_name(text: str, otherwise: str) -> str:
    """A name as people may read it: one line, no control characters, not too long."""
    seen = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(seen.split())[:_LONGEST_NAME].strip() or otherwise


def inspect(
    path: Path, name: str, sort: Sort, limits: Limits
) -> tuple[Content, float, tuple[int, int]]:
    """See what a file is and how large, before it is decoded.

    Args:
        path: the file.
        name: what its owner calls it, for messages.
        sort: what is wanted; a clip is also taken where a picture is.
        limits: what it may be at most.

    Returns:
        What it is, its seconds (0 for a picture), its width and height in px (zeros for sound).

    Raises:
        InputError: it is none of what is wanted, or more than the limits allow.
    """
    if path.stat().st_size > limits.bytes:
        raise InputError(
            f"{name}: has {path.stat().st_size / MEGABYTE:.0f} MB; {limits.megabytes:g} MB are "
            "allowed here, choose a shorter or smaller one."
        )
    content = recognise(path)
    sorts = {sort, Sort.clip} if sort is Sort.picture else {sort}
    if content is None or not sorts & content.sorts:
        raise InputError(f"{name}: is not {_WANTED[sort]}, whatever its name says.")
    if content.demuxer:
        seconds, size = _look_inside(path, name, sort, content, limits)
    else:
        seconds, size = 0.0, _picture_size(path, name)
        _check_pixels(name, size, limits)
    return content, seconds, size


def _look_inside(
    path: Path, name: str, sort: Sort, content: Content, limits: Limits
) -> tuple[float, tuple[int, int]]:
    size = (0, 0)
    try:
        container: Any = av.open(
            str(path.absolute()), "r", options=_LOCAL, metadata_errors="replace"
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{name}: is damaged or cut off; copy or record it again.") from error
    assert isinstance(container, InputContainer)
    with container:
        if content.demuxer not in container.format.name:
            raise InputError(f"{name}: is not what it seems; convert it to MP4 first.")
        seconds = (container.duration or 0) / 1_000_000  # FFmpeg counts in microseconds
        video = next(iter(container.streams.video), None)
        if sort is not Sort.sound and video is None:
            raise InputError(f"{name}: holds no picture that moves; give {_WANTED[sort]}.")
        if sort is Sort.sound and not container.streams.audio:
            raise InputError(f"{name}: has no sound; give {_WANTED[sort]}.")
        if sort is not Sort.sound and video is not None:
            size = (video.width, video.height)
            _check_pixels(name, size, limits)
    _check_seconds(name, seconds, limits)
    if sort is Sort.sound:
        return seconds, size
    info = probe(path)  # goes through the file, and decodes one frame: it may tell other lengths
    _check_seconds(name, info.duration, limits)
    if info.frames > limits.seconds * _FASTEST:
        raise InputError(f"{name}: has {info.frames} frames; cut it shorter.")
    return info.duration, info.size


def _check_pixels(name: str, size: tuple[int, int], limits: Limits) -> None:
    if size[0] * size[1] > limits.megapixels * 1e6:
        raise InputError(
            f"{name}: has {size[0]} x {size[1]} px; {limits.megapixels:g} million px are allowed "
            "here, make it smaller first."
        )


def _check_seconds(name: str, seconds: float, limits: Limits) -> None:
    if seconds > limits.seconds:
        raise InputError(
            f"{name}: is {seconds:.0f} s long; {limits.seconds:g} s are allowed here, "
            "cut it shorter."
        )


def _picture_size(path: Path, name: str) -> tuple[int, int]:
    try:
        with Image.open(path) as image:  # reads the head only
            return image.size
    except Image.DecompressionBombError as error:
        raise InputError(f"{name}: has far too many px; make it smaller first.") from error
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as error:
        raise InputError(f"{name}: is damaged; save it again.") from error


class Uploads:
    """The files that one user brought, until they are used or old.

    Args:
        folder: where they lie.
        limits: what one may be at most.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits

    def take(self, path: Path, name: str, sort: Sort) -> Upload:
        """Look at a file and take it over; the file at `path` is gone afterwards either way.

        Raises:
            InputError: it is none of what is wanted, or too much.
        """
        shown = plain_name(re.split(r"[\\/]", name)[-1], "the file")
        try:
            content, seconds, size = inspect(path, shown, sort, self._limits)
            upload = self._placed(path, shown, content, seconds, size)
        except InputError as error:
            raise InputError(str(error).replace(str(path), shown)) from error
        finally:
            path.unlink(missing_ok=True)
        return upload

    def _placed(
        self, path: Path, name: str, content: Content, seconds: float, size: tuple[int, int]
    ) -> Upload:
        id = new_id()
        file = self._folder / id / f"{id[:8]}{content.suffix}"
        make_folder(file.parent)
        shutil.move(path, file)
        upload = Upload(id, name, file, content.mime, seconds, size)
        about = {**asdict(upload), "file": file.name}
        write_text(file.parent / "about.json", json.dumps(about, indent=1))
        return upload

    def get(self, id: str) -> Upload | None:
        """An upload that is still there."""
        if not is_id(id):
            return None
        try:
            about = json.loads((self._folder / id / "about.json").read_text("utf-8"))
            file = self._folder / id / Path(about["file"]).name
            size = (int(about["size"][0]), int(about["size"][1]))
            upload = Upload(id, about["name"], file, about["mime"], about["seconds"], size)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return upload if file.is_file() else None

    def prune(self, seconds: float, kept: Collection[str]) -> None:
        """Remove what is older than that, but for the ids in `kept`."""
        if not self._folder.is_dir():
            return
        for folder in self._folder.iterdir():
            if folder.name not in kept and time.time() - folder.stat().st_mtime > seconds:
                shutil.rmtree(folder, ignore_errors=True)


def link_or_copy(source: Path, goal: Path) -> None:
    """Let a file lie in a second place: the same bytes on disk where that can be."""
    make_folder(goal.parent)
    try:
        os.link(source, goal)
    except OSError:
        shutil.copyfile(source, goal)
