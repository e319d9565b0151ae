"""What the page's events may say: whose window they come from, and which files they name.

Gradio looks at the files that an event names as well; here it is made sure of, before it does.
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

_JOIN: Final = re.compile(r"/gradio_api/(?:queue/join|cancel|reset)/?")
_LISTEN: Final = re.compile(r"/gradio_api/(?:queue/data|heartbeat/(?P<window>[\w-]+))/?")
_LARGEST: Final = 1_000_000  # bytes of an event
_WINDOWS: Final = 10_000  # whose owners are remembered


class Events:
    """Looks at the events of all windows.

    Args:
        uploads: the folder that uploads arrive in: the only files that an event may name.
    """

    def __init__(self, uploads: Path) -> None:
        self._uploads = uploads.resolve()
        self._owners: OrderedDict[str, str] = OrderedDict()  # by window

    async def checked(
        self, scope: Scope, receive: Receive, owner: str
    ) -> tuple[Response | None, Receive]:
        """Why an event is refused, or None; and what gives its body to who comes next."""
        if match := _LISTEN.fullmatch(scope["path"]):
            asked = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])
            mine = len(asked) == 1 and self._mine(match["window"] or asked[0], owner)
            return (None if mine else _refused()), receive
        if not _JOIN.fullmatch(scope["path"]):
            return None, receive
        body = await _read(receive)
        try:
            event: Any = None if body is None else json.loads(body)
        except (ValueError, RecursionError):
            event = None
        if body is None or not isinstance(event, dict):
            return PlainTextResponse("this cannot be understood.", 400), receive
        mine = self._mine(str(event.get("session_hash", "")), owner)
        if not mine or not all(map(self._arrived, _files(event))):
            return _refused(), receive
        return None, _again(body, receive)

    def _mine(self, window: str, owner: str) -> bool:
        """Whether a window is its owner's; the first who uses it is."""
        if not window:
            return True
        first = self._owners.setdefault(window, owner)
        self._owners.move_to_end(window)
        while len(self._owners) > _WINDOWS:
            self._owners.popitem(last=False)
        return first == owner

    def _arrived(self, path: object) -> bool:
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
    """The body of a request; None where it is too large, or the asker went away."""
    body = b""
    while len(body) <= _LARGEST:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body
    return None


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read, then what comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return waiting.pop() if waiting else await receive()

    return receiving


def _refused() -> Response:
    return PlainTextResponse("this is not yours.", 403)
