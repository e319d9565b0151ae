"""The service: forms become jobs of their owner's own things, or one line says why not."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from serving import WORKLOAD
from test_uploads import clip, sound

from dancenow.errors import InputError
from dancenow.sample.shipped import SECONDS, shipped_track
from dancenow.studio.catalogue import Catalogue
from dancenow.studio.config import Limits, StudioConfig
from dancenow.studio.estimate import Step
from dancenow.studio.forms import DanceForm, TransferForm
from dancenow.studio.job import Job, JobState
from dancenow.studio.library import EntryKind
from dancenow.studio.media_types import UploadKind
from dancenow.studio.orders import Orders
from dancenow.studio.requests import with_user_names
from dancenow.studio.service import StudioService


@pytest.fixture
def service(tmp_path: Path) -> Iterator[StudioService]:
    opened = StudioService(
        StudioConfig(tmp_path / "data", limits=Limits(megabytes=1), workload=WORKLOAD)
    )
    yield opened
    opened.queue.close()


def uploaded(
    service: StudioService, owner: str, name: str = "me.mp4", kind: UploadKind = UploadKind.clip
) -> str:
    """The ref of an upload."""
    path = service.temp_folder / name
    sound(path) if kind is UploadKind.sound else clip(path)
    return f"upload:{service.add_upload(owner, path, name, kind).id}"


def test_a_new_person_needs_a_clip_and_consent(service: StudioService) -> None:
    ref = uploaded(service, "anna")
    for form, words in (
        (TransferForm("", ref), "pick a dance first"),
        (TransferForm(ref, ""), "pick the dancer first"),
        (TransferForm(ref, ref), "confirm that the person"),
        (TransferForm("sample:nobody/groove", ref, consent=True), "no such sample performer"),
        (TransferForm("sample:mika/groove", "sample:nobody"), "no such performer"),
    ):
        with pytest.raises(InputError, match=words):
            Orders(service, "anna").transfer(form)
    assert service.queue.jobs_of("anna") == []
    assert service.library("anna").all(EntryKind.person) == []


def test_a_transfer_adds_the_person_to_the_library(service: StudioService) -> None:
    of, to = uploaded(service, "anna", "dancer.mp4"), uploaded(service, "anna", "me.mp4")
    job = Orders(service, "anna").transfer(TransferForm(of, to, "Anna", consent=True, minutes=1))
    service.queue.cancel("anna", job.id)
    (entry,) = service.library("anna").all(EntryKind.person)
    assert entry.name == "Anna"
    assert entry.clip == "me.mp4"
    assert job.title == "Anna dances dancer"
    assert job.request["person"]["folder"] == str(entry.trained)
    assert job.request["person"]["steps"] == 20
    assert Path(job.request["person"]["material"]) == entry.clips[0]


def test_who_is_meant_of_several_is_kept_with_the_person(service: StudioService) -> None:
    of, to = uploaded(service, "anna", "dancer.mp4"), uploaded(service, "anna", "me.mp4")
    form = TransferForm(of, to, consent=True, source_person="left", target_person="right")
    job = Orders(service, "anna").transfer(form)
    service.queue.cancel("anna", job.id)
    (entry,) = service.library("anna").all(EntryKind.person)
    assert entry.who == "right"
    assert (job.request["who"], job.request["person"]["who"]) == ("left", "right")
    with pytest.raises(InputError, match="unknown; choose largest, left, right, or a number"):
        Orders(service, "anna").transfer(TransferForm(of, to, consent=True, source_person="7,8"))


def test_another_owners_things_cannot_be_named(service: StudioService) -> None:
    ref = uploaded(service, "anna")
    person = service.library("anna").add(EntryKind.person, "Anna", [], sample="zola")
    dance = service.library("anna").add(EntryKind.dance, "Waltz", [])
    mine = "sample:mika/groove"
    for form in (
        TransferForm(ref, "sample:zola"),
        TransferForm(mine, ref, consent=True),
        TransferForm(mine, f"person:{person.id}"),
        TransferForm(mine, "person:../../anna/library"),
        TransferForm(mine, "sample:zola", background=ref),
        TransferForm(mine, "sample:zola", background="/etc/passwd"),
    ):
        with pytest.raises(InputError):
            Orders(service, "ben").transfer(form)
    for form in (
        DanceForm(f"dance:{dance.id}"),
        DanceForm("samples", performer=f"person:{person.id}"),
        DanceForm("clips", clips=(ref.removeprefix("upload:"),)),
        DanceForm("samples", music=ref.removeprefix("upload:")),
    ):
        with pytest.raises(InputError):
            Orders(service, "ben").dance(form)
    assert service.queue.jobs_of("ben") == []
    with pytest.raises(InputError):
        service.delete("ben", person.id)


def test_only_uploaded_files_are_accepted(service: StudioService, tmp_path: Path) -> None:
    elsewhere = clip(tmp_path / "private.mp4")
    (service.temp_folder / "link.mp4").symlink_to(elsewhere)
    for path in (
        elsewhere,
        service.temp_folder / ".." / ".." / "private.mp4",
        service.temp_folder / "link.mp4",
    ):
        with pytest.raises(InputError, match="did not arrive"):
            service.add_upload("anna", path, "x.mp4", UploadKind.clip)
        with pytest.raises(InputError, match="did not arrive"):
            service.import_archive("anna", path, "x.zip", consent=True)
    assert elsewhere.exists()


def test_the_sample_dances_are_learned_once(service: StudioService) -> None:
    first = Orders(service, "anna").dance(DanceForm("samples", performer="sample:bo", minutes=1))
    second = Orders(service, "anna").dance(DanceForm("samples", performer="sample:bo", minutes=1))
    for job in (first, second):
        service.queue.cancel("anna", job.id)
    assert first.request["dance"]["folder"] == second.request["dance"]["folder"]
    assert first.request["person"]["folder"] == second.request["person"]["folder"]
    assert len(service.library("anna").all(EntryKind.dance)) == 1
    assert first.title == "Bo in a new dance"


def test_a_second_press_gets_the_first_ones_job(service: StudioService) -> None:
    of, to = uploaded(service, "anna", "dancer.mp4"), uploaded(service, "anna", "me.mp4")
    form, orders = TransferForm(of, to, consent=True), Orders(service, "anna")
    first, second = (orders.once("pressed", lambda: orders.transfer(form)) for _ in range(2))
    other = Orders(service, "ben").once(
        "pressed", lambda: Orders(service, "ben").dance(DanceForm("samples"))
    )
    assert first.id == second.id != other.id
    assert len(service.library("anna").all(EntryKind.person)) == 1
    for owner, job in (("anna", first), ("ben", other)):
        service.queue.cancel(owner, job.id)


def test_an_estimate_counts_everything_and_grows_with_quality(service: StudioService) -> None:
    orders = Orders(service, "anna")
    of, to = uploaded(service, "anna", "dancer.mp4"), uploaded(service, "anna", "me.mp4")
    new = orders.estimates(TransferForm(of, to))
    assert new == sorted(new) and new[0] > 60 and new[1] > new[0] + 4 * 60
    person = service.library("anna").add(EntryKind.person, "Zola", [], consent=True)
    (person.trained).mkdir(parents=True)
    (person.trained / "config.json").write_text('{"training": {"seconds": 300}}')
    known = orders.estimates(TransferForm(of, f"person:{person.id}"))
    assert known[0] == known[2] < 60  # nothing to learn from any more
    dance = orders.estimates(DanceForm("samples", performer="sample:lin", seconds=8))
    assert 60 < dance[0] < 120  # Lin is learned, the moves are known
    assert service.library("anna").all(EntryKind.dance) == []  # asking adds nothing


def test_what_a_job_measures_is_remembered(service: StudioService) -> None:
    job = Orders(service, "anna").transfer(TransferForm("sample:mika/groove", "sample:lin"))
    service.queue.cancel("anna", job.id)
    assert [name for name, _ in job.request["steps"]] == [
        "poses", "look", "learn", "perform", "finish",
    ]  # fmt: skip
    service._timed(job, "perform", 30.0)
    assert service.rates.seconds(Step("perform", SECONDS)) == pytest.approx(30)


def test_only_what_has_a_clip_is_learned_further(service: StudioService) -> None:
    person = service.library("anna").add(EntryKind.person, "Zola", [], sample="zola")
    with pytest.raises(InputError, match="no clip to learn more from"):
        Orders(service, "anna").learn(person.id, 5)
    with pytest.raises(InputError, match="does not exist"):
        Orders(service, "ben").learn(person.id, 5)


def test_a_loop_has_no_music(service: StudioService) -> None:
    music = uploaded(service, "anna", "song.wav", UploadKind.sound).removeprefix("upload:")
    with pytest.raises(InputError, match="choose one of them"):
        Orders(service, "anna").dance(DanceForm("samples", music=music, loop=True))
    with pytest.raises(InputError, match="choose a dance"):
        Orders(service, "anna").dance(DanceForm("clips"))


def test_a_person_in_use_is_not_deleted(service: StudioService) -> None:
    job = Orders(service, "anna").transfer(TransferForm("sample:mika/groove", "sample:zola"))
    (entry,) = service.library("anna").all(EntryKind.person)
    with pytest.raises(InputError, match="in use"):
        service.delete("anna", entry.id)
    service.queue.cancel("anna", job.id)
    service.queue.wait(job.id)
    service.delete("anna", entry.id)
    assert service.library("anna").all(EntryKind.person) == []


def test_what_a_passing_job_uses_is_not_deleted_either(
    service: StudioService, monkeypatch: pytest.MonkeyPatch
) -> None:
    dance = Orders(service, "anna").dance(DanceForm("samples"))
    service.queue.cancel("anna", dance.id)
    (entry,) = service.library("anna").all(EntryKind.dance)
    mending = Job("x", "anna", "mend_poses", "Mending", {"clip": str(entry.folder / "clips" / "a")})
    monkeypatch.setattr(service.queue, "active_of", lambda _: [mending])
    with pytest.raises(InputError, match="Sample dances is in use: wait, or cancel 'Mending'"):
        service.delete("anna", entry.id)
    monkeypatch.setattr(service.queue, "active_of", lambda _: [])
    service.delete("anna", entry.id)
    assert service.library("anna").all(EntryKind.dance) == []


def test_samples_are_named_alike_before_and_after_they_are_used(service: StudioService) -> None:
    before = {card["ref"] for card in Catalogue(service, "anna").state()["dancers"]}
    job = Orders(service, "anna").show(DanceForm("samples", performer="sample:zola"))
    service.queue.cancel("anna", job.id)
    after = {card["ref"] for card in Catalogue(service, "anna").state()["dancers"]}
    assert "sample:zola" in before and before == after


def test_own_clips_are_learned_once(service: StudioService) -> None:
    clips = (uploaded(service, "anna").removeprefix("upload:"),)
    jobs = [Orders(service, "anna").dance(DanceForm("clips", clips=clips)) for _ in range(2)]
    for job in jobs:
        service.queue.cancel("anna", job.id)
    assert jobs[0].request["dance"]["folder"] == jobs[1].request["dance"]["folder"]
    assert len(service.library("anna").all(EntryKind.dance)) == 1


def test_a_photo_is_not_learned(service: StudioService) -> None:
    path = service.temp_folder / "me.png"
    Image.new("RGB", (64, 64)).save(path)
    upload = service.add_upload("anna", path, "me.png", UploadKind.picture)
    form = TransferForm("sample:mika/groove", f"upload:{upload.id}")
    seconds = Orders(service, "anna").estimates(form)
    assert seconds[0] == seconds[2]


def test_learning_further_is_no_video(service: StudioService) -> None:
    job = Orders(service, "anna").transfer(TransferForm("sample:mika/groove", "sample:zola"))
    service.queue.cancel("anna", job.id)
    done = replace(service.queue.wait(job.id), state=JobState.done, result={"person_seconds": 300})
    shown = Catalogue(service, "anna").job(done)
    assert shown["result"] is None and shown["learned"] == {"person": 300}
    (service.queue.folder(job) / "result.mp4").touch()
    assert Catalogue(service, "anna").job(done)["result"] == f"/media/jobs/{job.id}/result"
    told = replace(done, warnings=("300 steps, and a good result takes about 900", "no hands"))
    assert Catalogue(service, "anna").job(told)["hints"] == ["no hands"]


def test_an_upload_is_kept_while_there_is_a_video_of_it(
    service: StudioService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However old: the video may be made again, with another background or after more learning."""
    monkeypatch.setattr("dancenow.studio.service._KEPT_SECONDS", -1.0)
    of, other = uploaded(service, "anna"), uploaded(service, "anna")
    job = Orders(service, "anna").transfer(TransferForm(of, "sample:zola"))
    service.queue.cancel("anna", job.id)
    assert service.queue.wait(job.id).state is JobState.cancelled
    service.prune()
    uploads = service.uploads("anna")
    assert uploads.get(of.removeprefix("upload:")) is not None
    assert uploads.get(other.removeprefix("upload:")) is None
    service.queue.remove("anna", job.id)
    service.prune()
    assert uploads.get(of.removeprefix("upload:")) is None


