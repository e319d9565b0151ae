"""The user's cache: what was made from clips, found again by their content.

It is the user's alone to read, knows of which clips everything was made, and keeps below a size.
What is damaged in it is made anew.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from dancenow.errors import DanceNowWarning, InputError, OutputError
from dancenow.files import finished_name, remove, size_of, sweep_one, unfinished, write_text
from dancenow.hashing import hash_of
from dancenow.processes import try_lock

T = TypeVar("T")

LARGEST_GB: Final = "DANCENOW_CACHE_GB"
"""The environment variable with the size in gigabytes that the cache keeps below."""
_DEFAULT_GB: Final = 30.0
# Nothing else below the cache's folder is touched: a user may have named a folder of their own.
_MADE: Final = ("people", "tracks", "masks", "segments", "cameras", "rooms", "crops", "pairs",
                "pictures", "stretches", "passages", "fetched")  # fmt: skip
_LEARNED: Final = ("performers", "choreographers")  # took long: only forgotten, never pruned
_FETCHED: Final = 7 * 24 * 3600.0  # seconds for which what was fetched for a batch stays
_OF: Final = ".of"  # beside an entry: the contents that it was made of
_LOCK: Final = ".lock"
_PATIENCE: Final = 3.0  # seconds that are waited for another process before saying so
_IN_USE: Final = 6 * 3600.0  # seconds for which an entry is not removed after its last use
_pruned: float | None = None  # when this process did it
_log: Final = logging.getLogger(__name__)


def cache_root() -> Path:
    """Where the cache lies; `DANCENOW_CACHE` overrides it."""
    root = os.environ.get("DANCENOW_CACHE")
    return Path(root) if root else user_cache_path("dancenow")


def cache_dir(*parts: str) -> Path:
    """A folder inside the cache, created if missing; only the user can look into it.

    Raises:
        OutputError: the folder cannot be made.
    """
    folder = cache_root().joinpath(*parts)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot make the cache folder ({error.strerror}); "
            "set DANCENOW_CACHE to a folder that can be written."
        ) from error
    return folder


@dataclass(frozen=True)
class Entry:
    """Something in the cache.

    Attributes:
        path: the file or folder.
        of: the contents that it was made of (see `content_hash`), by which it can be forgotten.
        clip: the clip that it is made of, for what is told of it.
    """

    path: Path
    of: tuple[str, ...]
    clip: Path | None = None

    @staticmethod
    def named(
        kind: str,
        of: Collection[str],
        *details: object,
        suffix: str = "",
        clip: Path | None = None,
    ) -> Entry:
        """The entry that is made of those contents with those details.

        Args:
            kind: the folder of all entries of its kind.
            of: the contents, in order.
            details: values whose `repr` tells what else decides what is made.
            suffix: of a file's name.
            clip: the clip, for what is told of it.
        """
        name = hash_of(tuple(of), *details) + suffix
        return Entry(cache_dir(kind) / name, tuple(of), clip)

    @property
    def is_there(self) -> bool:
        """Whether it was made; it may be damaged."""
        return self.path.exists()

    def get(self, make: Callable[[], object], read: Callable[[], T]) -> T:
        """What it holds; made if it is missing or damaged, by one process at a time.

        Warnings of its clip are told again by whoever finds it made.

        Args:
            make: writes it, whole or not at all.
            read: reads it; may raise anything if it is damaged.
        """
        with suppress(FileNotFoundError):
            return self._read(read)
        largest_size()  # a wrong one is told before long work
        with self._alone():
            with suppress(FileNotFoundError):
                return self._read(read)  # made by another process
            try:
                self.claim()
                with self._listening() as told:
                    make()
            except BaseException:
                if not self.is_there:
                    remove(self.beside(_OF))
                raise
            self.claim(told)
            _keep_private(self.path)
        prune_sometimes()
        return read()

    def claim(self, told: Sequence[str] = ()) -> None:
        """Note of which contents it is made, before it is; and what was told meanwhile."""
        write_text(self.beside(_OF), json.dumps({"of": self.of, "told": told}))

    @property
    def is_in_work(self) -> bool:
        """Whether a process is making it."""
        if not self.beside(_LOCK).exists():
            return False
        release = try_lock(self.beside(_LOCK))
        if release is not None:
            release()
        return release is None

    def begin(self) -> None:
        """Note of what it is made, for what is not made at once, such as a training."""
        with suppress(OutputError):  # one that is there may lie where nothing can be written
            self.claim()

    def use(self) -> None:
        """Note that it is used, for what is removed first is what was used last long ago."""
        with suppress(OSError):
            os.utime(self.beside(_OF))

    def remove(self) -> None:
        """Remove it, at once for whoever reads it, and what tells of it."""
        with suppress(OSError):
            remove(self.path.replace(unfinished(self.path)))
        for suffix in (_OF, _LOCK):
            remove(self.beside(suffix))

    def _read(self, read: Callable[[], T]) -> T:
        """What it holds.

        Raises:
            FileNotFoundError: it is not there, or was damaged and is removed.
        """
        if not self.is_there:
            raise FileNotFoundError(self.path)
        try:
            found = read()
        except Exception as error:
            if _is_of_the_machine(error):
                raise
            _log.info("%s: was damaged (%s) and is made anew", self.path, error)
            self.remove()
            raise FileNotFoundError(self.path) from error
        if self.beside(_OF).exists():
            self.use()
        else:  # of an older version
            with suppress(OutputError):
                self.claim()
        if self.clip is not None:
            for text in _noted(self.path)[1]:
                warnings.warn(f"{self.clip}: {text}", DanceNowWarning, stacklevel=4)
        return found

    @contextmanager
    def _listening(self) -> Iterator[list[str]]:
        """Yield a list that receives what is told of the clip within, beside being told."""
        told: list[str] = []
        start = f"{self.clip}: "
        with warnings.catch_warnings():
            shown = warnings.showwarning

            def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
                text = str(message)
                if issubclass(category, DanceNowWarning) and text.startswith(start):
                    told.append(text.removeprefix(start))
                shown(message, category, *where)

            warnings.showwarning = show  # type: ignore[assignment]
            yield told

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other process make it within; waits until another one has."""
        lock = FileLock(self.beside(_LOCK), thread_local=False)
        try:
            try:
                lock.acquire(timeout=_PATIENCE)
            except Timeout:
                warnings.warn(
                    f"{self.clip or self.path}: another process is at work on it; waiting for it.",
                    DanceNowWarning,
                    stacklevel=4,
                )
                lock.acquire()
        except (OSError, NotImplementedError):
            pass  # a file system without locks
        try:
            yield
        finally:
            remove(self.beside(_LOCK))  # whoever waits for it makes it again, at worst
            lock.release()

    def beside(self, suffix: str) -> Path:
        """A file beside it, such as the one that tells of what it was made."""
        return self.path.with_name(self.path.name + suffix)


