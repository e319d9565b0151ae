"""The command line as a user meets it: exit statuses, one-line messages, JSON, the demo."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dancenow.credentials import read_credentials
from dancenow.evaluation import picture_scores
from dancenow.performer import Performer
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.sample.shipped import PX
from dancenow.video import open_writer, probe, read_frames
from fixture_types import Command, Known, SampleClip


def process(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, in a process of its own."""
    command = [sys.executable, "-m", "dancenow", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_a_sample_is_left_with_its_track(dancenow: Command, tmp_path: Path) -> None:
    path = tmp_path / "sample.mp4"
    words = ["sample", "-o", path, "--seconds", 0.6, "--fps", 10, "--size", 64, "--json"]
    status, out, err = dancenow(*words)
    assert status == 0, err
    made = json.loads(out.splitlines()[-1])
    assert made["frames"] == probe(path).frames == 6 and made["times"]["render"] > 0
    assert Path(made["track"]).is_file()


def test_an_output_may_be_the_folder_where_one_is(
    dancenow: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    words = ["sample", "-o", ".", "--seconds", 0.2, "--fps", 10, "--size", 64]
    assert dancenow(*words)[0] == 0
    assert probe(tmp_path / "here").frames == 2 and (tmp_path / "here.pose.npz").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pose", "nothing.mp4", "-o", "t.npz"], "no such file"),
        (["pose", "text.mp4", "-o", "t.npz"], "not a video"),
        (["pose", "empty.mp4", "-o", "t.npz"], "is empty"),
        (["pose", "nobody.mp4", "-o", "t.npz"], "whole body"),
        (["pose", "nobody.mp4", "-o", "missing/t.npz"], "no such folder"),
        (["pose", "nobody.mp4", "-o", "t.txt"], "ends in .npz"),
        (["transfer", "nobody.mp4", "text.mp4", "-o", "o.mp4"], "not a video"),
        (["transfer", "nobody.mp4", "nobody.mp4", "-o", "o.xyz"], "cannot be written"),
        (["transfer", "nobody.mp4", "nobody.mp4", "-o", "o.mp4", "--minutes", "-1"], "above 0"),
        (["transfer", "nobody.mp4", "nobody.mp4", "-o", "o.mp4", "--preset", "x"], "choose one"),
        (["perform", ".", "nobody.mp4", "-o", "o.mp4"], "no performer"),
        (["sample", "-o", "s.mp4", "--performer", "nobody"], "choose one of"),
        (["sample", "-o", "s.mp4", "--seconds", "0"], "above 0"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(
    dancenow: Command, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty.mp4").touch()
    with open_writer(tmp_path / "nobody.mp4", fps=10) as writer:
        for _ in range(10):
            writer.write(np.full((96, 96, 3), 90, np.uint8))
    before = sorted(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    status, out, err = dancenow(*words)
    assert (status, out) == (2, "")
    message = err.strip().splitlines()[-1]
    assert message.startswith("dancenow: ") and said in message
    assert "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before


def test_a_process_ends_with_the_status_and_the_message_of_its_command(tmp_path: Path) -> None:
    done = process("pose", "nothing.mp4", "-o", "t.npz", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1 and "nothing.mp4: no such file" in done.stderr


def interrupted(number: signal.Signals, *words: object) -> tuple[int, str]:
    """Run a command until it tells of progress, send a signal: exit status, what it said then."""
    command = [sys.executable, "-m", "dancenow", *map(str, words)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if " of " in line:
                break
        running.send_signal(number)
        rest = running.stderr.read()
    return running.returncode, rest


@pytest.mark.slow
def test_whatever_is_damaged_in_the_cache_is_made_anew_and_told_with_v(
    sample_clip: SampleClip, own_cache: Path, tmp_path: Path
) -> None:
    words = ["pose", sample_clip(), "-o", tmp_path / "t.npz"]
    assert process(*words).returncode == 0
    first = PoseTrack.load(tmp_path / "t.npz").keypoints
    held = [path for path in own_cache.glob("*/*") if path.suffix != ".of"]
    files = [file for path in held for file in ([path] if path.is_file() else path.iterdir())]
    assert len(files) >= 3
    for number, file in enumerate(files):
        file.write_bytes((b"", b"[" * 9000, file.read_bytes()[:-9])[number % 3])
    done = process(*words, "-v")
    assert done.returncode == 0 and "was damaged" in done.stderr, done.stderr
    np.testing.assert_array_equal(PoseTrack.load(tmp_path / "t.npz").keypoints, first)


def test_a_process_that_is_terminated_leaves_nothing_unfinished(tmp_path: Path) -> None:
    words = ["sample", "-o", tmp_path / "sample.mp4", "--seconds", 1000, "--size", 64]
    status, rest = interrupted(signal.SIGTERM, *words)
    assert status == 128 + signal.SIGTERM and rest.startswith("dancenow: stopped")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_during_training_keeps_a_checkpoint_that_is_resumed(
    dancenow: Command, sample_clip: SampleClip, known: Known, tmp_path: Path
) -> None:
    clip, folder = sample_clip(), tmp_path / "p"
    known(clip)  # the first progress is then of learning
    words = ["train", "performer", clip, "-o", folder, "--preset", "tiny", "--device", "cpu"]
    status, rest = interrupted(signal.SIGINT, *words, "--steps", 100_000)
    assert status == 130 and "the same command resumes it" in rest and "Traceback" not in rest
    state = json.loads((folder / "checkpoint" / "state.json").read_text())
    steps = state["values"]["step"]
    assert steps >= 1
    status, out, err = dancenow(*words, "--steps", steps + 2, "--json")
    assert status == 0, err
    assert json.loads(out.splitlines()[-1])["steps"] == steps + 2


@pytest.mark.slow
def test_the_quick_demo_leaves_everything(dancenow: Command, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    status, out, err = dancenow("demo", "--quick", "--out", folder, "--json")
    assert status == 0, err
    made = json.loads(out.splitlines()[-1])
    width, height = probe(folder / "result.mp4").size
    assert probe(folder / "transfer.mp4").size == (4 * width, height)
    assert probe(folder / "transfer.mp4").frames == probe(folder / "source.mp4").frames
    assert any((entry / "config.json").is_file() for entry in folder.iterdir())
    page = (folder / "index.html").read_text("utf-8")
    assert all(link.startswith("data:") for link in re.findall(r'(?:src|href)="([^"]*)', page))
    assert page.count("data:video/mp4") == 8 and "dancenow perform" in page
    dance = probe(folder / "new_dance.mp4")
    assert dance.size == probe(folder / "result.mp4").size and dance.has_audio
    assert made["new_dance"]["frames"] == dance.frames
    assert made["new_dance"]["beat_alignment"] is not None
    assert all(made[name]["credentials"] for name in ("first", "performed", "dance", "new_dance"))
    first = probe(folder / "first.mp4")
    assert (first.size, first.frames) == ((PX, PX), probe(folder / "source.mp4").frames)
    assert f"the first dance is in {folder / 'first.mp4'}" in err
    for name in ("first", "result", "transfer", "dance", "new_dance"):
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
