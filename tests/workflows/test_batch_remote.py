"""Batches whose inputs and outputs lie elsewhere: on a local S3 server, and in memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest

from dancenow.errors import InputError, OutputError
from dancenow.options import BatchOptions
from dancenow.remote import Mirror, fetch
from dancenow.workflows.batch import batch
from motions import dancing
from untrained import plated, untrained

ONE = BatchOptions(jobs=1)
HEAD = "[options]\ncredentials = false\ndevice = 'cpu'\n"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket on a local S3 server."""
    pytest.importorskip("s3fs")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("dances")
    yield "s3://dances"
    s3fs.S3FileSystem.clear_instance_cache()
    urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    server.stop()


@pytest.fixture
def plan(bucket: str, tmp_path: Path) -> Path:
    """A plan with one video, whose inputs are in the bucket."""
    import s3fs

    seen = dancing("bo", "house", seconds=1, fps=8, size=(64, 64))
    untrained(seen, plated(seen, np.full((64, 64, 3), 90, np.uint8))).save(tmp_path / "bo")
    dancing("lin", "disco", seconds=0.5, fps=8, size=(64, 64)).save(tmp_path / "a.npz")
    system = s3fs.S3FileSystem()
    system.put(str(tmp_path / "bo"), f"{bucket}/people/bo", recursive=True)
    system.touch(f"{bucket}/people/bo/")  # as the console makes a folder
    system.put(str(tmp_path / "a.npz"), f"{bucket}/a.npz")
    job = f"[[job]]\nperformer = '{bucket}/people/bo'\nsource = '{bucket}/a.npz'\n"
    (tmp_path / "plan.toml").write_text(f"{HEAD}{job}")
    return tmp_path / "plan.toml"


@pytest.mark.slow
def test_a_batch_lives_on_s3_and_goes_on_from_another_machine(
    bucket: str, plan: Path, own_cache: Path
) -> None:
    import s3fs

    system = s3fs.S3FileSystem()
    made = batch(plan, f"{bucket}/shows", ONE)
    assert len(made.made) == 1 and made.sent_to == f"{bucket}/shows" in made.summary()
    there = {path.removeprefix("dances/shows/") for path in system.find("dances/shows")}
    assert there >= {"batch.json", "index.html", "videos/bo, a.mp4"}
    assert system.cat("dances/shows/videos/bo, a.mp4") == made.made[0].read_bytes()
    for folder in own_cache.iterdir():  # as on another machine
        shutil.rmtree(folder)
    job = plan.read_text().removeprefix(HEAD)
    plan.write_text(f"{HEAD}{job}{job}name = 'second'\nbackground = 'white'\n")
    again = batch(plan, f"{bucket}/shows/", ONE)
    assert [path.name for path in again.made] == ["second.mp4"] and len(again.found) == 1
    assert system.exists("dances/shows/videos/second.mp4")
    with pytest.raises(InputError, match=r"gone\.npz: does not exist"):
        fetch(f"{bucket}/gone.npz")
    with pytest.raises(InputError, match="nobodys-bucket does not exist"):
        batch(plan, "s3://nobodys-bucket/x", ONE)


@pytest.mark.slow
def test_what_is_gone_there_is_sent_again_and_a_failed_sending_loses_nothing(
    bucket: str, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    system, video = s3fs.S3FileSystem(), "dances/shows/videos/bo, a.mp4"
    push = Mirror.push

    def broken(_self: Mirror, _path: Path) -> None:
        raise OutputError("the line is dead.")

    monkeypatch.setattr(Mirror, "push", broken)
    made = batch(plan, f"{bucket}/shows", ONE)
    assert made.failed == {"video bo, a": "the line is dead."} and made.exit_status == 1
    monkeypatch.setattr(Mirror, "push", push)
    assert not system.exists(video)
    sent = batch(plan, f"{bucket}/shows", ONE)
    assert not sent.made and len(sent.found) == 1 and system.exists(video)
    system.rm("dances/shows", recursive=True)
    again = batch(plan, f"{bucket}/shows", ONE)
    assert not again.made and system.exists(video) and system.exists("dances/shows/index.html")
    newer = plan.read_text() + "background = 'white'\n"
    older = plan.read_text()
    plan.write_text(newer)
    white = batch(plan, f"{bucket}/shows", ONE).made[0].read_bytes()
    assert system.cat(video) == white
    plan.write_text(older)
    batch(plan, f"{bucket}/shows", ONE)
    assert system.cat(video) != white
    mirror = Mirror.of(f"{bucket}/shows")
    assert not mirror.holds(plan)  # which is none of its files


def test_what_is_fetched_is_kept_until_it_changes(own_cache: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/place/a/one.txt", b"one")
    memory.pipe("/place/a/deep/two.txt", b"two")
    first = fetch("memory://place/a")
    assert (first / "deep" / "two.txt").read_text() == "two" and own_cache in first.parents
    assert fetch("memory://place/a") == first
    memory.pipe("/place/a/one.txt", b"other")
    second = fetch("memory://place/a")
    assert second != first and (second / "one.txt").read_text() == "other"
    assert fetch("memory://place/a/one.txt").read_text() == "other"


@pytest.mark.parametrize("name", ["../out.txt", "a/../../out.txt", "..", "a\\b", "C:x"])
def test_nothing_is_written_outside_of_the_folder(name: str, own_cache: Path) -> None:
    """The file system is told by whoever may write there."""
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.store["/evil/bo/config.json"] = memory.store[f"/evil/bo/{name}"] = None
    memory.store.pop("/evil/bo/config.json")
    memory.pipe("/evil/bo/config.json", b"{}")
    memory.store[f"/evil/bo/{name}"] = memory.store["/evil/bo/config.json"]
    with pytest.raises(InputError, match="no path inside the folder"):
        fetch("memory://evil/bo")
    memory.rm("/evil", recursive=True)
    assert not list(own_cache.rglob("out.txt"))


@pytest.mark.parametrize("output", ["s3://", "s3:", "memory://", "s3:/bucket/x"])
def test_an_address_without_a_place_is_refused(output: str, tmp_path: Path) -> None:
    dancing("lin", "disco", seconds=0.5, fps=8, size=(64, 64)).save(tmp_path / "a.npz")
    (tmp_path / "plan.toml").write_text("[[job]]\nperformer = 'x'\nsource = 'a.npz'\n")
    if output == "s3:":
        return  # a folder may be called so
    with pytest.raises(InputError, match="names no place"):
        batch(tmp_path / "plan.toml", output, ONE)


@pytest.mark.parametrize("url", ["nowhere://x/y", "memory://gone", "github://x"])
def test_an_address_that_cannot_be_used_is_told_in_one_line(url: str) -> None:
    with pytest.raises(InputError) as told:
        fetch(url)
    assert str(told.value).startswith(f"{url}: ") and "\n" not in str(told.value)
