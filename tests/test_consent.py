"""Consent: asked once, written down, told; and forgetting somebody with all that was made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from dancenow import consent
from dancenow.cache import entries
from dancenow.cli import building
from dancenow.errors import DanceNowWarning, InputError
from dancenow.hashing import content_hash
from dancenow.options import BatchOptions, TrainPerformerOptions
from dancenow.plan.batch import read_batch
from dancenow.progress import Progress
from dancenow.sample.shipped import DANCERS, shipped_dancer
from dancenow.staging.watermark import Watermark
from dancenow.video import open_writer, read_frames
from dancenow.workflows._batch_checks import agreed
from dancenow.workflows._batch_tasks import tasks_of
from dancenow.workflows.batch import batch
from dancenow.workflows.forget import forget_person
from dancenow.workflows.sample import is_sample
from dancenow.workflows.train_performer import check_target, load_or_train, train_performer
from fixture_types import Command, Known, SampleClip, TrainedOn

TINY = {"preset": "tiny", "steps": 2, "device": "cpu"}


@pytest.fixture
def real(sample_clip: SampleClip, tmp_path: Path) -> Path:
    """A clip of somebody who is no sample performer, as far as it says."""
    clip = tmp_path / "me.mp4"
    with open_writer(clip, fps=10, crf=12) as writer:
        for frame in read_frames(sample_clip()):
            writer.write(frame)
    return clip


def test_nobody_is_learned_who_does_not_agree(real: Path, tmp_path: Path) -> None:
    for answer, kind in (("no", InputError), ("ask", consent.ConsentNeeded)):
        with pytest.raises(kind, match=r"consent=|agreed"):
            train_performer(real, tmp_path / "p", TrainPerformerOptions(consent=answer, **TINY))
    assert not (tmp_path / "p").exists()


def test_what_was_said_is_kept_and_not_asked_again(real: Path, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    train_performer(real, folder, TrainPerformerOptions(**TINY))
    assert consent.consent_of(folder) is None
    with pytest.warns(DanceNowWarning, match="nobody has said that this person agreed"):
        consent.tell(folder)
    train_performer(real, folder, TrainPerformerOptions(consent="yes", **TINY))
    said = consent.consent_of(folder)
    assert said is not None and said.confirmed and said.text == consent.TEXT
    assert said.when.endswith("Z") and said.who
    train_performer(real, folder, TrainPerformerOptions(consent="ask", **TINY))
    consent.tell(folder)


def test_a_damaged_answer_is_none(tmp_path: Path) -> None:
    for text in ("", "[]", "{", '{"confirmed": 1}', '{"confirmed": true, "text": 5}'):
        (tmp_path / consent.FILE).write_text(text)
        assert consent.consent_of(tmp_path) is None and not consent.is_settled(tmp_path)


def test_samples_need_nobody_to_agree(sample_clip: SampleClip, trained_on: TrainedOn) -> None:
    clip = sample_clip()
    assert is_sample(clip)
    consent.tell(trained_on(clip), *(shipped_dancer(name) or Path() for name in DANCERS))


def test_a_terminal_is_asked_once(
    real: Path,
    tmp_path: Path,
    dancenow: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def answer(text: str, **_: object) -> bool:
        asked.append(text)
        return True

    monkeypatch.setattr(building, "is_at_terminal", lambda: True)
    monkeypatch.setattr(building.typer, "confirm", answer)
    words = ["train", "performer", real, "-o", tmp_path / "p", "--preset", "tiny", "--steps", 2]
    for _ in range(2):
        assert dancenow(*words)[0] == 0
    assert len(asked) == 1 and asked[0].startswith(consent.TEXT)
    monkeypatch.setattr(building.typer, "confirm", lambda *_, **__: False)
    words[4] = tmp_path / "q"
    status, _, told = dancenow(*words)
    assert status == 2 and "--consent no: nothing is made" in told
    assert not (tmp_path / "q").exists()


def test_forgetting_a_person_leaves_nothing_of_them(
    real: Path, sample_clip: SampleClip, known: Known, tmp_path: Path, own_cache: Path,
    dancenow: Command,
) -> None:  # fmt: skip
    folder = tmp_path / "p"
    train_performer(real, folder, TrainPerformerOptions(consent="yes", **TINY))
    known(sample_clip())  # somebody else's
    others = {entry.path for entry in entries() if content_hash(real) not in entry.of}
    assert others and len(list(entries())) > len(others)
    (folder / "notes.txt").write_text("mine")
    status, out, _ = dancenow("forget", folder, "--json")
    assert status == 0
    told = json.loads(out.splitlines()[-1])
    assert told["bytes"] > 0 and told["left"] == [str(folder / "notes.txt")]
    assert {entry.path for entry in entries()} == others
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert real.is_file()
    assert dancenow("forget", tmp_path / "nobody")[0] == 2
    del own_cache


def test_a_clip_and_an_unfinished_training_are_forgotten_too(real: Path, tmp_path: Path) -> None:
    def stop(event: Progress) -> None:
        if event.stage.startswith("learning") and event.done >= 1:
            raise KeyboardInterrupt

    options = TrainPerformerOptions(consent="yes", **TINY)
    with pytest.raises(KeyboardInterrupt):
        train_performer(real, tmp_path / "p", options, progress=stop)
    assert consent.is_settled(tmp_path / "p") and any(entries())
    forget_person(tmp_path / "p")
    assert not (tmp_path / "p").exists() and not any(entries())
    shutil.copyfile(real, tmp_path / "copy.mp4")
    assert forget_person(tmp_path / "copy.mp4").removed == ()


def test_what_a_killed_process_left_of_somebody_is_forgotten_too(
    real: Path, tmp_path: Path, own_cache: Path
) -> None:
    folder, mark = tmp_path / "p", "0badb007-12-345-0123abcd.part"  # of another machine
    train_performer(real, folder, TrainPerformerOptions(consent="yes", **TINY))
    (crops,) = (entry for entry in entries() if entry.path.parent.name == "crops")
    left = [crops.path.with_name(f".{crops.path.name}.{mark}"), folder / f".plate.{mark}.png"]
    for path in left:
        path.touch()
    forgotten = forget_person(folder)
    assert not folder.exists() and not any(path.exists() for path in left)
    assert left[0] in forgotten.removed
    del own_cache


def test_whom_a_batch_elsewhere_learned_is_forgotten_by_the_clip(
    real: Path, tmp_path: Path, own_cache: Path
) -> None:
    folder = own_cache / "mirrors" / "abc" / "people" / "me-123456"
    train_performer(real, folder, TrainPerformerOptions(consent="yes", **TINY))
    assert folder in forget_person(real).removed and not folder.exists()
    assert "holds nothing of it" in forget_person(real).summary()
    del tmp_path


def test_who_is_being_learned_is_not_forgotten(real: Path, tmp_path: Path, own_cache: Path) -> None:
    tried = []

    def forget_now(event: Progress) -> None:
        if event.stage.startswith("learning") and not tried:
            tried.append(1)
            with pytest.raises(InputError, match="another process is training in it"):
                forget_person(real)

    options = TrainPerformerOptions(consent="yes", **TINY)
    made = train_performer(real, None, options, progress=forget_now)
    assert tried and made.folder.is_relative_to(own_cache)
    forget_person(real)
    assert not made.folder.exists() and not any(entries())
    del tmp_path


def test_hidden_files_do_not_make_another_folder_of_pictures(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"picture")
    before = content_hash(tmp_path)
    for name in (".DS_Store", "Thumbs.db"):
        (tmp_path / name).touch()
    assert content_hash(tmp_path) == before


def test_somebody_learned_before_has_to_agree_as_well(real: Path, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    train_performer(real, folder, TrainPerformerOptions(**TINY))
    with pytest.raises(InputError, match="consent=no"):
        check_target(folder, TrainPerformerOptions(consent="no"))
    with pytest.raises(consent.ConsentNeeded):
        check_target(folder, TrainPerformerOptions(consent="ask"))
    load_or_train(folder, TrainPerformerOptions(consent="yes"))
    assert consent.is_settled(folder)


def test_a_batch_asks_before_it_learns_and_a_later_yes_learns_nobody_anew(
    real: Path, tmp_path: Path
) -> None:
    plan, out = tmp_path / "plan.toml", tmp_path / "out"
    text = f"[performers]\nme = '{real}'\n[sources]\ndance = '{real}'\n"
    plan.write_text(text)
    with pytest.raises(consent.ConsentNeeded):
        batch(plan, out, BatchOptions(consent="ask"))
    assert not out.exists()
    (silent,) = (task for task in tasks_of(read_batch(plan), out).values() if task.kind == "learn")
    plan.write_text(f"[options]\nconsent = 'yes'\n{text}")
    (said,) = (task for task in tasks_of(read_batch(plan), out).values() if task.kind == "learn")
    assert (silent.key, silent.fingerprint) == (said.key, said.fingerprint)
    assert silent.output is not None
    train_performer(real, silent.output, TrainPerformerOptions(**TINY))
    agreed({said.key: said}, None)
    assert consent.is_settled(silent.output)


@pytest.mark.parametrize(("size", "channels"), [((64, 48), 3), ((1280, 720), 3), ((90, 160), 4)])
def test_a_watermark_is_seen_at_the_bottom_alone(size: tuple[int, int], channels: int) -> None:
    frame = np.full((size[1], size[0], channels), 128, np.uint8)
    if channels == 4:
        frame[..., 3] = 0
    drawn = Watermark(size).drawn(frame)
    rows = np.flatnonzero((drawn != frame).any(axis=(1, 2)))
    assert rows.min() > 0.6 * size[1] and drawn.max() > 240
    columns = np.flatnonzero((drawn != frame).any(axis=(0, 2)))
    assert abs(columns.min() - (size[0] - 1 - columns.max())) <= 2
    assert (frame[..., :3] == 128).all()
    if channels == 4:
        assert drawn[-2, size[0] // 2, 3] > 100
