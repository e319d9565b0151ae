"""How a motion is shown, from the command line: camera, background, proportions, and live."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow import consent
from dancenow.performer.edn.config import EDN_PRESETS
from dancenow.performer.edn.networks import make_generator
from dancenow.performer.edn.performer import EDNPerformer, FrameScene
from dancenow.pose.estimators import Detection
from dancenow.pose.face_region import face_side
from dancenow.pose.normalize import pose_statistics
from dancenow.pose.retarget import body_shape
from dancenow.sample import dance_track
from dancenow.video import open_writer, probe, read_frames
from untrained import CPU, plated, untrained

Frame = NDArray[np.uint8]
Command = Callable[..., tuple[int, str, str]]

SIZE = (160, 144)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Performers of both kinds, a motion, and a clip for the camera's place."""
    path = tmp_path_factory.mktemp("show")
    own = dance_track("zola", "house", seconds=1, size=SIZE, fps=6)
    untrained(own, plated(own, np.full((*SIZE[::-1], 3), 90, np.uint8))).save(path / "zola")
    config = EDN_PRESETS["edn-tiny"]
    coarse, _ = make_generator(config.networks)
    side = face_side(config.canvas(SIZE))
    scene = FrameScene(SIZE, own.fps, pose_statistics(own), side, body_shape(own))
    EDNPerformer(config, scene, coarse, None, CPU).save(path / "edn")
    for name in ("zola", "edn"):
        consent.record(path / name, consent.OF_SAMPLES)
    dance_track("mika", "groove", seconds=0.5, size=128, fps=8).save(path / "mika.npz")
    with open_writer(path / "camera.mp4", fps=25) as writer:
        for _ in range(75):
            writer.write(np.full((128, 128, 3), 60, np.uint8))
    return path


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody dances before the camera."""
    see(monkeypatch, [Detection([pose]) for pose in dance_track(
        "mika", "groove", seconds=3, size=128, fps=25).keypoints])  # fmt: skip


def see(monkeypatch: pytest.MonkeyPatch, detections: list[Detection]) -> None:
    class Estimator:
        def stream(self, frames: Iterable[Frame]) -> Iterator[Detection]:
            return (seen for _, seen in zip(frames, detections, strict=False))

    monkeypatch.setattr("dancenow.workflows.live.make_estimator", lambda *_, **__: Estimator())


def told(err: str) -> str:
    """The one line of ours."""
    lines = [line for line in err.splitlines() if line.startswith("dancenow: ")]
    assert len(lines) == 1 and err.splitlines()[-1] == lines[0] and "Traceback" not in err
    return lines[0]


# --- Shown in other ways -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["--camera", "still", "--retarget", "limbs"],
        ["--camera", "source", "--background", "white"],
        ["--no-normalize", "--background", "#20c060"],
    ],
)
def test_a_motion_is_shown_as_asked_for(
    dancenow: Command, folder: Path, tmp_path: Path, words: list[str]
) -> None:
    out = tmp_path / "o.mp4"
    status, said, err = dancenow(
        "perform", folder / "zola", folder / "mika.npz", "-o", out, "--device", "cpu", "--json",
        *words,
    )  # fmt: skip
    assert status == 0, err
    made = json.loads(said.splitlines()[-1])
    assert made["frames"] == probe(out).frames == 4 and made["size"] == list(SIZE)
    corner = next(iter(read_frames(out)))[:8, :8].reshape(-1, 3).mean(axis=0)
    expected = {"white": (255, 255, 255), "#20c060": (32, 192, 96)}.get(words[-1], (90, 90, 90))
    assert np.abs(corner - expected).max() < 6


def test_a_transparent_dance_keeps_its_coverage(
    dancenow: Command, folder: Path, tmp_path: Path
) -> None:
    from PIL import Image

    words = ["perform", folder / "zola", folder / "mika.npz", "--background", "transparent"]
    status, _, err = dancenow(*words, "-o", tmp_path / "frames", "--device", "cpu")
    assert status == 0, err
    pictures = sorted((tmp_path / "frames").glob("*.png"))
    assert len(pictures) == 4
    with Image.open(pictures[0]) as picture:
        assert picture.mode == "RGBA"
        cover = np.asarray(picture)[..., 3]
    assert cover[:4].max() == 0 and (cover > 128).mean() > 0.01
    status, _, err = dancenow(*words, "-o", tmp_path / "o.mp4", "--device", "cpu")
    assert status == 2 and "cannot be transparent" in told(err)


@pytest.mark.parametrize(
    ("performer", "words", "said"),
    [
        ("zola", ["--camera", "target"], "--camera target: the performer's camera stood still"),
        ("edn", ["--camera", "target"], "--camera target: "),
        ("zola", ["--background", "source"], "holds poses without a picture"),
        ("zola", ["--background", "nowhere.png"], "or a file that exists"),
        ("edn", ["--background", "white"], "paint whole frames; train one with --preset fast"),
        ("zola", ["--retarget", "limbs", "--no-normalize"], "needs normalisation"),
    ],
)
def test_what_cannot_be_shown_is_one_line_and_status_2(
    dancenow: Command, folder: Path, tmp_path: Path, performer: str, words: list[str], said: str
) -> None:
    status, out, err = dancenow(
        "perform", folder / performer, folder / "mika.npz", "-o", tmp_path / "o.mp4",
        "--device", "cpu", *words,
    )  # fmt: skip
    assert (status, out) == (2, "") and said in told(err)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [["--camera", "crane"], ["--retarget", "arms"]])
def test_choices_that_do_not_exist_are_status_2(
    dancenow: Command, folder: Path, tmp_path: Path, words: list[str]
) -> None:
    who, what = folder / "zola", folder / "mika.npz"
    for command in (["perform", who, what], ["transfer", what, who]):
        status, out, err = dancenow(*command, "-o", tmp_path / "o.mp4", *words)
        assert (status, out) == (2, "") and words[0] in err and "Traceback" not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "SOURCE, the motion to dance, is missing; or add --webcam"),
        (["-o", "o.mp4"], "SOURCE, the motion to dance, is missing"),
        (["mika.npz"], "-o OUTPUT is missing; or add --webcam"),
    ],
)
def test_a_source_and_an_output_are_needed_without_a_camera(
    dancenow: Command, folder: Path, words: list[str], said: str
) -> None:
    status, out, err = dancenow("perform", folder / "zola", *words)
    assert (status, out) == (2, "") and said in told(err)


# --- Live ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("somebody")
def test_a_clip_in_the_cameras_place_is_performed_live(
    dancenow: Command, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "o.mp4"
    words = ["perform", folder / "zola", folder / "camera.mp4", "--webcam", "-o", out]
    status, said, err = dancenow(*words, "--device", "cpu", "--json")
    assert status == 0, err
    made = json.loads(said.splitlines()[-1])
    assert made["frames"] > 0 and made["output"] == str(out)
    assert 0 < made["latency"] <= made["latency_95"] and made["seconds"] > 0
    assert probe(out).size == SIZE and probe(out).frames == len(list(read_frames(out))) > 0


def test_where_nobody_is_before_the_camera_no_clip_is_left(
    dancenow: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    see(monkeypatch, [Detection([])] * 5)
    words = ["perform", folder / "zola", folder / "camera.mp4", "--webcam"]
    status, out, err = dancenow(*words, "-o", tmp_path / "o.mp4", "--device", "cpu")
    assert (status, out) == (2, "") and "nobody was seen" in told(err)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize(
    ("performer", "source", "said"),
    [
        ("zola", ["97"], "--webcam: there is no camera 97; set SOURCE to another number"),
        ("edn", ["camera.mp4"], "live performing needs a performer of the preset fast"),
        ("zola", ["nothing.mp4"], "no such file"),
        (".", ["camera.mp4"], "holds no performer"),
    ],
)
def test_a_wrong_camera_or_performer_is_one_line_and_status_2(
    dancenow: Command,
    folder: Path,
    tmp_path: Path,
    performer: str,
    source: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    words = ["perform", performer, *source, "--webcam", "-o", tmp_path / "o.mp4"]
    status, out, err = dancenow(*words, "--device", "cpu")
    assert (status, out) == (2, "") and said in told(err)
    assert not list(tmp_path.iterdir())


# --- Told before long work -----------------------------------------------------------------------


def test_who_was_learned_without_poses_is_told_before_the_source_is_read(
    dancenow: Command, folder: Path, tmp_path: Path
) -> None:
    performer = tmp_path / "edn"
    shutil.copytree(folder / "edn", performer)
    document = json.loads((performer / "config.json").read_text())
    document["scene"]["statistics"] = None
    (performer / "config.json").write_text(json.dumps(document))
    words = ["perform", performer, folder / "camera.mp4", "-o", tmp_path / "o.mp4"]
    status, _, err = dancenow(*words, "--device", "cpu")
    assert status == 2 and "--no-normalize" in told(err)


def test_poses_that_are_not_there_are_told(dancenow: Command, folder: Path, tmp_path: Path) -> None:
    words = ["train", "performer", folder / "camera.mp4", "-o", tmp_path / "p"]
    status, _, err = dancenow(*words, "--poses", tmp_path / "none.npz", "--device", "cpu")
    assert status == 2 and "none.npz: no such file" in told(err)
    assert not (tmp_path / "p").exists()


def test_a_quality_that_is_not_known_is_told_before_anything_is_made(
    dancenow: Command, folder: Path, tmp_path: Path
) -> None:
    words = ["train", "choreographer", folder / "camera.mp4", "-o", tmp_path / "c"]
    for codec in ("frame", "pose"):
        status, _, err = dancenow(*words, "--codec", codec, "--preset", "tiny", "--quality", "good")
        assert status == 2 and "--quality" in told(err)
        assert not (tmp_path / "c").exists()
