"""The people and dances that one user has: learned, half learned, or brought from elsewhere.

An entry's folder has a name that we drew; what its owner calls it stands in a file inside.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from dancenow.errors import InputError
from dancenow.files import atomic_folder, make_folder, write_text
from dancenow.studio.archive import CONSENT, NAME, PICTURE, TRAINED, pack, unpack
from dancenow.studio.uploads import is_id, link_or_copy, new_id, plain_name

CONSENT_TEXT: Final = "The person in this clip agreed to be learned and made to dance."
STRIP: Final = "strip.jpg"
_LARGEST: Final = 16_000_000  # bytes of a description; ours are a few kB, and a camera's path
_SAMPLE_TEXT: Final = "A sample performer, drawn by DanceNow; no real person."


class Kind(str, Enum):
    """What was learned."""

    person = "person"
    dance = "dance"


@dataclass(frozen=True)
class Entry:
    """A person or a dance.

    Attributes:
        id: cannot be guessed; the folder's name.
        kind: what it is.
        name: what its owner calls it.
        clip: what its owner called the clip or clips that it was learned from.
        made: when, seconds since 1970.
        sample: the sample performer that it is, or "".
        folder: where everything lies.
    """

    id: str
    kind: Kind
    name: str
    clip: str
    made: float
    sample: str
    folder: Path

    @property
    def trained(self) -> Path:
        """The folder that the workflows train into and load."""
        return self.folder / "trained"

    @property
    def ready(self) -> bool:
        """Whether it was learned to some end, and can be used."""
        return (self.trained / "config.json").is_file()

    @property
    def clips(self) -> list[Path]:
        """The clips that it is learned from; none where it was brought from elsewhere."""
        return sorted((self.folder / "clips").glob("*.*"))

    @property
    def report(self) -> Path:
        """The page that its training left, if it left one."""
        return self.trained / "index.html"

    @property
    def picture(self) -> Path | None:
        """A picture of it."""
        for path in (self.folder / PICTURE, self.trained / "preview.png"):
            if path.is_file():
                return path
        return max(self.trained.glob("checkpoint/**/previews/*.jpg"), default=None)

    @property
    def strip(self) -> Path | None:
        """Frames of its clip with their poses; None where nobody looked."""
        path = self.folder / STRIP
        return path if path.is_file() else None

    @property
    def bytes(self) -> int:
        """What it takes on disk."""
        total = 0
        for path in self.folder.rglob("*"):
            with suppress(OSError):  # a training replaces its files meanwhile
                total += path.stat().st_size if path.is_file() else 0
        return total

    @property
    def figures(self) -> dict[str, Any]:
        """What its training noted: steps, seconds, frames; empty where it is not ready."""
        figures = self._config().get("training")
        return figures if isinstance(figures, dict) else {}

    @property
    def codec(self) -> str:
        """What a dance was learned as: "pose" or "frame"; "" where it is not ready."""
        config = self._config().get("config")
        known = config if isinstance(config, dict) else {}
        return str(known.get("codec", "frame")) if self.ready else ""

    @property
    def consent(self) -> dict[str, Any]:
        """What was answered when the person was first learned; empty where nobody was asked."""
        return _read(self.folder / CONSENT)

    def _config(self) -> dict[str, Any]:
        return _read(self.trained / "config.json")


class Library:
    """The entries of one user.

    Args:
        folder: where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self, kind: Kind) -> list[Entry]:
        """All entries of a kind, newest first."""
        if not self._folder.is_dir():
            return []
        found = (self.get(path.name) for path in self._folder.iterdir())
        mine = [entry for entry in found if entry is not None and entry.kind is kind]
        return sorted(mine, key=lambda entry: entry.made, reverse=True)

    def get(self, id: str) -> Entry | None:
        """An entry; None where there is none of that id."""
        if not is_id(id):
            return None
        folder = self._folder / id
        about = _read(folder / NAME)
        try:
            return Entry(
                id,
                Kind(about["kind"]),
                str(about["name"]),
                str(about["clip"]),
                float(about["made"]),
                str(about.get("sample", "")),
                folder,
            )
        except (KeyError, ValueError, TypeError):
            return None

    def sample(self, kind: Kind, name: str) -> Entry | None:
        """The entry of a sample performer, or of a sample dance."""
        return next((entry for entry in self.all(kind) if entry.sample == name), None)

    def add(
        self,
        kind: Kind,
        name: str,
        clips: Sequence[tuple[Path, str]],
        *,
        sample: str = "",
        consent: bool = False,
        pictures: tuple[Path, Path] | None = None,
    ) -> Entry:
        """A new entry that is to be learned.

        Args:
            kind: what it is.
            name: what its owner calls it.
            clips: the files to learn from, each with what its owner calls it.
            sample: the sample performer that it is.
            consent: its owner confirmed that the person agreed.
            pictures: a small picture of it, and a strip of frames with poses, JPEG.

        Raises:
            InputError: it is a person, no sample performer, and that was not confirmed.
        """
        if kind is Kind.person and not (consent or sample):
            raise InputError("please confirm that the person in the clip agreed; tick the box.")
        entry = self._described(kind, name, ", ".join(called for _, called in clips), sample)
        for number, (path, _) in enumerate(clips):
            place = entry.folder / "clips" / f"{number:02d}-{path.name}"
            link_or_copy(path, place)
        for path, goal in zip(pictures or (), (PICTURE, STRIP), strict=False):
            if path.is_file():
                shutil.copyfile(path, entry.folder / goal)
        if kind is Kind.person:
            self._consented(entry, _SAMPLE_TEXT if sample else CONSENT_TEXT, asked=not sample)
        return entry

    def rename(self, id: str, name: str) -> Entry:
        """Call an entry something else.

        Raises:
            InputError: there is none, or the name is empty.
        """
        entry = self.expect(id)
        name = plain_name(name, "")
        if not name:
            raise InputError("give it a name.")
        about = {**_read(entry.folder / NAME), "name": name}
        write_text(entry.folder / NAME, json.dumps(about, indent=1))
        return self.expect(id)

    def delete(self, id: str) -> None:
        """Remove an entry and everything that belongs to it."""
        entry = self.get(id)
        if entry is not None:
            shutil.rmtree(entry.folder, ignore_errors=True)

    def expect(self, id: str) -> Entry:
        """An entry that must be there.

        Raises:
            InputError: it is not.
        """
        entry = self.get(id)
        if entry is None:
            raise InputError("it is not there any more; choose another.")
        return entry

    def pack(self, entry: Entry, output: Path) -> None:
        """Write an entry as an archive: what it needs to run, its name, the consent.

        Raises:
            InputError: it is not learned yet.
        """
        if not entry.ready:
            raise InputError(f"{entry.name}: is not learned yet; nothing can be downloaded.")
        files = {
            path.name: path for path in sorted(entry.trained.iterdir()) if path.name in TRAINED
        }
        for name in (NAME, CONSENT):
            if (entry.folder / name).is_file():
                files[name] = entry.folder / name
        if entry.picture is not None and entry.picture.suffix == ".jpg":
            files[PICTURE] = entry.picture
        pack(files, output)

    def bring(self, archive: Path, name: str, *, most_bytes: int, consent: bool) -> Entry:
        """Add what an archive holds.

        Args:
            archive: the file.
            name: how it is called where the archive does not say.
            most_bytes: what it may unpack to.
            consent: its owner confirmed that the person agreed.

        Raises:
            InputError: it holds no trained person or dance, is not safe, or nobody confirmed.
        """
        make_folder(self._folder)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".bring") as temporary:
            folder = Path(temporary)
            unpack(archive, folder, most_bytes=most_bytes)
            (folder / CONSENT).unlink(missing_ok=True)  # who brings it answers
            kind = _kind_of(folder)
            if kind is Kind.person and not consent:
                raise InputError("please confirm that the person agreed; tick the box.")
            about = _read(folder / NAME)
            called = plain_name(str(about.get("name", "")), plain_name(name, "Brought along"))
            clip = plain_name(str(about.get("clip", "")), "brought as a file")
            entry = self._described(kind, called, clip, "", folder)
        if kind is Kind.person:
            self._consented(entry, CONSENT_TEXT, asked=True)
        return entry

    def _described(
        self, kind: Kind, name: str, clip: str, sample: str, unpacked: Path | None = None
    ) -> Entry:
        id = new_id()
        make_folder(self._folder)
        with atomic_folder(self._folder / id) as folder:
            (folder / "trained").mkdir()
            for path in unpacked.iterdir() if unpacked is not None else ():
                place = folder / "trained" if path.name in TRAINED else folder
                path.rename(place / path.name)
            about = {
                "kind": kind.value,
                "name": plain_name(name, kind.value),
                "clip": clip[:200],
                "made": time.time(),
                "sample": sample,
            }
            (folder / NAME).write_text(json.dumps(about, indent=1), "utf-8")
        if unpacked is None:
            (self._folder / id / "trained").rmdir()  # the workflows make it
        return self.expect(id)

    def _consented(self, entry: Entry, text: str, *, asked: bool) -> None:
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        answer = {"confirmed": asked, "text": text, "when": when}
        write_text(entry.folder / CONSENT, json.dumps(answer, indent=1))


def _kind_of(folder: Path) -> Kind:
    """What an unpacked folder was trained as."""
    kind = _read(folder / "config.json").get("kind")
    if kind == "performer" and (folder / "generator.safetensors").is_file():
        return Kind.person
    if kind == "choreographer":
        return Kind.dance
    raise InputError("the archive holds no trained person or dance; it cannot be used here.")


def _read(path: Path) -> dict[str, Any]:
    """A JSON object in a file; empty where there is none."""
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
