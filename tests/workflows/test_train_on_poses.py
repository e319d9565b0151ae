"""Learning the motion of dances: from tracks to a folder; stopped, resumed, and misused."""

from __future__ import annotations

import json
import math
import shutil
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.motion.codec import RATE
from dancenow.choreographer.motion.config import ENOUGH_STEPS
from dancenow.choreographer.motion.method import PoseTrainingResult
from dancenow.errors import DanceNowWarning, InputError
from dancenow.evaluation.dance import DanceScores
from dancenow.options import EvaluateDanceOptions, TrainChoreographerOptions
from dancenow.pose.layout import INDEX
from dancenow.progress import Progress, StageTimes
from dancenow.training import load_state
from dancenow.video import open_writer
from dancenow.workflows.evaluate_dance import evaluate_dance
from dancenow.workflows.train_choreographer import train_choreographer
from motions import CPU, dancing, without

FEW = TrainChoreographerOptions(preset="tiny", codec="pose", steps=3, device="cpu")
MORE = TrainChoreographerOptions(preset="tiny", codec="pose", steps=6, device="cpu")
WRITTEN = {
    "config.json", "motion.safetensors", "moves.npz", "preview.png", "index.html", "checkpoint"
}  # fmt: skip
LEARNING = "learning the dance"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tracks: `dance.npz`, `other.npz`, `short.npz` of two seconds, `legless.npz`, `nobody.npz`."""
    folder = tmp_path_factory.mktemp("tracks")
    track = dancing(fps=30)
    track.save(folder / "dance.npz")
    dancing("bo", "house", seconds=6, fps=24, size=(200, 200)).save(folder / "other.npz")
    track[:60].save(folder / "short.npz")
    without(track, INDEX["left_knee"], INDEX["right_ankle"]).save(folder / "legless.npz")
    track.with_keypoints(0 * track.keypoints).save(folder / "nobody.npz")
    np.savez(folder / "numbers.npz", numbers=np.arange(3))
    return folder


@pytest.fixture(scope="module")
def trained(stage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A choreographer of `dance.npz`, to be looked at and copied."""
    folder = tmp_path_factory.mktemp("trained") / "c"
    train_choreographer(stage / "dance.npz", folder, FEW)
    return folder


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    """The same, to be used up."""
    return Path(shutil.copytree(trained, tmp_path / "copied"))


def train(
    clips: Path | list[Path], out: Path, options: TrainChoreographerOptions = FEW
) -> tuple[PoseTrainingResult, list[Progress]]:
    events: list[Progress] = []
    _, made = train_choreographer(clips, out, options, progress=events.append)
    return made, events


def learned(events: list[Progress]) -> list[float]:
    return [event.done for event in events if event.stage == LEARNING]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the logs, whose names hold the time."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "logs" not in path.parts
    }


# What is made.


def test_a_choreographer_is_left_with_everything_it_needs(trained: Path) -> None:
    assert {path.name for path in trained.iterdir()} == WRITTEN
    document = json.loads((trained / "config.json").read_text("utf-8"))
    assert document["config"]["codec"] == "pose" and document["config"]["preset"] == "tiny"
    figures = document["training"]
    assert figures["clips"] == ["dance.npz"] and figures["steps"] == 3
    state = load_state(trained / "checkpoint" / "motion")
    assert state is not None and state.values["step"] == 3
    choreographer = PoseChoreographer.load(trained, CPU)
    assert choreographer.learned.fps == Fraction(30)
    assert choreographer.learned.seconds == pytest.approx(10, abs=0.1)
    preview = cv2.imread(str(trained / "preview.png"))
    assert preview is not None and preview.shape[1] > 4 * preview.shape[0] and preview.any()


def test_training_tells_its_stages_and_figures(stage: Path, tmp_path: Path) -> None:
    events: list[Progress] = []
    times = StageTimes()
    clips = [stage / "dance.npz", stage / "other.npz"]
    choreographer, made = train_choreographer(
        clips, tmp_path / "c", FEW, progress=events.append, times=times
    )
    assert list(dict.fromkeys(event.stage for event in events)) == ["reading the dances", LEARNING]
    assert events[1].done == events[1].total == 2 and events[1].unit == "clips"
    assert learned(events) == [1, 2, 3] and list(times.seconds) == ["prepare", "motion"]
    assert (made.clips, made.steps, made.folder) == (2, 3, tmp_path / "c")
    assert made.dance_seconds == pytest.approx(16, abs=0.2) and math.isnan(made.held_out)
    assert "learned 16 s of dance from 2 clips in 3 steps" in made.summary()
    assert (choreographer.size, choreographer.learned.fps) == ((160, 120), 30)  # the first one's


