"""The guard: who gets in, what may be requested, and the headers of every response."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

starlette = pytest.importorskip("starlette.testclient", reason="needs dancenow[studio]")

from starlette.responses import PlainTextResponse  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402
from starlette.types import Receive, Scope, Send  # noqa: E402

from dancenow.studio.web.guard import OWNER_KEY, SESSION_COOKIE, Guard, owner_id  # noqa: E402

UPLOADS = Path("/nowhere/uploads")
JOIN = "/gradio_api/queue/join"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """Says who was let in, and where to."""
    await PlainTextResponse(f"{scope[OWNER_KEY]} {scope['path']}")(scope, receive, send)


def client(host: str = "127.0.0.1", accounts: Any = (), base: str = "127.0.0.1:7860") -> TestClient:
    return TestClient(Guard(inside, host, accounts, UPLOADS), base_url=f"http://{base}")


def basic(name: str, password: str) -> dict[str, str]:
    text = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"authorization": f"Basic {text}"}


def test_the_page_sets_a_cookie_that_tells_users_apart() -> None:
    anna, ben = client(), client()
    first, second = anna.get("/").text, ben.get("/").text
    assert first.split()[0] != second.split()[0]
    assert anna.get("/config").text.split()[0] == first.split()[0]
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
    assert anna.post("/gradio_api/upload").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=http://example.org/",
        "/gradio_api/file/etc/passwd",
        "/file=/etc/passwd",
        "/gradio_api/proxy=http://example.org/",
        "/gradio_api/run/../config",
        "/gradio_api/call/predict",
        "/gradio_api/process_recording",
        "/gradio_api/vibe-edit/",
        "/gradio_api/runs",
        "/gradio_api/openapi.json",
        "/gradio_api/token",
        "/gradio_api/stream/a/b/1/playlist.m3u8",
        "/monitoring",
        "/docs",
        "/openapi.json",
        "/login",
        "/static/../../x",
        "/media/../x",
        "/anything",
    ],
)
def test_what_the_page_does_not_need_is_not_there(path: str) -> None:
    anna = client()
    anna.get("/")
    for method in ("GET", "POST", "HEAD"):
        scope = anna.build_request(method, "/")
        scope.url = scope.url.copy_with(raw_path=path.encode())
        assert anna.send(scope).status_code == 404


def test_another_site_can_neither_point_here_nor_post() -> None:
    assert client(base="evil.example:7860").get("/").status_code == 421
    assert client(base="localhost:7860").get("/").status_code == 200
    anna = client()
    anna.get("/")
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert anna.post("/gradio_api/upload", headers=headers).status_code == 403
    own = {"origin": "http://127.0.0.1:7860"}
    assert anna.post("/gradio_api/upload", headers=own).status_code == 200


def test_with_accounts_nobody_gets_in_without_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dancenow.studio.web.guard._LOGIN_DELAY", 0.0)
    accounts = (("anna", "secret:with:colons"), ("ben", "päss"))
    outside = client("0.0.0.0", accounts, "studio.example")
    for path in ("/", "/gradio_api/upload", "/media/jobs/x/result", "/assets/index.js"):
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


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/nowhere/uploads/../secret",
        "uploads/x",
        "http://example.org/clip.mp4",
        "/nowhere/uploads\0/x",
        "",
        None,
        7,
    ],
)
def test_an_event_names_no_file_but_an_upload(path: object) -> None:
    anna = client()
    anna.get("/")
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    for data in ([file], [{"value": [file]}], [[{"deep": file}]]):
        assert anna.post(JOIN, json={"data": data, "session_hash": "a"}).status_code == 403
    fine = {"path": "/nowhere/uploads/abc/clip.mp4", "meta": {"_type": "gradio.FileData"}}
    answer = anna.post(JOIN, json={"data": [fine, "text", None, 3], "session_hash": "a"})
    assert answer.status_code == 200


def test_a_window_belongs_to_who_opened_it() -> None:
    app = Guard(inside, "127.0.0.1", (), UPLOADS)
    anna, ben = (TestClient(app, base_url="http://127.0.0.1:7860") for _ in range(2))
    for user in (anna, ben):
        user.get("/")
    assert anna.get("/gradio_api/heartbeat/w1ndow").status_code == 200
    assert anna.post(JOIN, json={"data": [], "session_hash": "w1ndow"}).status_code == 200
    assert ben.post(JOIN, json={"data": [], "session_hash": "w1ndow"}).status_code == 403
    assert ben.get("/gradio_api/queue/data?session_hash=w1ndow").status_code == 403
    assert ben.get("/gradio_api/heartbeat/w1ndow").status_code == 403
    assert ben.get("/gradio_api/queue/data?session_hash=another").status_code == 200
    twice = "/gradio_api/queue/data?session_hash=another&session_hash=w1ndow"
    assert ben.get(twice).status_code == 403


def test_a_request_states_its_length_and_is_within_the_limit() -> None:
    anna = TestClient(Guard(inside, "127.0.0.1", (), UPLOADS, 100), base_url="http://localhost")
    anna.get("/")
    assert anna.post("/gradio_api/upload", content=b"x" * 100).status_code == 200
    assert anna.post("/gradio_api/upload", content=b"x" * 101).status_code == 413
    assert anna.post("/gradio_api/upload", content=iter([b"x"])).status_code == 411


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"[" * 100_000, b" " * 2_000_000])
def test_a_malformed_event_is_refused(body: bytes) -> None:
    anna = client()
    anna.get("/")
    assert anna.post(JOIN, content=body).status_code == 400


def test_every_answer_keeps_the_browser_from_going_elsewhere() -> None:
    for answer in (client().get("/"), client().get("/nothing")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self' data: blob:;" in policy
        assert "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