def entries() -> Iterator[Entry]:
    """All that the cache holds; what an older version left says not of what it was made."""
    for kind in (*_MADE, *_LEARNED):
        found = (cache_root() / kind).glob("*")
        paths = {path.with_name(path.name.removesuffix(_OF)) for path in found}
        for path in sorted(paths):
            if not path.name.startswith(".") and path.suffix != _LOCK:
                yield Entry(path, _noted(path)[0])


def _unfinished() -> Iterator[tuple[Path, set[str]]]:
    """What processes of any machine left unfinished, or are at work on; and of which contents."""
    for kind in (*_MADE, *_LEARNED):
        for path in (cache_root() / kind).glob(".*"):
            name = finished_name(path.name)
            if name is not None:
                yield path, set(_noted(path.with_name(name.removesuffix(_OF)))[0])


def _noted(path: Path) -> tuple[tuple[str, ...], list[str]]:
    """The contents that an entry was made of, and what was told of its clip; none if unknown."""
    try:
        note = json.loads(Entry(path, ()).beside(_OF).read_text("utf-8"))
        return tuple(map(str, note["of"])), list(map(str, note["told"]))
    except (OSError, ValueError, TypeError, KeyError):
        return (), []


def forget(contents: Collection[str]) -> list[Path]:
    """Remove everything that was made of any of those contents; returns what was removed.

    What an older version left may be of them, and is removed, too, unless it was learned.

    Raises:
        OutputError: something could not be removed.
    """
    found, gone = concerned(contents), []
    leftovers = [path for path, of in _unfinished() if not of.isdisjoint(contents)]
    for entry in found:
        there = entry.is_there
        entry.remove()
        if entry.is_there:
            raise OutputError(f"{entry.path}: cannot be removed; it may be in use.")
        gone += [entry.path] if there else []
    for path in leftovers:
        remove(path)
    return gone + leftovers


