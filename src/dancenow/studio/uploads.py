"""Uploaded files: checked before anything is decoded, stored under names of the studio's own."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer
from PIL import UnidentifiedImageError

from dancenow.errors import InputError
from dancenow.files import make_folder, write_text
from dancenow.reading import read_object, reading
from dancenow.studio.config import MEGABYTE, Limits
from dancenow.studio.media_types import MediaType, UploadKind, detect_media_type
from dancenow.video import probe
from dancenow.video.images import open_picture

_MAX_NAME: Final = 60  # characters
_MAX_FPS: Final = 240  # highest frame rate that is allowed
_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_LOCAL: Final = {"protocol_whitelist": "file"}
_WANTED: Final = {
    UploadKind.clip: "a video (MP4, MOV, WebM, MKV, AVI, GIF, animated WebP or PNG)",
    UploadKind.picture: "a picture (PNG, JPEG, WebP, HEIC) or a video",
    UploadKind.sound: "music (MP3, M4A, WAV, FLAC, OGG), or a video with sound",
}


@dataclass(frozen=True)
class Upload:
    """An uploaded file that passed the checks.

    Attributes:
        id: cannot be guessed.
        name: the user's name for it; never part of a path.
        file: where it is stored.
        mime: its MIME type.
        seconds: its length; 0 for a picture.
        size: width and height in pixels; zeros for sound.
        seen: what was seen in it, as `tasks.preview_clip` returns it; empty before.
        ahead: whether what a job needs of it was found before any was ordered.
        origin: id of the upload that it was cut out of; "" if it is whole.
    """

    id: str
    name: str
    file: Path
    mime: str
    seconds: float
    size: tuple[int, int]
    seen: dict[str, Any] = field(default_factory=dict)
    ahead: bool = False
    origin: str = ""

    @property
    def strip(self) -> Path:
        """Where some of its frames with their poses are stored."""
        return self.file.with_name("strip.jpg")

    @property
    def picture(self) -> Path:
        """Where its thumbnail is stored."""
        return self.file.with_name("picture.jpg")

    @property
    def mended(self) -> Path:
        """Where its poses are stored once somebody mended them."""
        return self.file.with_name("mended.npz")

    @property
    def motion(self) -> Path:
        """Where its motion is: in the mended poses, or in the file itself."""
        return self.mended if self.mended.is_file() else self.file


def is_id(text: str) -> bool:
    """Whether a text can be an id that `new_id` made."""
    return _ID.fullmatch(text) is not None


def new_id() -> str:
    """An id that nobody can guess, safe in paths and URLs."""
    return secrets.token_urlsafe(16)


def plain_name(text: str, default: str) -> str:
    """Make a name safe to show: one line, no control characters, not too long."""
    seen = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(seen.split())[:_MAX_NAME].strip() or default


def inspect(
    path: Path, name: str, kind: UploadKind, limits: Limits
) -> tuple[MediaType, float, tuple[int, int]]:
    """Check the type and size of a file before it is decoded.

    Args:
        path: the file.
        name: the user's name for it, for messages.
        kind: what is wanted; where that is a picture, a clip is accepted too.
        limits: of uploads.

    Returns:
        Its type, seconds (0 for a picture), and width and height in pixels (zeros for sound).

    Raises:
        InputError: it is not what is wanted, or above a limit.
    """
    if path.stat().st_size > limits.bytes:
        raise InputError(
            f"{name}: is {path.stat().st_size / MEGABYTE:.0f} MB; at most {limits.megabytes:g} MB "
            "is allowed here, choose a shorter or smaller one."
        )
    media_type = detect_media_type(path)
    accepted = {kind, UploadKind.clip} if kind is UploadKind.picture else {kind}
    if media_type is None or not accepted & media_type.kinds:
        raise InputError(f"{name}: is not {_WANTED[kind]}, whatever its name says.")
    if media_type.demuxer:
        seconds, size = _check_streams(path, name, kind, media_type, limits)
    else:
        seconds, size = 0.0, _picture_size(path, name)
        _check_pixels(name, size, limits)
        if UploadKind.clip in media_type.kinds:  # an animation
            seconds, size = _check_length(path, name, limits)
    return media_type, seconds, size


def _check_streams(
    path: Path, name: str, kind: UploadKind, media_type: MediaType, limits: Limits
) -> tuple[float, tuple[int, int]]:
    size = (0, 0)
    try:
        container: Any = av.open(
            str(path.absolute()), "r", options=_LOCAL, metadata_errors="replace"
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{name}: is damaged or incomplete; copy or record it again.") from error
    assert isinstance(container, InputContainer)
    with container:
        if media_type.demuxer not in container.format.name:
            raise InputError(f"{name}: is not what it seems; convert it to MP4 first.")
        seconds = (container.duration or 0) / 1_000_000  # FFmpeg counts in microseconds
        video = next(iter(container.streams.video), None)
        if kind is not UploadKind.sound and video is None:
            raise InputError(f"{name}: has no video track; choose {_WANTED[kind]}.")
        if kind is UploadKind.sound and not container.streams.audio:
            raise InputError(f"{name}: has no sound; choose {_WANTED[kind]}.")
        if kind is not UploadKind.sound and video is not None:
            size = (video.width, video.height)
            _check_pixels(name, size, limits)
        if kind is UploadKind.sound:
            seconds = _sounding(container)
    _check_seconds(name, seconds, limits)
    if kind is UploadKind.sound:
        return seconds, size
    return _check_length(path, name, limits)


def _sounding(container: InputContainer) -> float:
    """Seconds of a file's sound by its packets: its header may have lied."""
    first, end = None, 0.0
    with suppress(av.FFmpegError, ValueError):  # as far as it can be read
        for packet in container.demux(container.streams.audio[0]):
            if packet.pts is not None and packet.time_base is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                first = float(packet.pts * packet.time_base) if first is None else first
    return 0.0 if first is None else end - first


