"""The desk: wishes become jobs of their owner's own things, or one line says why not."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import SIZES
from test_uploads import clip, sound

from dancenow.errors import InputError
from dancenow.studio.config import Limits, StudioConfig
from dancenow.studio.contents import Sort
from dancenow.studio.desk import Desk
from dancenow.studio.jobs import State
from dancenow.studio.library import Kind
from dancenow.studio.orders import told
from dancenow.studio.wishes import DanceWish, TransferWish


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(StudioConfig(tmp_path / "data", limits=Limits(megabytes=1), sizes=SIZES))
    yield opened
    opened.queue.close()


def uploaded(desk: Desk, owner: str, name: str = "me.mp4", sort: Sort = Sort.clip) -> str:
    """A file that came in, taken."""
    path = desk.passing / name
    sound(path) if sort is Sort.sound else clip(path)
    return f"upload:{desk.take_other(owner, path, name, sort).id}"


def test_a_new_person_needs_a_clip_and_consent(desk: Desk) -> None:
    ref = uploaded(desk, "anna")
    for wish, words in (
        (TransferWish("", ref), "choose a clip to dance like"),
        (TransferWish(ref, ""), "choose who is to dance"),
        (TransferWish(ref, ref), "confirm that the person"),
        (TransferWish("sample:nobody/groove", ref, consent=True), "no such sample performer"),
        (TransferWish("sample:mika/groove", "sample:nobody"), "no such performer"),
    ):
        with pytest.raises(InputError, match=words):
            desk.transfer("anna", wish)
    assert desk.queue.of("anna") == []
    assert desk.library("anna").all(Kind.person) == []


def test_a_transfer_learns_the_person_into_the_library(desk: Desk) -> None:
    of, to = uploaded(desk, "anna", "dancer.mp4"), uploaded(desk, "anna", "me.mp4")
    job = desk.transfer("anna", TransferWish(of, to, "Anna", consent=True, minutes=1))
    desk.queue.cancel("anna", job.id)
    (entry,) = desk.library("anna").all(Kind.person)
    assert entry.name == "Anna"
    assert entry.clip == "me.mp4"
    assert job.title == "Anna dances like dancer.mp4"
    assert job.request["person"]["folder"] == str(entry.trained)
    assert job.request["person"]["steps"] == 20
    assert Path(job.request["person"]["material"]["path"]) == entry.clips[0]


def test_another_owners_things_cannot_be_named(desk: Desk) -> None:
    ref = uploaded(desk, "anna")
    person = desk.library("anna").add(Kind.person, "Anna", [], sample="zola")
    dance = desk.library("anna").add(Kind.dance, "Waltz", [])
    mine = "sample:mika/groove"
    for wish in (
        TransferWish(ref, "sample:zola"),
        TransferWish(mine, ref, consent=True),
        TransferWish(mine, f"person:{person.id}"),
        TransferWish(mine, "person:../../anna/library"),
        TransferWish(mine, "sample:zola", background=ref),
        TransferWish(mine, "sample:zola", background="/etc/passwd"),
    ):
        with pytest.raises(InputError):
            desk.transfer("ben", wish)
    for wish in (
        DanceWish(f"dance:{dance.id}"),
        DanceWish("samples", performer=f"person:{person.id}"),
        DanceWish("clips", clips=(ref.removeprefix("upload:"),)),
        DanceWish("samples", music=ref.removeprefix("upload:")),
    ):
        with pytest.raises(InputError):
            desk.new_dance("ben", wish)
    assert desk.queue.of("ben") == []
    with pytest.raises(InputError):
        desk.delete("ben", person.id)


def test_only_what_came_in_is_taken(desk: Desk, tmp_path: Path) -> None:
    elsewhere = clip(tmp_path / "private.mp4")
    (desk.passing / "link.mp4").symlink_to(elsewhere)
    for path in (elsewhere, desk.passing / ".." / ".." / "private.mp4", desk.passing / "link.mp4"):
        with pytest.raises(InputError, match="did not arrive"):
            desk.take_other("anna", path, "x.mp4", Sort.clip)
        with pytest.raises(InputError, match="did not arrive"):
            desk.bring("anna", path, "x.zip", consent=True)
    assert elsewhere.exists()


def test_a_dance_is_learned_from_samples_once(desk: Desk) -> None:
    first = desk.new_dance("anna", DanceWish("samples", performer="sample:bo", minutes=1))
    second = desk.new_dance("anna", DanceWish("samples", performer="sample:bo", minutes=1))
    for job in (first, second):
        desk.queue.cancel("anna", job.id)
    assert first.request["dance"]["folder"] == second.request["dance"]["folder"]
    assert first.request["person"]["folder"] == second.request["person"]["folder"]
    assert len(desk.library("anna").all(Kind.dance)) == 1
    assert first.title == "Bo in a new dance: Sample dances"


def test_a_loop_has_no_music(desk: Desk) -> None:
    music = uploaded(desk, "anna", "song.wav", Sort.sound).removeprefix("upload:")
    with pytest.raises(InputError, match="choose one of them"):
        desk.new_dance("anna", DanceWish("samples", music=music, loop=True))
    with pytest.raises(InputError, match="choose a dance"):
        desk.new_dance("anna", DanceWish("clips"))


def test_who_is_at_work_is_not_deleted(desk: Desk) -> None:
    job = desk.transfer("anna", TransferWish("sample:mika/groove", "sample:zola"))
    (entry,) = desk.library("anna").all(Kind.person)
    with pytest.raises(InputError, match="at work"):
        desk.delete("anna", entry.id)
    desk.queue.cancel("anna", job.id)
    desk.queue.wait(job.id)
    desk.delete("anna", entry.id)
    assert desk.library("anna").all(Kind.person) == []


def test_an_upload_is_kept_while_a_job_may_go_on_with_it(desk: Desk) -> None:
    of, other = uploaded(desk, "anna"), uploaded(desk, "anna")
    job = desk.transfer("anna", TransferWish(of, "sample:zola"))
    desk.queue.cancel("anna", job.id)
    assert desk.queue.wait(job.id).state is State.cancelled
    used = {id for job in desk.queue.of("anna") for id in job.request["uses"]}
    uploads = desk.uploads("anna")
    uploads.prune(-1.0, used)
    assert uploads.get(of.removeprefix("upload:")) is not None
    assert uploads.get(other.removeprefix("upload:")) is None


def test_an_archive_that_does_not_load_is_not_kept(desk: Desk) -> None:
    path = desk.passing / "broken.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", '{"version": 1, "kind": "performer", "config": {}}')
        archive.writestr("generator.safetensors", b"no weights")
    with pytest.raises(InputError) as caught:
        desk.bring("anna", path, "broken.zip", consent=True)
    assert "\n" not in str(caught.value)
    assert str(desk.config.data) not in str(caught.value)
    assert desk.library("anna").all(Kind.person) == []
    assert not path.exists()


def test_nobody_in_a_clip_is_told_at_once(desk: Desk) -> None:
    path = clip(desk.passing / "empty.mp4")
    with pytest.raises(InputError, match=r"^empty\.mp4: nobody is seen in it"):
        desk.take_clip("anna", path, "empty.mp4")
    assert not any((desk.config.data / "owners" / "anna").rglob("*.mp4"))


def test_lines_name_what_the_user_named() -> None:
    names = {"/data/x/aB3.mp4": "me.mp4", "/data/y/trained": "Zola"}
    assert told(names, "/data/x/aB3.mp4: is empty") == "me.mp4: is empty"
    assert told(names, "detecting poses in aB3.mp4") == "detecting poses in me.mp4"
    assert told(names, "/data/y/trained: was trained before") == "Zola: was trained before"


def test_everything_lies_in_one_folder(desk: Desk) -> None:
    uploaded(desk, "anna")
    assert {path.name for path in desk.config.data.iterdir()} == {"owners", "passing"}
    shutil.rmtree(desk.config.data / "owners" / "anna")
