"""The interface for other programs: the same uploads, people, dances and jobs, with OpenAPI."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from enum import Enum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, FastAPI, Query, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response, StreamingResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from dancenow.errors import InputError, OutputError
from dancenow.studio.forms import DanceForm, Minutes, TransferForm
from dancenow.studio.job import Job
from dancenow.studio.service import StudioService
from dancenow.studio.sound import is_sound
from dancenow.studio.web.answers import (
    TOO_LARGE,
    UNREADABLE,
    Answer,
    parts,
    received,
    refused,
    taken_in,
    trouble,
)
from dancenow.studio.web.desk import Desk
from dancenow.studio.web.guard import OWNER_KEY
from dancenow.version import __version__

BELOW: Final = "/v1"
_EVERY: Final = 0.5  # seconds between two looks at a job
_LONGEST_WAIT: Final = 60.0  # seconds that a request for a job may wait
_ABOUT: Final = (
    "Upload clips, learn people, let them dance. `Authorization: Bearer TOKEN` says who asks. "
    "Addresses in answers, such as a job's `result`, are of this same server."
)


class Kind(str, Enum):
    """What an upload is for."""

    clip = "clip"
    """A clip whose motion is used."""
    dancer = "dancer"
    """A clip of somebody who is to be learned."""
    photo = "photo"
    """A photo of somebody who becomes a puppet."""
    background = "background"
    music = "music"
    archive = "archive"
    """A person or a dance that was saved as a file."""


class UploadView(BaseModel):
    """What was uploaded."""

    ref: str = Field(description="Names it in orders: `upload:ID`, `person:ID` or `dance:ID`.")
    name: str
    seconds: float = 0.0
    people: int = Field(1, description="How many persons were seen in it.")


class EntryView(BaseModel):
    """A person or a dance that was learned."""

    id: str
    ref: str
    kind: str
    name: str
    ready: bool
    created: float
    megabytes: float
    archive: str | None = Field(description="The address of it as a file.")


class JobView(BaseModel):
    """A job: how far it is, and what it made."""

    id: str
    kind: str
    title: str
    state: str = Field(
        description="queued, running, cancelling, cancelled, interrupted, failed or done."
    )
    active: bool = Field(description="It waits or runs.")
    ahead: int = Field(description="Jobs that come before it.")
    share: float = Field(description="How much is done, 0 to 1.")
    left: float | None = Field(description="Seconds that are left, as far as is known.")
    step: str
    error: str
    hints: list[str]
    preview: str | None = Field(description="The address of a picture of it.")
    result: str | None = Field(description="The address of the video.")
    figures: dict[str, Any]


class _SoundRequest(Request):
    """A request whose JSON can be kept and sent again."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body, as long as it keeps coming; see `parts`."""
        async for part in parts(self):
            yield part

    async def json(self) -> Any:
        """The JSON value.

        Raises:
            InputError: it could not.
        """
        value = await super().json()
        if not is_sound(value):
            raise InputError(UNREADABLE)
        return value


class _SoundRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await handle(_SoundRequest(request.scope, request.receive))

        return handler


_routes = APIRouter(route_class=_SoundRoute)


def rest_app(service: StudioService) -> FastAPI:
    """The interface as an ASGI application, to be mounted at `BELOW`."""
    app = FastAPI(
        title="DanceNow",
        version=__version__,
        description=_ABOUT,
        default_response_class=Answer,
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
        servers=[{"url": BELOW}],
        dependencies=[Security(HTTPBearer(auto_error=False))],  # for the description; see `Guard`
    )
    app.state.service = service
    app.include_router(_routes)
    for kind in (Exception, InputError, HTTPException, RequestValidationError, ClientDisconnect):
        app.add_exception_handler(kind, _told)
    return app


async def _told(_: Request, error: Exception) -> Response:
    """The line that says why a request fails."""
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        line, status = f"{'.'.join(map(str, first['loc']))}: {first['msg']}.", 422
    elif isinstance(error, HTTPException):
        line, status = str(error.detail), error.status_code
    elif isinstance(error, ClientDisconnect):
        line, status = "the request broke off.", 400
    elif isinstance(error, InputError) and not isinstance(error, OutputError):
        line, status = str(error), 400
    else:
        line, status = trouble(error)
    return refused(line, status)


def _desk(request: Request) -> Desk:
    return Desk(request.app.state.service, str(request.scope[OWNER_KEY]))


_Asker = Annotated[Desk, Depends(_desk)]


def _view(desk: Desk, job: Job) -> JobView:
    return JobView.model_validate(desk.catalogue.job(job))


def _found(desk: Desk, id: str) -> Job:
    job = desk.service.queue.get(desk.owner, id)
    if job is None:
        raise HTTPException(404, "there is no such job.")
    return job


def _entry(desk: Desk, id: str) -> str:
    """The id of a person or a dance, by itself or by its ref."""
    id = id.partition(":")[2] or id
    if desk.service.library(desk.owner).get(id) is None:
        raise HTTPException(404, "there is no such person or dance.")
    return id


