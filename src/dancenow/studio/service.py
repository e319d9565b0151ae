"""Everything that the page asks for, without the page: uploads, jobs, people and dances."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from typing import Any, Final

from dancenow.cache import cache_dir
from dancenow.errors import InputError
from dancenow.files import make_folder
from dancenow.pose.dancers import check_person
from dancenow.sample import DANCES, PERFORMERS
from dancenow.studio.archive import PICTURE_FILE
from dancenow.studio.config import StudioConfig
from dancenow.studio.forms import ClipCard, DanceForm, TransferForm
from dancenow.studio.job import Job, JobState
from dancenow.studio.job_kinds import JOB_KINDS, PRELOAD
from dancenow.studio.job_queue import JobQueue
from dancenow.studio.library import EntryKind, Library, LibraryEntry
from dancenow.studio.media_types import UploadKind
from dancenow.studio.requests import SAMPLE_PERFORMERS, RequestBuilder, with_user_names
from dancenow.studio.uploads import Upload, Uploads, plain_name

SAMPLE_DANCES_NAME: Final = "Sample dances"
_KEPT_SECONDS: Final = 6 * 3600.0  # that an upload waits to be used
_MAX_UNPACKED: Final = 4  # times an upload's largest size that an archive may unpack to
_BACKGROUND: Final = re.compile(r"target|source|white|#[0-9a-f]{6}")  # and uploads: no path
_SHORT_JOB_SECONDS: Final = 120.0  # that a short job may take


class StudioService:
    """Turns what users ask for into jobs; what cannot be done is answered by an `InputError`.

    Args:
        config: the studio's configuration.

    Attributes:
        queue: the jobs.
        temp_folder: for uploads and downloads under way; empty when the studio is not running.
    """

    def __init__(self, config: StudioConfig) -> None:
        self.config = config
        self._owners = config.data / "owners"
        make_folder(self._owners)
        self.temp_folder = config.data / "passing"
        make_folder(self.temp_folder)
        owners = [path.name for path in self._owners.iterdir() if path.is_dir()]
        self.queue = JobQueue(
            lambda owner: self._owners / owner / "jobs", owners, JOB_KINDS, preload=PRELOAD
        )
        self.prune()

    def library(self, owner: str) -> Library:
        """An owner's people and dances."""
        return Library(self._owners / owner / "library")

    def uploads(self, owner: str) -> Uploads:
        """An owner's uploads."""
        return Uploads(self._owners / owner / "uploads", self.config.limits)

    def prune(self) -> None:
        """Remove uploads that nobody used, or that were used long ago."""
        for path in self.temp_folder.rglob("*"):
            if path.is_file() and time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink(missing_ok=True)
        for folder in self._owners.iterdir():
            jobs = self.queue.jobs_of(folder.name)
            unfinished = [job for job in jobs if job.state is not JobState.done]
            used = {id for job in unfinished for id in job.request["uses"]}
            used |= {ref.removeprefix("upload:") for ref in self.kept_plan(folder.name)["uploads"]}
            self.uploads(folder.name).prune(_KEPT_SECONDS, used)

    def plan_file(self, owner: str) -> Path:
        """Where an owner's plan is kept."""
        return self._owners / owner / "plan.json"

    def kept_plan(self, owner: str) -> dict[str, Any]:
        """An owner's plan, {} if there is none, and the refs of the uploads that it may use."""
        try:
            kept = json.loads(self.plan_file(owner).read_text("utf-8"))
            return {"plan": dict(kept["plan"]), "uploads": [str(ref) for ref in kept["uploads"]]}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {"plan": {}, "uploads": []}

    def add_clip(
        self, owner: str, path: Path, name: str, kind: UploadKind = UploadKind.clip
    ) -> ClipCard:
        """Store an uploaded clip, or a photo where `kind` is a picture, and draw its pictures.

        Raises:
            InputError: it is not a clip, too large, or nobody is seen in it.
        """
        upload = self.add_upload(owner, path, name, kind)
        request = {
            "clip": str(upload.file),
            "strip": str(upload.strip),
            "picture": str(upload.picture),
            "names": {str(upload.file): upload.name},
        }
        try:
            title = f"Looking at {upload.name}"
            seen = self._run_short_job(owner, "preview_clip", request, title)
        except InputError:
            shutil.rmtree(upload.file.parent, ignore_errors=True)
            raise
        width, height = upload.size
        length = f"{upload.seconds:.1f} s" if upload.seconds else "a photo"
        return ClipCard(
            f"upload:{upload.id}",
            upload.name,
            f"{length}, {width} x {height} pixels",
            f"uploads/{upload.id}",
            playable=upload.seconds > 0,
            people=int(seen["people"]),
            numbered=bool(seen["numbered"]),
        )

    def sample_clip(self, owner: str, performer: str, dance: str = "") -> ClipCard:
        """A sample performer's clip; its pictures are drawn where they do not exist yet.

        Raises:
            InputError: there is none of that name.
        """
        if performer not in PERFORMERS or (dance and dance not in DANCES):
            raise InputError("there is no such sample performer; choose another.")
        dance = dance or SAMPLE_PERFORMERS[performer]
        strip = self.sample_picture(performer, dance, "strip")
        picture = self.sample_picture(performer, dance, "picture")
        if not (strip.is_file() and picture.is_file()):
            request = {
                "performer": performer,
                "dance": dance,
                "seconds": self.config.workload.sample_seconds,
                "strip": str(strip),
                "picture": str(picture),
            }
            self._run_short_job(owner, "preview_sample", request, f"Drawing {performer}")
        return ClipCard(
            f"sample:{performer}/{dance}",
            f"{performer.capitalize()} dancing {dance}",
            "a sample performer, drawn by DanceNow",
            f"samples/{performer}-{dance}",
            playable=False,
        )

    def add_upload(self, owner: str, path: Path, name: str, kind: UploadKind) -> Upload:
        """Store an uploaded file; the file at `path` is gone afterwards.

        Raises:
            InputError: it is not of that kind, or too large.
        """
        self.check_uploaded(path)
        return self.uploads(owner).add(path, name, kind)

    def start_transfer(self, owner: str, form: TransferForm) -> Job:
        """Queue a transfer.

        Raises:
            InputError: something is missing, or cannot be used.
        """
        if not form.source:
            raise InputError("choose a clip to dance like: drop one, or take a sample performer.")
        if not form.target:
            raise InputError("choose who dances it: drop a clip, or take someone from the list.")
        for who in (form.source_person, form.target_person):
            check_person(who)
        self.queue.check_capacity(owner)
        builder = self.builder(owner)
        source, background = builder.clip(form.source), form.background
        if background.startswith("upload:"):
            background = str(builder.upload(background).file)
        elif not _BACKGROUND.fullmatch(background):
            raise InputError("choose what is behind the dancer.")
        person = self._person(owner, form)
        request = {
            "source": source,
            "who": form.source_person,
            "person": builder.person(person, form.minutes),
            "retarget": "limbs" if form.limbs else "global",
            "background": background,
            "device": self.config.device,
            "uses": builder.uses,
            "names": builder.names,
            "again": {"person": person.id},
        }
        title = f"{person.name} dances like {self._clip_name(owner, form.source)}"
        return self.queue.submit(owner, "transfer", request, title)

    def start_dance(self, owner: str, form: DanceForm) -> Job:
        """Queue a new dance.

        Raises:
            InputError: something is missing, or cannot be used.
        """
        self.queue.check_capacity(owner)
        builder = self.builder(owner)
        music = str(builder.upload(form.music).file) if form.music else None
        if form.loop and music is not None:
            raise InputError("music has an end, a loop has none; choose one of them.")
        person = self.performer(owner, form.performer)
        dance = self._dance_of(owner, form)
        if dance.codec == "frame" and (person is not None or music is not None or form.loop):
            raise InputError(
                f"{dance.name}: was learned as pictures and dreams silhouettes; choose no "
                "performer, music or loop with it."
            )
        request = {
            "dance": builder.dance(dance, form.minutes),
            "person": None if person is None else builder.person(person, form.minutes),
            "music": music,
            "seconds": form.seconds,
            "temperature": form.temperature,
            "seed": form.seed,
            "loop": form.loop,
            "device": self.config.device,
            "uses": builder.uses,
            "names": builder.names,
            "again": {"person": None if person is None else person.id, "dance": dance.id},
        }
        who = "A stick figure" if person is None else person.name
        return self.queue.submit(owner, "new_dance", request, f"{who} in a new dance: {dance.name}")

    def import_archive(self, owner: str, path: Path, name: str, *, consent: bool) -> LibraryEntry:
        """Add a person or a dance from an archive; the file at `path` is gone afterwards.

        Raises:
            InputError: it holds none, is not safe, is damaged, or consent was not confirmed.
        """
        self.check_uploaded(path)
        limits, library = self.config.limits, self.library(owner)
        try:
            if path.stat().st_size > limits.bytes:
                raise InputError(f"the archive is larger than {limits.megabytes:g} MB.")
            stem = plain_name(name, "Imported").rsplit(".", 1)[0]
            most = _MAX_UNPACKED * limits.bytes
            entry = library.import_archive(path, stem, most_bytes=most, consent=consent)
        finally:
            path.unlink(missing_ok=True)
        request = {
            "kind": entry.kind.value,
            "codec": entry.codec,
            "folder": str(entry.trained),
            "picture": str(entry.folder / PICTURE_FILE),
            "names": {str(entry.trained): entry.name},
        }
        try:
            self._run_short_job(owner, "check_import", request, f"Checking {entry.name}")
        except BaseException:
            library.delete(entry.id)
            raise
        return entry

    def delete(self, owner: str, id: str) -> None:
        """Remove a person or a dance.

        Raises:
            InputError: an active job uses it.
        """
        entry = self.library(owner).require(id)
        for job in self.queue.jobs_of(owner):
            if job.state.active and id in job.request["again"].values():
                raise InputError(f"{entry.name}: is in use; wait, or cancel {job.title!r} first.")
        self.library(owner).delete(id)

    def library_state(self, owner: str) -> str:
        """A text that changes whenever the page must show an owner's people and dances anew."""
        library = self.library(owner)
        entries = [entry for kind in EntryKind for entry in library.all(kind)]
        return "library " + " ".join(f"{e.id} {e.name!r} {e.figures.get('steps')}" for e in entries)

    def sample_picture(self, performer: str, dance: str, what: str) -> Path:
        """The file of a sample performer's "strip" or "picture", shared by all users."""
        return cache_dir("studio") / f"{performer}-{dance}-{what}.jpg"

    def with_user_names(self, job: Job, line: str) -> str:
        """A line about a job with the user's names in place of paths."""
        return with_user_names(line, job.request["names"])

    def check_uploaded(self, path: Path) -> None:
        """Accept nothing but an uploaded file, whatever a request names."""
        if not path.resolve().is_relative_to(self.temp_folder.resolve()) or not path.is_file():
            raise InputError("the file did not arrive; upload it again.")

    def builder(self, owner: str) -> RequestBuilder:
        return RequestBuilder(self.config, self.uploads(owner))

    def _run_short_job(
        self, owner: str, kind: str, request: dict[str, Any], title: str
    ) -> dict[str, Any]:
        """Run a short job, and wait for its result; raises `InputError` where it fails."""
        request = {"uses": [], "names": {}, "again": {}, **request}
        job = self.queue.submit(owner, kind, request, title)
        ended = self.queue.wait(job.id, seconds=_SHORT_JOB_SECONDS)
        if ended.state.active:
            self.queue.cancel(owner, job.id)
            raise InputError("checking it took too long; choose a shorter or smaller clip.")
        if ended.state is not JobState.done:
            line = ended.error or "it was interrupted; try again."
            raise InputError(self.with_user_names(ended, line))
        return ended.result

    def _clip_name(self, owner: str, ref: str) -> str:
        if ref.startswith("upload:"):
            upload = self.uploads(owner).get(ref.removeprefix("upload:"))
            return "" if upload is None else upload.name
        return ref.removeprefix("sample:").partition("/")[0].capitalize()

    def _person(self, owner: str, form: TransferForm) -> LibraryEntry:
        """The person who is to dance; a new one for an uploaded clip."""
        if not form.target.startswith("upload:"):
            person = self.performer(owner, form.target.partition("/")[0])
            assert person is not None
            return person
        upload = self.builder(owner).upload(form.target)
        name = plain_name(form.name, Path(upload.name).stem or "Someone")
        return self.library(owner).add(
            EntryKind.person,
            name,
            [(upload.file, upload.name)],
            consent=form.consent,
            pictures=(upload.picture, upload.strip),
            who=form.target_person,
        )

    def performer(self, owner: str, ref: str) -> LibraryEntry | None:
        """Someone in the library, or a sample performer; None for the stick figure."""
        if not ref:
            return None
        if ref.startswith("person:"):
            return self._entry(owner, ref.removeprefix("person:"), EntryKind.person)
        name = ref.removeprefix("sample:")
        if name not in SAMPLE_PERFORMERS:
            raise InputError("there is no such performer; choose another.")
        dance, library = SAMPLE_PERFORMERS[name], self.library(owner)
        picture = self.sample_picture(name, dance, "picture")
        strip = self.sample_picture(name, dance, "strip")
        return library.find_sample(EntryKind.person, name) or library.add(
            EntryKind.person, name.capitalize(), [], sample=name, pictures=(picture, strip)
        )

    def dance(self, owner: str, ref: str) -> LibraryEntry:
        """The sample dances, or a dance in the library.

        Raises:
            InputError: there is none.
        """
        library = self.library(owner)
        if ref == "samples":
            return library.find_sample(EntryKind.dance, "samples") or library.add(
                EntryKind.dance, SAMPLE_DANCES_NAME, [], sample="samples"
            )
        if ref.startswith("dance:"):
            return self._entry(owner, ref.removeprefix("dance:"), EntryKind.dance)
        raise InputError("choose a dance: the sample dances, one that was learned, or clips.")

    def _dance_of(self, owner: str, form: DanceForm) -> LibraryEntry:
        """The dance to compose from; a new one for uploaded clips."""
        library = self.library(owner)
        if not form.clips or form.dance == "samples" or form.dance.startswith("dance:"):
            return self.dance(owner, form.dance)
        builder = self.builder(owner)
        uploads = [builder.upload(id) for id in form.clips]
        first = uploads[0]
        return library.add(
            EntryKind.dance,
            plain_name(form.name, Path(first.name).stem or "A dance"),
            [(upload.file, upload.name) for upload in uploads],
            pictures=(first.picture, first.strip),
        )

    def _entry(self, owner: str, id: str, kind: EntryKind) -> LibraryEntry:
        entry = self.library(owner).require(id)
        if entry.kind is not kind:
            raise InputError(f"{entry.name}: is a {entry.kind.value}; a {kind.value} is needed.")
        return entry
