"""`dancenow serve`: other programs order what the page orders, and both see it."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from dancenow.errors import InputError
from dancenow.studio.config import StudioConfig
from dancenow.video import probe
from fixture_types import SampleClip

requests = pytest.importorskip("requests")
DOCS = Path(__file__).parents[2] / "docs" / "serve.md"


@dataclass(frozen=True)
class Server:
    address: str
    token: str
    data: Path

    def ask(self, method: str, path: str, token: str = "", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return requests.request(method, f"{self.address}/v1/{path}", headers=headers, **more)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("serve")
    command = [sys.executable, "-m", "dancenow", "serve", "--json", "--port", "0"]
    command += ["--data", str(data), "--max-seconds", "20", "--device", "cpu"]
    env = {**os.environ, "DANCENOW_CACHE": str(tmp_path_factory.mktemp("serve-cache"))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "it did not start"
        yield Server(json.loads(line)["address"], (data / "token").read_text(), data)
        process.send_signal(signal.SIGINT)
        process.communicate()


@pytest.mark.slow
def test_the_client_of_the_docs_makes_a_video_that_the_page_shows(
    server: Server, sample_clip: SampleClip, tmp_path: Path
) -> None:
    (client,) = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    env = {**os.environ, "DANCENOW_SERVER": server.address, "DANCENOW_TOKEN": server.token}
    clip = sample_clip("bo", "house", seconds=2)
    command = [sys.executable, "-c", client, str(clip)]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("done 100 %")
    assert probe(tmp_path / "zola.mp4").frames == 20
    (job,) = server.ask("GET", "jobs").json()
    page = requests.get(f"{server.address}/api/state", auth=("me", server.token)).json()
    assert [(each["id"], each["title"]) for each in page["jobs"]] == [(job["id"], job["title"])]
    with server.ask("GET", f"jobs/{job['id']}/events", stream=True) as events:
        told = [line for line in events.iter_lines(decode_unicode=True) if line]
    assert len(told) == 1 and json.loads(told[0].removeprefix("data: ")) == job
    assert server.ask("GET", "uploads").json()[0]["people"] == 1
    assert server.ask("DELETE", f"jobs/{job['id']}").status_code == 204
    assert server.ask("GET", "jobs").json() == []


def test_jobs_are_cancelled_and_removed(server: Server) -> None:
    order = {"source": "sample:bo/disco", "target": "sample:zola"}
    job = server.ask("POST", "transfers", json=order).json()
    assert server.ask("DELETE", f"jobs/{job['id']}").json()["error"].startswith("it is not finish")
    server.ask("POST", f"jobs/{job['id']}/cancel")
    ended = server.ask("GET", f"jobs/{job['id']}", params={"wait": 60}).json()
    assert ended["state"] == "cancelled" and not ended["result"]
    assert server.ask("DELETE", f"jobs/{job['id']}").status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "line"),
    [
        ("POST", "transfers", {"source": "nix", "target": "sample:zola"}, 400, "no such sample"),
        ("POST", "transfers", {"source": 5}, 422, "body.source: "),
        ("POST", "transfers", [], 422, "body: "),
        ("POST", "new-dances", {"dance": "dance:x"}, 400, "."),
        ("POST", "library/x/learn", {"minutes": 1}, 404, "no such person"),
        ("DELETE", "library/person:x", None, 404, "no such person"),
        ("DELETE", "uploads/x", None, 404, "no such upload"),
        ("DELETE", "jobs/x", None, 404, "no such job"),
        ("POST", "transfers", {"source": "sample:bo/disco", "target": "/etc"}, 400, "no such"),
        ("POST", "transfers", {"source": "x" * 3_000_000}, 413, "too large"),
        ("GET", "jobs/x", None, 404, "no such job"),
        ("GET", "nothing", None, 404, "Not Found"),
        ("POST", "jobs/x/cancel", {}, 404, "no such job"),
        ("GET", "jobs/x?wait=1e9", None, 422, "query.wait"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    server: Server, method: str, path: str, body: object, status: int, line: str
) -> None:
    answer = server.ask(method, path, json=body)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"} and line in answer.json()["error"]


def test_a_request_without_a_body_needs_no_length(server: Server) -> None:
    """As curl, httpx and browsers send it."""
    host = server.address.removeprefix("http://")
    for method, path in (("DELETE", "jobs/x"), ("POST", "jobs/x/cancel")):
        connection = HTTPConnection(host)
        connection.putrequest(method, f"/v1/{path}", skip_accept_encoding=True)
        connection.putheader("Authorization", f"Bearer {server.token}")
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status in (204, 404), answer.read()
        connection.close()


def test_two_users_need_two_tokens(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two users have one password"):
        StudioConfig(tmp_path, accounts=(("anna", "s"), ("bob", "s")), api=True).check()
    StudioConfig(tmp_path, accounts=(("anna", "s"), ("bob", "s"))).check()


def test_only_the_token_opens_it_and_nobody_else_can_read_it(server: Server) -> None:
    for token in ("wrong", server.token[:-1], "me:" + server.token):
        assert server.ask("GET", "jobs", token).status_code == 401
    assert set(requests.get(f"{server.address}/v1/jobs").json()) == {"error"}
    for odd in (b"Basic \xff\xfe", b"Bearer \xff", b"Basic", b""):
        answer = requests.get(f"{server.address}/v1/jobs", headers={"Authorization": odd})
        assert answer.status_code == 401
    assert requests.get(f"{server.address}/v1/openapi.json").status_code == 401
    assert (server.data / "token").stat().st_mode & 0o77 == 0
    refused = requests.post(
        f"{server.address}/v1/jobs/x/cancel",
        headers={"Authorization": f"Bearer {server.token}", "Origin": "http://elsewhere"},
        json={},
    )
    assert refused.status_code == 403


def test_uploads_are_checked_as_on_the_page(server: Server, sample_clip: SampleClip) -> None:
    def send(data: bytes, **about: str) -> Any:
        return server.ask("POST", "uploads", params={"name": "x.mp4", **about}, data=data)

    assert "is not a video" in send(b"no clip").json()["error"]
    assert send(b"x", kind="other").status_code == 422
    assert send(b"x" * 10, kind="archive").status_code == 400
    sent = send(sample_clip("lin", "groove", seconds=1).read_bytes(), kind="dancer").json()
    assert sent["ref"].startswith("upload:") and sent["seconds"] == 1
    assert server.ask("DELETE", f"uploads/{sent['ref']}").status_code == 204
    assert sent["ref"] not in [each["ref"] for each in server.ask("GET", "uploads").json()]
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setparams((1, 2, 8000, 8000, "NONE", ""))
        file.writeframes(bytes(16000))
    music = send(sound.getvalue(), name="a.wav", kind="music").json()
    order = {"source": music["ref"], "target": "sample:zola"}
    assert "is music" in server.ask("POST", "transfers", json=order).json()["error"]


def test_the_description_names_every_order(server: Server) -> None:
    described = server.ask("GET", "openapi.json").json()
    assert {"/uploads", "/transfers", "/new-dances", "/jobs/{id}/events"} <= set(described["paths"])
    assert described["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    named = re.findall(r"`(?:GET|POST|DELETE) /v1(/[\w/-]*)", DOCS.read_text("utf-8"))
    known = {re.sub(r"{\w+}", "ID", path) for path in described["paths"]}
    assert {path.rstrip("/") for path in named if "openapi" not in path} <= known
