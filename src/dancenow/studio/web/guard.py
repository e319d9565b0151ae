"""Who may come in, and what may be asked for: in front of everything that the studio serves.

The page's server (Gradio) answers more addresses than this page needs.  Those that it needs are on
a list here, and nothing else passes: no file by its path, no proxy, no API.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dancenow.studio.config import is_loopback
from dancenow.studio.web.events import Events

COOKIE: Final = "dancenow_studio"
OWNER: Final = "dancenow.owner"  # in a request's scope
_KEPT: Final = 400 * 24 * 3600  # seconds, the longest that browsers keep a cookie
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_SLOWED: Final = 1.0  # seconds that a wrong password takes
_SAFE: Final = ("GET", "HEAD")

# What the page asks of Gradio.
_NEEDED: Final = re.compile(
    r"/(?:(?:assets|static|svelte)/[^?]*|config|theme\.css|favicon\.ico|manifest\.json"
    r"|gradio_api/(?:info|startup-events|theme\.css|app_id|heartbeat/[\w-]+|upload"
    r"|upload_progress|queue/join|queue/data|cancel|reset))?/?"
)
_OURS: Final = re.compile(r"/media/.*")

# The page needs nothing from elsewhere, and the browser sees to it.
_POLICY: Final = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'self'; object-src 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Lets requests through to `app` that may come in, each with its owner in the scope.

    Args:
        app: what is guarded.
        host: the address that is listened on.
        accounts: names and passwords; with none, a cookie tells users apart.
        uploads: the folder that uploads arrive in: the only files that a request may name.
        most: bytes that one request may bring.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        accounts: Sequence[tuple[str, str]],
        uploads: Path,
        most: int = 1 << 30,
    ) -> None:
        self._app, self._events, self._most = app, Events(uploads), most
        self._local = is_loopback(host)
        self._hosts = {"127.0.0.1", "localhost", "::1", host.strip("[]")}
        self._accounts = tuple(accounts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; see the class."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        owner, fresh = "", ""
        if refusal is None and self._accounts:
            owner = self._account(headers)
            if not owner:
                if "authorization" in headers:
                    await asyncio.sleep(_SLOWED)
                refusal = PlainTextResponse(
                    "name and password, please.",
                    401,
                    {"www-authenticate": 'Basic realm="DanceNow studio", charset="UTF-8"'},
                )
        elif refusal is None:
            token = _token(headers)
            if not token and scope["path"] == "/":
                token = fresh = secrets.token_urlsafe(32)
            if token:
                owner = owner_of(token)
            else:
                refusal = PlainTextResponse("open the page first.", 403)
        scope[OWNER] = owner
        if refusal is None:
            refusal, receive = await self._events.checked(scope, receive, owner)
        answer = self._app if refusal is None else refusal
        await answer(scope, receive, _with_headers(send, fresh))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Why a request gets no answer, whoever asks."""
        host = headers.get("host", "")
        # A page elsewhere may have its name point here; then the browser tells that name.
        if self._local and _bare(host) not in self._hosts:
            return PlainTextResponse("this is the studio of another address.", 421)
        origin = headers.get("origin")
        from_elsewhere = origin is not None and origin.partition("://")[2] != host
        if scope["method"] not in _SAFE and (
            from_elsewhere or headers.get("sec-fetch-site", "same-origin") == "cross-site"
        ):
            return PlainTextResponse("this was asked by another page.", 403)
        path = scope["path"]
        if scope["method"] not in _SAFE:  # the server limits each file, not how many there are
            length = headers.get("content-length", "")
            if not length.isdigit():
                return PlainTextResponse("say how much this is.", 411)
            if int(length) > self._most:
                return PlainTextResponse("this is too much.", 413)
        if not (_NEEDED.fullmatch(path) or _OURS.fullmatch(path)) or ".." in path:
            return PlainTextResponse("there is nothing here.", 404)
        return None

    def _account(self, headers: Headers) -> str:
        """The owner whose name and password came along; "" where they are wrong."""
        scheme, _, text = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return ""
        try:
            name, _, password = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        found = ""
        for known, secret in self._accounts:  # all of them: how long it takes tells nothing
            same = hmac.compare_digest(known.encode(), name.encode())
            if same & hmac.compare_digest(secret.encode(), password.encode()):
                found = owner_of(f"account:{known}")
        return found


def owner_of(token: str) -> str:
    """The owner that a cookie or an account stands for; it does not give the cookie away."""
    return hashlib.sha256(f"dancenow studio {token}".encode()).hexdigest()[:32]


def _token(headers: Headers) -> str:
    """The token in a request's cookie; "" where there is none."""
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    token = cookies[COOKIE].value if COOKIE in cookies else ""
    return token if _TOKEN.fullmatch(token) else ""


def _bare(host: str) -> str:
    """A host without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _with_headers(send: Send, token: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if token:
                headers.append(
                    "set-cookie",
                    f"{COOKIE}={token}; Path=/; Max-Age={_KEPT}; HttpOnly; SameSite=Lax",
                )
        await send(message)

    return sending
