"""The page that every training leaves: of performers and choreographers, whole and stopped."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import pytest
from pages import Parsed, check, points
from swinging import write_swinging
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dancenow.choreographer.job import TrainingJob
from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.motion.config import PRESETS
from dancenow.choreographer.motion.method import training_page
from dancenow.errors import TrainingError
from dancenow.options import TrainChoreographerOptions, TrainPerformerOptions
from dancenow.performer import Performer
from dancenow.performer.edn.config import LossConfig as PaperLosses
from dancenow.performer.fast.config import LossConfig
from dancenow.progress import Progress
from dancenow.report import page_kind
from dancenow.report.meanings import LOSSES
from dancenow.training import Device
from dancenow.training.history import History
from dancenow.workflows.train_choreographer import train_choreographer
from dancenow.workflows.train_performer import train_performer
from fixture_types import Command, Known, SampleClip
from motions import dancing

CPU = Device("cpu", "32-true")
NAME = "zola <& co>.mp4"


@pytest.fixture
def clip(sample_clip: SampleClip, known: Known, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of a sample performer; its name is a trial for HTML."""
    known(sample_clip())
    path = tmp_path_factory.mktemp("clip") / NAME
    shutil.copy(sample_clip(), path)
    shutil.copy(sample_clip().with_suffix(".pose.npz"), path.with_suffix(".pose.npz"))
    return path


@pytest.fixture(scope="module")
def dance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_swinging(tmp_path_factory.mktemp("dance") / "dance.mp4")


def options(clip: Path, steps: int, preset: str = "tiny", **more: object) -> TrainPerformerOptions:
    poses = clip.with_suffix(".pose.npz")
    return TrainPerformerOptions(preset=preset, steps=steps, device="cpu", poses=poses, **more)  # type: ignore[arg-type]


def checked(folder: Path, checkpoint: str, curve: int = 0) -> Parsed:
    """The page of a folder; its charts hold what the history does."""
    page = check(folder / "index.html")
    history = History.load(folder / checkpoint)
    assert points(page, "only" if len(history.kept()) < 12 else "raw")[curve] == len(history.kept())
    assert len(page.all("img")) >= len(history.previews) > 0
    assert page_kind(folder / "index.html") == "training"
    return page


