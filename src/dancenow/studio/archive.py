"""A trained folder as one file, to export and import.

An imported archive may come from anyone: only known names are extracted, flat, none of them a link,
and no more bytes than allowed, whatever the archive's own table of contents says.
"""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO, Final

from dancenow import consent
from dancenow.errors import InputError
from dancenow.files import atomic_path
from dancenow.model_files import is_model_file
from dancenow.reading import check_zip, reading
from dancenow.studio.config import MEGABYTE

METADATA_FILE: Final = "studio.json"
PICTURE_FILE: Final = "picture.jpg"
_OURS: Final = frozenset({METADATA_FILE, consent.FILE, PICTURE_FILE})
_IGNORED: Final = ("checkpoint/", "__MACOSX/", "previews/", "logs/")  # known, but not needed
_IGNORED_NAMES: Final = frozenset({".DS_Store", "index.html"})
_MAX_MEMBERS: Final = 2000
_CHUNK: Final = 1 << 20  # bytes


def pack(files: dict[str, Path], output: Path) -> None:
    """Write files under given names into an archive, uncompressed: weights do not get smaller."""
    with atomic_path(output) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, path in files.items():
            archive.write(path, name)


def size_unpacked(path: Path) -> int:
    """Bytes that an archive says it holds; 0 where it is none, which `unpack` tells.

    Raises:
        InputError: it holds too much.
    """
    check_zip(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        return 0


def unpack(path: Path, folder: Path, *, most_bytes: int) -> None:
    """Extract the known files of an archive into an empty folder.

    Raises:
        InputError: it is not an archive of a trained folder, or holds what it should not.
    """
    damaged = reading(
        Path("the file"), "is not an archive of the studio, or is damaged; download it again."
    )
    with damaged, zipfile.ZipFile(path) as archive:
        members = _select_members(archive.infolist(), most_bytes)
        rest = most_bytes
        for name, member in members.items():
            with archive.open(member) as source, (folder / name).open("xb") as goal:
                rest -= _copy(source, goal, rest)
    if not (folder / "config.json").is_file():
        raise InputError("the archive holds no trained person or dance (config.json is missing).")


def _select_members(entries: list[zipfile.ZipInfo], most_bytes: int) -> dict[str, zipfile.ZipInfo]:
    """The members to extract, by their names in the folder."""
    if len(entries) > _MAX_MEMBERS:
        raise InputError(
            f"the archive holds {len(entries)} files; it is not an archive of the studio."
        )
    members: dict[str, zipfile.ZipInfo] = {}
    top = _common_folder(entries)
    for entry in entries:
        name = entry.filename
        parts = PurePosixPath(name).parts
        if name.startswith("/") or "\\" in name or ":" in name or ".." in parts:
            raise InputError("the archive names files outside itself; it is not safe to open.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # The other methods decompress as much at once as an archive likes.
            raise InputError(
                "the archive is compressed in an unusual way; save it as a plain .zip."
            )
        mode = entry.external_attr >> 16
        if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
            raise InputError("the archive holds links; it is not safe to open.")
        inner = name.removeprefix(top)
        if entry.is_dir() or name.startswith(_IGNORED) or inner.startswith(_IGNORED):
            continue
        if PurePosixPath(inner).name in _IGNORED_NAMES:
            continue
        if not (is_model_file(inner) or inner in _OURS) or inner in members:
            raise InputError(
                f"the archive holds {inner[:80]!r}, which is not part of a trained person or dance."
            )
        members[inner] = entry
    if sum(entry.file_size for entry in members.values()) > most_bytes:
        raise _too_large(most_bytes)
    return members


def _common_folder(entries: list[zipfile.ZipInfo]) -> str:
    """The one folder that holds everything, with its slash; empty where there is none."""
    places = {entry.filename for entry in entries if not entry.filename.startswith("__MACOSX/")}
    tops = {name.split("/", 1)[0] for name in places}
    if len(tops) == 1 and all("/" in name for name in places):
        return f"{tops.pop()}/"
    return ""


def _copy(source: IO[bytes], goal: IO[bytes], most: int) -> int:
    """Copy at most `most` bytes; returns how many there were."""
    done = 0
    while chunk := source.read(_CHUNK):
        done += len(chunk)
        if done > most:
            raise _too_large(most)
        goal.write(chunk)
    return done


def _too_large(most: int) -> InputError:
    return InputError(f"the archive holds more than {most / MEGABYTE:.0f} MB; that is too much.")
