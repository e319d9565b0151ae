"""Learning a dance and dreaming it on, from clips to clips; stopped, resumed, and misused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from dancenow.choreographer.dancenet.choreographer import FrameChoreographer, draw
from dancenow.choreographer.dancenet.config import ENOUGH_STEPS, PictureConfig
from dancenow.choreographer.dancenet.frames import contact_sheet
from dancenow.choreographer.dancenet.method import FrameTrainingResult
from dancenow.choreographer.dancenet.prepare import prepare_pictures
from dancenow.errors import DanceNowWarning, InputError, OutputError
from dancenow.options import (
    EvaluateDanceOptions,
    GenerateOptions,
    ReconstructOptions,
    SampleOptions,
    TrainChoreographerOptions,
)
from dancenow.progress import Progress, StageTimes
from dancenow.training import Device, choose_device, load_state
from dancenow.video import open_writer, probe, read_frames
from dancenow.workflows.evaluate_dance import evaluate_dance
from dancenow.workflows.generate import generate
from dancenow.workflows.reconstruct import latent_walk, reconstruct
from dancenow.workflows.sample import write_sample
from dancenow.workflows.train_choreographer import train_choreographer

Frame = NDArray[np.uint8]
FPS = 2
FEW = TrainChoreographerOptions(preset="tiny", steps=10, device="cpu")
DREAM = GenerateOptions(preset="tiny", steps=10, device="cpu")
MORE = TrainChoreographerOptions(preset="tiny", steps=20, device="cpu")
CPU = Device("cpu", "32-true")
LEARNING = ["learning the pictures", "learning the dance"]


def dancing(count: int, size: tuple[int, int] = (40, 32), seed: int = 0) -> Iterable[Frame]:
    """Frames of a bright block that swings from side to side before black."""
    turns = np.sin(0.7 * np.arange(count) + seed) / 2 + 0.5
    for turn in turns:
        frame = np.zeros((size[1], size[0], 3), np.uint8)
        left = 2 + round(turn * (size[0] - 14))
        frame[6 : size[1] - 6, left : left + 10] = (200, 180, 160)
        yield frame


def write_clip(path: Path, frames: Iterable[Frame], fps: int = FPS) -> Path:
    with open_writer(path, fps=fps, crf=10) as writer:
        for frame in frames:
            writer.write(frame)
    return path


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dance before black, `dance.mp4`, and another, `other.mp4`."""
    folder = tmp_path_factory.mktemp("stage")
    write_clip(folder / "dance.mp4", dancing(30))
    write_clip(folder / "other.mp4", dancing(30, seed=2))
    return folder


