"""The time line: a page of its own, and what its script asks for, as JSON."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from dancenow.errors import InputError
from dancenow.studio.plans import PlanDesk
from dancenow.studio.service import StudioService
from dancenow.studio.web.guard import OWNER_KEY

_FOLDER: Final = Path(__file__).with_name("timeline")
_FILES: Final = {
    "/timeline": ("timeline.html", "text/html"),
    "/timeline/timeline.css": ("timeline.css", "text/css"),
    **{
        f"/timeline/{name}.js": (f"{name}.js", "text/javascript")
        for name in ("timeline", "plan", "player", "inspector", "mender", "studio")
    },
}
_MAX_BYTES: Final = 1_000_000  # of a plan

Action = Callable[[PlanDesk, Mapping[str, Any]], Any]


def timeline_routes(service: StudioService) -> list[BaseRoute]:
    """The routes of the page."""

    def desk(request: Request) -> PlanDesk:
        return PlanDesk(service, request.scope[OWNER_KEY])

    async def file(request: Request) -> Response:
        name, mime = _FILES[request.url.path]
        return FileResponse(_FOLDER / name, media_type=mime, headers={"cache-control": "no-cache"})

    async def state(request: Request) -> Response:
        return await _answer(desk(request).state)

    async def job(request: Request) -> Response:
        return await _answer(lambda: desk(request).job(request.path_params["id"]))

    async def act(request: Request) -> Response:
        action = _ACTIONS.get(request.path_params["action"])
        if action is None:
            return PlainTextResponse("not found.", 404)
        body = await _read(request)
        if body is None:
            return _refused("this cannot be read.")
        return await _answer(lambda: action(desk(request), body))

    async def upload(request: Request) -> Response:
        with tempfile.TemporaryDirectory(dir=service.temp_folder) as folder:
            path = Path(folder) / "upload"
            if not await _receive(request, path, service.config.limits.bytes):
                return _refused("the file is larger than is allowed here; choose a smaller one.")
            name, kind = (request.query_params.get(key, "") for key in ("name", "kind"))
            return await _answer(lambda: desk(request).add(path, name, kind))

    return [
        *(Route(path, file) for path in _FILES),
        Route("/timeline/state", state),
        Route("/timeline/jobs/{id}", job),
        Route("/timeline/upload", upload, methods=["POST"]),
        Route("/timeline/do/{action}", act, methods=["POST"]),
    ]


def _keep(desk: PlanDesk, body: Mapping[str, Any]) -> dict[str, Any]:
    desk.keep(_document(body), _texts(body, "uploads"))
    return {}


def _cancel(desk: PlanDesk, body: Mapping[str, Any]) -> dict[str, Any]:
    desk.cancel(str(body.get("job", "")))
    return {}


def _texts(body: Mapping[str, Any], key: str) -> list[str]:
    found = body.get(key, [])
    if not (isinstance(found, list) and all(isinstance(each, str) for each in found)):
        raise InputError("this cannot be read.")
    return found


def _hear(desk: PlanDesk, body: Mapping[str, Any]) -> dict[str, Any]:
    numbers = [body.get(name) for name in ("bpm", "first_beat")]
    bpm, first = (float(n) if isinstance(n, int | float) else None for n in numbers)
    return {"job": desk.hear(str(body.get("music", "")), bpm, first).id}


def _mend(desk: PlanDesk, body: Mapping[str, Any]) -> dict[str, Any]:
    edits, spans = body.get("edits", []), body.get("spans", [])
    if not isinstance(edits, list) or not isinstance(spans, list):
        raise InputError("an edit cannot be read; try again.")
    return {
        "job": desk.mend(str(body.get("clip", "")), edits, spans, str(body.get("dance", ""))).id
    }


def _unmend(desk: PlanDesk, body: Mapping[str, Any]) -> dict[str, Any]:
    desk.unmend(str(body.get("clip", "")))
    return {}


_ACTIONS: Final[Mapping[str, Action]] = {
    "keep": _keep,
    "cancel": _cancel,
    "hear": _hear,
    "arrange": lambda desk, body: {"job": desk.arrange(_document(body)).id},
    "perform": lambda desk, body: {"job": desk.perform(_document(body), _texts(body, "people")).id},
    "learn": lambda desk, body: {"job": desk.learn(str(body.get("dance", ""))).id},
    "poses": lambda desk, body: {"job": desk.poses(str(body.get("clip", ""))).id},
    "mend": _mend,
    "unmend": _unmend,
    "text": lambda desk, body: {"text": desk.text(_document(body))},
}


def _document(body: Mapping[str, Any]) -> dict[str, Any]:
    plan = body.get("plan")
    if not isinstance(plan, dict):
        raise InputError("the plan cannot be read.")
    return plan


async def _answer(action: Callable[[], Any]) -> Response:
    """What an action returns, as JSON, or the line that says why it fails."""
    try:
        return JSONResponse(await run_in_threadpool(action))
    except InputError as error:
        return _refused(str(error))


def _refused(line: str) -> Response:
    return JSONResponse({"error": line}, 400)


async def _read(request: Request) -> dict[str, Any] | None:
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


async def _receive(request: Request, path: Path, most: int) -> bool:
    """Write a request's body into a file; whether it was small enough and arrived whole."""
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
