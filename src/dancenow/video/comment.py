"""The comment in a file's metadata, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from dancenow.errors import InputError
from dancenow.reading import read_object
from dancenow.video.containers import open_media
from dancenow.video.images import NOTE_NAME, open_folder


def read_comment(path: Path) -> str | None:
    """The comment of a video, a sound, a picture or a folder of pictures; None if it has none.

    Raises:
        InputError: there is no such file, or it is none of these.
    """
    if path.is_dir():
        return _of_folder(path)
    with open_media(path) as container:
        name = container.format.name
        tags = {key.lower(): text for key, text in container.metadata.items()}
    if name == "tty":  # FFmpeg draws any text
        raise InputError(f"{path}: is a text file; give a video, a picture or a sound.")
    comment = tags.get("comment") or _of_picture(path)
    return comment or None


def _of_folder(path: Path) -> str | None:
    open_folder(path)
    try:
        comment = read_object(path / NOTE_NAME, "").get("comment")
    except InputError:
        return None
    return comment if isinstance(comment, str) else None


def _of_picture(path: Path) -> str | None:
    """The comment of a PNG or GIF, which FFmpeg does not read."""
    try:
        with Image.open(path) as image:
            comment = image.info.get("Comment") or image.info.get("comment")
    except Exception:  # whatever Pillow says of it, it tells nothing
        return None
    if isinstance(comment, bytes):
        return comment.decode("utf-8", "replace")
    return comment if isinstance(comment, str) else None
