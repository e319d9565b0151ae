"""The time line: a page of its own, and what its script asks for, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from dancenow.errors import InputError
from dancenow.studio.plans import PlanDesk
from dancenow.studio.service import StudioService
from dancenow.studio.web.answers import (
    answer,
    number,
    page_file,
    page_files,
    read_object,
    refused,
    uploaded,
)
from dancenow.studio.web.guard import OWNER_KEY

_FOLDER: Final = Path(__file__).with_name("timeline")
Action = Callable[[PlanDesk, Mapping[str, Any]], Any]


def timeline_routes(service: StudioService) -> list[BaseRoute]:
    """The routes of the page."""

    def desk(request: Request) -> PlanDesk:
        return PlanDesk(service, request.scope[OWNER_KEY])

    async def page(_: Request) -> Response:
        return page_file(_FOLDER / "timeline.html")

    async def state(request: Request) -> Response:
        return await answer(desk(request).state)

    async def job(request: Request) -> Response:
        return await answer(lambda: desk(request).job(request.path_params["id"]))

    async def act(request: Request) -> Response:
        action = _ACTIONS.get(request.path_params["action"])
        if action is None:
            return PlainTextResponse("not found.", 404)
        body = await read_object(request)
        if body is None:
            return refused("this cannot be read.")
        return await answer(lambda: action(desk(request), body))

    async def upload(request: Request) -> Response:
        name, kind = (request.query_params.get(key, "") for key in ("name", "kind"))
        return await uploaded(service, request, lambda path: desk(request).add(path, name, kind))

    return [
        Route("/timeline", page),
        *page_files(_FOLDER, "/timeline"),
        Route("/timeline/state", state),
        Route("/timeline/jobs/{id}", job),
        Route("/timeline/upload", upload, methods=["POST"]),
        Route("/timeline/do/{action}", act, methods=["POST"]),
    ]


def _keep(desk: PlanDesk, body: Mapping[str, Any]) -> dict[str, Any]:
    desk.keep(_document(body))
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
    bpm, first = (number(body, name) for name in ("bpm", "first_beat"))
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
    "perform": lambda desk, body: {
        "job": desk.perform(
            _document(body), _texts(body, "people"), number(body, "seconds", most=3600) or 16.0
        ).id
    },
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