def test_the_end_of_a_long_dance_is_held_out(tmp_path: Path) -> None:
    dancing(seconds=40, fps=RATE).save(tmp_path / "long.npz")
    made, _ = train(tmp_path / "long.npz", tmp_path / "c")
    parts = PoseChoreographer.load(tmp_path / "c", CPU).learned
    assert len(parts.held_out) == 1 and len(parts.held_out[0]) / RATE == pytest.approx(4, abs=0.1)
    assert made.dance_seconds == pytest.approx(36, abs=0.1) and made.held_out > 0


def test_many_short_dances_are_as_good_as_a_long_one(tmp_path: Path) -> None:
    track = dancing(fps=30)
    for number in range(3):
        track[100 * number : 100 * number + 95].save(tmp_path / f"{number}.npz")
    made, _ = train([tmp_path / f"{number}.npz" for number in range(3)], tmp_path / "c")
    assert made.dance_seconds == pytest.approx(9.5, abs=0.2)


# What is refused.


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["short"], r"short.npz: the whole body is seen for 2.0 s at a time; 8 s, in passages"),
        (["short", "short"], r"short.npz: the whole body is seen for 2.0 s"),
        (["legless"], r"legless.npz: the whole body, from shoulders to ankles, is seen in 0 %"),
        (["nobody"], r"nobody.npz: the track holds no pose"),
        (["dance", "nobody"], r"nobody.npz: the track holds no pose"),
        (["numbers"], r"numbers.npz: is not a pose track"),
        (["missing"], r"missing.npz: no such file"),
        (["dance", "missing"], r"missing.npz: no such file"),
        ([], r"at least one clip"),
    ],
)
def test_what_cannot_be_learned_from_is_told_and_leaves_nothing(
    stage: Path, tmp_path: Path, names: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message) as told:
        train([stage / f"{name}.npz" for name in names], tmp_path / "c")
    assert "\n" not in str(told.value) and not (tmp_path / "c").exists()


def test_a_clip_without_a_whole_body_is_left_out_beside_others(stage: Path, tmp_path: Path) -> None:
    with pytest.warns(DanceNowWarning, match=r"legless.npz is left out: the whole body"):
        made, _ = train([stage / "legless.npz", stage / "dance.npz"], tmp_path / "c")
    assert made.dance_seconds == pytest.approx(10, abs=0.1)
    with (
        pytest.warns(DanceNowWarning, match="is left out"),
        pytest.raises(InputError, match="none of the clips shows a whole body"),
    ):
        train([stage / "legless.npz", stage / "legless.npz"], tmp_path / "d")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "`steps` must be at least 1"),
        ({"minutes": -1.0}, "`minutes` must be above 0"),
        ({"preset": "none"}, "`preset=none`: unknown"),
        ({"background": "grey"}, "`background`: belongs to `codec=frame`"),
        ({"stride": 2}, "`stride`: belongs to `codec=frame`"),
        ({"reference": True}, "`reference`: belongs to `codec=frame`"),
        ({"device": "abacus"}, "`device=abacus`: unknown"),
    ],
)
def test_options_that_make_no_sense_are_told(
    stage: Path, tmp_path: Path, wrong: dict[str, object], message: str
) -> None:
    given = {"preset": "tiny", "steps": 3, "device": "cpu", **wrong}
    with pytest.raises(InputError, match=message):
        train(stage / "dance.npz", tmp_path / "c", TrainChoreographerOptions(codec="pose", **given))  # type: ignore[arg-type]
    assert not (tmp_path / "c").exists()


# Stopped and resumed.


def test_the_same_command_again_learns_nothing_and_changes_nothing(
    stage: Path, copied: Path
) -> None:
    before = contents(copied)
    made, events = train(stage / "dance.npz", copied)
    assert not learned(events) and made.steps == 3
    after = contents(copied)
    assert all(after[name] == before[name] for name in before if name != "config.json")


@pytest.mark.parametrize("name", ["config.json", "motion.safetensors", "moves.npz"])
def test_the_same_command_again_mends_a_damaged_choreographer(
    stage: Path, copied: Path, name: str
) -> None:
    before = contents(copied)
    (copied / name).write_bytes(b"")
    _, events = train(stage / "dance.npz", copied)
    assert not learned(events)
    assert contents(copied)["motion.safetensors"] == before["motion.safetensors"]
    assert PoseChoreographer.load(copied, CPU).training["steps"] == 3


def test_a_larger_budget_resumes_where_the_smaller_one_ended(stage: Path, copied: Path) -> None:
    made, events = train(stage / "dance.npz", copied, MORE)
    assert learned(events) == [4, 5, 6] and made.steps == 6


