"""The command line as a user meets it: exit statuses, one-line messages, JSON, the demo."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dancenow.credentials import read_credentials
from dancenow.evaluation import picture_scores
from dancenow.performer import Performer
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.video import open_writer, probe, read_frames


def run(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dancenow", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "sample.mp4"
    done = run("sample", "-o", path, "--seconds", 1.2, "--fps", 10, "--size", 128, "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout.splitlines()[-1])
    assert made["frames"] == 12 and made["times"]["render"] > 0
    assert Path(made["track"]).is_file()
    return path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pose", "nothing.mp4", "-o", "t.npz"], "no such file"),
        (["pose", "text.mp4", "-o", "t.npz"], "not a video"),
        (["pose", "empty.mp4", "-o", "t.npz"], "empty"),
        (["pose", "nobody.mp4", "-o", "t.npz"], "whole body"),
        (["pose", "nobody.mp4", "-o", "missing/t.npz"], "no such folder"),
        (["pose", "nobody.mp4", "-o", "t.txt"], "npz"),
        (["transfer", "nobody.mp4", "text.mp4", "-o", "o.mp4"], "not a video"),
        (["transfer", "nobody.mp4", "nobody.mp4", "-o", "o.xyz"], "cannot be written"),
        (["transfer", "nobody.mp4", "nobody.mp4", "-o", "o.mp4", "--minutes", "0"], "above 0"),
        (["transfer", "nobody.mp4", "nobody.mp4", "-o", "o.mp4", "--preset", "x"], "choose one"),
        (["perform", ".", "nobody.mp4", "-o", "o.mp4"], "no performer"),
        (["sample", "-o", "s.mp4", "--performer", "nobody"], "there are"),
        (["sample", "-o", "s.mp4", "--seconds", "0"], "above 0"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(words: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty.mp4").touch()
    with open_writer(tmp_path / "nobody.mp4", fps=10) as writer:
        for _ in range(10):
            writer.write(np.full((96, 96, 3), 90, np.uint8))
    before = sorted(tmp_path.iterdir())
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    message = done.stderr.strip().splitlines()[-1]
    assert message.startswith("dancenow: ") and said in message
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_verbose_adds_the_traceback(tmp_path: Path) -> None:
    done = run("pose", "nothing.mp4", "-o", "t.npz", "-v", cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" in done.stderr


@pytest.mark.parametrize(
    "command",
    [[], ["demo"], ["sample"], ["pose"], ["train", "performer"], ["perform"], ["transfer"],
     ["evaluate", "clip"]],
)  # fmt: skip
def test_every_command_has_help(command: list[str]) -> None:
    assert run(*command, "--help").returncode == 0


def test_ctrl_c_during_training_keeps_a_checkpoint_that_is_resumed(
    sample: Path, tmp_path: Path
) -> None:
    words = ["train", "performer", str(sample), "-o", str(tmp_path / "p"), "--preset", "tiny"]
    command = [sys.executable, "-m", "dancenow", *words, "--steps", "100000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "learning" in line:
                break
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130 and "goes on from there" in rest
    state = json.loads((tmp_path / "p" / "checkpoint" / "state.json").read_text())
    steps = state["values"]["step"]
    assert steps >= 1
    done = run(*words, "--steps", steps + 2, "--json")
    assert json.loads(done.stdout.splitlines()[-1])["steps"] == steps + 2


def test_the_quick_demo_leaves_everything(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = run("demo", "--quick", "--out", folder, "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout.splitlines()[-1])
    width, height = probe(folder / "result.mp4").size
    assert probe(folder / "transfer.mp4").size == (4 * width, height)
    assert probe(folder / "transfer.mp4").frames == probe(folder / "source.mp4").frames
    assert any((entry / "config.json").is_file() for entry in folder.iterdir())
    page = (folder / "index.html").read_text("utf-8")
    assert all(link.startswith("data:") for link in re.findall(r'(?:src|href)="([^"]*)', page))
    assert page.count("data:video/mp4") == 7 and "dancenow perform" in page
    dance = probe(folder / "new_dance.mp4")
    assert dance.size == probe(folder / "result.mp4").size and dance.has_audio
    assert made["new_dance"]["frames"] == dance.frames
    assert made["new_dance"]["beat_alignment"] is not None
    assert all(made[name]["credentials"] for name in ("performed", "dance", "new_dance"))
    for name in ("result", "transfer", "dance", "new_dance"):
        found = read_credentials(folder / f"{name}.mp4")
        assert found is not None and found.state == "intact" and found.synthetic
    scores = made["scores"]
    assert scores["person"]["psnr"] > 14 and scores["pose"]["missed"] < 0.3
    assert gain_over_the_empty_room(folder) > 1


def gain_over_the_empty_room(folder: Path) -> float:
    """How much nearer the demo's result comes to the truth than the plate alone, in dB."""
    plate = Performer.load(next(folder.glob("performer-*"))).scene.plate
    boxes = body_extent(PoseTrack.load(folder / "truth.pose.npz")).round().astype(int)
    gains = []
    clips = (read_frames(folder / name) for name in ("result.mp4", "truth.mp4"))
    for made, truth, (left, top, right, bottom) in zip(*clips, boxes, strict=True):
        box = np.s_[max(top, 0) : bottom, max(left, 0) : right]
        a, b = (picture_scores(picture[box], truth[box]).psnr for picture in (made, plate))
        gains.append(a - b)
    return float(np.mean(gains))