def looked_at(service: StudioService, name: str, *, dancer: bool) -> str:
    """The ref of an upload at which the studio looks ahead."""
    ref = uploaded(service, "anna", name)
    upload = service.uploads("anna").note(ref.removeprefix("upload:"), seen={"dancer": dancer})
    assert upload is not None
    service._look_ahead("anna", upload)
    return ref


def ahead(service: StudioService) -> list[str]:
    """The clips that are looked at, or will be, before anything is ordered."""
    active = service.queue.active_of("anna")
    return [
        job.title
        for job in active
        if service.queue.is_ahead(job) and job.state.value != "cancelling"
    ]


def test_only_clips_that_are_used_are_looked_at_further(service: StudioService) -> None:
    first = looked_at(service, "first.mp4", dancer=False)
    looked_at(service, "second.mp4", dancer=True)
    third = looked_at(service, "third.mp4", dancer=True)
    job = Orders(service, "anna").transfer(TransferForm(first, third, "Me", consent=True))
    assert "Looking at second.mp4" not in ahead(service)
    assert service.queue.jobs_ahead(job) == 0  # nobody is told of them
    assert service.queue.jobs_of("anna") == [job]


def test_what_was_looked_at_takes_no_time(service: StudioService) -> None:
    uploads = service.uploads("anna")
    path = clip(service.temp_folder / "long.mp4", frames=72)
    upload = uploads.add(path, "long.mp4", UploadKind.clip)
    uploads.note(upload.id, seen={"people": 2, "boxes": None})
    orders, form = Orders(service, "anna"), TransferForm(f"upload:{upload.id}", "sample:zola")
    before = orders.estimates(form)
    uploads.note(upload.id, ahead=True)
    assert orders.estimates(form)[0] < before[0] - 10
    known = uploads.get(upload.id)
    assert known is not None
    card = Catalogue(service, "anna").upload(known)  # as after the page was loaded again
    assert card["people"] == 2 and card["strip"]


