"""The guard: who gets in, what may be requested, and the headers of every response."""

from __future__ import annotations

import base64
from typing import Any

import pytest

starlette = pytest.importorskip("starlette.testclient", reason="needs dancenow[studio]")

from starlette.responses import PlainTextResponse  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402
from starlette.types import Receive, Scope, Send  # noqa: E402

from dancenow.studio.web.guard import OWNER_KEY, SESSION_COOKIE, Guard, owner_id  # noqa: E402


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """Says who was let in, and where to."""
    await PlainTextResponse(f"{scope[OWNER_KEY]} {scope['path']}")(scope, receive, send)


def client(host: str = "127.0.0.1", accounts: Any = (), base: str = "127.0.0.1:7860") -> TestClient:
    return TestClient(Guard(inside, host, accounts), base_url=f"http://{base}")


def basic(name: str, password: str) -> dict[str, str]:
    text = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"authorization": f"Basic {text}"}


def test_the_page_sets_a_cookie_that_tells_users_apart() -> None:
    anna, ben = client(), client()
    first, second = anna.get("/").text, ben.get("/").text
    assert first.split()[0] != second.split()[0]
    assert anna.get("/api/state").text.split()[0] == first.split()[0]
    cookie = client().get("/").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "set-cookie" not in anna.get("/").headers


def test_the_cookie_is_not_written_into_the_owners_name() -> None:
    anna = client()
    owner = anna.get("/").text.split()[0]
    assert anna.cookies[SESSION_COOKIE] not in owner
    assert owner == owner_id(anna.cookies[SESSION_COOKIE])


@pytest.mark.parametrize("cookie", ["", "short", "../" * 15, "x" * 43 + "/", '"'])
def test_nothing_but_the_page_is_served_without_a_cookie(cookie: str) -> None:
    anna = client()
    headers = {"cookie": f"{SESSION_COOKIE}={cookie}"}
    assert anna.get("/media/jobs/x/result", headers=headers).status_code == 403
    assert anna.post("/api/upload").status_code == 403


@pytest.mark.parametrize("path", ["/static/%2e%2e/x", "/media/%2e%2e%2f%2e%2e%2fx", "/%2e%2e"])
def test_no_path_leads_upwards(path: str) -> None:
    anna = client()
    anna.get("/")
    assert anna.get(path).status_code == 404


def test_another_pages_odd_cookie_does_not_hide_ours() -> None:
    anna = client()
    owner = anna.get("/").text.split()[0]
    token = anna.cookies[SESSION_COOKIE]
    for odd in ('theme={"dark":true}', "a=b=c; ;", '"', "x" + SESSION_COOKIE + "=" + "y" * 43):
        for cookie in (f"{odd}; {SESSION_COOKIE}={token}", f"{SESSION_COOKIE}={token}; {odd}"):
            answer = client().get("/api/state", headers={"cookie": cookie})
            assert answer.text.split()[0] == owner, cookie


def test_another_site_can_neither_point_here_nor_post() -> None:
    assert client(base="evil.example:7860").get("/").status_code == 421
    assert client(base="localhost:7860").get("/").status_code == 200
    anna = client()
    anna.get("/")
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert anna.post("/api/upload", headers=headers).status_code == 403
    own = {"origin": "http://127.0.0.1:7860"}
    assert anna.post("/api/upload", headers=own).status_code == 200


def test_with_accounts_nobody_gets_in_without_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dancenow.studio.web.guard._LOGIN_DELAY", 0.0)
    accounts = (("anna", "secret:with:colons"), ("ben", "päss"))
    outside = client("0.0.0.0", accounts, "studio.example")
    for path in ("/", "/api/upload", "/media/jobs/x/result", "/studio/main.js"):
        answer = outside.get(path)
        assert answer.status_code == 401
        assert "basic" in answer.headers["www-authenticate"].lower()
    for headers in (
        basic("anna", "wrong"),
        basic("nobody", "secret:with:colons"),
        basic("ben", "secret:with:colons"),
        basic("", ""),
        {"authorization": "Basic %%%"},
        {"authorization": "Bearer x"},
    ):
        assert outside.get("/", headers=headers).status_code == 401
    anna = outside.get("/", headers=basic("anna", "secret:with:colons"))
    ben = outside.get("/", headers=basic("ben", "päss"))
    assert anna.status_code == ben.status_code == 200
    assert anna.text.split()[0] != ben.text.split()[0]
    again = client("0.0.0.0", accounts, "studio.example").get("/", headers=basic("ben", "päss"))
    assert again.text == ben.text  # from any browser


def test_a_request_states_its_length_and_is_within_the_limit() -> None:
    anna = TestClient(Guard(inside, "127.0.0.1", (), 100), base_url="http://localhost")
    anna.get("/")
    assert anna.post("/api/upload", content=b"x" * 100).status_code == 200
    assert anna.post("/api/upload", content=b"x" * 101).status_code == 413
    assert anna.post("/api/upload", content=iter([b"x"])).status_code == 411


def test_every_answer_keeps_the_browser_from_going_elsewhere() -> None:
    for answer in (client().get("/"), client().get("/nothing")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self' data: blob:;" in policy
        assert "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