def forget_made(contents: Collection[str]) -> None:
    """Remove what can be made again of any of those contents, and nobody is making just now."""
    for entry in list(entries()):
        is_of_them = not set(contents).isdisjoint(entry.of)
        if is_of_them and entry.path.parent.name in _MADE and not entry.is_in_work:
            entry.remove()


def concerned(contents: Collection[str]) -> list[Entry]:
    """What was made of any of those contents, or may have been."""
    return [entry for entry in entries() if _concerns(entry, contents)]


def _concerns(entry: Entry, contents: Collection[str]) -> bool:
    of = entry.of
    if entry.path.parent.name in _LEARNED:
        return not set(contents).isdisjoint(of or _learned_from(entry.path))
    return not of or not set(contents).isdisjoint(of)


def _learned_from(folder: Path) -> tuple[str, ...]:
    """Of which clip a performer of an older version was learned, as its configuration tells."""
    try:
        document = json.loads((folder / "config.json").read_text("utf-8"))
        return (str(document["training"]["learned"]["clip"]),)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ()


def _is_of_the_machine(error: BaseException) -> bool:
    """Whether a reader failed for lack of memory or by the system's fault: nothing is damaged."""
    while error.__cause__ is not None:
        error = error.__cause__
    missing = (None, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EINVAL)
    known = isinstance(error, OSError) and error.errno not in missing
    return known or isinstance(error, MemoryError | ImportError)


def prune_sometimes() -> None:
    """Bring the cache below its size, once in a while."""
    global _pruned
    if _pruned is None or time.monotonic() - _pruned > _IN_USE:
        _pruned = time.monotonic()
        with suppress(OSError):
            prune(largest_size())


def largest_size() -> int:
    """Bytes that the cache keeps below.

    Raises:
        InputError: the environment variable holds no number.
    """
    given = os.environ.get(LARGEST_GB, "")
    try:
        gigabytes = float(given) if given else _DEFAULT_GB
        return int(gigabytes * 1e9)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{LARGEST_GB}={given}: is no number of gigabytes.") from error


def prune(most: int) -> list[Path]:
    """Remove what was used last long ago until `most` bytes are left; returns what was removed.

    What was learned stays, and what was used within six hours.
    """
    for kind in (*_MADE, *_LEARNED):
        for path in (cache_root() / kind).glob(".*"):
            sweep_one(path)
    known = [(entry, size_of(entry.path)) for entry in entries()]
    total, gone = sum(size for _, size in known), []
    for entry, size in sorted(known, key=lambda each: _used(each[0])):
        kind = entry.path.parent.name
        rests = _FETCHED if kind == "fetched" else _IN_USE
        if total > most and kind not in _LEARNED and time.time() - _used(entry) > rests:
            entry.remove()
            total -= size
            gone.append(entry.path)
            _log.info("%s: removed; the cache was larger than %d MB", entry.path, most >> 20)
    return gone


def _used(entry: Entry) -> float:
    """When an entry was used last."""
    notes = (entry.beside(_OF), entry.path)
    return max((note.stat().st_mtime for note in notes if note.exists()), default=0.0)


def _keep_private(path: Path) -> None:
    """Let nobody but the user read an entry."""
    with suppress(OSError):
        for each in (path, *path.rglob("*")):
            each.chmod(0o700 if each.is_dir() else 0o600)
