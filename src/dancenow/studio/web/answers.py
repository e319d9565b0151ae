"""What the routes of all pages share: JSON that is read and answered, uploads, files of a page."""

from __future__ import annotations

import errno
import json
import tempfile
import traceback
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from dancenow.errors import InputError, OutputError
from dancenow.studio.service import StudioService

UNREADABLE: Final = "this cannot be read; load the page again."
_FULL: Final = "the studio's disk is full; delete videos or people, then try again."
_TROUBLE: Final = "the studio could not do that; its log tells why."
_MAX_BYTES: Final = 1_000_000  # of a request in JSON
_MIME_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


def page_files(folder: Path, below: str) -> Iterable[Route]:
    """The routes of a page's files, each at its name below an address such as "/studio"."""

    async def file(request: Request) -> Response:
        path = folder / request.url.path.rpartition("/")[2]
        return page_file(path)

    return [
        Route(f"{below}/{path.name}", file)
        for path in sorted(folder.iterdir())
        if path.suffix in _MIME_TYPES
    ]


def page_file(path: Path) -> Response:
    """A page's file; the browser asks each time whether it changed."""
    mime = _MIME_TYPES[path.suffix]
    return FileResponse(path, media_type=mime, headers={"cache-control": "no-cache"})


async def answer(action: Callable[[], Any]) -> Response:
    """What an action returns, as JSON, or the line that says why it fails."""
    try:
        return JSONResponse(await run_in_threadpool(action))
    except (OutputError, OSError) as error:  # the first is an `InputError`, too
        return refused(*trouble(error))
    except InputError as error:
        return refused(str(error))


def trouble(error: Exception) -> tuple[str, int]:
    """The line and the status that tell of an error on this computer, which the log has whole."""
    traceback.print_exception(error)  # it may name what is not the user's
    full = getattr(error.__cause__ or error, "errno", None) == errno.ENOSPC
    return (_FULL, 507) if full else (_TROUBLE, 500)


def refused(line: str, status: int = 400) -> Response:
    """The line that says why a request fails."""
    return JSONResponse({"error": line}, status)


def number(
    body: Mapping[str, Any], name: str, *, least: float = 0.0, most: float = 1e6
) -> float | None:
    """A number in a request; None where there is none.

    Raises:
        InputError: it is out of range, or something else.
    """
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InputError(UNREADABLE)
    return float(value)


async def read_object(request: Request) -> dict[str, Any] | None:
    """The JSON object of a request; None where it is none, or too large."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BYTES:
            return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


@asynccontextmanager
async def received(service: StudioService, request: Request) -> AsyncIterator[Path | None]:
    """A request's body as a file, until the block ends; None where it is too large or broke off."""
    with tempfile.TemporaryDirectory(dir=service.temp_folder) as folder:
        path = Path(folder) / "upload"
        whole = await _receive(request, path, service.config.limits.bytes)
        yield path if whole else None


async def _receive(request: Request, path: Path, most: int) -> bool:
    size = 0
    with path.open("wb") as file:
        try:
            async for part in request.stream():
                size += len(part)
                if size > most:
                    return False
                file.write(part)
        except ClientDisconnect:
            return False
    return True
