"""Everything that the page asks for, without the page: uploads, jobs, people and dances."""

from __future__ import annotations

import json
import re
import tempfile
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from anyio import CapacityLimiter

from dancenow.errors import InputError
from dancenow.files import make_folder
from dancenow.reading import read_object
from dancenow.studio.archive import PICTURE_FILE, size_unpacked
from dancenow.studio.config import StudioConfig
from dancenow.studio.estimate import Rates, steps_of
from dancenow.studio.forgetting import drop_upload, entries_of, forget_entry
from dancenow.studio.job import Job, JobState
from dancenow.studio.job_kinds import JOB_KINDS, PRELOAD
from dancenow.studio.job_queue import JobQueue
from dancenow.studio.library import EntryKind, Library, LibraryEntry
from dancenow.studio.live import LiveStage
from dancenow.studio.media_types import UploadKind
from dancenow.studio.quota import Quota
from dancenow.studio.requests import (
    SAMPLE_PERFORMERS,
    RequestBuilder,
    check_agreed,
    with_user_names,
)
from dancenow.studio.sound import is_sound
from dancenow.studio.thumbnails import sample_picture
from dancenow.studio.uploads import Upload, Uploads, plain_name

SAMPLE_DANCES_NAME: Final = "Sample dances"
_KEPT_SECONDS: Final = 6 * 3600.0  # that an upload waits to be used
_UPLOADS: Final = re.compile(r"upload:([\w-]+)")
_MAX_UNPACKED: Final = 4  # times an upload's largest size that an archive may unpack to
_LOOKED_AT: Final = 6  # uploads at once
_LEFT_SECONDS: Final = 10.0  # that a job may take to end once nobody needs it
_SHORT_JOB_SECONDS: Final = 120.0  # that a short job may take