@pytest.fixture(scope="module")
def trained(stage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A choreographer of `dance.mp4`, to be looked at and copied."""
    folder = tmp_path_factory.mktemp("trained") / "c"
    train_choreographer(stage / "dance.mp4", folder, FEW)
    return folder


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    """The same, to be used up."""
    return Path(shutil.copytree(trained, tmp_path / "copied"))


def train(
    clips: Path | list[Path], out: Path, options: TrainChoreographerOptions = FEW
) -> tuple[FrameTrainingResult, list[Progress]]:
    events: list[Progress] = []
    _, made = train_choreographer(clips, out, options, progress=events.append)
    return made, events


def stages(events: list[Progress]) -> list[str]:
    return list(dict.fromkeys(event.stage for event in events))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the logs, whose names hold the time."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "logs" not in path.parts
    }


def states(folder: Path) -> dict[str, bytes]:
    """What a training resumes; the history beside it knows of steps that failed, too."""
    return {name: data for name, data in contents(folder).items() if name.startswith("state")}


WEIGHTS = ("vae.safetensors", "sequence.safetensors", "latents.npz")


def test_a_choreographer_is_left_with_everything_it_needs(trained: Path) -> None:
    assert {path.name for path in trained.iterdir()} == {
        *WEIGHTS, "config.json", "preview.png", "index.html", "checkpoint"
    }  # fmt: skip
    document = json.loads((trained / "config.json").read_text("utf-8"))
    figures = document["training"]
    assert document["kind"] == "choreographer" and document["config"]["preset"] == "tiny"
    assert figures["clips"] == ["dance.mp4"] and figures["pictures"] == 30
    assert (figures["codec_steps"], figures["steps"]) == (6, 4)  # the share of each
    assert np.isfinite(figures["held_out"]) and 0.5 <= figures["temperature"] <= 2
    for name in ("codec", "sequence"):
        state = load_state(trained / "checkpoint" / name)
        assert state is not None and (trained / "checkpoint" / name / "metrics.csv").is_file()
    choreographer = FrameChoreographer.load(trained, CPU)
    learned = choreographer.learned
    assert (learned.lengths, learned.fps, learned.stride) == ((30,), FPS, 1)
    assert learned.background == choreographer.config.picture.background == "threshold"
    assert choreographer.config.picture.stride == 1  # what was decided is kept


def test_training_tells_its_stages_and_figures(stage: Path, tmp_path: Path) -> None:
    events: list[Progress] = []
    times = StageTimes()
    _, made = train_choreographer(
        [stage / "dance.mp4"], tmp_path / "c", FEW, progress=events.append, times=times
    )
    assert stages(events) == [
        "taking the background away in dance.mp4",
        LEARNING[0],
        "encoding the pictures",
        LEARNING[1],
    ]
    for name in stages(events):
        last = [event for event in events if event.stage == name][-1]
        assert last.done == last.total
    assert list(times.seconds) == ["prepare", "codec", "encode", "sequence", "calibrate"]
    assert made.times is times and made.folder == tmp_path / "c"
    assert (made.pictures, made.background, made.stride) == (30, "threshold", 1)
    assert (made.codec_steps, made.steps) == (6, 4)
    text = made.summary()
    assert "30 pictures (background: threshold)" in text and "preview.png" in text


def test_the_preview_is_there_before_training_begins(stage: Path, tmp_path: Path) -> None:
    out, seen = tmp_path / "c", []

    def look(event: Progress) -> None:
        if event.stage == LEARNING[0]:
            seen.append(cv2.imread(str(out / "preview.png"), cv2.IMREAD_COLOR_RGB))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_choreographer(stage / "dance.mp4", out, FEW, progress=look)
    picture = PictureConfig(height=64, width=64, crop="auto")
    frames, _, _ = prepare_pictures([stage / "dance.mp4"], picture)
    assert np.array_equal(seen[0], contact_sheet(frames.pictures))


def test_the_same_command_again_learns_nothing_and_changes_nothing(
    stage: Path, copied: Path
) -> None:
    before = contents(copied)
    made, events = train(stage / "dance.mp4", copied)
    assert not set(LEARNING) & set(stages(events))
    assert (made.codec_steps, made.steps) == (6, 4)
    after = contents(copied)
    assert after.keys() == before.keys()
    assert all(after[name] == before[name] for name in (*WEIGHTS, "preview.png"))
    assert not any(name for name in after if "checkpoint" in name and after[name] != before[name])


@pytest.mark.parametrize("name", [*WEIGHTS, "config.json"])
def test_the_same_command_again_mends_a_damaged_choreographer(
    stage: Path, copied: Path, name: str
) -> None:
    before = contents(copied)
    (copied / name).write_bytes(b"")
    made, events = train(stage / "dance.mp4", copied)
    assert not set(LEARNING) & set(stages(events)) and made.steps == 4
    assert all(contents(copied)[file] == before[file] for file in WEIGHTS)
    assert FrameChoreographer.load(copied, CPU).training["codec_steps"] == 6


def test_a_larger_budget_resumes_where_the_smaller_one_ended(stage: Path, copied: Path) -> None:
    before = contents(copied)
    made, events = train(stage / "dance.mp4", copied, MORE)
    first = {name: next(event for event in events if event.stage == name) for name in LEARNING}
    assert (made.codec_steps, made.steps) == (12, 8)
    assert first[LEARNING[0]].done == 7 and first[LEARNING[0]].total == 12
    assert first[LEARNING[1]].done == 1  # other pictures' latents: this dance is learned anew
    assert all(contents(copied)[name] != before[name] for name in WEIGHTS)
    assert FrameChoreographer.load(copied, CPU).training["codec_steps"] == 12


@pytest.fixture(scope="module")
def unbroken(stage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A choreographer that was trained in one go."""
    folder = tmp_path_factory.mktemp("unbroken") / "c"
    train_choreographer(stage / "dance.mp4", folder, MORE)
    return folder


@pytest.mark.parametrize(
    ("at", "steps", "kept"), [(LEARNING[0], 5, "codec"), (LEARNING[1], 3, "sequence")]
)
def test_after_ctrl_c_the_same_command_resumes_as_if_nothing_had_happened(
    stage: Path, unbroken: Path, tmp_path: Path, at: str, steps: int, kept: str
) -> None:
    def stop(event: Progress) -> None:
        if event.stage == at and event.done == steps:
            raise KeyboardInterrupt

    out = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        train_choreographer(stage / "dance.mp4", out, MORE, progress=stop)
    state = load_state(out / "checkpoint" / kept)
    assert state is not None and state.values["step"] == steps
    assert not (out / "config.json").exists()
    made, events = train(stage / "dance.mp4", out, MORE)
    assert next(event for event in events if event.stage == at).done == steps + 1
    assert (made.codec_steps, made.steps) == (12, 8)
    for name in WEIGHTS:
        assert (out / name).read_bytes() == (unbroken / name).read_bytes(), name


def test_ctrl_c_while_pictures_are_made_leaves_nothing_half_done(
    stage: Path, tmp_path: Path, own_cache: Path
) -> None:
    def stop(event: Progress) -> None:
        if event.done == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_choreographer(stage / "dance.mp4", tmp_path / "c", FEW, progress=stop)
    assert not [path for path in own_cache.rglob("*") if path.is_file()]
    frames, _, _ = prepare_pictures([stage / "dance.mp4"], PictureConfig(height=64, width=64))
    assert len(frames) == 30 and frames.pictures[-1].any()


@pytest.mark.parametrize(
    "options",
    [
        TrainChoreographerOptions(preset="tiny", steps=10, device="cpu", background="grey"),
        TrainChoreographerOptions(preset="tiny", steps=10, device="cpu", reference=True),
    ],
    ids=["background", "reference"],
)
def test_a_choreographer_of_other_options_is_left_as_it_was(
    stage: Path, copied: Path, options: TrainChoreographerOptions
) -> None:
    before = contents(copied)
    with pytest.raises(InputError, match="of another clip, preset or version"):
        train_choreographer(stage / "dance.mp4", copied, options)
    assert contents(copied) == before


def test_another_seed_resumes_the_checkpoint(stage: Path, copied: Path) -> None:
    steps = load_state(copied / "checkpoint" / "codec")
    assert steps is not None
    options = TrainChoreographerOptions(preset="tiny", steps=20, device="cpu", seed=1)
    _, made = train_choreographer(stage / "dance.mp4", copied, options)
    assert made.codec_steps == 12 > int(steps.values["step"])


def test_a_performers_folder_is_never_written_over(stage: Path, tmp_path: Path) -> None:
    folder = tmp_path / "performer"
    (folder / "checkpoint").mkdir(parents=True)
    (folder / "checkpoint" / "state.json").write_text("{}")
    (folder / "config.json").write_text('{"kind": "performer", "version": 1}')
    before = contents(folder)
    with pytest.raises(OutputError, match="holds a performer"):
        train_choreographer(
            stage / "dance.mp4", folder, TrainChoreographerOptions(preset="tiny", steps=2)
        )
    with pytest.raises(InputError, match="holds a performer"):
        generate(folder, tmp_path / "new.mp4")
    assert contents(folder) == before


def test_a_choreographer_of_another_clip_is_left_as_it_was(stage: Path, copied: Path) -> None:
    before = contents(copied)
    clips = [stage / "dance.mp4", stage / "other.mp4"]
    for given in (clips[1:], clips, clips[::-1]):
        with pytest.raises(InputError, match="of another clip, preset or version"):
            train_choreographer(given, copied, FEW)
    assert contents(copied) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"preset": "nice"}, "`preset=nice`: unknown; choose one of fast, dancenet, tiny"),
        ({"codec": "sound"}, "`codec=sound`: unknown; choose frame or pose"),
        ({"background": "mauve"}, "`background=mauve`: unknown; choose one of auto, threshold"),
        ({"crop": "tight"}, "`crop=tight`: unknown; choose one of auto, off"),
        ({"colour": True, "reference": True}, "`colour`: the original dreams silhouettes"),
        ({"stride": 0}, "`stride` must be at least 1, not 0"),
        ({"minutes": 0.0}, "`minutes` must be above 0, not 0"),
        ({"minutes": float("nan")}, "`minutes` must be above 0, not nan"),
        ({"steps": 0}, "`steps` must be at least 1, not 0"),
        ({"device": "tpu"}, "`device=tpu`: unknown"),
    ],
)
def test_options_that_there_are_not_are_told_before_anything_is_done(
    stage: Path, tmp_path: Path, options: dict[str, object], said: str
) -> None:
    events: list[Progress] = []
    wrong = TrainChoreographerOptions(**{"preset": "tiny", "device": "cpu", **options})  # type: ignore[arg-type]
    with pytest.raises(InputError, match=said):
        train_choreographer(stage / "dance.mp4", tmp_path / "c", wrong, progress=events.append)
    if "background" not in options:  # which is also what lies behind performers
        dream = GenerateOptions(**{"preset": "tiny", "device": "cpu", **options})  # type: ignore[arg-type]
        with pytest.raises(InputError, match=said):
            generate(stage / "dance.mp4", tmp_path / "o.mp4", dream, progress=events.append)
    assert not events and list(tmp_path.iterdir()) == []


