"""The people and dances of one user: trained, partly trained, or imported.

An entry's folder is named by a random id; the name that its owner chose is in a file inside.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from dancenow.consent import FILE, OF_SAMPLES, TEXT, Consent, consent_of, record
from dancenow.errors import InputError
from dancenow.files import atomic_folder, make_folder, scratch_folder, write_text
from dancenow.model_files import is_model_file
from dancenow.performer import is_performer
from dancenow.pose.dancers import LARGEST
from dancenow.reading import read_object
from dancenow.sample.shipped import shipped_dancer, shipped_moves
from dancenow.studio.archive import (
    METADATA_FILE,
    PICTURE_FILE,
    pack,
    unpack,
)
from dancenow.studio.uploads import is_id, link_or_copy, new_id, plain_name

_MAX_JSON: Final = 16_000_000  # bytes; a performer's config holds its camera's path


class EntryKind(str, Enum):
    """What an entry is."""

    person = "person"
    dance = "dance"


@dataclass(frozen=True)
class LibraryEntry:
    """A person or a dance.

    Attributes:
        id: cannot be guessed; the folder's name.
        kind: what it is.
        name: its owner's name for it.
        clip: its owner's names for the clips that it is trained on.
        created: when it was added, seconds since 1970.
        sample: the sample performer that it is, "samples" for the sample dances, or "".
        folder: where everything is stored.
        who: which of several persons in its clip; see `choose_dancer`.
    """

    id: str
    kind: EntryKind
    name: str
    clip: str
    created: float
    sample: str
    folder: Path
    who: str = LARGEST

    @property
    def trained(self) -> Path:
        """The folder of the trained model; of samples, one that is shipped, if there is any."""
        if self.sample:
            dance = self.kind is EntryKind.dance
            shipped = shipped_moves() if dance else shipped_dancer(self.sample)
            if shipped is not None:
                return shipped
        return self.folder / "trained"

    @property
    def ready(self) -> bool:
        """Whether a training has ended, so that it can be used."""
        return (self.trained / "config.json").is_file()

    @property
    def clips(self) -> list[Path]:
        """The clips that it is trained on; none where it was imported."""
        return sorted((self.folder / "clips").glob("*.*"))

    @property
    def report(self) -> Path:
        """The report of its training, which may not exist."""
        return self.trained / "index.html"

    @property
    def picture(self) -> Path | None:
        """A picture of it, if there is one."""
        for path in (self.folder / PICTURE_FILE, self.trained / "preview.png"):
            if path.is_file():
                return path
        return max(self.trained.glob("checkpoint/**/previews/*.jpg"), default=None)

    @property
    def size_bytes(self) -> int:
        """Its size on disk, as it was when its last training ended."""
        return _size_of(self.folder, _changed(self.trained / "config.json"))

    @property
    def figures(self) -> dict[str, Any]:
        """The figures of its training: steps, seconds, frames; empty where it is not ready."""
        figures = self._config().get("training")
        return figures if isinstance(figures, dict) else {}

    @property
    def codec(self) -> str:
        """What a dance was trained as: "pose" or "frame"; "" where it is not ready."""
        config = self._config().get("config")
        codec = config.get("codec", "frame") if isinstance(config, dict) else "frame"
        return str(codec) if self.ready else ""

    @property
    def styles(self) -> list[str]:
        """The styles that a dance knows, in the order in which they were learned."""
        styles = self._config().get("styles")
        names = (
            [name for name in styles if isinstance(name, str)] if isinstance(styles, list) else []
        )
        return [*dict.fromkeys(filter(None, names))]

    @property
    def is_puppet(self) -> bool:
        """Whether it is a person cut out of photos, with no training."""
        config = self._config().get("config")
        return isinstance(config, dict) and config.get("family") == "puppet"

    @property
    def learns_more(self) -> bool:
        """Whether it is a person of whom there is a clip to learn more from."""
        return self.kind is EntryKind.person and bool(self.clips) and not self.is_puppet

    @property
    def consent(self) -> Consent | None:
        """The answer when the person was added; None where there is none."""
        return consent_of(self.folder)

    @property
    def may_dance(self) -> bool:
        """Whether videos may be made of a person: they agreed, or are drawn; a dance may always."""
        agreed = self.consent is not None and self.consent.confirmed
        return agreed or bool(self.sample) or self.kind is not EntryKind.person

    def _config(self) -> dict[str, Any]:
        return _read(self.trained / "config.json")


class Library:
    """The entries of one user.

    Args:
        folder: where they are stored.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self, kind: EntryKind) -> list[LibraryEntry]:
        """All entries of a kind, newest first."""
        if not self._folder.is_dir():
            return []
        entries = (self.get(path.name) for path in self._folder.iterdir())
        found = [entry for entry in entries if entry is not None and entry.kind is kind]
        return sorted(found, key=lambda entry: entry.created, reverse=True)

    def get(self, id: str) -> LibraryEntry | None:
        """An entry; None where there is none of that id."""
        if not is_id(id):
            return None
        folder = self._folder / id
        metadata = _read(folder / METADATA_FILE)
        try:
            return LibraryEntry(
                id,
                EntryKind(metadata["kind"]),
                str(metadata["name"]),
                str(metadata["clip"]),
                float(metadata["made"]),
                str(metadata.get("sample", "")),
                folder,
                str(metadata.get("who", LARGEST)),
            )
        except (KeyError, ValueError, TypeError):
            return None

    def find_sample(self, kind: EntryKind, name: str) -> LibraryEntry | None:
        """The entry of a sample performer, or of a sample dance."""
        return next((entry for entry in self.all(kind) if entry.sample == name), None)

    def add(
        self,
        kind: EntryKind,
        name: str,
        clips: Sequence[tuple[Path, str]],
        *,
        sample: str = "",
        consent: bool = False,
        picture: Path | None = None,
        who: str = LARGEST,
    ) -> LibraryEntry:
        """Add an entry that is yet to be trained.

        Args:
            kind: what it is.
            name: its owner's name for it.
            clips: the files to train on, each with its owner's name for it.
            sample: see `LibraryEntry`.
            consent: its owner confirmed that the person agreed.
            picture: a thumbnail, JPEG.
            who: see `LibraryEntry`.

        Raises:
            InputError: it is a real person, and consent was not confirmed.
        """
        if kind is EntryKind.person and not (consent or sample):
            raise InputError("please confirm that the person in the clip agreed; tick the box.")
        clip = ", ".join(clip_name for _, clip_name in clips)
        entry = self._create(kind, name, clip, sample, who=who)
        try:
            for number, (path, _) in enumerate(clips):
                link_or_copy(path, entry.folder / "clips" / f"{number:02d}-{path.name}")
            if picture is not None and picture.is_file():
                shutil.copyfile(picture, entry.folder / PICTURE_FILE)
            if kind is EntryKind.person:
                record(entry.folder, OF_SAMPLES if sample else TEXT, who="")
        except BaseException:  # a full disk, say: half an entry is none
            self.delete(entry.id)
            raise
        return entry

    def rename(self, id: str, name: str) -> LibraryEntry:
        """Rename an entry.

        Raises:
            InputError: there is none, or the name is empty.
        """
        entry = self.require(id)
        name = plain_name(name, "")
        if not name:
            raise InputError("enter a name.")
        metadata = {**_read(entry.folder / METADATA_FILE), "name": name}
        write_text(entry.folder / METADATA_FILE, json.dumps(metadata, indent=1))
        return self.require(id)

    def delete(self, id: str) -> None:
        """Remove an entry and everything that belongs to it."""
        entry = self.get(id)
        if entry is not None:
            shutil.rmtree(entry.folder, ignore_errors=True)

    def require(self, id: str) -> LibraryEntry:
        """An entry that must exist.

        Raises:
            InputError: it does not.
        """
        entry = self.get(id)
        if entry is None:
            raise InputError("it does not exist any more; choose another.")
        return entry

    def export(self, entry: LibraryEntry, output: Path) -> None:
        """Write an entry as an archive: the model, its name, the consent.

        Raises:
            InputError: it is not trained yet.
        """
        if not entry.ready:
            raise InputError(f"{entry.name}: is not learned yet, so it cannot be downloaded.")
        files = {
            path.name: path for path in sorted(entry.trained.iterdir()) if is_model_file(path.name)
        }
        for name in (METADATA_FILE, FILE):
            if (entry.folder / name).is_file():
                files[name] = entry.folder / name
        if entry.picture is not None and entry.picture.suffix == ".jpg":
            files[PICTURE_FILE] = entry.picture
        pack(files, output)

    def import_archive(
        self, archive: Path, name: str, *, most_bytes: int, consent: bool
    ) -> LibraryEntry:
        """Add the person or dance of an archive.

        Args:
            archive: the file.
            name: its name where the archive has none.
            most_bytes: largest size of the extracted files.
            consent: the user confirmed that the person agreed.

        Raises:
            InputError: it holds no trained person or dance, is not safe, or consent is missing.
        """
        make_folder(self._folder)
        with scratch_folder(self._folder, "import") as folder:
            unpack(archive, folder, most_bytes=most_bytes)
            (folder / FILE).unlink(missing_ok=True)  # whoever imports it must confirm it
            kind = _kind_of(folder)
            if kind is EntryKind.person and not consent:
                raise InputError("please confirm that the person agreed; tick the box.")
            metadata = _read(folder / METADATA_FILE)
            name = plain_name(str(metadata.get("name", "")), plain_name(name, "Imported"))
            clip = plain_name(str(metadata.get("clip", "")), "an imported file")
            entry = self._create(kind, name, clip, "", folder)
        if kind is EntryKind.person:
            for place in (entry.folder, entry.trained):
                record(place, who="")
        return entry

    def _create(
        self,
        kind: EntryKind,
        name: str,
        clip: str,
        sample: str,
        unpacked: Path | None = None,
        who: str = LARGEST,
    ) -> LibraryEntry:
        """Create the folder of a new entry, with the files of an unpacked archive if any."""
        id = new_id()
        make_folder(self._folder)
        with atomic_folder(self._folder / id) as folder:
            if unpacked is not None:
                (folder / "trained").mkdir()
                for path in unpacked.iterdir():
                    parent = folder / "trained" if is_model_file(path.name) else folder
                    path.rename(parent / path.name)
            metadata = {
                "kind": kind.value,
                "name": plain_name(name, kind.value),
                "clip": clip[:200],
                "made": time.time(),
                "sample": sample,
                "who": who,
            }
            (folder / METADATA_FILE).write_text(json.dumps(metadata, indent=1), "utf-8")
        return self.require(id)


def _kind_of(folder: Path) -> EntryKind:
    """What the model in an unpacked folder is."""
    kind = _read(folder / "config.json").get("kind")
    if kind == "performer" and is_performer(folder):
        return EntryKind.person
    if kind == "choreographer":
        return EntryKind.dance
    raise InputError("the archive holds no trained person or dance; it cannot be used here.")


def _read(path: Path) -> dict[str, Any]:
    """A JSON object in a file, not to be changed; empty where there is none."""
    changed = _changed(path)
    return _parsed(path, changed) if changed else {}


@lru_cache(maxsize=1024)  # the page asks for everything each second
def _parsed(path: Path, _: tuple[int, int]) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_JSON:
            return {}
        return read_object(path, "is damaged.")
    except (OSError, InputError):
        return {}


@lru_cache(maxsize=1024)
def _size_of(folder: Path, _: tuple[int, int] | None) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # a training may replace it right now
            total += path.stat().st_size if path.is_file() else 0
    return total


def _changed(path: Path) -> tuple[int, int] | None:
    """What changes with a file: its time and its inode; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
