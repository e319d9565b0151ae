"""What the page shows a user: dances and dancers to choose from, jobs, people; all as JSON."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any, Final

from dancenow import consent
from dancenow.sample.shipped import MOVES, SECONDS, shipped_dancer
from dancenow.studio.config import MEGABYTE
from dancenow.studio.estimate import Outlook, steps_of
from dancenow.studio.job import Job, JobState
from dancenow.studio.library import EntryKind, LibraryEntry
from dancenow.studio.requests import SAMPLE_PERFORMERS, title_of
from dancenow.studio.service import SAMPLE_DANCES_NAME, StudioService
from dancenow.studio.tasks import SOURCE_STEM
from dancenow.studio.uploads import Upload

_PLAUSIBLE: Final = 1e9  # steps, or seconds of training, that a figure from an archive may tell
_OWN: Final = re.compile(r"a good result takes about|add `bpm")  # the page tells it its own way
_FIGURES: Final = ("frames", "fps", "size", "seconds_spent", "tempo", "beat_alignment")


class Catalogue:
    """What one user can choose from, and what was made.

    Args:
        service: the studio's service.
        owner: the user.
    """

    def __init__(self, service: StudioService, owner: str) -> None:
        self._service, self._owner = service, owner
        self._library = service.library(owner)

    def state(self) -> dict[str, Any]:
        """Everything that the page shows."""
        limits = self._service.config.limits
        people, dances = (self._library.all(kind) for kind in EntryKind)
        return {
            "limits": {
                "bytes": limits.bytes,
                "seconds": limits.seconds,
                "megapixels": limits.megapixels,
            },
            "consent": consent.TEXT,
            "dances": [*self._clips(), *self._sample_clips()],
            "dancers": [
                *(self._dancer(entry) for entry in people if not entry.sample),
                *self._sample_dancers(),
            ],
            "moves": self._moves(dances),
            "jobs": [self.job(job) for job in self._service.queue.jobs_of(self._owner)],
            "library": [self._entry(entry) for entry in (*people, *dances)],
        }

    def upload(self, upload: Upload) -> dict[str, Any]:
        """An uploaded clip or photo as something to choose."""
        about = f"your clip, {upload.seconds:.0f} s" if upload.seconds else "your photo"
        area = f"/media/uploads/{upload.id}"
        return {
            "ref": f"upload:{upload.id}",
            "name": upload.name,
            "about": about,
            "poster": f"{area}/picture",
            "clip": f"{area}/clip" if upload.seconds else None,
            "seconds": upload.seconds,
            "strip": f"{area}/strip" if upload.seen else None,
            "people": upload.seen.get("people", 1),
            "boxes": upload.seen.get("boxes"),
        }

    def job(self, job: Job) -> dict[str, Any]:
        """A job: how far it is, what it shows, what it made."""
        folder, queue = self._service.queue.folder(job), self._service.queue
        area = f"/media/jobs/{job.id}"
        looks, done = self._outlook(job), job.state is JobState.done
        files = {path.stem: path for path in folder.glob("*.*")} if folder.is_dir() else {}
        again = {name: id for name, id in job.request["again"].items() if isinstance(id, str)}
        return {
            "id": job.id,
            "kind": job.kind,
            "title": job.title,
            "state": job.state.value,
            "active": job.state.active,
            "resumable": job.state.resumable,
            "begun": bool(job.step or job.progress),
            "created": job.created,
            "ahead": queue.jobs_ahead(job) if job.state is JobState.queued else 0,
            "share": looks.share,
            "left": looks.left,
            "step": job.step,
            "stage": self._named(job, str(job.progress.get("stage", ""))),
            "error": self._named(job, job.error),
            "hints": [self._named(job, line) for line in job.warnings if not _OWN.search(line)],
            "preview": f"{area}/preview?at={job.preview:.0f}" if job.preview else None,
            "first": f"{area}/first" if job.first_look and not job.result else None,
            "poster": f"{area}/poster" if "poster" in files else None,
            "source": f"{area}/source" if SOURCE_STEM in files else None,
            "result": f"{area}/result" if done and "result" in files else None,
            "beside": f"{area}/beside" if job.result.get("beside") else None,
            "figures": {name: job.result[name] for name in _FIGURES if name in job.result},
            "learned": _learned(job),
            "again": self._known(again) | self._form(job),
        }

    def _outlook(self, job: Job) -> Outlook:
        steps = steps_of(job.request)
        if not job.state.active or not steps:  # how long it takes is not known
            return Outlook(1.0 if job.state is JobState.done else 0.0, 0.0)
        names = [step.name for step in steps]
        if job.step not in names:
            return self._service.rates.outlook(steps, 0, 0.0)
        elapsed = time.time() - job.began
        return self._service.rates.outlook(steps, names.index(job.step), elapsed)

    def _named(self, job: Job, line: str) -> str:
        return self._service.with_user_names(job, line)

    def _known(self, again: dict[str, str]) -> dict[str, Any]:
        """The refs of people and dances that still exist; and whether one can be learned more."""
        known = {name: entry for name, id in again.items() if (entry := self._library.get(id))}
        refs = {name: _ref_of(entry) for name, entry in known.items()}
        return refs | {"more": "person" in known and known["person"].learns_more}

    def _form(self, job: Job) -> dict[str, Any]:
        """What was filled in; music as it is known, None if it is gone."""
        form = dict(job.request.get("form", {}))
        if "music" in form:
            music = self._service.uploads(self._owner).get(form["music"])
            form["music"] = music and stored(music)
        return form

    def _clips(self) -> Iterator[dict[str, Any]]:
        shown = set()
        for upload in self._service.uploads(self._owner).all():
            same = (upload.name, upload.seconds, upload.size)  # brought twice
            if upload.seconds and upload.strip.is_file() and same not in shown:
                shown.add(same)
                yield self.upload(upload)

    def _sample_clips(self) -> Iterator[dict[str, Any]]:
        for performer, dance in SAMPLE_PERFORMERS.items():
            yield {
                "ref": f"sample:{performer}/{dance}",
                "name": title_of(performer, dance),
                "about": "a sample",
                "poster": f"/media/samples/{performer}-{dance}/picture",
                "clip": f"/media/samples/{performer}-{dance}/clip",
                "seconds": SECONDS,
            }

    def _dancer(self, entry: LibraryEntry) -> dict[str, Any]:
        return {
            "ref": _ref_of(entry),
            "name": entry.name,
            "about": "ready" if entry.ready else "not fully learned yet",
            "poster": f"/media/library/{entry.id}/picture" if entry.picture else None,
            "clip": None,
            "ready": entry.ready,
        }

    def _sample_dancers(self) -> Iterator[dict[str, Any]]:
        for name, dance in SAMPLE_PERFORMERS.items():
            known = self._library.find_sample(EntryKind.person, name)
            ready = shipped_dancer(name) is not None or (known is not None and known.ready)
            yield {
                "ref": f"sample:{name}",
                "name": name.capitalize(),
                "about": "a sample, ready" if ready else "a sample, to be learned first",
                "poster": f"/media/samples/{name}-{dance}/picture",
                "clip": f"/media/samples/{name}-{dance}/clip",
                "ready": ready,
            }

    def _moves(self, dances: list[LibraryEntry]) -> list[dict[str, Any]]:
        samples = {
            "ref": "samples",
            "name": SAMPLE_DANCES_NAME,
            "ready": True,
            "pictures": False,
            "styles": [dance for _, dance in MOVES],
        }
        return [samples, *(_moves_of(entry) for entry in dances if not entry.sample)]

    def _entry(self, entry: LibraryEntry) -> dict[str, Any]:
        area, figures = f"/media/library/{entry.id}", entry.figures
        return {
            "id": entry.id,
            "kind": entry.kind.value,
            "name": entry.name,
            "ready": entry.ready,
            "puppet": entry.is_puppet,
            "from": "" if entry.sample else entry.clip,
            "sample": bool(entry.sample),
            "created": entry.created,
            "megabytes": entry.size_bytes / MEGABYTE,
            "agreed": bool(entry.consent and entry.consent.confirmed),
            "learned": _plausible(figures.get("seconds")),
            "more": entry.ready and entry.learns_more,
            "poster": f"{area}/picture" if entry.picture else None,
            "report": f"{area}/report" if entry.report.is_file() else None,
            "archive": f"{area}/archive" if entry.ready else None,
        }


def stored(upload: Upload) -> dict[str, Any]:
    """What a page knows of a file that was stored as it is."""
    return {"ref": f"upload:{upload.id}", "name": upload.name, "seconds": upload.seconds}


def _ref_of(entry: LibraryEntry) -> str:
    """How the page names something; samples alike, whether they were used before or not."""
    if entry.kind is EntryKind.dance:
        return "samples" if entry.sample else f"dance:{entry.id}"
    return f"sample:{entry.sample}" if entry.sample else f"person:{entry.id}"


def _moves_of(entry: LibraryEntry) -> dict[str, Any]:
    return {
        "ref": f"dance:{entry.id}",
        "name": entry.name,
        "ready": entry.ready,
        "pictures": entry.codec == "frame",
        "styles": entry.styles,
    }


def _learned(job: Job) -> dict[str, float]:
    """Seconds that a person and a dance were learned for."""
    return {
        what: float(job.result[f"{what}_seconds"])
        for what in ("person", "dance")
        if f"{what}_seconds" in job.result
    }


def _plausible(figure: Any) -> float | None:
    """A figure of a training; it may come from an archive, which may say anything."""
    fine = isinstance(figure, int | float) and 0 <= figure < _PLAUSIBLE
    return float(figure) if fine else None
