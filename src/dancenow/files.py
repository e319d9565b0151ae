"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from dancenow.errors import OutputError

FULL_DISK: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of the errors that mean no space is left."""


def full_disk(path: Path) -> OutputError:
    """The error for an output that does not fit on the disk."""
    return OutputError(f"{path}: no space left to write it; free some, or choose another output.")


def check_can_write(path: Path) -> None:
    """Raise `OutputError` now, before hours of work, if `path` cannot be written."""
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"{folder}: no such folder; create it first, or choose another output.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: no permission to write there; choose another output.")
    if path.is_dir() and path.suffix:
        raise OutputError(f"{path}: is a folder; choose another output name.")


def check_folder(path: Path, what: str, *, ours: bool) -> None:
    """Raise `OutputError` if a folder to write into holds other files.

    Args:
        path: the folder; it need not exist.
        what: what will be written, for the message.
        ours: whether its present content may be replaced or resumed.
    """
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path}: is a file; a {what} needs a folder.")
    if path.is_dir() and any(path.iterdir()) and not ours:
        raise OutputError(f"{path}: holds other files; choose a new or empty folder.")


def make_folder(path: Path) -> None:
    """Make a folder and its parents.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be made ({error.strerror}).") from error


def check_not_read(output: Path, *inputs: Path) -> None:
    """Raise `OutputError` now if `output` is one of the inputs it will be made from."""
    for path in inputs:
        if output.exists() and path.exists() and output.samefile(path):
            raise OutputError(f"{output}: would replace an input; choose another output.")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success flush it and rename it to `path`.

    The temporary name keeps the suffix, which some writers need.  On failure the temporary file is
    removed and the old file stays.  Lack of space or permission raises `OutputError`.
    """
    check_can_write(path)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        # Not mkstemp: its files are for the user alone, whatever the umask allows.
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        mode = os.fstat(handle).st_mode
        os.close(handle)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written there ({error.strerror}).") from error
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(mode)  # some writers put another file in its place
        temporary.replace(path)
    except OSError as error:
        if error.errno in FULL_DISK:
            raise full_disk(path) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path` atomically."""
    write_bytes(path, text.encode("utf-8"))


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success replace `path` with it."""
    check_can_write(path)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.chmod(0o755)
        temporary.replace(path)
    except OSError as error:
        if error.errno in FULL_DISK:
            raise full_disk(path) from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def new_folder(path: Path, mode: int = 0o755) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success rename it to `path`.

    If `path` holds files by then, another process was faster: its folder is kept and this one
    removed.
    """
    check_can_write(path)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(mode)
        try:
            temporary.rename(path)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
    except OSError as error:
        if error.errno in FULL_DISK:
            raise full_disk(path) from error
        raise OutputError(f"{path}: cannot be written ({error.strerror}).") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def new_pictures(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    """A new `.npy` file of uint8 zeros, mapped into memory for writing.

    Space is reserved first: writing to a mapped file on a full disk would kill the process.
    """
    array: np.memmap[Any, np.dtype[np.uint8]] = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
        path, "w+", np.uint8, shape
    )
    if hasattr(os, "posix_fallocate"):
        with path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
