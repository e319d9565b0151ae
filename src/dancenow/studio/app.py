"""The studio's server: the page, its files, and the guard in front of both."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, Final

from dancenow.errors import InputError, OutputError
from dancenow.files import sweep_below
from dancenow.processes import allow_open_files, try_lock
from dancenow.studio.config import StudioConfig
from dancenow.studio.service import StudioService

_SHUTDOWN: Final = 3  # seconds that open connections have to end
_PRUNE_INTERVAL: Final = 1800.0  # seconds


def run_studio(config: StudioConfig, *, as_json: bool = False, note: str = "") -> None:
    """Serve the page until Ctrl-C; prints its address once it can be opened.

    Args:
        config: the studio's configuration.
        as_json: print it as a JSON object.
        note: a line that is told with it.

    Raises:
        InputError: a package is missing, the address is open to strangers or in use, or another
            studio uses the folder.
    """
    config.check()
    check_installed(config.api)
    closing = threading.Event()
    with _listen(config) as listening, _open_app(config, closing) as app:
        import uvicorn

        from dancenow.studio.web.patience import CONNECTIONS, PatientProtocol

        allow_open_files(2 * CONNECTIONS)

        class Server(uvicorn.Server):
            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                closing.set()
                super().handle_exit(sig, frame)

        address = _address(config, listening)
        server = Server(
            uvicorn.Config(
                app,
                http=PatientProtocol,
                log_level="error",  # a warning for each broken request would fill a disk
                limit_concurrency=CONNECTIONS,
                timeout_graceful_shutdown=_SHUTDOWN,
                server_header=False,
            )
        )
        ready = {"address": address, "data": str(config.data)}
        line = f"The studio is open at {address} (Ctrl-C closes it)."
        if config.api:
            ready["api"] = f"{address}/v1"
            line = f"Other programs are served at {address}/v1, the studio at {address}."
        if note:
            print(note, file=sys.stderr)
        print(json.dumps(ready) if as_json else line, flush=True)
        if config.open_browser:
            threading.Timer(1.0, webbrowser.open, (address,)).start()
        # The server raises it again at its end; by default that would end us before the clean-up.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        server.run(sockets=[listening])


def check_installed(api: bool = False) -> None:
    """Raise `InputError` where a package is missing that the studio needs, or its interface."""
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise InputError("the studio needs two more packages: pip install 'dancenow[studio]'.")
    if api and find_spec("fastapi") is None:
        raise InputError("serving other programs needs FastAPI: pip install 'dancenow[serve]'.")


@contextmanager
def _open_app(config: StudioConfig, closing: threading.Event) -> Iterator[Any]:
    """The studio as an ASGI application; running jobs are interrupted at the end.

    Raises:
        InputError: another studio uses the folder.
    """
    with _locked(config.data):
        service = StudioService(config)
        service.closing = closing
        shutil.rmtree(service.temp_folder, ignore_errors=True)  # left by a studio that was killed
        service.temp_folder.mkdir(mode=0o700)
        sweep_below(config.data)
        ended = threading.Event()
        threading.Thread(target=_prune_regularly, args=(service, ended), daemon=True).start()
        try:
            yield _build_app(service)
        finally:
            ended.set()
            service.live.close()
            service.queue.close()
            shutil.rmtree(service.temp_folder, ignore_errors=True)


def _build_app(service: StudioService) -> Any:
    from starlette.applications import Starlette
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute, Mount, Route

    from dancenow.studio.web import media
    from dancenow.studio.web.api import api_routes
    from dancenow.studio.web.guard import Guard
    from dancenow.studio.web.live import live_routes
    from dancenow.studio.web.timeline import timeline_routes

    async def files(request: Request) -> Response:
        return await media.respond(service, request)

    served = Route("/media/{area}/{id}/{what}", files, methods=["GET", "HEAD"])
    pages = Starlette(
        routes=[*live_routes(service), *api_routes(service), *timeline_routes(service)]
    )
    pages.add_middleware(GZipMiddleware, minimum_size=1000)
    config = service.config
    routes: list[BaseRoute] = [served]
    if config.api:
        from dancenow.studio.web.rest import BELOW, rest_app

        routes.append(Mount(BELOW, rest_app(service)))
    app = Starlette(routes=[*routes, Mount("/", pages)])
    return Guard(app, config.host, config.accounts, config.limits.bytes, tokens=config.api)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make the data folder readable by this user only, and lock it for this studio."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        (folder / ".lock").touch()
    except OSError as error:
        raise OutputError(f"`data={folder}`: cannot be used ({error.strerror}).") from error
    release = try_lock(folder / ".lock")
    if release is None:
        raise InputError(
            f"`data={folder}`: another studio uses it; close that, or choose another folder."
        )
    try:
        yield
    finally:
        release()


@contextmanager
def _listen(config: StudioConfig) -> Iterator[socket.socket]:
    """A socket that listens on the studio's address.

    Raises:
        InputError: another program listens there, or it is not an address of this computer.
    """
    host = config.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, config.port))
            listening.listen(128)  # before any long work, to be sure of the port
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise InputError(
                    f"`port={config.port}`: another program uses it, perhaps another studio; "
                    "choose another, as in `port=7861`."
                ) from error
            raise InputError(f"`host={config.host}`: cannot listen there ({error}).") from error
        yield listening


def _address(config: StudioConfig, listening: socket.socket) -> str:
    port = listening.getsockname()[1]
    host = config.host.strip("[]")
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    elif ":" in host:
        host = f"[{host}]"
    return f"http://{host}:{port}"


def _prune_regularly(service: StudioService, ended: threading.Event) -> None:
    while not ended.wait(_PRUNE_INTERVAL):
        with suppress(OSError):  # e.g. a file that is already gone; it tries again later
            service.prune()
            sweep_below(service.config.data)