class StudioService:
    """Turns what users ask for into jobs; what cannot be done is answered by an `InputError`.

    Args:
        config: the studio's configuration.

    Attributes:
        queue: the jobs.
        taken: the ids of orders' jobs, by owner and key.
        ordering: held while one is taken that must not be taken twice.
        rates: how long the steps of jobs take on this computer.
        live: where somebody dances live.
        closing: set when the studio begins to close: nobody waits any more.
        quota: what owners may keep.
        sending: how many archives each owner fetches.
        arriving: how many uploads of each owner are looked at, or wait for it.
        looking: lets a few uploads be looked at at once.
        temp_folder: for uploads and downloads under way; empty when the studio is not running.
    """

    def __init__(self, config: StudioConfig) -> None:
        self.config = config
        self._owners = config.data / "owners"
        make_folder(self._owners)
        self.temp_folder = config.data / "passing"
        make_folder(self.temp_folder)
        self.taken: OrderedDict[tuple[str, str], str] = OrderedDict()
        self.ordering = threading.RLock()
        self.sending: Counter[str] = Counter()
        self.arriving: Counter[str] = Counter()
        self.quota = Quota(self._owners, config.limits)
        self.looking = CapacityLimiter(_LOOKED_AT)
        self.rates = Rates(config.data / "rates.json")
        owners = [path.name for path in self._owners.iterdir() if path.is_dir()]
        self.queue = JobQueue(
            lambda owner: self._owners / owner / "jobs",
            owners,
            JOB_KINDS,
            preload=PRELOAD,
            timed=self._timed,
        )
        self.live = LiveStage(config.device)
        self.closing = threading.Event()
        self.prune()

    def library(self, owner: str) -> Library:
        """An owner's people and dances."""
        return Library(self._owners / owner / "library")

    def uploads(self, owner: str) -> Uploads:
        """An owner's uploads."""
        return Uploads(self._owners / owner / "uploads", self.config.limits)

    def prune(self) -> None:
        """Remove uploads that no video was made of."""
        for path in self.temp_folder.rglob("*"):
            if path.is_file() and time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink(missing_ok=True)
        for folder in self._owners.iterdir():
            jobs = self.queue.jobs_of(folder.name)
            used = {id for job in jobs for id in job.request["uses"]}  # to make it again
            used |= set(_UPLOADS.findall(json.dumps(self.kept_plan(folder.name))))
            uploads = self.uploads(folder.name)
            for id in uploads.older_than(_KEPT_SECONDS, used):
                drop_upload(uploads, id, self._owners)

    def plan_file(self, owner: str) -> Path:
        """Where an owner's plan is kept."""
        return self._owners / owner / "time-line.json"

    def kept_plan(self, owner: str) -> dict[str, Any]:
        """An owner's plan; {} if there is none."""
        file = self.plan_file(owner)
        earlier = file.with_name("plan.json")  # it held the plan beside its uploads
        try:
            kept = read_object(file if file.is_file() else earlier, "is damaged.")
        except InputError:
            return {}
        if isinstance(kept.get("plan"), dict):
            kept = kept["plan"]
        return kept if is_sound(kept) else {}

    def add_clip(
        self,
        owner: str,
        path: Path,
        name: str,
        kind: UploadKind = UploadKind.clip,
        *,
        dancer: bool = False,
    ) -> Upload:
        """Store an uploaded clip, or a photo where `kind` is a picture, and draw its pictures.

        What takes longest of a clip is begun at once: its poses, or where it shows a `dancer` to be
        learned, cutting them out.

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
            seen = self.run_short_job(owner, "preview_clip", request, title)
        except InputError:
            drop_upload(self.uploads(owner), upload.id, self._owners)
            raise
        seen["dancer"] = dancer
        upload = self.uploads(owner).note(upload.id, seen=seen) or upload
        if upload.seconds and (seen["people"] == 1 or not dancer):
            self._look_ahead(owner, upload)
        return upload

    def _look_ahead(self, owner: str, upload: Upload) -> None:
        builder, seen = self.builder(owner), upload.seen
        request = {
            "clip": builder.clip(f"upload:{upload.id}"),
            "training": builder.training(0) if seen["dancer"] else None,
            "uses": builder.uses,
            "names": builder.names,
            "again": {},
            "steps": [("look" if seen["dancer"] else "poses", upload.seconds)],
        }
        with suppress(InputError):  # others are waiting: the job itself will do it
            kind = "look_at_dancer" if seen["dancer"] else "look_at_dance"
            self.queue.submit(owner, kind, request, f"Looking at {upload.name}")

    def leave(self, owner: str, *, but: Collection[str] = (), only: str = "") -> None:
        """Stop looking ahead at a user's clips.

        Args:
            owner: the user.
            but: ids of clips that are needed; those at which it looks already are looked at on.
            only: the id of the only clip that is meant; "": all.
        """
        for job in self.queue.active_of(owner):
            uses = set(job.request["uses"])
            needed = uses & set(but) and job.state is not JobState.queued
            if self.queue.is_ahead(job) and not needed and (not only or only in uses):
                self.queue.cancel(owner, job.id)

    def cut(self, owner: str, ref: str, begins: float, ends: float) -> Upload:
        """Store a part of an uploaded clip, or of music, as an upload of its own.

        Raises:
            InputError: it is gone, or nothing, or nobody, is left in it.
        """
        upload = self.builder(owner).upload(ref)
        self.leave(owner, only=upload.id)
        music, stem = not any(upload.size), Path(upload.name).stem
        suffix = ".m4a" if music else ".mp4"
        with tempfile.TemporaryDirectory(dir=self.temp_folder) as folder:
            output = Path(folder) / f"part{suffix}"
            request = {
                "clip": str(upload.file),
                "output": str(output),
                "part": (begins, ends),
                "music": music,
                "names": {str(upload.file): upload.name},
            }
            self.run_short_job(owner, "cut_clip", request, f"Cutting {upload.name}")
            name = f"{stem} ({begins:.1f}–{ends:.1f} s){suffix}"
            self.quota.check(owner, output.stat().st_size)
            if music:
                return self.add_upload(owner, output, name, UploadKind.sound)
            dancer = upload.seen.get("dancer") is True
            part = self.add_clip(owner, output, name, dancer=dancer)
            return self.uploads(owner).note(part.id, origin=upload.id) or part

    def add_upload(self, owner: str, path: Path, name: str, kind: UploadKind) -> Upload:
        """Store an uploaded file; the file at `path` is gone afterwards.

        Raises:
            InputError: it is not of that kind, or too large.
        """
        self.check_uploaded(path)
        self.quota.count_anew(owner)
        return self.uploads(owner).add(path, name, kind)

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
            with self.quota.kept_free(owner, size_unpacked(path)):
                entry = library.import_archive(path, stem, most_bytes=most, consent=consent)
        finally:
            path.unlink(missing_ok=True)
            self.quota.count_anew(owner)
        request = {
            "kind": entry.kind.value,
            "codec": entry.codec,
            "folder": str(entry.trained),
            "megapixels": limits.megapixels,
            "picture": str(entry.folder / PICTURE_FILE),
            "names": {str(entry.trained): entry.name},
        }
        try:
            self.run_short_job(owner, "check_import", request, f"Checking {entry.name}")
        except BaseException:
            library.delete(entry.id)
            raise
        return entry

    def delete(self, owner: str, id: str) -> None:
        """Remove a person or a dance, and all that was made of them; see `forgetting`.

        Raises:
            InputError: an active job uses it.
        """
        entry = self.library(owner).require(id)
        for job in self.queue.active_of(owner):
            if id in json.dumps(job.request):  # as itself, or in the path of a file
                raise InputError(f"{entry.name} is in use: wait, or cancel {job.title!r} first.")
        forget_entry(
            entry,
            owner,
            self.library(owner),
            self.uploads(owner),
            self.queue,
            lambda upload: self.remove_upload(owner, upload),
        )

    def resume(self, owner: str, id: str) -> Job:
        """Queue a job again that did not end; it continues.

        Raises:
            InputError: there is none, it is done or active, or somebody in it is gone.
        """
        job, library = self.queue.get(owner, id), self.library(owner)
        for entry in () if job is None else map(library.get, entries_of(job)):
            if entry is None:
                raise InputError("somebody in it was deleted; start a new one.")
            check_agreed(entry)
        self.check_capacity(owner)
        return self.queue.resume(owner, id)

    def check_capacity(self, owner: str) -> None:
        """Raise `InputError` where an owner may not order anything more just now."""
        self.queue.check_capacity(owner)
        self.quota.check(owner)

    def remove_upload(self, owner: str, id: str) -> None:
        """Remove what was uploaded; people and videos that were made of it stay.

        Raises:
            InputError: a video that is not finished, or the time line, needs it.
        """
        for job in [*self.queue.jobs_of(owner), *self.queue.active_of(owner)]:
            unfinished = job.state.active or job.state.resumable
            if unfinished and not self.queue.is_ahead(job) and id in job.request["uses"]:
                raise InputError(f"{job.title!r} still needs this clip; delete or finish it first.")
        if id in _UPLOADS.findall(json.dumps(self.kept_plan(owner))):
            raise InputError("your time line uses this clip; take it out there first.")
        self.leave(owner, only=id)
        for job in self.queue.active_of(owner):  # else it would leave what it finishes now
            if self.queue.is_ahead(job) and id in job.request["uses"]:
                self.queue.wait(job.id, seconds=_LEFT_SECONDS)
        drop_upload(self.uploads(owner), id, self._owners)

    def with_user_names(self, job: Job, line: str) -> str:
        """A line about a job with the user's names in place of paths."""
        return with_user_names(line, job.request["names"])

    def check_uploaded(self, path: Path) -> None:
        """Accept nothing but an uploaded file, whatever a request names."""
        if not path.resolve().is_relative_to(self.temp_folder.resolve()) or not path.is_file():
            raise InputError("the file did not arrive; upload it again.")

    def builder(self, owner: str) -> RequestBuilder:
        """What builds the requests of an owner's jobs."""
        return RequestBuilder(self.config, self.uploads(owner))

    def run_short_job(
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

    def performer(self, owner: str, ref: str) -> LibraryEntry | None:
        """Someone in the library, or a sample performer; None for the stick figure."""
        if not ref:
            return None
        if ref.startswith("person:"):
            return self._entry(owner, ref.removeprefix("person:"), EntryKind.person)
        name = ref.removeprefix("sample:")
        if name not in SAMPLE_PERFORMERS:
            raise InputError("there is no such performer; choose another.")
        library = self.library(owner)
        picture, title = sample_picture(name, SAMPLE_PERFORMERS[name]), name.capitalize()
        with self.ordering:  # two requests at once would add two
            return library.find_sample(EntryKind.person, name) or library.add(
                EntryKind.person, title, [], sample=name, picture=picture
            )

    def dance(self, owner: str, ref: str) -> LibraryEntry:
        """The sample dances, or a dance in the library.

        Raises:
            InputError: there is none.
        """
        library = self.library(owner)
        if ref == "samples":
            with self.ordering:
                return library.find_sample(EntryKind.dance, "samples") or library.add(
                    EntryKind.dance, SAMPLE_DANCES_NAME, [], sample="samples"
                )
        if ref.startswith("dance:"):
            return self._entry(owner, ref.removeprefix("dance:"), EntryKind.dance)
        raise InputError("choose a dance: the sample dances, one that was learned, or clips.")

    def _timed(self, job: Job, name: str, seconds: float) -> None:
        if self.queue.is_ahead(job):
            self.uploads(job.owner).note(job.request["uses"][0], ahead=True)
        for step in steps_of(job.request):
            if step.name == name:
                self.rates.add(step, seconds)

    def _entry(self, owner: str, id: str, kind: EntryKind) -> LibraryEntry:
        entry = self.library(owner).require(id)
        if entry.kind is not kind:
            raise InputError(f"{entry.name}: is a {entry.kind.value}; a {kind.value} is needed.")
        return entry
