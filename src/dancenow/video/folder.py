"""Writing a clip as a folder of numbered PNG pictures."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final

from dancenow.errors import OutputError
from dancenow.files import check_can_write, put_in_place, real_place, scratch_folder
from dancenow.video.convert import Frame
from dancenow.video.images import NOTE_NAME, written_rate
from dancenow.video.png import encode_png

_OURS: Final = re.compile(r"\d{6,}\.png|\..*|Thumbs\.db|desktop\.ini")


@contextmanager
def open_folder_writer(
    path: Path, rate: Fraction, comment: str | None = None
) -> Iterator[FolderWriter]:
    """Open a folder for numbered pictures; it takes its name if the block ends without an error.

    A folder that DanceNow wrote earlier is replaced; a folder of the user's own is not, unless it
    is empty.  A `comment` goes into every picture and into the folder's note.

    Raises:
        OutputError: the folder cannot be made, or would replace something else.
    """
    check_may_replace(path)
    path = real_place(path)
    with scratch_folder(path.parent, path.name) as scratch:
        folder = scratch / "new"
        folder.mkdir()
        writer = FolderWriter(folder, comment)
        yield writer
        note = {"fps": str(rate), "frames": writer.count}
        if comment is not None:
            note["comment"] = comment
        _write_flushed(folder / NOTE_NAME, (json.dumps(note) + "\n").encode())
        check_may_replace(path)
        put_in_place(folder, path)


def check_may_replace(path: Path) -> None:
    """Raise `OutputError` if `path` is not a folder of ours and cannot become one."""
    check_can_write(path)
    if path.exists() and not path.is_dir():
        raise OutputError(
            f"{path}: is a file; choose another output name (without a suffix it names a folder, "
            "with .mp4 a video)."
        )
    if path.is_dir() and any(path.iterdir()) and (written_rate(path) is None or _more_in(path)):
        raise OutputError(
            f"{path}: is a folder that holds more than a clip's pictures; choose another output."
        )


def _more_in(folder: Path) -> bool:
    """Whether a folder holds more than what DanceNow wrote and what systems hide in folders."""
    names = (each.name for each in folder.iterdir())
    return any(name != NOTE_NAME and not _OURS.fullmatch(name) for name in names)


class FolderWriter:
    """Writes frames as numbered pictures."""

    def __init__(self, folder: Path, comment: str | None = None) -> None:
        self._folder = folder
        self._comment = comment
        self.count = 0

    def write(self, frame: Frame) -> None:
        """Append one frame, uint8 `(H, W, 3)` RGB or `(H, W, 4)` RGBA."""
        self.count += 1
        _write_flushed(self._folder / f"{self.count:06d}.png", encode_png(frame, self._comment))


def _write_flushed(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
