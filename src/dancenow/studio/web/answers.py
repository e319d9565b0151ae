"""What the routes of all pages share: JSON that is read and answered, uploads, files of a page."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from anyio import to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from dancenow.errors import InputError, OutputError
from dancenow.files import is_full, scratch_folder
from dancenow.studio.service import StudioService
from dancenow.studio.sound import is_sound
from dancenow.studio.web.guard import OWNER_KEY

T = TypeVar("T")

TOO_LARGE: Final = "this file is larger than is allowed here; choose a smaller one."
UNREADABLE: Final = "this cannot be read; load the page again."
_FULL: Final = "the studio's disk is full; delete videos or people, then try again."
_TROUBLE: Final = "the studio could not do that; its log tells why."
_MAX_BYTES: Final = 1_000_000  # of a request in JSON
_ARRIVING: Final = 4  # uploads of an owner that are looked at, or wait for it
_PATIENCE: Final = 30.0  # seconds for a body to come
_SLOWEST: Final = 4000.0  # bytes of a body a second that lengthen them
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
        return Answer(await run_in_threadpool(action))
    except (OutputError, OSError) as error:  # the first is an `InputError`, too
        return refused(*trouble(error))
    except InputError as error:
        return refused(str(error))


class Answer(JSONResponse):
    """JSON in ASCII: whatever texts are kept, they can be sent."""

    def render(self, content: Any) -> bytes:
        """The content as bytes."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def trouble(error: Exception) -> tuple[str, int]:
    """The line and the status that tell of an error on this computer, which the log has whole."""
    traceback.print_exception(error)  # it may name what is not the user's
    return (_FULL, 507) if is_full(error) else (_TROUBLE, 500)


def refused(line: str, status: int = 400) -> Response:
    """The line that says why a request fails."""
    return Answer({"error": line}, status)


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
    try:
        async for part in parts(request):
            body += part
            if len(body) > _MAX_BYTES:
                return None
        value = json.loads(body)
    except (ClientDisconnect, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and is_sound(value) else None


async def parts(request: Request) -> AsyncIterator[bytes]:
    """A request's body, as long as it keeps coming.

    Raises:
        ClientDisconnect: it broke off, or too little of it came for a while.
    """
    stream, begun, size = Request.stream(request).__aiter__(), time.monotonic(), 0
    while True:
        patience = begun + _PATIENCE + size / _SLOWEST - time.monotonic()
        try:
            part = await asyncio.wait_for(anext(stream), max(0.0, patience))
        except StopAsyncIteration:
            return
        except (asyncio.TimeoutError, TimeoutError) as error:
            raise ClientDisconnect from error
        size += len(part)
        yield part


async def uploaded(
    service: StudioService, request: Request, store: Callable[[Path], Any]
) -> Response:
    """What is known of an upload once it is stored, or the line that says why it is not."""
    try:
        async with received(service, request) as path:
            if path is None:
                return refused(TOO_LARGE)
            owner = str(request.scope[OWNER_KEY])
            return Answer(await taken_in(service, owner, lambda: store(path)))
    except (OutputError, OSError) as error:  # the first is an `InputError`, too
        return refused(*trouble(error))
    except InputError as error:
        return refused(str(error))


async def taken_in(service: StudioService, owner: str, store: Callable[[], T]) -> T:
    """What `store` returns of an upload; only a few at once are looked at, the others wait.

    Raises:
        InputError: too many of the owner's wait already; or as `store` does.
    """
    if service.arriving[owner] >= _ARRIVING:
        raise InputError("several of your files are looked at already; wait until that is done.")
    service.arriving[owner] += 1
    try:
        return await to_thread.run_sync(store, limiter=service.looking)
    finally:
        service.arriving[owner] -= 1


@asynccontextmanager
async def received(service: StudioService, request: Request) -> AsyncIterator[Path | None]:
    """A request's body as a file, until the block ends; None where it is too large or broke off.

    Raises:
        InputError: the owner, or all together, would keep more than is allowed.
        OutputError: the disk has no room.
    """
    length = request.headers.get("content-length", "")
    coming = int(length) if length.isdigit() else 0
    room = service.quota.kept_free(str(request.scope[OWNER_KEY]), coming)
    await run_in_threadpool(room.__enter__)
    try:
        async with _received(service, request) as path:
            yield path
    finally:
        room.__exit__(None, None, None)


@asynccontextmanager
async def _received(service: StudioService, request: Request) -> AsyncIterator[Path | None]:
    with scratch_folder(service.temp_folder, "upload") as folder:
        path = folder / "upload"
        whole = await _receive(request, path, service.config.limits.bytes)
        yield path if whole else None


async def _receive(request: Request, path: Path, most: int) -> bool:
    size = 0
    with path.open("wb") as file:
        try:
            async for part in parts(request):
                size += len(part)
                if size > most:
                    return False
                file.write(part)
        except ClientDisconnect:
            return False
    return True
