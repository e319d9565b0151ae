"""Checks the page's events: that their browser window is the owner's, and which files they name.

Gradio checks the files that an event names as well; this does not rely on it.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope

_JOIN: Final = re.compile(r"/gradio_api/(?:run/[\w-]+|queue/join|cancel|reset)/?")
_LISTEN: Final = re.compile(r"/gradio_api/(?:queue/data|heartbeat/(?P<window>[\w-]+))/?")
_MAX_BYTES: Final = 1_000_000  # bytes of an event
_MAX_WINDOWS: Final = 10_000  # whose owners are remembered


class EventGuard:
    """Checks the events of all browser windows.

    Args:
        uploads: the folder of incoming uploads: the only files that an event may name.
    """

    def __init__(self, uploads: Path) -> None:
        self._uploads = uploads.resolve()
        self._owners: OrderedDict[str, str] = OrderedDict()  # by window

    async def check(
        self, scope: Scope, receive: Receive, owner: str
    ) -> tuple[Response | None, Receive]:
        """Why an event is refused, or None; and a `receive` that still returns its body."""
        if match := _LISTEN.fullmatch(scope["path"]):
            windows = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])
            mine = len(windows) == 1 and self._owns(owner, match["window"] or windows[0])
            return (None if mine else _refused()), receive
        if not _JOIN.fullmatch(scope["path"]):
            return None, receive
        body = await _read(receive)
        try:
            event: Any = None if body is None else json.loads(body)
        except (ValueError, RecursionError):
            event = None
        if body is None or not isinstance(event, dict):
            return PlainTextResponse("this request cannot be read.", 400), receive
        mine = self._owns(owner, str(event.get("session_hash", "")))
        if not mine or not all(map(self._is_upload, _files(event))):
            return _refused(), receive
        return None, _replayed(body, receive)

    def _owns(self, owner: str, window: str) -> bool:
        """Whether a window is an owner's: it belongs to the first who uses it."""
        if not window:
            return True
        first = self._owners.setdefault(window, owner)
        self._owners.move_to_end(window)
        while len(self._owners) > _MAX_WINDOWS:
            self._owners.popitem(last=False)
        return first == owner

    def _is_upload(self, path: object) -> bool:
        if not isinstance(path, str) or "\0" in path:
            return False
        return Path(path).resolve().is_relative_to(self._uploads)


def _files(value: Any) -> Iterator[object]:
    """Every file that a JSON value names."""
    if isinstance(value, dict):
        if "path" in value:
            yield value["path"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _files(item)


async def _read(receive: Receive) -> bytes | None:
    """The body of a request; None where it is too large, or the client disconnected."""
    body = b""
    while len(body) <= _MAX_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body
    return None


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that returns a body that was read, then what follows it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return waiting.pop() if waiting else await receive()

    return receiving


def _refused() -> Response:
    return PlainTextResponse("this belongs to someone else.", 403)