def test_a_performer_leaves_a_page_with_its_losses_and_previews(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "me & <you>"
    train_performer(clip, out, options(clip, 6, hold_out=0.2, logger="none"))
    page = checked(out, "checkpoint")
    for said in (NAME, "128 x 128 px", "tiny", "6 steps", "cpu", "the last 20 % of the clip"):
        assert said in page.text
    charts = [said for said in page.words if " over steps" in said]
    assert charts[0].startswith("loss") and len(charts) == len(set(charts)) >= 5
    assert "dancenow perform 'me & <you>' dancer.mp4" in page.text
    assert not list(out.rglob("events.*")) and Performer.load(out, CPU).training["steps"] == 6


@pytest.mark.slow
def test_a_resumed_performer_goes_on_with_its_page(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "p"
    train_performer(clip, out, options(clip, 3, logger="tensorboard"))
    train_performer(clip, out, options(clip, 14, logger="tensorboard"))
    page = checked(out, "checkpoint")
    assert "step 1," in page.text and "step 14," in page.text and "14 steps" in page.text
    log = EventAccumulator(str(out / "checkpoint" / "logs"))
    log.Reload()
    assert [event.value for event in log.Scalars("final/steps")] == [3, 14]


def test_where_nothing_is_left_to_learn_the_page_stays(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "p"
    train_performer(clip, out, options(clip, 2))
    before = (out / "index.html").read_bytes()
    train_performer(clip, out, options(clip, 2))
    assert (out / "index.html").read_bytes() == before
    (out / "index.html").unlink()  # as of a training before there were pages
    train_performer(clip, out, options(clip, 2))
    checked(out, "checkpoint")


def test_a_performer_of_the_paper_shows_its_stages(clip: Path, tmp_path: Path) -> None:
    train_performer(clip, tmp_path / "p", options(clip, 5, "edn-tiny"))
    page = checked(tmp_path / "p", "checkpoint")
    history = History.load(tmp_path / "p" / "checkpoint")
    names = [name for _, name in history.phases]
    assert len(names) > 1 and names[-1] == "face"
    assert len([of for of in page.all("line") if of["class"] == "phase"]) == len(history.names) * (
        len(names) - 1
    )
    assert "perceptual loss without" in page.text


def test_ctrl_c_leaves_a_page_too(clip: Path, tmp_path: Path) -> None:
    def stop(event: Progress) -> None:
        if event.unit == "steps" and event.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_performer(clip, tmp_path / "p", options(clip, 9), progress=stop)
    page = checked(tmp_path / "p", "checkpoint")
    assert "It was stopped; the same command resumes it." in page.text
    train_performer(clip, tmp_path / "p", options(clip, 4))
    assert "It was stopped" not in checked(tmp_path / "p", "checkpoint").text


def test_a_training_that_fails_at_once_says_so_and_can_be_tried_again(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nan = {"loss": float("nan"), "l1": 0.5}
    with monkeypatch.context() as patch:
        patch.setattr("dancenow.performer.fast.training.FastTraining.step", lambda *_: nan)
        with pytest.raises(TrainingError, match="loss is nan at step 0"):
            train_performer(clip, tmp_path / "p", options(clip, 3))
    page = check(tmp_path / "p" / "index.html")
    assert "It failed: the loss is nan at step 0" in page.text
    assert train_performer(clip, tmp_path / "p", options(clip, 3, seed=1)).steps == 3


def test_a_choreographer_of_pictures_shows_both_of_its_trainings(
    dance: Path, tmp_path: Path
) -> None:
    chosen = TrainChoreographerOptions(preset="tiny", steps=10, device="cpu", logger="csv")
    train_choreographer(dance, tmp_path / "c", chosen)
    page = checked(tmp_path / "c", "checkpoint/codec")
    checked(tmp_path / "c", "checkpoint/sequence", 3)  # behind the autoencoder's three
    for said in ("The pictures", "Their sequence", "Held-out loss", "Temperature", "threshold"):
        assert said in page.text
    for name in ("codec", "sequence"):
        assert (tmp_path / "c" / "checkpoint" / name / "metrics.csv").is_file()
    figures = (tmp_path / "c" / "checkpoint" / "sequence" / "figures.csv").read_text()
    assert "held_out" in figures and "codec_loss" in figures


def test_a_choreographer_of_poses_leaves_a_page(tmp_path: Path) -> None:
    track = tmp_path / "dance.npz"
    dancing(fps=30).save(track)
    chosen = TrainChoreographerOptions(preset="tiny", codec="pose", steps=3, device="cpu")
    train_choreographer(track, tmp_path / "c", chosen)
    page = checked(tmp_path / "c", "checkpoint/motion")
    assert "The dance of dance.npz" in page.text and "pose" in page.text
    assert "--codec" not in page.text and PoseChoreographer.load(tmp_path / "c", CPU)


def test_a_page_that_cannot_be_written_hides_no_ctrl_c(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(event: Progress) -> None:
        if event.unit == "steps":
            raise KeyboardInterrupt

    def full(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr("dancenow.training.page.write_page", full)
    with pytest.raises(KeyboardInterrupt), warnings.catch_warnings():
        train_performer(clip, tmp_path / "p", options(clip, 9), progress=stop)


def test_every_part_of_the_losses_is_explained() -> None:
    how = {"focus", "elsewhere", "forgiven_px"}  # they are weighed and compared
    assert {*LossConfig.model_fields, *PaperLosses.model_fields} - how <= LOSSES.keys()


def test_several_clips_are_told_and_the_presets_own_budget(tmp_path: Path) -> None:
    config = PRESETS["tiny"]
    clips = [Path("a.mp4"), Path("b.mp4")]
    page = training_page(tmp_path, TrainingJob(clips, config, TrainChoreographerOptions(), CPU), {})
    assert page.title == "The dance of a.mp4 and 1 more"
    assert page.facts["clips"] == "a.mp4, b.mp4"
    assert page.facts["budget"] == f"{config.minutes:g} min"


@pytest.mark.parametrize(
    "command", [["train", "performer"], ["train", "choreographer"], ["transfer"], ["generate"]]
)
def test_every_command_that_trains_takes_a_logger(
    dancenow: Command, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    status, page, _ = dancenow(*command, "--help")
    assert status == 0 and "--logger" in page and "tensorboard|csv|none" in page
    status, _, err = dancenow(*command, "a.mp4", "b.mp4", "-o", "c.mp4", "--logger", "paper")
    assert status == 2 and "--logger" in err
