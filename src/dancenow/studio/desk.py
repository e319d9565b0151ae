"""Where wishes become jobs: everything that the page asks for, without the page."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from typing import Any, Final

from dancenow.cache import cache_dir
from dancenow.errors import InputError
from dancenow.files import make_folder
from dancenow.sample import DANCES, PERFORMERS
from dancenow.studio.archive import PICTURE
from dancenow.studio.config import StudioConfig
from dancenow.studio.contents import Sort
from dancenow.studio.jobs import Job, JobQueue, State
from dancenow.studio.library import Entry, Kind, Library
from dancenow.studio.orders import SAMPLES, Order, told
from dancenow.studio.uploads import Upload, Uploads, plain_name
from dancenow.studio.wishes import DanceWish, Material, TransferWish
from dancenow.studio.work import KINDS

SAMPLE_DANCES_NAME: Final = "Sample dances"
_KEPT_SECONDS: Final = 6 * 3600.0  # that an upload waits to be used
_UNPACKED: Final = 4  # times the size of an upload that an archive may unpack to
_BACKGROUND: Final = re.compile(r"target|source|white|#[0-9a-f]{6}")  # and uploads: no path
_LOOK_SECONDS: Final = 120.0


class Desk:
    """All that users have and ask for.

    Args:
        config: how the studio is set up.

    Attributes:
        queue: the jobs.
        passing: a folder for what is on its way in or out; empty when the studio is not running.
    """

    def __init__(self, config: StudioConfig) -> None:
        self.config = config
        self._owners = config.data / "owners"
        make_folder(self._owners)
        self.passing = config.data / "passing"  # what is on its way in or out
        make_folder(self.passing)
        owners = [path.name for path in self._owners.iterdir() if path.is_dir()]
        self.queue = JobQueue(self._jobs_of, owners, KINDS)
        self.prune()

    def library(self, owner: str) -> Library:
        """An owner's people and dances."""
        return Library(self._owners / owner / "library")

    def uploads(self, owner: str) -> Uploads:
        """An owner's uploads."""
        return Uploads(self._owners / owner / "uploads", self.config.limits)

    def prune(self) -> None:
        """Remove uploads that nobody used, or that were used long ago."""
        for path in self.passing.rglob("*"):
            if path.is_file() and time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink(missing_ok=True)
        for folder in self._owners.iterdir():
            jobs = self.queue.of(folder.name)
            used = {id for job in jobs if job.state is not State.done for id in job.request["uses"]}
            self.uploads(folder.name).prune(_KEPT_SECONDS, used)

    def take_clip(self, owner: str, path: Path, name: str) -> Material:
        """Take an uploaded clip, find some poses in it, and tell what it is.

        Raises:
            InputError: it is no clip, too large, or nobody is seen in it.
        """
        upload = self.take_other(owner, path, name, Sort.clip)
        request = {
            "clip": str(upload.file),
            "strip": str(upload.strip),
            "picture": str(upload.picture),
            "names": {str(upload.file): upload.name},
        }
        try:
            self._do(owner, "look", request, f"Looking at {upload.name}")
        except InputError:
            shutil.rmtree(upload.file.parent, ignore_errors=True)
            raise
        return self._described(upload)

    def sample_clip(self, owner: str, performer: str, dance: str = "") -> Material:
        """A sample performer, with some of its poses.

        Raises:
            InputError: there is none of that name.
        """
        if performer not in PERFORMERS or (dance and dance not in DANCES):
            raise InputError("there is no such sample performer; choose another.")
        dance = dance or SAMPLES[performer]
        strip = self.sample_file(performer, dance, "strip")
        picture = self.sample_file(performer, dance, "picture")
        if not (strip.is_file() and picture.is_file()):
            request = {
                "performer": performer,
                "dance": dance,
                "seconds": self.config.sizes.sample_seconds,
                "strip": str(strip),
                "picture": str(picture),
            }
            self._do(owner, "sample_look", request, f"Drawing {performer}")
        return Material(
            f"sample:{performer}/{dance}",
            f"{performer.capitalize()} dancing {dance}",
            "a sample performer, drawn by DanceNow",
            f"samples/{performer}-{dance}",
            playable=False,
        )

    def take_other(self, owner: str, path: Path, name: str, sort: Sort) -> Upload:
        """Take music, or a picture or clip for the background.

        Raises:
            InputError: it is none, or too large.
        """
        self._check_came(path)
        return self.uploads(owner).take(path, name, sort)

    def transfer(self, owner: str, wish: TransferWish) -> Job:
        """Queue a transfer.

        Raises:
            InputError: something is missing, or cannot be used.
        """
        if not wish.source:
            raise InputError("choose a clip to dance like: drop one, or take a sample performer.")
        if not wish.target:
            raise InputError("choose who is to dance: drop a clip, or take someone.")
        self.queue.check_room(owner)
        order = self._order(owner)
        source, background = order.material(wish.source), wish.background
        if background.startswith("upload:"):
            background = str(order.upload(background).file)
        elif not _BACKGROUND.fullmatch(background):
            raise InputError("choose what is behind the dancer.")
        person = self._person(owner, wish)
        request = {
            "source": source,
            "person": order.person(person, wish.minutes),
            "retarget": "limbs" if wish.limbs else "global",
            "background": background,
            "device": self.config.device,
            "uses": order.uses,
            "names": order.names,
            "again": {"person": person.id},
        }
        called = self._name_of(owner, wish.source)
        return self.queue.submit(owner, "transfer", request, f"{person.name} dances like {called}")

    def new_dance(self, owner: str, wish: DanceWish) -> Job:
        """Queue a new dance.

        Raises:
            InputError: something is missing, or cannot be used.
        """
        self.queue.check_room(owner)
        order = self._order(owner)
        music = str(order.upload(wish.music).file) if wish.music else None
        if wish.loop and music is not None:
            raise InputError("music has an end, a loop has none; choose one of them.")
        person = self._performer(owner, wish.performer)
        dance = self._dance(owner, wish)
        if dance.codec == "frame" and (person is not None or music is not None or wish.loop):
            raise InputError(
                f"{dance.name}: was learned as pictures and dreams silhouettes; choose no "
                "performer, music or loop with it."
            )
        request = {
            "dance": order.dance(dance, wish.minutes),
            "person": None if person is None else order.person(person, wish.minutes),
            "background": "target",
            "music": music,
            "seconds": wish.seconds,
            "temperature": wish.temperature,
            "seed": wish.seed,
            "loop": wish.loop,
            "device": self.config.device,
            "uses": order.uses,
            "names": order.names,
            "again": {"person": None if person is None else person.id, "dance": dance.id},
        }
        who = "A stick figure" if person is None else person.name
        return self.queue.submit(owner, "new_dance", request, f"{who} in a new dance: {dance.name}")

    def bring(self, owner: str, path: Path, name: str, *, consent: bool) -> Entry:
        """Add a person or a dance from an archive; the file at `path` is gone afterwards.

        Raises:
            InputError: it holds none, is not safe, is damaged, or nobody confirmed the consent.
        """
        self._check_came(path)
        limits, library = self.config.limits, self.library(owner)
        try:
            if path.stat().st_size > limits.bytes:
                raise InputError(f"the archive is larger than {limits.megabytes:g} MB.")
            shown = plain_name(name, "Brought along").rsplit(".", 1)[0]
            most = _UNPACKED * limits.bytes
            entry = library.bring(path, shown, most_bytes=most, consent=consent)
        finally:
            path.unlink(missing_ok=True)
        try:
            request = {
                "kind": entry.kind.value,
                "codec": entry.codec,
                "folder": str(entry.trained),
                "picture": str(entry.folder / PICTURE),
                "names": {str(entry.trained): entry.name},
            }
            self._do(owner, "admit", request, f"Looking into {entry.name}")
        except BaseException:
            library.delete(entry.id)
            raise
        return entry

    def delete(self, owner: str, id: str) -> None:
        """Remove a person or a dance.

        Raises:
            InputError: a job is at work with it.
        """
        entry = self.library(owner).expect(id)
        for job in self.queue.of(owner):
            if job.state.active and id in job.request["again"].values():
                raise InputError(f"{entry.name}: is at work; wait, or cancel {job.title!r} first.")
        self.library(owner).delete(id)

    def stock(self, owner: str) -> str:
        """Changes when an owner's people and dances, or what is shown of them, do."""
        library = self.library(owner)
        entries = [entry for kind in Kind for entry in library.all(kind)]
        return "stock " + " ".join(f"{e.id} {e.name!r} {e.figures.get('steps')}" for e in entries)

    def sample_file(self, performer: str, dance: str, what: str) -> Path:
        """Where a picture of a sample performer lies, for everyone."""
        return cache_dir("studio") / f"{performer}-{dance}-{what}.jpg"

    def told(self, job: Job, line: str) -> str:
        """A line about a job with the user's names in place of files'."""
        return told(job.request["names"], line)

    def _check_came(self, path: Path) -> None:
        """Take nothing but what came in as an upload, whatever a request says."""
        if not path.resolve().is_relative_to(self.passing.resolve()) or not path.is_file():
            raise InputError("the file did not arrive; bring it again.")

    def _order(self, owner: str) -> Order:
        return Order(self.config, self.uploads(owner))

    def _jobs_of(self, owner: str) -> Path:
        return self._owners / owner / "jobs"

    def _do(self, owner: str, kind: str, request: dict[str, Any], title: str) -> Job:
        """Have a short job done, and wait for it; raises `InputError` where it fails."""
        request = {"uses": [], "names": {}, "again": {}, **request}
        job = self.queue.submit(owner, kind, request, title)
        done = self.queue.wait(job.id, seconds=_LOOK_SECONDS)
        if done.state.active:
            self.queue.cancel(owner, job.id)
            raise InputError("looking at it took too long; choose a shorter or smaller clip.")
        if done.state is not State.done:
            raise InputError(self.told(done, done.error or "it was interrupted; try again."))
        return done

    def _described(self, upload: Upload) -> Material:
        width, height = upload.size
        details = f"{upload.seconds:.1f} s, {width} x {height} px"
        ref = f"upload:{upload.id}"
        return Material(ref, upload.name, details, f"uploads/{upload.id}", playable=True)

    def _name_of(self, owner: str, ref: str) -> str:
        if ref.startswith("upload:"):
            upload = self.uploads(owner).get(ref.removeprefix("upload:"))
            return "" if upload is None else upload.name
        return ref.removeprefix("sample:").partition("/")[0].capitalize()

    def _person(self, owner: str, wish: TransferWish) -> Entry:
        """The person who is to dance; a new one for a clip that was brought."""
        if not wish.target.startswith("upload:"):
            person = self._performer(owner, wish.target.partition("/")[0])
            assert person is not None
            return person
        upload = self._order(owner).upload(wish.target)
        name = plain_name(wish.name, Path(upload.name).stem or "Someone")
        return self.library(owner).add(
            Kind.person,
            name,
            [(upload.file, upload.name)],
            consent=wish.consent,
            pictures=(upload.picture, upload.strip),
        )

    def _performer(self, owner: str, ref: str) -> Entry | None:
        """Someone in the library, or a sample performer; None for the stick figure."""
        library = self.library(owner)
        if not ref:
            return None
        if ref.startswith("person:"):
            return self._of_kind(owner, ref.removeprefix("person:"), Kind.person)
        name = ref.removeprefix("sample:")
        if name not in SAMPLES:
            raise InputError("there is no such performer; choose another.")
        drawn = (
            self.sample_file(name, SAMPLES[name], "picture"),
            self.sample_file(name, SAMPLES[name], "strip"),
        )
        return library.sample(Kind.person, name) or library.add(
            Kind.person, name.capitalize(), [], sample=name, pictures=drawn
        )

    def _of_kind(self, owner: str, id: str, kind: Kind) -> Entry:
        entry = self.library(owner).expect(id)
        if entry.kind is not kind:
            raise InputError(f"{entry.name}: is a {entry.kind.value}; a {kind.value} is needed.")
        return entry

    def _dance(self, owner: str, wish: DanceWish) -> Entry:
        library = self.library(owner)
        if wish.dance == "samples":
            name = SAMPLE_DANCES_NAME
            return library.sample(Kind.dance, "samples") or library.add(
                Kind.dance, name, [], sample="samples"
            )
        if wish.dance.startswith("dance:"):
            return self._of_kind(owner, wish.dance.removeprefix("dance:"), Kind.dance)
        if not wish.clips:
            raise InputError("choose a dance: the sample dances, one that was learned, or clips.")
        order = self._order(owner)
        found = [order.upload(id) for id in wish.clips]
        name = plain_name(wish.name, Path(found[0].name).stem or "A dance")
        clips = [(upload.file, upload.name) for upload in found]
        return library.add(Kind.dance, name, clips, pictures=(found[0].picture, found[0].strip))
