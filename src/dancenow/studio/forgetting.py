"""What is removed with a person or a dance, for ever; the one place where that is listed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dancenow.cache import forget
from dancenow.errors import InputError
from dancenow.files import remove
from dancenow.hashing import content_hash
from dancenow.studio.job import Job
from dancenow.studio.job_queue import JobQueue
from dancenow.studio.library import EntryKind, Library, LibraryEntry
from dancenow.studio.tasks import file_of
from dancenow.studio.uploads import Uploads
from dancenow.training.session import contents_of


def forget_entry(
    entry: LibraryEntry,
    owner: str,
    library: Library,
    uploads: Uploads,
    queue: JobQueue,
    remove_upload: Callable[[str], None],
) -> None:
    """Remove a person or a dance with all that was made of them, but for finished videos.

    Gone are: what was learned, with its pictures; the clips it was learned from, and the uploads
    that they came from, unless something else is made of these; everything in the cache that was
    made of the clips; jobs that did not end, which show the person; first looks of those that did.
    """
    theirs = [job for job in queue.jobs_of(owner) if _shows(job, entry)]
    others = {id for job in queue.jobs_of(owner) if job not in theirs for id in job.request["uses"]}
    for job in theirs:
        if job.state.resumable:
            queue.remove(owner, job.id)
        elif (first := file_of(queue.folder(job), "first")) is not None:
            remove(first)
    contents = {content_hash(clip) for clip in entry.clips} | contents_of(entry.trained)
    sizes = {clip.stat().st_size for clip in entry.clips}
    if not entry.sample and entry.kind is EntryKind.dance and entry.ready:
        contents.add(content_hash(entry.trained))  # what was composed with it
    library.delete(entry.id)
    for upload in uploads.all():
        alike = upload.id not in others and upload.file.stat().st_size in sizes
        if alike and content_hash(upload.file) in contents:
            with suppress(InputError):  # something else is made of it
                remove_upload(upload.id)
    if not entry.sample:
        forget(contents)


def _shows(job: Job, entry: LibraryEntry) -> bool:
    """Whether a job is about a person or a dance."""
    about = job.request.get("again", {})
    if entry.id in (about.get("person"), about.get("dance")):
        return True
    return str(entry.folder) in {
        str(Path(part["folder"]).parent)
        for part in (job.request.get("person"), job.request.get("dance"))
        if isinstance(part, dict) and "folder" in part
    }
