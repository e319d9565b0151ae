"""The HTTP interface of dancing live: a picture of the camera up, one of the performer down."""

from __future__ import annotations

import re
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dancenow.errors import InputError
from dancenow.performer import is_performer
from dancenow.studio.live import MOST_BYTES
from dancenow.studio.requests import check_agreed
from dancenow.studio.service import StudioService
from dancenow.studio.web.answers import UNREADABLE, answer, parts, refused
from dancenow.studio.web.guard import OWNER_KEY

_BACKGROUND: Final = re.compile(r"target|white|#[0-9a-f]{6}")


def live_routes(service: StudioService) -> list[BaseRoute]:
    """The routes of dancing live."""

    under_way: set[str] = set()  # whose picture is looked at just now: each has one thread at most

    async def frame(request: Request) -> Response:
        owner = str(request.scope[OWNER_KEY])
        if owner in under_way:
            return Response(status_code=204)
        under_way.add(owner)
        try:
            return await shown(request, owner)
        finally:
            under_way.discard(owner)

    async def shown(request: Request, owner: str) -> Response:
        body = b""
        try:
            async for part in parts(request):
                body += part
                if len(body) > MOST_BYTES:
                    return refused(UNREADABLE)
        except ClientDisconnect:
            return refused(UNREADABLE)
        person, behind = (request.query_params.get(key, "") for key in ("person", "behind"))

        def show() -> bytes | None:
            if not _BACKGROUND.fullmatch(behind):
                raise InputError(UNREADABLE)
            entry = service.performer(owner, person)
            if entry is None or not is_performer(entry.trained):
                raise InputError("this dancer is not learned yet; make a video with them first.")
            check_agreed(entry)
            return service.live.show(owner, entry.trained, behind, body)

        try:
            picture = await run_in_threadpool(show)
        except InputError as error:
            return refused(str(error))
        if picture is None:
            return Response(status_code=204)
        headers = {"cache-control": "no-store"}
        return Response(picture, media_type="image/jpeg", headers=headers)

    async def leave(request: Request) -> Response:
        owner = str(request.scope[OWNER_KEY])

        def left() -> dict[str, str]:
            service.live.leave(owner)
            return {}

        return await answer(left)

    return [
        Route("/api/live/frame", frame, methods=["POST"]),
        Route("/api/live/leave", leave, methods=["POST"]),
    ]
