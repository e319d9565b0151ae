"""Hashes of what files and values hold, wherever they lie."""

from __future__ import annotations

import hashlib
import os
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dancenow.reading import check_file

_CHUNK = 1 << 20  # bytes


def hash_of(*values: object) -> str:
    """A hash of values, by their `repr`."""
    return hashlib.blake2b(repr(values).encode(), digest_size=12).hexdigest()


def content_hash(path: Path, *details: object) -> str:
    """A hash of a file's content, or of a folder's files, and of some details.

    It does not depend on the path, nor on hidden files.
    """
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.is_file() and not _is_note(each))
        states = ((each, each.stat()) for each in files)
        known = tuple((each, state.st_mtime_ns, state.st_size) for each, state in states)
        digest = _of_files(known).copy()
    else:
        found = path.stat()
        digest = _of_file(path.resolve(), found.st_mtime_ns, found.st_size).copy()
    digest.update(repr(details).encode())
    return digest.hexdigest()


def _is_note(file: Path) -> bool:
    """Whether a system's file manager made a file, or it is hidden."""
    return file.name.startswith(".") or file.name in ("Thumbs.db", "desktop.ini")


@lru_cache(maxsize=4096)
def _of_file(path: Path, _changed: int, _size: int) -> hashlib.blake2b:
    """The digest of a file's content: a long clip is asked for often, and read once."""
    digest = hashlib.blake2b(digest_size=12)
    _feed(digest, path)
    return digest


@lru_cache(maxsize=64)
def _of_files(files: tuple[tuple[Path, int, int], ...]) -> hashlib.blake2b:
    """The digest of the files of a folder: their names and contents."""
    digest = hashlib.blake2b(digest_size=12)
    for file, _, _ in files:
        digest.update(os.fsencode(file.name))
        _feed(digest, file)
    return digest


def _feed(digest: hashlib.blake2b, file: Path) -> None:
    check_file(file)
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)


def fingerprint(*parts: object, made: frozenset[Path] = frozenset()) -> str:
    """A hash of values in which paths count by what they hold, wherever it lies.

    Args:
        parts: dataclasses, sequences, plain values; a text that is a path of a file counts as one.
        made: paths that do not count.
    """
    text = repr([_stable(part, made) for part in parts])
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _stable(value: Any, made: frozenset[Path]) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return [_stable(getattr(value, each.name), made) for each in fields(value)]
    if isinstance(value, tuple | list):
        return [_stable(each, made) for each in value]
    if isinstance(value, str) and ("/" in value or "." in value):
        value = Path(value)  # a background, say
    if isinstance(value, Path):
        if value in made:
            return ""
        try:
            found = value.stat()
        except (OSError, ValueError):
            return str(value)
        return _content(value.resolve(), found.st_mtime_ns, found.st_size)
    return repr(value)


@lru_cache(maxsize=4096)
def _content(path: Path, _: int, __: int) -> str:
    return content_hash(path)