def test_after_ctrl_c_the_same_command_resumes_as_if_nothing_had_happened(
    stage: Path, tmp_path: Path
) -> None:
    at = 4

    def stop(event: Progress) -> None:
        if event.stage == LEARNING and event.done == at:
            raise KeyboardInterrupt

    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    train(stage / "dance.npz", unbroken, MORE)
    with pytest.raises(KeyboardInterrupt):
        train_choreographer(stage / "dance.npz", broken, MORE, progress=stop)
    assert not (broken / "config.json").exists()
    _, events = train(stage / "dance.npz", broken, MORE)
    assert learned(events)[0] == at + 1
    for name in ("motion.safetensors", "moves.npz", "preview.png"):
        assert (broken / name).read_bytes() == (unbroken / name).read_bytes(), name


@pytest.mark.parametrize("change", ["clip", "more clips", "preset"])
def test_a_choreographer_of_something_else_is_left_as_it_was(
    stage: Path, copied: Path, change: str
) -> None:
    before, events = contents(copied), []
    clips = [stage / "dance.npz", stage / "other.npz"]
    options = TrainChoreographerOptions(preset="fast", codec="pose", steps=3, device="cpu")
    with pytest.raises(InputError, match=r"was begun with `preset=tiny`|of another clip, preset"):
        train_choreographer(
            {"clip": clips[1:], "more clips": clips, "preset": clips[:1]}[change],
            copied,
            options if change == "preset" else FEW,
            progress=events.append,
        )
    assert contents(copied) == before and not events  # told before any work


def test_a_choreographer_of_pictures_is_not_trained_into_it(copied: Path, tmp_path: Path) -> None:
    before = contents(copied)
    with open_writer(tmp_path / "clip.mkv", fps=2) as writer:
        for _ in range(4):
            writer.write(np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(InputError, match="was learned with `codec=pose`; add that"):
        train_choreographer(
            tmp_path / "clip.mkv", copied, TrainChoreographerOptions(preset="tiny", steps=2)
        )
    shutil.rmtree(copied / "checkpoint")
    before = contents(copied)
    with pytest.raises(InputError, match="was learned with `codec=pose`; add that"):
        train_choreographer(
            tmp_path / "clip.mkv", copied, TrainChoreographerOptions(preset="tiny", steps=2)
        )
    assert contents(copied) == before


def test_what_an_older_version_began_is_resumed(stage: Path, copied: Path) -> None:
    """Its configurations held the fields of both codecs, and it left no marker."""
    former = {
        "picture": {"height": 64, "width": 64, "background": "auto", "stride": None},
        "vae": {"latent": 32},
        "sequence": {"hidden": 128},
        "reference": False,
        "codec_share": 0.6,
    }
    (copied / "checkpoint" / "training.json").unlink()
    for path, inner in (
        (copied / "config.json", ()),
        (copied / "checkpoint" / "motion" / "state.json", ("values",)),
    ):
        document = json.loads(path.read_text("utf-8"))
        holder = document
        for key in inner:
            holder = holder[key]
        holder["config"] |= former
        path.write_text(json.dumps(document))
    assert PoseChoreographer.load(copied, CPU).config.preset == "tiny"
    made, events = train(stage / "dance.npz", copied, MORE)
    assert learned(events) == [4, 5, 6] and made.steps == 6


def test_too_few_steps_are_reported(
    stage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENOUGH_STEPS, "tiny", 50)  # type: ignore[arg-type]
    with pytest.warns(DanceNowWarning, match="3 steps were made, and a good result takes about 50"):
        train(stage / "dance.npz", tmp_path / "c")
    assert "3 steps were made" in (tmp_path / "c" / "index.html").read_text("utf-8")


# Measured.


def test_a_choreographer_is_measured(trained: Path) -> None:
    events: list[Progress] = []
    scores = evaluate_dance(
        trained, EvaluateDanceOptions(seconds=12, device="cpu"), progress=events.append
    )
    assert isinstance(scores, DanceScores)
    assert scores.seconds == pytest.approx(12, abs=0.1) and not scores.held_out
    assert np.isnan(scores.limbs) and scores.speed_ratio > 0 and len(scores.lines()) > 5
    assert [event.stage for event in events] == ["composing"] * len(events)
    assert events[-1].done == events[-1].total


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seconds": 0.0}, "`seconds`"),
        ({"seconds": float("nan")}, "`seconds`"),
        ({"seconds": 1e9}, "`seconds` must be above 0 and at most 3600"),
        ({"temperature": -1.0}, "`temperature`"),
        ({"reference": True}, "`reference`: belongs to `codec=frame`"),
    ],
)
def test_what_cannot_be_measured_is_told(
    trained: Path, wrong: dict[str, float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        evaluate_dance(trained, EvaluateDanceOptions(device="cpu", **wrong))  # type: ignore[arg-type]


def test_a_folder_that_holds_nothing_cannot_be_measured(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no choreographer"):
        evaluate_dance(tmp_path)
