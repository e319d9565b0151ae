"""Files elsewhere, such as `s3://bucket/clip.mp4`, through fsspec: fetched once, and sent back."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from dancenow.cache import Entry, cache_dir
from dancenow.errors import DanceNowError, InputError, OutputError
from dancenow.files import atomic_path, new_folder
from dancenow.hashing import content_hash, fingerprint

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)  # no drive: two letters or more
_INSIDE: Final = re.compile(r"(?!\.{1,2}(/|$))[^/\\:\0]+(/(?!\.{1,2}(/|$))[^/\\:\0]+)*")
_PLACE: Final = re.compile(r"[^:]+://[^/]*[^/:].*|[^:]+:///+[^/].*")


def is_remote(name: str) -> bool:
    """Whether a name is the address of a file elsewhere."""
    return bool(_URL.match(name))


def fetch(url: str) -> Path:
    """A copy of a file or folder, in the cache; fetched anew when it has changed.

    Raises:
        InputError: it cannot be read.
    """
    with _told(url, InputError):
        system, root = _opened(url)
        if not system.exists(root):
            raise InputError(f"{url}: does not exist.")
        files = _files(system, root)
        state = fingerprint(url, sorted((name, _state(system, path)) for name, path in files))
        entry = Entry(cache_dir("fetched") / state, (state,))
        name = PurePosixPath(root).name or "root"

        def make() -> None:
            with new_folder(entry.path) as temporary:
                for inside, path in files:
                    target = temporary / name / inside
                    target.parent.mkdir(parents=True, exist_ok=True)
                    system.get_file(path, str(target))

        copy = entry.get(make, lambda: entry.path / name)
        of = {content_hash(copy)} | {
            content_hash(each) for each in copy.rglob("*") if each.is_dir()
        }
        Entry(entry.path, (state, *sorted(of))).claim()
        return copy


@dataclass(frozen=True)
class Mirror:
    """A folder elsewhere, and a local one in which it is worked on.

    Attributes:
        url: of the folder elsewhere.
        folder: the local one.
    """

    url: str
    folder: Path

    @staticmethod
    def of(url: str) -> Mirror:
        """The mirror of a folder, in the cache.

        Raises:
            InputError: its bucket, or whatever holds it, is not there or cannot be asked.
        """
        with _told(url, InputError):
            system, root = _opened(url)
            bucket = root.partition("/")[0]
            if bucket and not system.exists(bucket):
                raise InputError(f"{url}: {bucket} does not exist.")
        return Mirror(url.rstrip("/"), cache_dir("mirrors") / fingerprint(url.rstrip("/")))

    def holds(self, path: Path) -> bool:
        """Whether a file or folder of the local folder is there elsewhere.

        Raises:
            InputError: it cannot be asked.
        """
        if not path.is_relative_to(self.folder):
            return False
        with _told(self.url, InputError):
            system, root = _opened(self._at(path))
            system.invalidate_cache()
            return bool(system.exists(root))

    def pull(self, path: Path) -> None:
        """Fetch what is missing here of a file or folder, if it is there elsewhere; only ours.

        Raises:
            InputError: it cannot be read.
        """
        if not path.is_relative_to(self.folder):
            return
        with _told(self.url, InputError):
            system, root = _opened(self._at(path))
            files = _files(system, root) if system.exists(root) else []
            for inside, source in files:
                target = path / inside
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with atomic_path(target) as temporary:
                        system.get_file(source, str(temporary))

    def push(self, path: Path) -> None:
        """Send a file or folder of the local folder, and nothing else.

        Raises:
            OutputError: it cannot be written.
        """
        if not path.is_relative_to(self.folder):
            return
        with _told(self.url, OutputError):
            system, root = _opened(self._at(path))
            local = [path] if path.is_file() else list(path.rglob("*"))
            for file in sorted(each for each in local if each.is_file()):
                inside = file.relative_to(path).as_posix()
                target = root if path.is_file() else f"{root}/{inside}"
                system.makedirs(target.rpartition("/")[0], exist_ok=True)
                system.put_file(str(file), target)

    def _at(self, path: Path) -> str:
        return f"{self.url}/{path.relative_to(self.folder).as_posix()}"


def _opened(url: str) -> tuple[Any, str]:
    """The file system of an address, and the path there."""
    import fsspec

    if not _PLACE.fullmatch(url):
        raise InputError(f"{url}: names no place; write it like s3://bucket/folder.")
    system, root = fsspec.url_to_fs(url)
    return system, str(root).rstrip("/")


def _files(system: Any, root: str) -> list[tuple[str, str]]:
    """The files of a folder, as their paths inside it and there; of a file, itself as ""."""
    if system.isfile(root):
        return [("", root)]
    system.invalidate_cache()
    paths = (path for path in sorted(system.find(root)) if not path.endswith("/"))
    found = [(path[len(root) :].removeprefix("/"), path) for path in paths]
    for inside, path in found:  # whoever may write there must not write anywhere else here
        if not _INSIDE.fullmatch(inside):
            raise InputError(f"{path}: its name is no path inside the folder; rename it.")
    return found


def _state(system: Any, path: str) -> str:
    """Changes when a file does; where nothing tells that, it changes every time."""
    known = system.info(path)
    marks = ("ETag", "etag", "md5", "checksum", "LastModified", "mtime", "created", "modified")
    told = {name: known[name] for name in marks if known.get(name)}
    return repr(sorted(told.items())) + str(known.get("size")) if told else secrets.token_hex(8)


@contextmanager
def _told(url: str, kind: type[DanceNowError]) -> Iterator[None]:
    """Tell in one line why an address cannot be used."""
    try:
        yield
    except DanceNowError:
        raise
    except ImportError as error:
        advice = "pip install 'dancenow[s3]'" if url.startswith("s3") else str(error)
        raise kind(f"{url}: needs a package that is not installed: {advice}.") from error
    except Exception as error:  # each file system and network has errors of its own
        why = " ".join(str(error).split())[:300] or type(error).__name__
        raise kind(f"{url}: cannot be used ({why}).") from error
