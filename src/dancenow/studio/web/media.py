"""Serves the page's files: videos, pictures and archives, each to its owner only."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from dancenow.errors import InputError
from dancenow.limits import check_space
from dancenow.sample import DANCES, PERFORMERS
from dancenow.sample.shipped import shipped_clip
from dancenow.studio.library import LibraryEntry
from dancenow.studio.service import StudioService
from dancenow.studio.tasks import RESULT_STEM, file_of
from dancenow.studio.thumbnails import sample_picture
from dancenow.studio.uploads import is_id, plain_name
from dancenow.studio.web.guard import OWNER_KEY

_SENT_AT_ONCE: Final = 3  # archives of an owner
_JOB_FILES: Final = frozenset(
    {"result", "beside", "preview", "first", "poster", "source", "gif", "tall", "silent"}
)
_MIME_TYPES: Final = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".html": "text/html",
}
# A report may come from anywhere: it must not run scripts or request anything.
_REPORT_POLICY = (
    "sandbox; default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"
)


@dataclass(frozen=True)
class MediaFile:
    """A file that may be sent.

    Attributes:
        file: where it is.
        mime: its MIME type.
        name: its name when it is saved.
        temporary: delete it once it was sent.
        policy: its own content security policy; "" for the page's.
    """

    file: Path
    mime: str
    name: str
    temporary: bool = False
    policy: str = ""


def find_media(
    service: StudioService, owner: str, area: str, id: str, what: str
) -> MediaFile | None:
    """A file of an owner; None where there is none, or it is someone else's.

    Args:
        service: the studio's service.
        owner: who asks for it.
        area: "uploads", "jobs", "library" or "samples".
        id: of the upload, job, entry or sample.
        what: which of its files.

    Raises:
        InputError: it is the archive of an entry that is not trained yet.
    """
    if area == "samples":
        performer, _, dance = id.partition("-")
        return _of_sample(performer, dance, what)
    if not is_id(id):
        return None
    if area == "uploads" and (upload := service.uploads(owner).get(id)) is not None:
        if what == "clip":
            return MediaFile(upload.file, upload.mime, upload.name)
        if what in ("strip", "picture"):
            return _existing(upload.strip if what == "strip" else upload.picture, upload.name)
    if area == "jobs" and (job := service.queue.get(owner, id)) is not None and what in _JOB_FILES:
        file = file_of(service.queue.folder(job), what)
        kind = "" if what == RESULT_STEM else f", {what}"
        return None if file is None else _existing(file, f"{plain_name(job.title, 'dance')}{kind}")
    if area == "library" and (entry := service.library(owner).get(id)) is not None:
        if what == "picture" and entry.picture is not None:
            return _existing(entry.picture, entry.name)
        if what == "report":
            report = _existing(entry.report, entry.name)
            return report and replace(report, policy=_REPORT_POLICY)
        if what == "archive":
            return _exported(service, owner, entry)
    return None


async def respond(service: StudioService, request: Request) -> Response:
    """Send a file to its owner, and "not found" to everyone else."""
    parts = [str(request.path_params[name]) for name in ("area", "id", "what")]
    owner = str(request.scope[OWNER_KEY])
    try:
        media = await run_in_threadpool(find_media, service, owner, *parts)
    except InputError as error:
        return PlainTextResponse(str(error), 409)
    if media is None:
        return PlainTextResponse("not found.", 404)
    headers = {"cache-control": "private, no-store" if media.temporary else "private, no-cache"}
    if media.policy:
        headers["content-security-policy"] = media.policy
    download = "save" in request.query_params or media.temporary
    kind: type[FileResponse] = FileResponse
    if media.temporary:
        kind = partial(_Passing, partial(service.sending.subtract, [owner]))  # type: ignore[assignment]
    return kind(
        media.file,
        media_type=media.mime,
        filename=media.name if download else None,
        headers=headers,
    )


class _Passing(FileResponse):
    """A file that is sent whole, and removed however that ends."""

    def __init__(self, sent: Callable[[], None], *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._sent = sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [pair for pair in scope["headers"] if pair[0].lower() != b"range"]
        try:
            await super().__call__({**scope, "headers": headers}, receive, send)
        finally:
            Path(self.path).unlink(missing_ok=True)
            self._sent()


def _of_sample(performer: str, dance: str, what: str) -> MediaFile | None:
    if performer not in PERFORMERS or dance not in DANCES or what not in ("clip", "picture"):
        return None
    clip = shipped_clip(performer, dance)
    file = clip if what == "clip" else sample_picture(performer, dance)
    return None if file is None else _existing(file, f"{performer}{file.suffix}")


def _existing(file: Path, name: str) -> MediaFile | None:
    """A file, saved under a name with its own suffix; None where it does not exist."""
    if not file.is_file():
        return None
    mime = _MIME_TYPES.get(file.suffix, "application/octet-stream")
    return MediaFile(file, mime, f"{Path(name).stem if Path(name).suffix else name}{file.suffix}")


def _exported(service: StudioService, owner: str, entry: LibraryEntry) -> MediaFile:
    with service.ordering:  # whoever asks several times at once is counted each time
        if service.sending[owner] >= _SENT_AT_ONCE:
            raise InputError("you fetch several files already; wait until that is done.")
        service.sending[owner] += 1
    path = None
    try:
        check_space(service.temp_folder / "new", entry.size_bytes)
        with tempfile.NamedTemporaryFile(
            dir=service.temp_folder, suffix=".dancenow", delete=False
        ) as file:
            path = Path(file.name)
        service.library(owner).export(entry, path)
    except BaseException as error:
        service.sending[owner] -= 1
        if path is not None:
            path.unlink(missing_ok=True)
        if isinstance(error, FileNotFoundError):
            raise InputError("it was deleted just now.") from error
        raise
    return MediaFile(path, "application/zip", f"{entry.name}.dancenow.zip", temporary=True)
