"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import math
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from dancenow import limits
from dancenow.errors import OutputError
from dancenow.processes import is_of_this_machine, is_running, swap, this_process

FULL_DISK: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of the errors that mean no space is left."""
_LONGEST_STEM: Final = 160  # bytes
_MANY: Final = 50  # files
_UNFINISHED: Final = re.compile(r"\.(.+)\.(\w+-\d+-\d+)-[0-9a-f]{8}\.part(\.\w+)?")
_ABANDONED: Final = 2 * 24 * 3600.0  # seconds after which nobody goes on with an unfinished file


def full_disk(path: Path) -> OutputError:
    """The error for an output that does not fit on the disk."""
    return OutputError(f"{path}: no space left to write it; free some, or choose another output.")


def check_can_write(path: Path) -> None:
    """Raise `OutputError` now, before hours of work, if `path` cannot be written."""
    _check_place(path.parent)
    if path.is_dir() and path.suffix:
        raise OutputError(f"{path}: is a folder; choose another output name.")


def _check_place(folder: Path) -> None:
    if not folder.is_dir():
        raise OutputError(f"{folder}: no such folder; create it first, or choose another output.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: no permission to write there; choose another output.")


def check_folder(path: Path, what: str, *, ours: bool) -> None:
    """Raise `OutputError` if a folder to write into holds other files.

    Args:
        path: the folder; it need not exist.
        what: what will be written, for the message.
        ours: whether its present content may be replaced or resumed.
    """
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path}: is a file; a {what} needs a folder.")
    if names_in(path) and not ours:
        raise OutputError(f"{path}: holds other files; choose a new or empty folder.")


def names_in(folder: Path) -> set[str]:
    """The names of what a folder holds, without what a process that died left unfinished."""
    if not folder.is_dir():
        return set()
    return {path.name for path in folder.iterdir() if not _UNFINISHED.fullmatch(path.name)}


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


def unfinished(path: Path, suffix: str = "") -> Path:
    """A new name beside `path` for what will be renamed to it; it tells whose it is.

    What ended processes of this machine left in the folder is removed first.
    """
    sweep_once(path.parent)
    mark = f"{this_process()}-{secrets.token_hex(4)}"
    stem = os.fsencode(path.name.removesuffix(suffix))[:_LONGEST_STEM].decode("utf-8", "ignore")
    return path.with_name(f".{stem}.{mark}.part{suffix}")


@lru_cache(maxsize=1024)  # a process sweeps a folder once
def sweep_once(folder: Path) -> None:
    """Remove what processes that have ended left unfinished in a folder, but not below it."""
    with suppress(OSError):
        for path in folder.iterdir():
            sweep_one(path)


def sweep_below(folder: Path) -> None:
    """Remove what processes that have ended left unfinished in a folder and all below it."""
    with suppress(OSError):
        for path in folder.iterdir():
            if not sweep_one(path) and path.is_dir() and not path.is_symlink():
                sweep_below(path)


def sweep_one(path: Path) -> bool:
    """Remove a file or folder if it is unfinished and its process has ended; whether it was so.

    What was begun before this machine was started, or by another, is old after two days.
    """
    found = _UNFINISHED.fullmatch(path.name)
    if found is None:
        return False
    with suppress(OSError):
        old = time.time() - path.lstat().st_mtime > _ABANDONED
        if not is_running(found[2]) or (old and not is_of_this_machine(found[2])):
            remove(path)
            return True
    return False


def finished_name(name: str) -> str | None:
    """The name that an unfinished file or folder was to get; None for any other name."""
    found = _UNFINISHED.fullmatch(name)
    return None if found is None else f"{found[1]}{found[3] or ''}"


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; 0 if it is not there."""
    if not path.is_dir():
        return path.stat().st_size if path.is_file() else 0
    found = {}  # a file that is linked twice counts once
    for each in path.rglob("*"):
        with suppress(OSError):  # gone meanwhile
            state = each.lstat()
            if not stat.S_ISDIR(state.st_mode):
                found[state.st_dev, state.st_ino] = state.st_size
    return sum(found.values())


def remove(path: Path) -> None:
    """Remove a file or a folder with all it holds, as far as it can be removed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success flush it and rename it to `path`.

    The temporary name keeps the suffix, which some writers need.  On failure the temporary file is
    removed and the old file stays.  Lack of space or permission raises `OutputError`.  Of a link,
    the file that it stands for is replaced.
    """
    check_can_write(path)
    path = real_place(path)
    temporary = unfinished(path, path.suffix)
    try:
        # Not mkstemp: its files are for the user alone, whatever the umask allows.
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        mode = os.fstat(handle).st_mode
        os.close(handle)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written there ({error.strerror}).") from error
    try:
        with _told_if_full(path):
            yield temporary
            _flush(temporary)
            temporary.chmod(mode)  # some writers put another file in its place
            temporary.replace(path)
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
    with _unfinished_folder(path) as temporary:
        yield temporary
        _flush_folder(temporary)
        put_in_place(temporary, path)


def put_in_place(new: Path, path: Path) -> None:
    """Let a folder that is unfinished take its name; what had it before lies at `new`, if anything.

    Where the system can, this is done at once; elsewhere the old one is back after an error.
    """
    path = real_place(path)
    if not path.exists():
        new.replace(path)
    elif not swap(new, path):
        old = new.with_name(f"{new.name}.old")
        path.rename(old)
        try:
            new.rename(path)
        except BaseException:
            old.rename(path)
            raise
        old.rename(new)


def real_place(path: Path) -> Path:
    """The path that a link stands for, and a name for `.` and `..`; any other path as it is."""
    return path.resolve() if path.is_symlink() or path.name in ("", "..") else path


@contextmanager
def new_folder(path: Path, mode: int = 0o755) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success rename it to `path`.

    If `path` holds files by then, another process was faster: its folder is kept and this one
    removed.
    """
    with _unfinished_folder(path) as temporary:
        yield temporary
        _flush_folder(temporary)
        temporary.chmod(mode)
        try:
            temporary.rename(path)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """Yield a folder in `parent` that is removed afterwards."""
    with _unfinished_folder(parent / name) as temporary:
        yield temporary


@contextmanager
def _unfinished_folder(path: Path) -> Iterator[Path]:
    path = real_place(path)
    _check_place(path.parent)
    temporary = unfinished(path)
    try:
        temporary.mkdir()
    except OSError as error:
        raise OutputError(f"{path}: cannot be written there ({error.strerror}).") from error
    try:
        with _told_if_full(path):
            yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _told_if_full(path: Path) -> Iterator[None]:
    """Turn whatever a full disk makes writers raise within into `OutputError`."""
    try:
        yield
    except Exception as error:
        if is_full(error):
            raise full_disk(path) from error
        raise


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk is full; some libraries only say so in their text."""
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return True
    if any(os.strerror(number) in str(error) for number in FULL_DISK):
        return True
    return error.__cause__ is not None and is_full(error.__cause__)


def _flush(path: Path) -> None:
    """Bring a file from memory to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    if len(files) > _MANY and hasattr(os, "sync"):  # one by one they would take minutes
        os.sync()
        return
    for path in files:
        _flush(path)


def new_pictures(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    """A new `.npy` file of uint8 zeros, mapped into memory for writing.

    Space is reserved first: writing to a mapped file on a full disk would kill the process.

    Raises:
        OutputError: there is not enough space.
    """
    limits.check_space(path, math.prod(shape))
    array: np.memmap[Any, np.dtype[np.uint8]] = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
        path, "w+", np.uint8, shape
    )
    if hasattr(os, "posix_fallocate"):
        with path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