def test_without_a_clip_there_is_nothing_to_learn(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one clip"):
        train_choreographer([], tmp_path / "c", FEW)


def shaded(shade: int, count: int = 30) -> list[Frame]:
    return [np.full((32, 40, 3), shade, np.uint8)] * count


def still_picture(shade: int) -> list[Frame]:
    """One picture, all the time, with something in it."""
    frame = np.full((32, 40, 3), shade, np.uint8)
    frame[8:20, 10:20] = 180
    return [frame] * 30


@pytest.mark.parametrize(
    ("frames", "options", "said"),
    [
        (list(dancing(20)), {}, r"gives 20 pictures .* preset tiny needs 23 .* longer clip\."),
        (list(dancing(60)), {"stride": 4}, r"gives 15 pictures \(one of 4 .* smaller `stride`"),
        (still_picture(0), {}, "nothing moves in it; a dance is needed"),
        (still_picture(90), {"background": "grey"}, "nothing moves in it"),
        (shaded(0), {}, "`background=threshold` every picture is black; choose another"),
        (
            shaded(255),
            {"background": "threshold", "crop": "off"},
            "every picture is white; choose another",
        ),
        (shaded(255), {}, "nobody is seen; choose another `background`"),
        (shaded(90), {"background": "person"}, "nobody is seen; choose another `background`"),
    ],
    ids=[
        "too short", "stride too large", "stands still", "grey and still", "black",
        "white", "white, and nobody there", "nobody there",
    ],
)  # fmt: skip
def test_a_clip_from_which_nothing_can_be_learned_is_told(
    frames: list[Frame], options: dict[str, object], said: str, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames)
    wanted = TrainChoreographerOptions(**{"preset": "tiny", "steps": 2, "device": "cpu", **options})  # type: ignore[arg-type]
    with pytest.raises(InputError, match=rf"clip\.mp4: .*{said}"):
        train_choreographer(clip, tmp_path / "c", wanted)
    assert not (tmp_path / "c").exists() or not list((tmp_path / "c").iterdir())


def folder_of(path: Path, frames: Iterable[Frame], suffix: str = "jpg") -> Path:
    """Pictures numbered without leading zeros."""
    path.mkdir()
    for number, frame in enumerate(frames, start=1):
        Image.fromarray(frame).save(path / f"{number}.{suffix}")
    return path


def test_what_is_no_clip_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty").mkdir()
    frames = [*dancing(3), *dancing(2, size=(32, 32))]
    folder_of(tmp_path / "mixed", frames, "png")
    before = contents(tmp_path)
    for name, said in (
        ("nothing.mp4", "no such file"),
        ("text.mp4", "not a video"),
        ("empty", "without pictures"),
        ("mixed", r"4\.png: is 32 x 32, but 1\.png is 40 x 32; .* one size"),
    ):
        with pytest.raises(InputError, match=said):
            train_choreographer(tmp_path / name, tmp_path / "c", FEW)
        with pytest.raises(InputError, match=said):
            generate(tmp_path / name, tmp_path / "o.mp4", DREAM)
    assert contents(tmp_path) == before
    assert not (tmp_path / "c").exists()


def test_numbered_pictures_are_learned_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    # Brighter from picture to picture: 10.jpg before 2.jpg would show.
    frames = [np.full((32, 40, 3), 8 * number, np.uint8) for number in range(1, 31)]
    imgs = folder_of(tmp_path / "imgs", frames)
    config = PictureConfig(height=64, width=64, background="grey")
    pictures, decided, _ = prepare_pictures([imgs], config)
    shades = pictures.pictures[:, 32, 32, 0].astype(int)
    assert np.abs(shades - 8 * np.arange(1, 31)).max() <= 2
    assert decided.stride == 1 and pictures.fps == 25 and pictures.lengths == (30,)


def test_the_originals_folder_of_pictures_is_a_clip(tmp_path: Path) -> None:
    imgs = folder_of(tmp_path / "imgs", dancing(30))
    options = TrainChoreographerOptions(preset="tiny", steps=3, device="cpu", reference=True)
    made, _ = train(imgs, tmp_path / "c", options)
    assert made.pictures == 30 and made.stride == 1 and made.background == "threshold"


def test_pictures_are_made_once_and_found_again_by_content(stage: Path, tmp_path: Path) -> None:
    config, events = PictureConfig(height=16, width=24), []
    first, decided, key = prepare_pictures([stage / "dance.mp4"], config, progress=events.append)
    assert len(events) == 30 and decided.background == "threshold"
    copy = tmp_path / "other name.mp4"
    copy.write_bytes((stage / "dance.mp4").read_bytes())
    again, _, same = prepare_pictures([copy], config, progress=events.append)
    assert len(events) == 30 and same == key
    assert np.array_equal(first.pictures, again.pictures)
    for other in (config.model_copy(update={"height": 24}), decided.model_copy(
        update={"background": "grey"}
    )):  # fmt: skip
        assert prepare_pictures([copy], other)[2] != key
    assert prepare_pictures([stage / "other.mp4"], config)[2] != key


def test_one_of_stride_frames_is_learned(stage: Path) -> None:
    config = PictureConfig(height=16, width=24, background="grey")
    every, third = (
        prepare_pictures([stage / "dance.mp4"], config.model_copy(update={"stride": stride}))[0]
        for stride in (1, 3)
    )
    assert len(every) == 30 and len(third) == 10
    assert np.array_equal(third.pictures, every.pictures[::3])
    assert third.rate == pytest.approx(FPS / 3) and third.fps == FPS


@pytest.mark.parametrize(("count", "stride"), [(30, 1), (1300, 2), (3100, 4)])
def test_of_a_long_clip_fewer_frames_are_learned(tmp_path: Path, count: int, stride: int) -> None:
    clip = write_clip(tmp_path / "long.mp4", dancing(count, size=(16, 16)), fps=60)
    _, decided, _ = prepare_pictures([clip], PictureConfig(height=8, width=8))
    assert decided.stride == stride


def test_of_a_folder_every_picture_is_learned(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "frames", dancing(1210, size=(16, 16)), "ppm")
    frames, decided, _ = prepare_pictures([folder], PictureConfig(height=8, width=8))
    assert decided.stride == 1 and len(frames) == 1210


def test_clips_are_read_one_after_the_other_at_the_first_ones_rate(
    stage: Path, tmp_path: Path
) -> None:
    fast = write_clip(tmp_path / "fast.mp4", dancing(40), fps=2 * FPS)
    config = PictureConfig(height=16, width=24, background="grey")
    together, _, _ = prepare_pictures([stage / "dance.mp4", fast], config)
    assert together.lengths == (30, 20) and together.fps == FPS
    alone = [prepare_pictures([clip], config)[0] for clip in (stage / "dance.mp4", fast)]
    first, second = together.clips()
    assert np.array_equal(together.pictures[first], alone[0].pictures)
    assert np.array_equal(together.pictures[second], alone[1].pictures[::2])


def test_two_clips_are_learned_as_two(stage: Path, tmp_path: Path) -> None:
    clips = [stage / "dance.mp4", stage / "other.mp4"]
    train(clips, tmp_path / "c", TrainChoreographerOptions(preset="tiny", steps=3, device="cpu"))
    choreographer = FrameChoreographer.load(tmp_path / "c", CPU)
    assert choreographer.learned.lengths == (30, 30)
    assert choreographer.training["clips"] == ["dance.mp4", "other.mp4"]


def test_a_person_before_a_room_is_learned_as_a_silhouette(tmp_path: Path) -> None:
    clip = tmp_path / "bo.mp4"
    write_sample(clip, SampleOptions(performer="bo", dance="wave", seconds=12, size=96, fps=FPS))
    made, _ = train(
        clip, tmp_path / "c", TrainChoreographerOptions(preset="tiny", steps=3, device="cpu")
    )
    assert made.background == "person" and made.pictures == 24
    frames, _, _ = prepare_pictures([clip], PictureConfig(height=64, width=64))
    shown = (frames.pictures > 127).mean(axis=(1, 2, 3))
    assert ((shown > 0.03) & (shown < 0.4)).all()


def test_colours_are_learned_as_colours(stage: Path, tmp_path: Path) -> None:
    options = TrainChoreographerOptions(preset="tiny", steps=3, device="cpu", background="colour")
    train(stage / "dance.mp4", tmp_path / "c", options)
    generate(tmp_path / "c", tmp_path / "frames", replace(DREAM, seconds=3))
    assert FrameChoreographer.load(tmp_path / "c", CPU).config.picture.channels == 3
    assert all((frame != frame[..., :1]).any() for frame in read_frames(tmp_path / "frames"))


def test_the_reference_is_learned_and_danced_as_the_original_does(
    stage: Path, tmp_path: Path
) -> None:
    options = TrainChoreographerOptions(preset="tiny", steps=6, device="cpu", reference=True)
    made, events = train(stage / "dance.mp4", tmp_path / "c", options)
    assert "calibrate" not in made.times.seconds and set(LEARNING) < set(stages(events))
    choreographer = FrameChoreographer.load(tmp_path / "c", CPU)
    config = choreographer.config
    assert config.reference and not config.sequence.principal_axes
    assert not config.sequence.residual
    learned = choreographer.learned
    drawn = draw(learned.means, learned.log_variances, seed=0)  # what the original learns from
    scaled = learned.scaler.scale(drawn)
    np.testing.assert_allclose([scaled.min(axis=0), scaled.max(axis=0)], [[0] * 32, [1] * 32],
                               atol=1e-6)  # fmt: skip
    done = generate(
        tmp_path / "c", tmp_path / "o.mp4", replace(DREAM, seconds=0.5)
    )  # as it was trained
    assert (done.frames, done.fps) == (15, 30)
    assert probe(tmp_path / "o.mp4").fps == 30


def test_what_was_not_trained_as_the_original_can_dream_as_it_does(
    trained: Path, tmp_path: Path
) -> None:
    options = replace(DREAM, reference=True, seconds=0.5)
    assert generate(trained, tmp_path / "o.mp4", options).fps == 30


def test_what_an_older_version_began_is_resumed(stage: Path, copied: Path) -> None:
    """Its configurations held the fields of both codecs, and it left no marker."""
    former = {"motion": {"window": 40, "width": 96, "heads": 2, "layers": 3, "batch": 16}}
    (copied / "checkpoint" / "training.json").unlink()
    path = copied / "config.json"
    document = json.loads(path.read_text("utf-8"))
    document["config"] |= former
    path.write_text(json.dumps(document))
    for name in ("codec", "sequence"):
        path = copied / "checkpoint" / name / "state.json"
        state = json.loads(path.read_text("utf-8"))
        state["values"]["config"] |= former
        path.write_text(json.dumps(state))
    assert FrameChoreographer.load(copied, CPU).preset == "tiny"
    _, events = train(stage / "dance.mp4", copied)
    assert not set(LEARNING) & set(stages(events))
    made, events = train(stage / "dance.mp4", copied, MORE)
    assert next(event for event in events if event.stage == LEARNING[0]).done == 7
    assert (made.codec_steps, made.steps) == (12, 8)


def test_too_few_steps_are_reported(
    stage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENOUGH_STEPS, "tiny", (50, 40))  # type: ignore[arg-type]
    with pytest.warns(DanceNowWarning, match="a good result takes about") as told:
        train(stage / "dance.mp4", tmp_path / "c")
    codec, sequence = [str(each.message) for each in told]
    assert "c: the pictures: 6 steps were made, and a good result takes about 50: run" in codec
    assert "c: their sequence: 4 steps were made, and a good result takes about 40: run" in sequence


@pytest.mark.parametrize("name", ["o.mp4", "o.gif", "frames"])
def test_a_dance_is_written_as_a_clip(trained: Path, tmp_path: Path, name: str) -> None:
    events: list[Progress] = []
    made = generate(trained, tmp_path / name, replace(DREAM, seconds=4.2), progress=events.append)
    clip = probe(tmp_path / name)
    assert made.frames == clip.frames == round(4.2 * FPS) and clip.fps == made.fps == FPS
    assert made.size == clip.size == (64, 64) and made.choreographer == trained
    assert list(made.times.seconds) == ["load", "generate"]
    assert [event.done for event in events] == list(range(1, made.frames + 1))
    assert {(event.stage, event.total) for event in events} == {("dancing", made.frames)}
    assert f"{tmp_path / name}: {made.frames} frames of 64 x 64 at 2 a second" in made.summary()


def test_the_written_dance_is_the_composed_one(trained: Path, tmp_path: Path) -> None:
    generate(trained, tmp_path / "o", replace(DREAM, seconds=3, temperature=0.7))
    composed = FrameChoreographer.load(trained, choose_device("cpu")).compose(3, temperature=0.7)
    for written, frame in zip(read_frames(tmp_path / "o"), composed, strict=True):
        assert np.array_equal(written, frame)


def test_the_seed_decides_the_dance(trained: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(trained, tmp_path / name, replace(DREAM, seed=seed, seconds=4))
    a, b, c = ([frame.tolist() for frame in read_frames(tmp_path / name)] for name in "abc")
    assert a == b and a != c


def test_a_dance_of_a_clip_is_learned_once(stage: Path, tmp_path: Path, own_cache: Path) -> None:
    events: list[Progress] = []
    first = generate(
        str(stage / "dance.mp4"),
        str(tmp_path / "a.mp4"),
        replace(DREAM, seconds=2),
        progress=events.append,
    )
    assert set(LEARNING) < set(stages(events)) and first.choreographer.is_relative_to(own_cache)
    events.clear()
    again = generate(
        stage / "dance.mp4", tmp_path / "b.gif", replace(DREAM, seconds=2), progress=events.append
    )
    assert not set(LEARNING) & set(stages(events)) and stages(events)[-1] == "dancing"
    assert again.choreographer == first.choreographer
    assert probe(tmp_path / "a.mp4").frames == probe(tmp_path / "b.gif").frames == 2 * FPS


@pytest.mark.parametrize(
    ("how", "output", "said"),
    [
        ({"seconds": 0.0}, "o.mp4", "`seconds` must be above 0, not 0"),
        ({"seconds": -2.0}, "o.mp4", "`seconds` must be above 0, not -2"),
        ({"seconds": float("nan")}, "o.mp4", "`seconds` must be above 0, not nan"),
        ({"temperature": -0.5}, "o.mp4", "`temperature` must be from 0 to 10, not -0.5"),
        ({"temperature": float("nan")}, "o.mp4", "`temperature` must be from 0 to 10, not nan"),
        ({}, "o.xyz", r"\.xyz cannot be written"),
        ({}, "nowhere/o.mp4", "no such folder"),
    ],
)
def test_a_dance_that_cannot_be_is_told_before_anything_is_learned(
    stage: Path, trained: Path, tmp_path: Path, how: dict[str, float], output: str, said: str
) -> None:
    events: list[Progress] = []
    for dance in (stage / "dance.mp4", trained):
        with pytest.raises(InputError, match=said):
            generate(dance, tmp_path / output, replace(DREAM, **how), progress=events.append)
    assert not events and list(tmp_path.iterdir()) == []


def test_the_clip_that_is_learned_is_never_written_over(stage: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.mp4"
    mine.write_bytes((stage / "dance.mp4").read_bytes())
    (tmp_path / "link.mp4").symlink_to(mine)
    for output in (mine, tmp_path / "link.mp4"):
        with pytest.raises(OutputError, match="would replace"):
            generate(mine, output, replace(DREAM, seconds=1))
    assert mine.read_bytes() == (stage / "dance.mp4").read_bytes()


def test_ctrl_c_while_dancing_leaves_no_clip(trained: Path, tmp_path: Path) -> None:
    def stop(event: Progress) -> None:
        if event.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(trained, tmp_path / "o.mp4", replace(DREAM, seconds=3), progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_choreographer_is_told_and_not_trained_over(copied: Path, tmp_path: Path) -> None:
    (copied / "vae.safetensors").unlink()
    before = contents(copied)
    with pytest.raises(InputError, match=r"vae\.safetensors is missing"):
        generate(copied, tmp_path / "o.mp4", DREAM)
    assert contents(copied) == before and not (tmp_path / "o.mp4").exists()


def test_a_clip_is_put_beside_what_comes_back(stage: Path, trained: Path, tmp_path: Path) -> None:
    events: list[Progress] = []
    made = reconstruct(
        trained,
        stage / "dance.mp4",
        tmp_path / "both",
        ReconstructOptions(device="cpu"),
        progress=events.append,
    )
    assert made.frames == 30 and events[-1].done == events[-1].total == 30
    clip = probe(tmp_path / "both")
    assert (clip.frames, clip.fps, clip.size) == (30, FPS, (128, 64))
    choreographer = FrameChoreographer.load(trained, CPU)
    pictures, _, _ = prepare_pictures([stage / "dance.mp4"], choreographer.config.picture)
    errors = []
    for frame, picture in zip(read_frames(tmp_path / "both"), pictures.pictures, strict=True):
        assert np.array_equal(frame[:, :64], np.repeat(picture, 3, axis=2))
        errors.append(np.square(frame[:, 64:] - picture.astype(float)).mean())
    psnr = np.mean(10 * np.log10(255**2 / np.array(errors)))
    assert made.psnr == pytest.approx(psnr, abs=0.01)
    assert f"{made.psnr:.1f} dB" in made.summary() and str(made.walk) in made.summary()
    assert made.walk == tmp_path / "both.walk.png"
    assert Image.open(made.walk).size == (9 * 64, 5 * 64)


@pytest.mark.slow
def test_what_was_learned_longer_comes_back_better(
    stage: Path, trained: Path, tmp_path: Path
) -> None:
    longer = TrainChoreographerOptions(preset="tiny", steps=80, device="cpu")
    train(stage / "dance.mp4", tmp_path / "longer", longer)
    before, after = (
        reconstruct(
            folder, stage / "dance.mp4", tmp_path / "o.mp4", ReconstructOptions(device="cpu")
        ).psnr
        for folder in (trained, tmp_path / "longer")
    )
    assert after > before + 3


def test_a_walk_goes_straight_from_latent_to_latent(trained: Path) -> None:
    choreographer = FrameChoreographer.load(trained, CPU)
    latents = choreographer.learned.means
    sheet = latent_walk(choreographer, latents)
    cells = sheet.reshape(5, 64, 9, 64, 3).swapaxes(1, 2)
    ends = np.linspace(0, len(latents) - 1, 6).astype(int)
    pictures = list(choreographer.codec.decode(latents[ends]))
    for row, (start, end) in zip(cells, pairwise(pictures), strict=True):
        assert np.abs(row[0] - start.astype(int)).max() <= 1
        assert np.abs(row[-1] - end.astype(int)).max() <= 1
    halves = (latents[ends[:-1]] + latents[ends[1:]]) / 2
    for row, half in zip(cells, choreographer.codec.decode(halves), strict=True):
        assert np.abs(row[4] - half.astype(int)).max() <= 1


def test_reconstructing_what_cannot_be_is_told(stage: Path, trained: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.mp4"
    mine.write_bytes((stage / "dance.mp4").read_bytes())
    for folder, clip, output, said in (
        (trained, mine, mine, "would replace"),
        (trained, tmp_path / "nothing.mp4", tmp_path / "o.mp4", "no such file"),
        (tmp_path, mine, tmp_path / "o.mp4", "holds no choreographer"),
        (trained, mine, tmp_path / "o.txt", "cannot be written"),
    ):
        with pytest.raises(InputError, match=said):
            reconstruct(folder, clip, output, ReconstructOptions(device="cpu"))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.mp4"]
    assert mine.read_bytes() == (stage / "dance.mp4").read_bytes()


def test_a_dance_is_measured_against_the_learned_one(trained: Path) -> None:
    events: list[Progress] = []
    scores = evaluate_dance(
        trained, EvaluateDanceOptions(seconds=40, device="cpu"), progress=events.append
    )
    assert scores.seconds == 40
    assert stages(events) == ["dancing", "the learned dance"]
    assert 0.3 < scores.speed_ratio < 3  # the temperature was calibrated for that
    assert 0 <= scores.slowest_ratio <= scores.speed_ratio
    assert 0 <= scores.outside < 0.5
    assert 0 < scores.nearest <= scores.copy_distance
    assert scores.freeze >= 0 and scores.learned_freeze < 15
    same = evaluate_dance(
        FrameChoreographer.load(trained, choose_device("cpu")), EvaluateDanceOptions(seconds=40)
    )
    assert same == scores


def test_a_dance_that_stands_still_is_measured_as_such(trained: Path) -> None:
    still = FrameChoreographer.load(trained, CPU)
    with torch.no_grad():
        for weight in still.network.parameters():
            weight.zero_()
    still.network.carry.fill_(1.0)  # each latent is followed by itself
    scores = evaluate_dance(still, EvaluateDanceOptions(seconds=40, temperature=0.0))
    assert scores.speed_ratio < 0.004 and scores.slowest_ratio == 0  # the codebook settles at first
    assert scores.freeze == pytest.approx(40, abs=1) and scores.learned_freeze < 15
    assert "speed: 0.00 of the learned dance's" in "\n".join(scores.lines())


def test_figures_that_make_no_sense_are_not_measured(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`seconds`"):
        evaluate_dance(trained, EvaluateDanceOptions(seconds=0))
    with pytest.raises(InputError, match="`temperature`"):
        evaluate_dance(trained, EvaluateDanceOptions(temperature=-1))
    with pytest.raises(InputError, match="no choreographer"):
        evaluate_dance(tmp_path)


def test_pictures_keep_the_clips_exact_rate(tmp_path: Path) -> None:
    with open_writer(tmp_path / "ntsc.mp4", fps=Fraction(30000, 1001)) as writer:
        for frame in dancing(8):
            writer.write(frame)
    frames, _, _ = prepare_pictures([tmp_path / "ntsc.mp4"], PictureConfig(height=8, width=8))
    assert frames.fps == Fraction(30000, 1001)
