"""The middleware in front of everything that the studio serves: who may ask, and for what."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import math
import re
import secrets
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dancenow.studio.config import is_loopback
from dancenow.studio.web.attempts import Attempts

SESSION_COOKIE: Final = "dancenow_studio"
OWNER_KEY: Final = "dancenow.owner"  # of a request's scope
_COOKIE_SECONDS: Final = 400 * 24 * 3600  # the longest that browsers keep a cookie
_COOKIE: Final = re.compile(rf"(?:^|;)\s*{SESSION_COOKIE}=(?P<token>[A-Za-z0-9_-]{{43}})\s*(?:;|$)")
_HOST: Final = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[^\[\]:]+))(?::\d*)?")
_TOKENS: Final = ":"  # stands for all tokens among accounts, whose names have no colon
_LOGIN_DELAY: Final = 1.0  # seconds that a wrong password costs
_SAFE_METHODS: Final = ("GET", "HEAD")

_ASKED: Final = 'Basic realm="DanceNow studio", charset="UTF-8"'
_UPLOADS: Final = ("/api/upload", "/v1/uploads", "/timeline/upload")
_MOST_BYTES: Final = 2_000_000  # of any other request
_PAGES: Final = ("/", "/timeline")  # which begin a session

# The page needs nothing from other servers, and the browser enforces that.
_POLICY: Final = (
    "default-src 'self' data: blob:; script-src 'self'; "
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
    """Passes allowed requests on to `app`, each with its owner in the scope.

    Args:
        app: the guarded ASGI application.
        host: the address that the studio listens on.
        accounts: names and passwords; without any, a session cookie tells users apart.
        max_bytes: largest body of a request.
        tokens: a password alone, as a bearer token (RFC 6750), says who asks, too.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        accounts: Sequence[tuple[str, str]],
        max_bytes: int = 1 << 30,
        *,
        tokens: bool = False,
    ) -> None:
        self._app, self._max_bytes, self._tokens = app, max_bytes, tokens
        self._local = is_loopback(host)
        self._hosts = {"127.0.0.1", "localhost", "::1", host.strip("[]")}
        self._accounts = tuple(accounts)
        self._attempts = Attempts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        owner, fresh = "", ""
        if refusal is None and self._accounts:
            owner, refusal = await self._login(scope, headers)
        elif refusal is None:
            token = _session_token(headers)
            if not token and scope["path"] in _PAGES:
                token = fresh = secrets.token_urlsafe(32)
            if token:
                owner = owner_id(token)
            else:
                refusal = _line(scope["path"], "open the page first.", 403)
        scope[OWNER_KEY] = owner
        answer = self._app if refusal is None else refusal
        most = self._most(scope["path"])
        await answer(scope, _counted(receive, most), _with_headers(send, fresh))

    def _most(self, path: str) -> int:
        """The largest body in bytes."""
        return self._max_bytes if path in _UPLOADS else _MOST_BYTES

    async def _login(self, scope: Scope, headers: Headers) -> tuple[str, Response | None]:
        """The owner who logs in, or why nobody does."""
        path, login = scope["path"], headers.get("authorization", "")
        if login:
            address, account = (scope.get("client") or ("",))[0], _account(login)
            wait = self._attempts.wait(address, account, login)
            if wait > 0:
                refusal = _line(path, "too many wrong passwords; wait a little.", 429)
                refusal.headers["retry-after"] = str(math.ceil(wait))
                return "", refusal
            owner = self._authenticated(headers)
            if owner:
                self._attempts.succeeded(login)
                return owner, None
            self._attempts.failed(address, account)
            await asyncio.sleep(_LOGIN_DELAY)
        refusal = _line(path, "name and password, or the token, please.", 401)
        refusal.headers["www-authenticate"] = _ASKED
        return "", refusal

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Why a request is refused, whoever sent it; None where it is not."""
        path, host = scope["path"], headers.get("host", "")
        # Another site's name may point here (DNS rebinding); the browser then sends that name.
        if self._local and _hostname(host) not in self._hosts:
            return _line(path, "this studio has another address.", 421)
        origin = headers.get("origin")
        from_other_site = origin not in (None, f"http://{host}", f"https://{host}")
        if scope["method"] not in _SAFE_METHODS and (
            from_other_site or headers.get("sec-fetch-site", "same-origin") == "cross-site"
        ):
            return _line(path, "this request comes from another site.", 403)
        if scope["method"] not in _SAFE_METHODS:
            # Without either header there is no body (RFC 9112, section 6.3).
            length = headers.get("content-length", "")
            if length and "transfer-encoding" in headers:
                return _line(path, "the request has two lengths.", 400)
            if not length and "transfer-encoding" not in headers:
                length = "0"
            if not length.isdigit():
                return _line(path, "the length of the request is missing.", 411)
            if len(length) > 15 or int(length) > self._most(path):
                return _line(path, "the request is too large.", 413)
        if ".." in path:
            return _line(path, "not found.", 404)
        return None

    def _authenticated(self, headers: Headers) -> str:
        """The owner whose name and password the request carries; "" where they are wrong."""
        scheme, _, text = headers.get("authorization", "").partition(" ")
        bearer = self._tokens and scheme.lower() == "bearer"
        name, passwords = "", [text.encode(), text.encode("latin-1")]  # some send it as it is
        if not bearer:
            if scheme.lower() != "basic":
                return ""
            try:
                pair = base64.b64decode(text, validate=True).decode("utf-8")
            except ValueError:  # neither Base64 nor text
                return ""
            name, _, password = pair.partition(":")
            passwords = [password.encode()]
        found = ""
        # All of them: the time that it takes must not give any away.
        for known, secret in self._accounts:
            same = bearer | hmac.compare_digest(known.encode(), name.encode())
            if same & any(hmac.compare_digest(secret.encode(), sent) for sent in passwords):
                found = owner_id(f"account:{known}")
        return found


def _line(path: str, text: str, status: int) -> Response:
    """A refusal: as JSON for other programs."""
    if path.startswith("/v1/"):
        return JSONResponse({"error": text}, status)
    return PlainTextResponse(text, status)


def owner_id(token: str) -> str:
    """The id of the owner with a session token or an account; a hash, so the token stays secret."""
    return hashlib.sha256(f"dancenow studio {token}".encode()).hexdigest()[:32]


def _session_token(headers: Headers) -> str:
    """The session token in a request's cookies, however odd the others are; "" without one."""
    found = _COOKIE.search("; ".join(headers.getlist("cookie")))
    return found["token"] if found else ""


def _hostname(host: str) -> str:
    """A host without its port; "" for what is none."""
    found = _HOST.fullmatch(host.lower())
    return (found["six"] or found["name"]) if found else ""


def _account(login: str) -> str:
    """Whose password a login would be, as far as it says; all tokens are one account's."""
    scheme, _, text = login.partition(" ")
    if scheme.lower() == "bearer":
        return _TOKENS
    try:
        pair = base64.b64decode(text, validate=True).decode("utf-8")
    except ValueError:
        return _TOKENS
    return pair.partition(":")[0]


def _counted(receive: Receive, most: int) -> Receive:
    """What receives a request, until its body is larger than `most`: then it has gone away."""
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        return {"type": "http.disconnect"} if size > most else message

    return receiving


def _with_headers(send: Send, token: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if token:
                cookie = f"{SESSION_COOKIE}={token}; Path=/; Max-Age={_COOKIE_SECONDS}"
                headers.append("set-cookie", f"{cookie}; HttpOnly; SameSite=Lax")
        await send(message)

    return sending
