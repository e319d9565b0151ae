"""Files for the page: videos and pictures, each only for its owner."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from dancenow.errors import InputError
from dancenow.sample import DANCES, PERFORMERS
from dancenow.studio.child import PREVIEW
from dancenow.studio.desk import Desk
from dancenow.studio.uploads import is_id, plain_name
from dancenow.studio.web.guard import OWNER
from dancenow.studio.work import BESIDE, RESULT

_OF_JOB = {"result": RESULT, "beside": BESIDE, "preview": PREVIEW}
_MIME = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".png": "image/png", ".html": "text/html"}
# A report may hold anything that was put into the folder: it runs nothing and asks for nothing.
_REPORT = "sandbox; default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Media:
    """A file that its owner may have.

    Attributes:
        file: where it lies.
        mime: what it is.
        name: what it is called when it is saved.
        passing: whether it is removed when it was sent.
        policy: what it may do in a browser, where that is less than the page.
    """

    file: Path
    mime: str
    name: str
    passing: bool = False
    policy: str = ""


def find(desk: Desk, owner: str, area: str, id: str, what: str) -> Media | None:
    """A file of an owner; None where there is none, or it is another's.

    Args:
        desk: the studio's desk.
        owner: who asks.
        area: "uploads", "jobs", "library" or "samples".
        id: of the thing in it.
        what: which of its files.
    """
    if area == "samples":
        performer, _, dance = id.partition("-")
        if performer in PERFORMERS and dance in DANCES and what in ("strip", "picture"):
            return _existing(desk.sample_file(performer, dance, what), f"{performer}.jpg")
        return None
    if not is_id(id):
        return None
    if area == "uploads" and (upload := desk.uploads(owner).get(id)) is not None:
        if what == "clip":
            return Media(upload.file, upload.mime, upload.name)
        if what in ("strip", "picture"):
            return _existing(upload.strip if what == "strip" else upload.picture, upload.name)
    if area == "jobs" and (job := desk.queue.get(owner, id)) is not None and what in _OF_JOB:
        name = plain_name(job.title, "dance")
        return _existing(desk.queue.folder(job) / _OF_JOB[what], name)
    if area == "library" and (entry := desk.library(owner).get(id)) is not None:
        if what == "picture" and entry.picture is not None:
            return _existing(entry.picture, entry.name)
        if what == "strip" and entry.strip is not None:
            return _existing(entry.strip, entry.name)
        if what == "report":
            report = _existing(entry.report, entry.name)
            return report and replace(report, policy=_REPORT)
        if what == "archive":
            return _packed(desk, owner, id)
    return None


async def answer(desk: Desk, request: Request) -> Response:
    """Send a file to its owner; "not found" to everyone else."""
    parts = [str(request.path_params[name]) for name in ("area", "id", "what")]
    try:
        media = await run_in_threadpool(find, desk, request.scope[OWNER], *parts)
    except InputError as error:
        return PlainTextResponse(str(error), 409)
    if media is None:
        return PlainTextResponse("there is nothing here.", 404)
    headers = {"cache-control": "private, no-store" if media.passing else "private, no-cache"}
    if media.policy:
        headers["content-security-policy"] = media.policy
    saved = "save" in request.query_params or media.passing
    return FileResponse(
        media.file,
        media_type=media.mime,
        filename=media.name if saved else None,
        headers=headers,
        background=BackgroundTask(media.file.unlink, missing_ok=True) if media.passing else None,
    )


def _existing(file: Path, name: str) -> Media | None:
    if not file.is_file():
        return None
    mime = _MIME.get(file.suffix, "application/octet-stream")
    return Media(file, mime, f"{Path(name).stem if Path(name).suffix else name}{file.suffix}")


def _packed(desk: Desk, owner: str, id: str) -> Media:
    library = desk.library(owner)
    entry = library.expect(id)
    with tempfile.NamedTemporaryFile(dir=desk.passing, suffix=".dancenow", delete=False) as file:
        path = Path(file.name)
    try:
        library.pack(entry, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Media(path, "application/zip", f"{entry.name}.dancenow.zip", passing=True)