def test_the_poses_of_a_source_that_are_known_are_used(service: StudioService) -> None:
    ref = uploaded(service, "anna")
    upload = service.uploads("anna").get(ref.removeprefix("upload:"))
    assert upload is not None
    for source, poses in (
        ("sample:mika/groove", shipped_track("mika", "groove")),
        (ref, None),
        (ref, upload.mended),
    ):
        if poses == upload.mended:
            upload.mended.write_bytes(b"a track")
        job = Orders(service, "anna").transfer(TransferForm(source, "sample:zola"))
        service.queue.cancel("anna", job.id)
        assert job.request["poses"] == (None if poses is None else str(poses))


def test_an_archive_that_does_not_load_is_not_kept(service: StudioService) -> None:
    path = service.temp_folder / "broken.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", '{"version": 1, "kind": "performer", "config": {}}')
        archive.writestr("generator.safetensors", b"no weights")
    with pytest.raises(InputError) as caught:
        service.import_archive("anna", path, "broken.zip", consent=True)
    assert "\n" not in str(caught.value)
    assert str(service.config.data) not in str(caught.value)
    assert service.library("anna").all(EntryKind.person) == []
    assert not path.exists()


def test_a_clip_without_a_person_is_refused_at_once(service: StudioService) -> None:
    path = clip(service.temp_folder / "empty.mp4")
    with pytest.raises(InputError, match=r"^empty\.mp4: nobody is seen in it"):
        service.add_clip("anna", path, "empty.mp4")
    assert not any((service.config.data / "owners" / "anna").rglob("*.mp4"))


def test_lines_show_the_users_names_in_place_of_paths() -> None:
    names = {"/data/x/aB3.mp4": "me.mp4", "/data/y/trained": "Zola"}
    assert with_user_names("/data/x/aB3.mp4: is empty", names) == "me.mp4: is empty"
    assert with_user_names("detecting poses in aB3.mp4", names) == "detecting poses in me.mp4"
    assert (
        with_user_names("/data/y/trained: was trained before", names) == "Zola: was trained before"
    )


def test_everything_is_stored_in_one_folder(service: StudioService) -> None:
    uploaded(service, "anna")
    assert {path.name for path in service.config.data.iterdir()} == {"owners", "passing"}
    shutil.rmtree(service.config.data / "owners" / "anna")