@_routes.post("/uploads", status_code=201)
async def upload(
    request: Request,
    desk: _Asker,
    name: Annotated[str, Query(description="The file's name.")],
    kind: Kind = Kind.clip,
    consent: Annotated[bool, Query(description="Of an archive: the person in it agreed.")] = False,
) -> UploadView:
    """Upload a file; it is the request's body."""
    async with received(desk.service, request) as path:
        if path is None:
            raise InputError(TOO_LARGE)
        known = await taken_in(
            desk.service, desk.owner, lambda: desk.add(path, name, kind.value, consent=consent)
        )
    if "ref" not in known:
        entry = desk.service.library(desk.owner).require(known["id"])
        known["ref"] = f"{entry.kind.value}:{entry.id}"
    return UploadView.model_validate(known)


@_routes.get("/uploads")
def uploads(desk: _Asker) -> list[UploadView]:
    """What was uploaded, newest first."""
    stored = desk.service.uploads(desk.owner).all()
    return [UploadView.model_validate(desk.catalogue.upload(each)) for each in stored]


@_routes.delete("/uploads/{id}", status_code=204, response_class=Response)
def remove_upload(desk: _Asker, id: str) -> None:
    """Remove an upload, by its id or its `ref`; what was made of it stays."""
    id = id.removeprefix("upload:")
    if desk.service.uploads(desk.owner).get(id) is None:
        raise HTTPException(404, "there is no such upload.")
    desk.service.remove_upload(desk.owner, id)


@_routes.get("/library")
def library(desk: _Asker) -> list[EntryView]:
    """The people and dances that were learned."""
    entries = desk.catalogue.state()["library"]
    return [EntryView(ref=f"{each['kind']}:{each['id']}", **each) for each in entries]


@_routes.delete("/library/{id}", status_code=204, response_class=Response)
def delete(desk: _Asker, id: str) -> None:
    """Delete a person or a dance for ever, with all that was learned."""
    desk.service.delete(desk.owner, _entry(desk, id))


@_routes.post("/library/{id}/learn", status_code=202)
def learn(desk: _Asker, id: str, minutes: Annotated[Minutes, Body(embed=True)]) -> JobView:
    """Learn a person for some minutes more."""
    return _view(desk, desk.orders.learn(_entry(desk, id), minutes))


@_routes.post("/transfers", status_code=202)
def transfer(desk: _Asker, form: TransferForm) -> JobView:
    """Let somebody dance like another."""
    return _view(desk, desk.orders.transfer(form))


@_routes.post("/new-dances", status_code=202)
def new_dance(desk: _Asker, form: DanceForm) -> JobView:
    """Compose a dance, to music if wanted, and let somebody perform it."""
    return _view(desk, desk.orders.dance(form))


@_routes.get("/jobs")
def jobs(desk: _Asker) -> list[JobView]:
    """All jobs, newest first; those that were ordered on the page too."""
    return [_view(desk, job) for job in desk.service.queue.jobs_of(desk.owner)]


@_routes.get("/jobs/{id}")
async def job(
    desk: _Asker,
    id: str,
    wait: Annotated[
        float, Query(ge=0, le=_LONGEST_WAIT, description="Seconds to wait for its end.")
    ] = 0.0,
) -> JobView:
    """A job."""
    over = time.monotonic() + wait
    closing = desk.service.closing
    while _found(desk, id).state.active and time.monotonic() < over and not closing.is_set():
        await asyncio.sleep(_EVERY)
    return await run_in_threadpool(_view, desk, _found(desk, id))


@_routes.get("/jobs/{id}/events", response_class=StreamingResponse)
def events(desk: _Asker, id: str) -> StreamingResponse:
    """A job as server-sent events, one whenever it changes, until it ends."""
    _found(desk, id)

    async def told() -> AsyncIterator[str]:
        before = ""
        while (known := desk.service.queue.get(desk.owner, id)) is not None:
            now = (await run_in_threadpool(_view, desk, known)).model_dump()
            line = json.dumps(now | {"left": None})  # which changes without news
            if line != before:
                before = line
                yield f"data: {json.dumps(now)}\n\n"
            if not now["active"] or desk.service.closing.is_set():
                return
            await asyncio.sleep(_EVERY)

    return StreamingResponse(told(), media_type="text/event-stream")


@_routes.post("/jobs/{id}/cancel")
def cancel(desk: _Asker, id: str) -> JobView:
    """End a job; a training saves what it has learned."""
    desk.service.queue.cancel(desk.owner, _found(desk, id).id)
    return _view(desk, _found(desk, id))


@_routes.post("/jobs/{id}/resume")
def resume(desk: _Asker, id: str) -> JobView:
    """Go on with a job that was cancelled, interrupted or failed."""
    return _view(desk, desk.service.resume(desk.owner, _found(desk, id).id))


@_routes.delete("/jobs/{id}", status_code=204, response_class=Response)
def remove(desk: _Asker, id: str) -> None:
    """Remove a job that has ended, with its video."""
    desk.service.queue.remove(desk.owner, _found(desk, id).id)
