"""The HTTP interface of the studio's front page: everything that it shows and does, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dancenow.errors import InputError
from dancenow.studio.catalogue import Catalogue, stored
from dancenow.studio.forms import DanceForm, TransferForm
from dancenow.studio.service import StudioService
from dancenow.studio.web.answers import (
    UNREADABLE,
    answer,
    number,
    page_file,
    page_files,
    read_object,
    refused,
    uploaded,
)
from dancenow.studio.web.desk import Desk
from dancenow.studio.web.guard import OWNER_KEY

_FOLDER: Final = Path(__file__).with_name("page")
_MINUTES: Final = 5.0  # that are learned where none are named
Body = Mapping[str, Any]
Form = TypeVar("Form", TransferForm, DanceForm)


def api_routes(service: StudioService) -> list[BaseRoute]:
    """The routes of the front page and of its interface."""

    def owner(request: Request) -> str:
        return str(request.scope[OWNER_KEY])

    async def page(_: Request) -> Response:
        return page_file(_FOLDER / "index.html")

    async def state(request: Request) -> Response:
        return await answer(Catalogue(service, owner(request)).state)

    async def act(request: Request) -> Response:
        body = await read_object(request)
        if body is None:
            return refused(UNREADABLE)
        what, id = request.path_params["what"], request.path_params.get("id", "")
        action = _ACTIONS.get((request.path_params["area"], what))
        if action is None:
            return refused(UNREADABLE)
        return await answer(lambda: action(Desk(service, owner(request)), id, body))

    async def upload(request: Request) -> Response:
        name, kind = (request.query_params.get(key, "") for key in ("name", "kind"))
        consent = request.query_params.get("consent") == "yes"
        desk = Desk(service, owner(request))
        return await uploaded(
            service, request, lambda path: desk.add(path, name, kind, consent=consent)
        )

    return [
        Route("/", page),
        *page_files(_FOLDER, "/studio"),
        Route("/api/state", state),
        Route("/api/upload", upload, methods=["POST"]),
        Route("/api/{area}/{what}", act, methods=["POST"]),
        Route("/api/{area}/{id}/{what}", act, methods=["POST"]),
    ]


def _form(kind: type[Form], body: Body) -> Form:
    """The form in a request, checked."""
    try:
        return TypeAdapter(kind).validate_python(body.get("form"))
    except ValidationError as error:
        raise InputError(UNREADABLE) from error


def _rename(desk: Desk, id: str, body: Body) -> dict[str, Any]:
    return {"name": desk.service.library(desk.owner).rename(id, str(body.get("name", ""))).name}


def _learn(desk: Desk, id: str, body: Body) -> dict[str, Any]:
    minutes = number(body, "minutes", least=0.1, most=60) or _MINUTES
    return desk.ordered(body, lambda: desk.orders.learn(id, minutes))


def _convert(desk: Desk, id: str, body: Body) -> dict[str, Any]:
    job = desk.orders.convert(id, str(body.get("as", "")))
    return {"job": None if job is None else job.id}


def _cut(desk: Desk, id: str, body: Body) -> dict[str, Any]:
    begins, ends = (number(body, name) for name in ("begins", "ends"))
    if begins is None or ends is None:
        raise InputError(UNREADABLE)
    part = desk.service.cut(desk.owner, id, begins, ends)
    return desk.catalogue.upload(part) if any(part.size) else stored(part)


def _estimate(desk: Desk, _: str, body: Body) -> dict[str, Any]:
    transfer = body.get("kind") == "transfer"
    form = _form(TransferForm, body) if transfer else _form(DanceForm, body)
    return {"seconds": desk.orders.estimates(form)}


def _done(action: Callable[[Desk, str], object]) -> Callable[[Desk, str, Body], dict[str, Any]]:
    def act(desk: Desk, id: str, _: Body) -> dict[str, Any]:
        action(desk, id)
        return {}

    return act


_ACTIONS: Final[Mapping[tuple[str, str], Callable[[Desk, str, Body], dict[str, Any]]]] = {
    ("make", "estimate"): _estimate,
    ("make", "transfer"): lambda desk, _, body: desk.ordered(
        body, lambda: desk.orders.transfer(_form(TransferForm, body))
    ),
    ("make", "dance"): lambda desk, _, body: desk.ordered(
        body, lambda: desk.orders.dance(_form(DanceForm, body))
    ),
    ("make", "show"): lambda desk, _, body: {"job": desk.orders.show(_form(DanceForm, body)).id},
    ("jobs", "cancel"): _done(lambda desk, id: desk.service.queue.cancel(desk.owner, id)),
    ("jobs", "resume"): _done(lambda desk, id: desk.service.resume(desk.owner, id)),
    ("jobs", "remove"): _done(lambda desk, id: desk.service.queue.remove(desk.owner, id)),
    ("jobs", "convert"): _convert,
    ("uploads", "cut"): _cut,
    ("uploads", "remove"): _done(lambda desk, id: desk.service.remove_upload(desk.owner, id)),
    ("library", "rename"): _rename,
    ("library", "learn"): _learn,
    ("library", "delete"): _done(lambda desk, id: desk.service.delete(desk.owner, id)),
}
