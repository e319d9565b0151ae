"""The choreographer on the command line: statuses, one-line messages, JSON."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dancenow.video import open_writer, probe

Command = Callable[..., tuple[int, str, str]]
FEW = ["--preset", "tiny", "--steps", 5, "--device", "cpu"]


def made(answer: tuple[int, str, str]) -> dict[str, object]:
    """The JSON object on the last line of standard output, by the letter of RFC 8259."""
    status, out, err = answer
    assert status == 0, err

    def no_number(name: str) -> None:
        raise AssertionError(f"{name} is not JSON: {out}")

    document = json.loads(out.splitlines()[-1], parse_constant=no_number)
    assert isinstance(document, dict)
    return document


def write_clip(path: Path, fps: int) -> Path:
    """A block that swings before black."""
    with open_writer(path, fps=fps) as writer:
        for number in range(30):
            frame = np.zeros((32, 40, 3), np.uint8)
            left = 4 + round(10 * np.sin(0.7 * number) + 10)
            frame[6:26, left : left + 10] = 210
            writer.write(frame)
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("cli") / "dance.mp4", fps=2)


def test_a_dance_is_learned_danced_shown_and_measured(
    dancenow: Command, clip: Path, tmp_path: Path
) -> None:
    folder, video = tmp_path / "dance", tmp_path / "new.mp4"
    trained = made(dancenow("train", "choreographer", clip, "-o", folder, *FEW, "--json"))
    assert trained["folder"] == str(folder) and trained["pictures"] == 30
    assert (trained["codec_steps"], trained["steps"]) == (3, 2)
    assert (trained["background"], trained["stride"]) == ("threshold", 1)
    times = trained["times"]
    assert isinstance(times, dict)
    assert list(times) == ["prepare", "codec", "encode", "sequence", "calibrate"]

    danced = made(dancenow("generate", folder, "-o", video, "--seconds", 3.4, "--json"))
    assert danced["frames"] == probe(video).frames == 7
    assert danced["output"] == str(video) and danced["choreographer"] == str(folder)
    assert danced["fps"] == 2 and danced["size"] == [64, 64]

    shown = made(dancenow("reconstruct", folder, clip, "-o", tmp_path / "both.mp4", "--json"))
    assert shown["frames"] == 30 and isinstance(shown["psnr"], float)
    assert Path(str(shown["walk"])).is_file() and probe(tmp_path / "both.mp4").size == (128, 64)

    figures = made(dancenow("evaluate", "dance", folder, "--seconds", 20, "--json"))
    assert figures["seconds"] == 20 and isinstance(figures["copy_distance"], float)
    status, out, _ = dancenow("evaluate", "dance", folder, "--seconds", 20)
    assert status == 0 and "of the learned dance's" in out and len(out.splitlines()) == 6
    assert "grey on and around the figure" in out and "figure in pieces" in out
    names = ("grey", "learned_grey", "grey_ratio", "pieces", "learned_pieces")
    assert all(isinstance(figures[name], float) for name in names)


def test_figures_that_could_not_be_measured_are_null_in_json(
    dancenow: Command, tmp_path: Path
) -> None:
    """A dance shorter than a second has no window to compare with the learned ones."""
    clip = write_clip(tmp_path / "fast.mp4", fps=5)
    dancenow("train", "choreographer", clip, "-o", tmp_path / "c", *FEW)
    figures = made(dancenow("evaluate", "dance", tmp_path / "c", "--seconds", 0.6, "--json"))
    assert figures["seconds"] == 0.6
    assert figures["copy_distance"] is None and figures["nearest"] is None


def test_a_clip_is_danced_at_once_and_learned_once(
    dancenow: Command, clip: Path, tmp_path: Path
) -> None:
    words = ["generate", clip, "-o", tmp_path / "o.gif", "--seconds", 2, *FEW, "--seed", 3]
    status, out, err = dancenow(*words)
    assert status == 0 and len(out.splitlines()) == 1 and str(tmp_path / "o.gif") in out
    assert "learning the pictures" in err and "learning the dance" in err
    status, _, err = dancenow(*words)
    assert status == 0 and "learning" not in err and "dancing" in err
    assert probe(tmp_path / "o.gif").frames == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "choreographer", "CLIP", "-o", "c", "--codec", "text"], "--codec text"),
        (
            ["train", "choreographer", "CLIP", "-o", "c", "--codec", "pose", "--stride", "4"],
            "--stride: belongs to --codec frame",
        ),
        (["train", "choreographer", "CLIP", "-o", "c", "--preset", "nice"], "--preset nice"),
        (["train", "choreographer", "CLIP", "-o", "c", "--minutes", "0"], "--minutes must be"),
        (["train", "choreographer", "CLIP", "-o", "c", "--steps", "0"], "--steps must be"),
        (["train", "choreographer", "CLIP", "-o", "c", "--stride", "0"], "--stride must be"),
        (["train", "choreographer", "CLIP", "-o", "c", "--background", "sky"], "--background sky"),
        (["train", "choreographer", "CLIP", "-o", "c", "--crop", "tight"], "--crop tight"),
        (["train", "choreographer", "CLIP", "-o", "full"], "holds other files"),
        (["train", "choreographer", "nothing.mp4", "-o", "c"], "no such file"),
        (["train", "choreographer", "full", "-o", "c"], "without pictures"),
        (["train", "choreographer", "CLIP", "full/a.txt", "-o", "c"], "not a video"),
        (["generate", "CLIP", "-o", "o.mp4", "--seconds", "0"], "--seconds must be"),
        (["generate", "CLIP", "-o", "o.mp4", "--seconds", "nan"], "--seconds must be"),
        (["generate", "CLIP", "-o", "o.mp4", "--temperature", "-1"], "--temperature must be"),
        (["generate", "CLIP", "-o", "o.mp4", "--codec", "text"], "--codec text"),
        (["generate", "CLIP", "-o", "o.mp4", "--bars", "4"], "add --music"),
        (["generate", "CLIP", "-o", "o.mp4", "--music", "none.mp3"], "none.mp3: no such file"),
        (["generate", "nothing.mp4", "-o", "o.mp4"], "no such file"),
        (["generate", "CLIP", "-o", "o.exe"], "cannot be written"),
        (["generate", "CLIP", "-o", "none/o.mp4"], "no such folder"),
        (["reconstruct", "full", "CLIP", "-o", "o.mp4"], "holds no choreographer"),
        (["evaluate", "dance", "full"], "holds no choreographer"),
        (["evaluate", "dance", "full", "--seconds", "0"], "--seconds must be"),
    ],
)
def test_wrong_input_is_one_line_and_status_2_and_leaves_nothing(
    dancenow: Command,
    monkeypatch: pytest.MonkeyPatch,
    clip: Path,
    tmp_path: Path,
    words: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    status, out, err = dancenow(*(str(clip) if word == "CLIP" else word for word in words))
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1 and err.startswith("dancenow: ") and said in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "words",
    [
        ["train", "choreographer", "a.mp4"],
        ["train", "choreographer", "-o", "c"],
        ["generate", "a.mp4"],
        ["generate", "a.mp4", "-o", "o.mp4", "--seconds", "long"],
        ["generate", "a.mp4", "-o", "o.mp4", "--seed", "-1"],
        ["reconstruct", "c", "-o", "o.mp4"],
        ["evaluate", "dance"],
    ],
)
def test_a_wrong_use_is_status_2_on_standard_error(dancenow: Command, words: list[str]) -> None:
    status, out, err = dancenow(*words)
    assert (status, out) == (2, "") and err and "Traceback" not in err


def test_a_training_that_fails_is_status_1(
    dancenow: Command, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    nan = torch.tensor(float("nan"), requires_grad=True)
    monkeypatch.setattr(
        "dancenow.choreographer.dancenet.sequence_training.negative_log_likelihood", lambda *_: nan
    )
    status, out, err = dancenow("train", "choreographer", clip, "-o", tmp_path / "c", *FEW)
    assert (status, out) == (1, "")
    assert err.splitlines()[-1].startswith("dancenow: the loss is nan at step 0")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "command",
    [["train", "choreographer"], ["generate"], ["reconstruct"], ["evaluate", "dance"]],
)
def test_help_tells_the_options(
    dancenow: Command, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    status, page, _ = dancenow(*command, "--help")
    assert status == 0
    words = ["--device", "--json", "--verbose"]
    if command != ["reconstruct"]:
        words.append("--seed")
    if command != ["evaluate", "dance"]:
        words.append("--output")
    if command in (["train", "choreographer"], ["generate"]):
        words += ["--codec", "--preset", "--minutes", "--steps", "--background", "--stride"]
        words += ["--crop", "--colour"]
    if command in (["generate"], ["evaluate", "dance"]):
        words += ["--seconds", "--temperature"]
    assert [word for word in words if word not in page] == []


@pytest.mark.slow
def test_ctrl_c_during_training_is_130_and_the_same_command_resumes(
    clip: Path, tmp_path: Path
) -> None:
    words = ["train", "choreographer", clip, "-o", tmp_path / "c", "--preset", "tiny"]
    command = [sys.executable, "-m", "dancenow", *map(str, words), "--device", "cpu"]
    long = [*command, "--steps", "100000"]
    with subprocess.Popen(long, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "learning" in line:
                break
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130 and "resumes it" in rest and "Traceback" not in rest
    state = json.loads((tmp_path / "c" / "checkpoint" / "codec" / "state.json").read_text())
    steps = state["values"]["step"]
    assert steps >= 1
    more = [*command, "--steps", str(2 * steps + 2), "--json"]
    done = subprocess.run(more, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    trained = json.loads(done.stdout.splitlines()[-1])
    assert trained["codec_steps"] == round(0.6 * (2 * steps + 2)) > steps
