"""What is removed with a person or a dance, for ever; the one place where that is listed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from pathlib import Path

from dancenow.cache import forget, forget_made
from dancenow.errors import InputError
from dancenow.files import remove
from dancenow.hashing import content_hash
from dancenow.studio.job import Job
from dancenow.studio.job_queue import JobQueue
from dancenow.studio.library import EntryKind, Library, LibraryEntry
from dancenow.studio.tasks import file_of
from dancenow.studio.uploads import Upload, Uploads, is_id
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
        if job.state.resumable or job.kind == "learn_person":  # of which only pictures are left
            queue.remove(owner, job.id)
        for stem in ("first", "preview"):
            if (seen := file_of(queue.folder(job), stem)) is not None:
                remove(seen)
    contents = {content_hash(clip) for clip in entry.clips} | contents_of(entry.trained)
    sizes = {clip.stat().st_size for clip in entry.clips}
    if not entry.sample and entry.kind is EntryKind.dance and entry.ready:
        contents.add(content_hash(entry.trained))  # what was composed with it
    library.delete(entry.id)
    found = {upload.id: upload for upload in uploads.all()}
    shown = [
        upload
        for upload in found.values()
        if upload.file.stat().st_size in sizes and content_hash(upload.file) in contents
    ]
    for upload in _with_their_parts(shown, found):
        if upload.id not in others:
            contents.add(content_hash(upload.file))
            with suppress(InputError):  # the time line uses it
                remove_upload(upload.id)
    if not entry.sample:
        forget(contents)


def drop_upload(uploads: Uploads, id: str, owners: Path) -> None:
    """Remove an upload, and what was made of it unless anybody else keeps the same file.

    People who were learned of it stay: others may have done so, with the command line.

    Args:
        uploads: its owner's.
        id: of the upload.
        owners: the folder with the folders of all owners.
    """
    upload, content, size = uploads.get(id), "", 0
    with suppress(OSError, InputError):  # it is damaged, or gone meanwhile
        if upload is not None:
            size, content = upload.file.stat().st_size, content_hash(upload.file)
    uploads.remove(id)
    kept = chain(owners.glob("*/uploads/*/*"), owners.glob("*/library/*/clips/*"))
    if content and not any(_is_same(file, size, content) for file in kept):
        with suppress(OSError, InputError):  # it may be in use
            forget_made({content})


def _is_same(file: Path, size: int, content: str) -> bool:
    try:
        return file.stat().st_size == size and content_hash(file) == content
    except (OSError, InputError):  # gone meanwhile
        return False


def _with_their_parts(shown: list[Upload], found: dict[str, Upload]) -> list[Upload]:
    """Uploads with those that they were cut out of, and all that was cut out of these."""
    ids, before = {upload.id for upload in shown}, set[str]()
    while ids != before:
        before = set(ids)
        ids |= {found[id].origin for id in before if found[id].origin in found}
        ids |= {upload.id for upload in found.values() if upload.origin in before}
    return [found[id] for id in sorted(ids)]


def _shows(job: Job, entry: LibraryEntry) -> bool:
    """Whether a job is about a person or a dance."""
    return entry.id in entries_of(job)


def entries_of(job: Job) -> set[str]:
    """The ids of the people and dances that a job is about."""
    about, request = job.request.get("again", {}), job.request
    parts = [request.get("person"), request.get("dance"), *request.get("people", [])]
    folders = {part["folder"] for part in parts if isinstance(part, dict) and "folder" in part}
    named = {about.get("person"), about.get("dance"), *(Path(each).parent.name for each in folders)}
    return {id for id in named if isinstance(id, str) and is_id(id)}  # no samples