def _check_length(path: Path, name: str, limits: Limits) -> tuple[float, tuple[int, int]]:
    info = probe(path)  # reads the whole file: its header may have lied
    _check_seconds(name, info.duration, limits)
    if info.frames > limits.seconds * _MAX_FPS:
        raise InputError(f"{name}: has {info.frames} frames; cut it shorter.")
    return info.duration, info.size


def _check_pixels(name: str, size: tuple[int, int], limits: Limits) -> None:
    if size[0] * size[1] > limits.megapixels * 1e6:
        raise InputError(
            f"{name}: is {size[0]} x {size[1]} pixels; at most {limits.megapixels:g} million "
            "pixels are allowed here, make it smaller first."
        )


def _check_seconds(name: str, seconds: float, limits: Limits) -> None:
    if seconds > limits.seconds:
        raise InputError(
            f"{name}: is {seconds:.0f} s long; at most {limits.seconds:g} s is allowed here, "
            "cut it shorter."
        )


def _picture_size(path: Path, name: str) -> tuple[int, int]:
    try:
        with open_picture(path) as image:  # reads the header only
            return image.size
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as error:
        raise InputError(f"{name}: is damaged; save it again.") from error


class Uploads:
    """The uploads of one user, until they are used or old.

    Args:
        folder: where they are stored.
        limits: of an upload.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits

    def add(self, path: Path, name: str, kind: UploadKind) -> Upload:
        """Check a file and store it; the file at `path` is gone afterwards either way.

        Raises:
            InputError: it is not what is wanted, or above a limit.
        """
        shown = plain_name(re.split(r"[\\/]", name)[-1], "the file")
        try:
            media_type, seconds, size = inspect(path, shown, kind, self._limits)
            return self._store(path, shown, media_type, seconds, size)
        except InputError as error:
            raise InputError(str(error).replace(str(path), shown)) from error
        finally:
            path.unlink(missing_ok=True)

    def _store(
        self, path: Path, name: str, media_type: MediaType, seconds: float, size: tuple[int, int]
    ) -> Upload:
        id = new_id()
        file = self._folder / id / f"{id[:8]}{media_type.suffix}"
        make_folder(file.parent)
        shutil.move(path, file)
        return _kept(Upload(id, name, file, media_type.mime, seconds, size))

    def note(self, id: str, **known: Any) -> Upload | None:
        """Keep what is known of an upload: `seen`, `ahead`, `origin`; None where it is gone."""
        upload = self.get(id)
        return upload and _kept(replace(upload, **known))

    def get(self, id: str) -> Upload | None:
        """An upload; None where there is none of that id."""
        if not is_id(id):
            return None
        path, said = self._folder / id / "about.json", "is damaged."
        try:
            about = read_object(path, said)
            with reading(path, said):
                file = self._folder / id / Path(about["file"]).name
                size = (int(about["size"][0]), int(about["size"][1]))
                known = {key: about[key] for key in ("seen", "ahead", "origin") if key in about}
                named = about["name"], file, about["mime"], about["seconds"]
                upload = Upload(id, *named, size, **known)
        except InputError:
            return None
        return upload if file.is_file() else None

    def all(self) -> list[Upload]:
        """All uploads, newest first."""
        if not self._folder.is_dir():
            return []
        folders = sorted(self._folder.iterdir(), key=_made, reverse=True)
        return [upload for path in folders if (upload := self.get(path.name)) is not None]

    def remove(self, id: str) -> None:
        """Remove an upload, if it is there."""
        if is_id(id):
            shutil.rmtree(self._folder / id, ignore_errors=True)

    def older_than(self, seconds: float, kept: Collection[str]) -> list[str]:
        """The ids of uploads that are older, damaged ones too, except those in `kept`."""
        if not self._folder.is_dir():
            return []
        ids = [path.name for path in self._folder.iterdir() if time.time() - _made(path) > seconds]
        return [id for id in ids if id not in kept]


def _made(folder: Path) -> float:
    """When a folder was changed last; now if it is gone meanwhile."""
    try:
        return folder.stat().st_mtime
    except OSError:
        return time.time()


def _kept(upload: Upload) -> Upload:
    """Write what is known of an upload beside it."""
    about = {**asdict(upload), "file": upload.file.name}
    write_text(upload.file.with_name("about.json"), json.dumps(about, indent=1))
    return upload


def link_or_copy(source: Path, goal: Path) -> None:
    """Link a file to a second place; copy it where links do not work."""
    make_folder(goal.parent)
    if goal.exists() and goal.samefile(source):
        return
    goal.unlink(missing_ok=True)
    try:
        os.link(source, goal)
    except OSError:
        shutil.copyfile(source, goal)
