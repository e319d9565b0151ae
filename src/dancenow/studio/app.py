"""The studio's server: the page, the files, and the guard in front of both."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from dancenow.errors import InputError, OutputError
from dancenow.studio.config import StudioConfig
from dancenow.studio.desk import Desk

_ENDING: Final = 3  # seconds that open pages have to say goodbye
_FILES: Final = 4  # of the largest size that one request may bring
_PRUNED: Final = 1800.0  # seconds between two clearings of old uploads


def run_studio(config: StudioConfig, *, as_json: bool = False) -> None:
    """Serve the page until Ctrl-C; says where it is once it can be opened.

    Args:
        config: how the studio is set up.
        as_json: say it as a JSON object.

    Raises:
        InputError: Gradio is missing, the address is open to strangers or taken, or another studio
            uses the folder.
    """
    config.check()
    check_installed()
    with _socket(config) as listening, opened(config) as (app, _):
        import uvicorn

        address = _address(config, listening)
        server = uvicorn.Server(
            uvicorn.Config(
                app, log_level="warning", timeout_graceful_shutdown=_ENDING, server_header=False
            )
        )
        told = {"address": address, "data": str(config.data)}
        words = f"The studio is open at {address} (Ctrl-C closes it)."
        print(json.dumps(told) if as_json else words, flush=True)
        if config.open_browser:
            threading.Timer(1.0, webbrowser.open, (address,)).start()
        # The server raises it again at its end; by default that would end us before we clear up.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        server.run(sockets=[listening])


def check_installed() -> None:
    """Raise `InputError` where Gradio is missing."""
    if find_spec("gradio") is None:
        raise InputError("the studio needs Gradio: pip install 'dancenow[studio]'.")


@contextmanager
def opened(config: StudioConfig) -> Iterator[tuple[Any, Desk]]:
    """The studio as an ASGI application, and its desk; what runs is interrupted at the end.

    Raises:
        InputError: another studio uses the folder.
    """
    with _data(config.data):
        desk = Desk(config)
        shutil.rmtree(desk.passing, ignore_errors=True)  # a studio that was killed left it
        desk.passing.mkdir(mode=0o700)
        ended = threading.Event()
        threading.Thread(target=_keep_clear, args=(desk, ended), daemon=True).start()
        try:
            yield _application(desk), desk
        finally:
            ended.set()
            desk.queue.close()
            shutil.rmtree(desk.passing, ignore_errors=True)


def _application(desk: Desk) -> Any:
    config = desk.config
    # Gradio reads these when it is imported or makes its application.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    arriving = Path(tempfile.mkdtemp(dir=desk.passing, prefix="uploads-"))
    os.environ["GRADIO_TEMP_DIR"] = str(arriving)
    import gradio as gr
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from dancenow.studio.web import media
    from dancenow.studio.web.guard import Guard
    from dancenow.studio.web.look_and_feel import CSS, head, theme
    from dancenow.studio.web.page import build_page

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    async def files(request: Request) -> Response:
        return await media.answer(desk, request)

    app.add_route("/media/{area}/{id}/{what}", files, methods=["GET", "HEAD"])
    page = build_page(desk)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=config.host,
        server_port=config.port,
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        show_error=False,
        max_file_size=config.limits.bytes,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=theme(),
        css=CSS,
        head=head(config.limits),
    )
    # Only then does Gradio check that a file which a request names was uploaded, and is not just
    # any file of this computer; mounting does not set it.
    page.has_launched = True
    most = _FILES * config.limits.bytes
    return Guard(app, config.host, config.accounts, arriving, most)


@contextmanager
def _data(folder: Path) -> Iterator[None]:
    """The folder of everything, for nobody else to read, and for one studio at a time."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise OutputError(f"--data {folder}: cannot be used ({error.strerror}).") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                f"--data {folder}: another studio uses it; close that, or choose another folder."
            ) from error
        yield


@contextmanager
def _socket(config: StudioConfig) -> Iterator[socket.socket]:
    """A socket at the studio's address.

    Raises:
        InputError: another program listens there, or it is no address of this computer.
    """
    host = config.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, config.port))
            listening.listen(128)  # before any long work, so that the port is surely ours
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise InputError(
                    f"--port {config.port}: another program uses it, perhaps another studio; "
                    "choose another, as in --port 7861."
                ) from error
            raise InputError(f"--host {config.host}: cannot listen there ({error}).") from error
        yield listening


def _address(config: StudioConfig, listening: socket.socket) -> str:
    port = listening.getsockname()[1]
    host = config.host.strip("[]")
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    elif ":" in host:
        host = f"[{host}]"
    return f"http://{host}:{port}"


def _keep_clear(desk: Desk, ended: threading.Event) -> None:
    while not ended.wait(_PRUNED):
        with suppress(OSError):  # what is gone meanwhile needs no clearing; the next time comes
            desk.prune()
