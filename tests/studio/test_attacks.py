"""What gave way to attackers of the studio once, by kind; each must hold."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

starlette = pytest.importorskip("starlette.testclient", reason="needs dancenow[studio]")

from serving import WORKLOAD  # noqa: E402
from starlette.requests import ClientDisconnect, Request  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402
from test_guard import basic, client, inside  # noqa: E402
from test_service import uploaded  # noqa: E402

from dancenow.cache import Entry  # noqa: E402
from dancenow.errors import InputError  # noqa: E402
from dancenow.files import write_text  # noqa: E402
from dancenow.hashing import content_hash  # noqa: E402
from dancenow.processes import try_lock  # noqa: E402
from dancenow.reading import read_arrays  # noqa: E402
from dancenow.studio.app import _build_app  # noqa: E402
from dancenow.studio.archive import size_unpacked  # noqa: E402
from dancenow.studio.config import Limits, StudioConfig  # noqa: E402
from dancenow.studio.forgetting import entries_of  # noqa: E402
from dancenow.studio.forms import TransferForm  # noqa: E402
from dancenow.studio.job import Job, JobState  # noqa: E402
from dancenow.studio.library import EntryKind, LibraryEntry  # noqa: E402
from dancenow.studio.orders import Orders  # noqa: E402
from dancenow.studio.plans import PlanDesk  # noqa: E402
from dancenow.studio.service import StudioService  # noqa: E402
from dancenow.studio.sound import is_sound  # noqa: E402
from dancenow.studio.web import answers, patience  # noqa: E402
from dancenow.studio.web.attempts import ACCOUNT, ADDRESS, Attempts  # noqa: E402
from dancenow.studio.web.guard import OWNER_KEY, Guard, _account  # noqa: E402


@pytest.fixture
def service(tmp_path: Path) -> Iterator[StudioService]:
    limits = Limits(megabytes=1, user_gigabytes=0.01, total_gigabytes=0.02)
    opened = StudioService(StudioConfig(tmp_path / "data", limits=limits, workload=WORKLOAD))
    yield opened
    opened.queue.close()


@pytest.fixture
def page(service: StudioService) -> TestClient:
    opened = TestClient(_build_app(service), base_url="http://127.0.0.1:7860")
    opened.get("/")
    return opened


def owner_of(service: StudioService, page: TestClient) -> str:
    page.post("/timeline/do/keep", json={"plan": {}})
    (folder,) = (service.config.data / "owners").iterdir()
    return folder.name


BAD_TEXTS = ['{"a": "\\ud800"}', '{"a": 1e400}', '{"a": NaN}', '{"\\udfff": 1}',
             '{"a":' * 60 + "1" + "}" * 60, '{"a": "' + "x" * 30_000 + '"}',
             '{"a": ' + "9" * 400 + "}"]  # fmt: skip


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_what_could_not_be_sent_again_is_not_taken(page: TestClient, text: str) -> None:
    for path, body in (
        ("/api/make/dance", text),
        ("/timeline/do/keep", f'{{"plan": {text}}}'),
    ):
        answer = page.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400, path
    for path in ("/api/state", "/timeline/state"):
        assert page.get(path).status_code == 200


def test_a_plan_that_was_kept_too_deep_counts_as_none(
    service: StudioService, page: TestClient
) -> None:
    file = service.plan_file(owner_of(service, page))
    file.write_text('{"a":' * 900 + "1" + "}" * 900)
    assert page.get("/timeline/state").json()["plan"] == {}
    service.prune()


def test_ordinary_json_is_sound() -> None:
    assert is_sound({"a": [1, 2.5, None, True, "é 👩‍🎤"], "b": {"c": -3}})


def test_other_programs_are_held_to_the_same(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="needs dancenow[serve]")
    service = StudioService(
        StudioConfig(tmp_path, accounts=(("me", "token"),), api=True, workload=WORKLOAD)
    )
    program = TestClient(_build_app(service), base_url="http://127.0.0.1")
    try:
        for text in BAD_TEXTS:
            answer = program.post(
                "/v1/new-dances",
                content='{"dance": "samples", "style": [' + text + "]}",
                headers={"authorization": "Bearer token", "content-type": "application/json"},
            )
            assert answer.status_code in (400, 422)
        told = program.post(
            "/v1/transfers",
            json={"source": "x" * 201, "target": "y"},
            headers={"authorization": "Bearer token"},
        )
        assert told.status_code == 422
    finally:
        service.queue.close()


def test_passwords_are_guessed_slowly_and_nobody_is_locked_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dancenow.studio.web.guard._LOGIN_DELAY", 0.0)
    outside = client("0.0.0.0", (("anna", "secret"),), "studio.example")
    assert outside.get("/", headers=basic("anna", "secret")).status_code == 200
    told = [outside.get("/", headers=basic("anna", f"{n}")).status_code for n in range(60)]
    assert told == [401] * ADDRESS.burst + [429] * (60 - ADDRESS.burst)
    refused = outside.get("/", headers=basic("anna", "x"))
    assert int(refused.headers["retry-after"]) >= 1
    assert outside.get("/", headers=basic("anna", "secret")).status_code == 200


def test_an_account_is_guarded_from_many_addresses_and_forgives_in_time() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for number in range(ACCOUNT.burst):
        assert attempts.wait(f"address {number}", "anna", "x") <= 0
        attempts.failed(f"address {number}", "anna")
    assert attempts.wait("another", "anna", "x") > 0
    assert attempts.wait("another", "ben", "x") <= 0
    now[0] += ACCOUNT.every * 1.01
    assert attempts.wait("another", "anna", "x") <= 0


def test_a_body_is_counted_whatever_its_head_says() -> None:
    counted: list[int] = []

    async def reads(scope: Any, receive: Any, send: Any) -> None:
        size = 0
        while (message := await receive())["type"] == "http.request":
            size += len(message["body"])
            if not message.get("more_body"):
                break
        counted.append(size)
        await inside(scope, receive, send)

    anna = TestClient(Guard(reads, "127.0.0.1", (), 100), base_url="http://localhost")
    anna.get("/")
    lies = {"content-length": "5", "transfer-encoding": "chunked"}
    assert anna.post("/api/upload", content=b"x" * 500, headers=lies).status_code == 400
    anna.post("/api/upload", content=iter([b"x" * 60] * 9), headers={"content-length": "5"})
    assert max(counted) <= 100


@pytest.mark.parametrize("host", ["[::1", "[127.0.0.1]x", "127.0.0.1:x", "a[::1]"])
def test_a_host_is_one(host: str) -> None:
    assert client().get("/", headers={"host": host}).status_code == 421


def test_our_cookie_is_found_in_any_line_and_an_origin_has_a_scheme() -> None:
    anna = client()
    token = anna.get("/").cookies["dancenow_studio"]
    lines = [("cookie", 'theme={"dark":true}'), ("cookie", f"dancenow_studio={token}")]
    other = client()
    assert other.get("/api/state", headers=lines).status_code == 200
    assert anna.post("/x", headers={"origin": "x://127.0.0.1:7860"}).status_code == 403
    assert anna.post("/x", headers={"origin": "http://127.0.0.1:7860"}).status_code == 200


def test_a_request_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    uvicorn = pytest.importorskip("uvicorn")
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.3)
    config = uvicorn.Config(inside_anybody, http=patience.PatientProtocol, log_level="error")
    server = uvicorn.Server(config)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    begun = time.monotonic()
    try:
        for sent in (
            b"",
            b"GET / HTTP/1.1\r\nHost: x\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET",
        ):
            with socket.create_connection(listening.getsockname(), timeout=20) as waiting:
                waiting.sendall(sent)
                while waiting.recv(4096):
                    pass  # until it is closed
    finally:
        server.should_exit = True
        thread.join()
    assert time.monotonic() - begun < 15


async def inside_anybody(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await inside({**scope, OWNER_KEY: ""}, receive, send)


def test_a_download_leaves_nothing_whatever_part_of_it_is_asked_for(
    service: StudioService, page: TestClient
) -> None:
    owner = owner_of(service, page)
    entry = service.library(owner).add(EntryKind.dance, "Waltz", [])
    write_text_of(entry.trained / "config.json", '{"kind": "choreographer"}')
    for part in ("bytes=99999999999-", "bytes=-0", "bytes=abc", "bytes=5-2", "bytes=0-3"):
        answer = page.get(f"/media/library/{entry.id}/archive", headers={"range": part})
        assert answer.status_code == 200 and answer.content.startswith(b"PK")
        assert list(service.temp_folder.iterdir()) == []


def write_text_of(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_nobody_keeps_more_than_is_allowed(
    service: StudioService, page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dancenow.studio.quota.LOOKED_EVERY", 0.0)
    owner = owner_of(service, page)
    big = service.library(owner).add(EntryKind.dance, "Waltz", []).folder / "big"
    with big.open("wb") as file:
        file.truncate(11_000_000)
    refused = page.post("/api/upload?name=a.mp4&kind=clip", content=b"x")
    assert refused.status_code == 400 and "are allowed; delete" in refused.json()["error"]
    with pytest.raises(InputError, match="are allowed; delete"):
        Orders(service, owner).transfer(TransferForm("sample:mika/groove", "sample:zola"))
    service.quota.check("somebody else")
    with big.open("wb") as file:
        file.truncate(21_000_000)
    with pytest.raises(InputError, match="this studio keeps as much as it may"):
        service.quota.check("somebody else")


def test_a_full_disk_is_told_wherever_something_is_uploaded(
    page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    for path in ("/api/upload?name=a.mp4&kind=clip", "/timeline/upload?name=a.mp4&kind=clip"):
        answer = page.post(path, content=b"x")
        assert answer.status_code == 507 and "disk is full" in answer.json()["error"]


def ordered_and_cancelled(service: StudioService, ref: str) -> tuple[Job, LibraryEntry]:
    """A transfer that was ordered of a clip of Ben, and cancelled; and Ben."""
    form = TransferForm("sample:mika/groove", ref, "Ben", consent=True, minutes=1)
    job = Orders(service, "anna").transfer(form)
    service.queue.cancel("anna", job.id)
    service.queue.wait(job.id, seconds=60)
    (entry,) = service.library("anna").all(EntryKind.person)
    return job, entry


def test_deleting_a_person_forgets_all_that_was_made_of_them(service: StudioService) -> None:
    ref = uploaded(service, "anna")
    _, entry = ordered_and_cancelled(service, ref)
    cached = Entry.named("crops", [content_hash(entry.clips[0])])
    cached.get(lambda: write_text(cached.path, "Ben"), lambda: None)
    of_others = Entry.named("crops", ["another"])
    of_others.get(lambda: write_text(of_others.path, "Zola"), lambda: None)
    service.delete("anna", entry.id)
    assert not cached.is_there and of_others.is_there
    assert service.uploads("anna").all() == []
    assert service.queue.jobs_of("anna") == []
    left = [path for path in (service.config.data / "owners").rglob("*") if path.is_file()]
    assert left == []


def test_what_was_cut_out_of_a_clip_takes_the_clip_with_it(service: StudioService) -> None:
    whole, part = uploaded(service, "anna", "whole.mp4"), uploaded(service, "anna", "part.mp4")
    small, other = uploaded(service, "anna", "small.mp4"), uploaded(service, "anna", "other.mp4")
    for cut, origin in ((part, whole), (small, part), (other, whole)):
        ids = (ref.removeprefix("upload:") for ref in (cut, origin))
        service.uploads("anna").note(next(ids), origin=next(ids))
    _, entry = ordered_and_cancelled(service, small)
    service.delete("anna", entry.id)
    assert service.uploads("anna").all() == []


def test_what_was_made_of_an_upload_goes_with_it_unless_somebody_has_the_same(
    service: StudioService,
) -> None:
    first, second = (uploaded(service, who) for who in ("anna", "ben"))
    ids = {who: ref.removeprefix("upload:") for who, ref in (("anna", first), ("ben", second))}
    uploads = service.uploads("anna").get(ids["anna"])
    assert uploads is not None
    cached = Entry.named("crops", [content_hash(uploads.file)])
    cached.get(lambda: write_text(cached.path, "somebody"), lambda: None)
    service.remove_upload("anna", ids["anna"])
    assert cached.is_there
    learned = Entry.named("performers", cached.of)
    older, busy = Entry.named("crops", ["x"]), Entry.named("masks", cached.of)
    for entry in (learned, older, busy):
        entry.get(partial(write_text, entry.path, "somebody"), lambda: None)
    older.beside(".of").unlink()
    release = try_lock(busy.beside(".lock"))
    service.remove_upload("ben", ids["ben"])
    assert not cached.is_there and learned.is_there and older.is_there and busy.is_there
    assert release is not None
    release()


def test_pictures_of_who_was_deleted_go_from_jobs_that_stay(service: StudioService) -> None:
    job, entry = ordered_and_cancelled(service, uploaded(service, "anna"))
    kept = replace(job, state=JobState.done)
    learned = replace(kept, id="b" * 20, kind="learn_person")
    for done in (kept, learned):
        service.queue._jobs[done.id] = done
        service.queue.folder(done).mkdir(exist_ok=True)
        (service.queue.folder(done) / "preview.jpg").touch()
    (service.queue.folder(kept) / "result.mp4").touch()
    service.delete("anna", entry.id)
    assert service.queue.jobs_of("anna") == [kept]
    assert [path.name for path in service.queue.folder(kept).iterdir() if path.suffix != ".json"
            ] == ["result.mp4"]  # fmt: skip


def test_what_temporary_jobs_left_is_swept(tmp_path: Path) -> None:
    left = tmp_path / "owners" / "anna" / "jobs" / ("a" * 20) / "dance.npz"
    write_text_of(left, "moves")
    StudioService(StudioConfig(tmp_path, workload=WORKLOAD)).queue.close()
    assert not left.parent.exists()


def test_an_archive_counts_as_what_it_unpacks_to(service: StudioService) -> None:
    path = service.temp_folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b"{}")
        archive.writestr("preview.png", bytes(11_000_000))
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="allowed; delete"):
        service.import_archive("anna", path, "a.zip", consent=True)


def test_a_list_of_too_many_files_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 30_000, 30_000, 3_000_000, 0, 0)
    path.write_bytes(bytes(3_000_000) + end)
    for read in (size_unpacked, lambda path: read_arrays(path, "is damaged.")):
        with pytest.raises(InputError, match="lists more files"):
            read(path)


def test_tokens_are_guessed_as_slowly_as_a_password() -> None:
    attempts = Attempts(lambda: 0.0)
    for number in range(ACCOUNT.burst):
        attempts.failed(f"address {number}", _account(f"Bearer {number}"))
    assert attempts.wait("another", _account("bearer x"), "x") > 0
    assert attempts.wait("another", _account("Basic YW5uYTp4"), "x") <= 0


def test_only_one_frame_of_an_owner_is_looked_at(
    service: StudioService, page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def show(*_: object) -> None:
        begun.set()
        go_on.wait(60)

    monkeypatch.setattr(service.live, "show", show)
    url = "/api/live/frame?person=sample:zola&behind=white"
    first = threading.Thread(target=page.post, args=(url,), kwargs={"content": b"x"})
    first.start()
    assert begun.wait(60)
    monkeypatch.setattr(service.live, "show", lambda *_: pytest.fail("a second one"))
    assert page.post(url, content=b"x").status_code == 204
    go_on.set()
    first.join()


def test_a_sample_comes_into_the_library_once(service: StudioService) -> None:
    threads = [threading.Thread(target=service.performer, args=("anna", "sample:bo"))
               for _ in range(5)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(service.library("anna").all(EntryKind.person)) == 1


@pytest.mark.parametrize("confirmed", ["yes", 1, "true", 1.0, None, [], False])
def test_consent_is_a_yes_and_nothing_like_it(service: StudioService, confirmed: Any) -> None:
    clip = Path(__file__).with_name("serving.py")
    entry = service.library("anna").add(EntryKind.person, "Ben", [(clip, "ben.mp4")], consent=True)
    assert entry.may_dance
    said = {
        "confirmed": confirmed,
        "text": "A sample performer, drawn by DanceNow; no real person.",
    }
    (entry.folder / "consent.json").write_text(json.dumps({**said, "when": "now"}))
    assert not service.library("anna").require(entry.id).may_dance
    with pytest.raises(InputError, match="nobody has confirmed"):
        service.builder("anna").person(service.library("anna").require(entry.id), 1)


def test_a_job_of_somebody_deleted_or_unwilling_does_not_go_on(service: StudioService) -> None:
    ref = uploaded(service, "anna")
    job, entry = ordered_and_cancelled(service, ref)
    (entry.folder / "consent.json").unlink()
    with pytest.raises(InputError, match="nobody has confirmed"):
        service.resume("anna", job.id)
    service.library("anna").delete(entry.id)
    with pytest.raises(InputError, match="was deleted"):
        service.resume("anna", job.id)
    sample = Orders(service, "anna").transfer(TransferForm("sample:mika/groove", "sample:zola"))
    service.queue.cancel("anna", sample.id)
    service.queue.wait(sample.id, seconds=60)
    service.resume("anna", sample.id)
    service.queue.cancel("anna", sample.id)


def test_a_job_is_about_everybody_in_it() -> None:
    ids = [letter * 20 for letter in "abcd"]
    request = {
        "again": {"person": ids[0], "dance": None},
        "people": [{"folder": f"/x/{id}/trained"} for id in ids[:2]],
        "person": None,
        "dance": {"folder": f"/x/{ids[2]}/trained"},
    }
    about = entries_of(Job("j", "anna", "perform_plan", "x", request))
    assert about == set(ids[:3])


def test_room_is_kept_for_what_is_coming(service: StudioService) -> None:
    with (
        service.quota.kept_free("anna", 6_000_000),
        pytest.raises(InputError, match="allowed; delete"),
    ):
        service.quota.check("anna", 6_000_000)
    service.quota.check("anna", 6_000_000)


def test_archives_are_fetched_a_few_at_once(service: StudioService, page: TestClient) -> None:
    owner = owner_of(service, page)
    entry = service.library(owner).add(EntryKind.dance, "Waltz", [])
    write_text_of(entry.trained / "config.json", '{"kind": "choreographer"}')
    service.sending[owner] = 3
    assert page.get(f"/media/library/{entry.id}/archive").status_code == 409
    service.sending[owner] = 2
    assert page.get(f"/media/library/{entry.id}/archive").status_code == 200
    assert service.sending[owner] == 2


def test_a_body_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_PATIENCE", 0.3)

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.1)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def read() -> int:
        request = Request({"type": "http", "method": "POST", "headers": []}, drip)
        return len([part async for part in answers.parts(request)])

    with pytest.raises(ClientDisconnect):
        asyncio.run(read())


def test_half_an_entry_is_none(service: StudioService, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dancenow.studio.library.link_or_copy", full)
    with pytest.raises(OSError, match="No space"):
        service.library("anna").add(EntryKind.dance, "x", [(Path("a.mp4"), "a")])
    assert service.library("anna").all(EntryKind.dance) == []


@pytest.mark.parametrize(
    "edit",
    [[float("inf"), 1, 2, 3], [10**400, 1, 2, 3], [0, 999, 2, 3], [-1, 1, 2, 3], [0, 1, 1e300, 3]],
)
def test_an_edit_lies_in_a_picture(service: StudioService, edit: list[Any]) -> None:
    ref = uploaded(service, "anna")
    with pytest.raises(InputError, match="an edit cannot be read"):
        PlanDesk(service, "anna").mend(ref, [edit], [], "")


def test_uploads_at_once_are_few_for_each(service: StudioService, page: TestClient) -> None:
    service.arriving[owner_of(service, page)] = 4
    answer = page.post("/api/upload?name=a.mp4&kind=clip", content=b"x")
    assert answer.status_code == 400 and "wait until" in answer.json()["error"]
    assert json.loads(answer.text)
