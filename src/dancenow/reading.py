"""The door through which files come in: whatever is wrong with one becomes one line for the user.

A parser can raise anything over a file that somebody has damaged or made on purpose, so nothing
here lists what it may raise.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow import limits
from dancenow.errors import DanceNowError, InputError

_RATE: Final = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,20})?|[0-9]{1,10}/[0-9]{1,10}")
_END: Final = 22  # bytes of the record with which a ZIP ends
_MEMBERS: Final = 20_000  # files that a ZIP may list
_LISTED: Final = 8 << 20  # bytes of its list
_OF_THE_MACHINE: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO)


@contextmanager
def reading(path: Path, otherwise: str) -> Iterator[None]:
    """Read a file within; whatever is raised there becomes an `InputError`.

    Args:
        path: the file, or the folder of files.
        otherwise: what is wrong with it and how to mend it, unless it cannot be read at all.

    Raises:
        InputError: reading failed; an error of ours passes as it is.
    """
    try:
        yield
    except (DanceNowError, ImportError):
        raise
    except MemoryError as error:
        raise InputError(f"{path}: needs more memory than this machine has.") from error
    except Exception as error:
        if isinstance(error, FileNotFoundError) and error.filename:
            raise InputError(f"{os.fsdecode(error.filename)}: no such file.") from error
        if isinstance(error, PermissionError):
            raise InputError(f"{path}: no permission to read it.") from error
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
        raise InputError(f"{path}: {otherwise}") from error


def check_file(path: Path) -> None:
    """Raise `InputError` if something is neither a file nor a folder: it might never end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # whoever opens it says why
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InputError(f"{path}: is a pipe or a device; give a file.")


def read_text(path: Path, otherwise: str) -> str:
    """A text in UTF-8, with or without a byte order mark.

    Raises:
        InputError: it cannot be read, is too large, or is no text.
    """
    with reading(path, otherwise):
        check_file(path)
        if (size := path.stat().st_size) > limits.DOCUMENT:
            raise InputError(
                f"{path}: is a text of {size / 2**20:,.0f} MB; at most "
                f"{limits.DOCUMENT >> 20} MB are read."
            )
        return path.read_text("utf-8-sig")


def read_json(path: Path, otherwise: str) -> Any:
    """What a JSON file holds.

    Raises:
        InputError: it cannot be read, is too large, or is no JSON.
    """
    text = read_text(path, otherwise)
    with reading(path, otherwise):
        return json.loads(text)


def read_object(path: Path, otherwise: str) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        InputError: it cannot be read, is too large, or is no JSON object.
    """
    document = read_json(path, otherwise)
    if not isinstance(document, dict):
        raise InputError(f"{path}: {otherwise}")
    return document


def read_rate(value: object) -> Fraction:
    """A rate in a document, such as 25, "29.97" or "30000/1001".

    Raises:
        ValueError: it is none; `Fraction` would count out powers of ten for hours.
    """
    text = str(value)
    if not _RATE.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no rate")
    return Fraction(text)


def check_zip(path: Path) -> None:
    """Raise `InputError` if a ZIP's table of contents is too large to be read; none has this many.

    Python reads all of it before anybody can say how many files are welcome.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END - 65_535))
        tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if 0 <= at <= len(tail) - _END:
        count, listed = struct.unpack("<HI", tail[at + 10 : at + 16])
        if count > _MEMBERS or listed > _LISTED:
            raise InputError(f"{path}: lists more files than anything that DanceNow reads.")


def read_arrays(path: Path, otherwise: str) -> dict[str, NDArray[Any]]:
    """The arrays of a `.npz` file; those of Python objects are refused.

    Raises:
        InputError: it cannot be read, or holds more than fits into the memory.
    """
    with reading(path, otherwise):
        check_file(path)
        check_zip(path)
        with zipfile.ZipFile(path) as archive:  # before anything is unpacked
            limits.check_packed(path, sum(member.file_size for member in archive.infolist()))
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
