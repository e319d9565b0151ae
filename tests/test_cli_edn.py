"""The paper's presets from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fixture_types import Command, SampleClip


@pytest.fixture
def folder(sample_clip: SampleClip) -> Path:
    """A folder with a short sample clip, `bo.mp4`, and its true poses."""
    return sample_clip(size=64, fps=8).parent


@pytest.mark.slow
def test_two_devices_train_one_performer_and_speak_once(
    dancenow: Command, folder: Path, tmp_path: Path
) -> None:
    words = [
        "train", "performer", folder / "bo.mp4", "--poses", folder / "bo.pose.npz",
        "-o", tmp_path / "p", "--preset", "edn-tiny", "--device", "cpu", "--json",
    ]  # fmt: skip
    command = [sys.executable, "-m", "dancenow", *map(str, words)]
    done = subprocess.run(
        [*command, "--steps", "3", "--devices", "2"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert sum('"steps": 3' in line for line in lines) == 1
    assert json.loads(lines[-1])["preset"] == "edn-tiny"
    # What two began, one goes on with.
    status, out, err = dancenow(*words, "--steps", 4)
    assert status == 0, err
    assert json.loads(out.splitlines()[-1])["steps"] == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--preset", "edn-tiny", "--size", "63"], "--size 63: must be a multiple of 8 pixels"),
        (["--preset", "edn-512", "--vgg-weights", "none.safetensors"], "no such file"),
        (["--preset", "edn-512"], "--vgg-weights FILE, or train without with --no-perceptual"),
        (["--preset", "fast", "--per-frame"], "--per-frame: --preset fast does not have it"),
        (["--preset", "edn-tiny", "--hold-out", "1"], "--hold-out 1: must be"),
        (["--preset", "edn-tiny", "--batch", "0"], "--batch 0: must be at least 1"),
        (["--preset", "edn-tiny", "--nodes", "2"], "MASTER_ADDR"),
        (["--preset", "edn-tiny", "--history", "-1"], "--history -1: must be at least 0"),
        (["--preset", "edn-tiny", "--devices", "0"], "must be at least 1"),
        (["--preset", "edn-2048"], "unknown; choose one of fast, tiny, edn-512"),
        (["--preset", "edn-tiny", "--poses", "bo.mp4"], "neither a track"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    dancenow: Command, monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path,
    words: list[str], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    command = ["train", "performer", "bo.mp4", "-o", tmp_path / "p", "--steps", 1]
    status, out, err = dancenow(*command, "--device", "cpu", *words)
    assert (status, out) == (2, "") and "Traceback" not in err
    lines = [line for line in err.splitlines() if line.startswith("dancenow: ")]
    assert len(lines) == 1 and said in lines[0]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ablation render, learn and measure a second and a half."""
    for name, value in (("_SECONDS", 1.0), ("_TEST_SECONDS", 0.5), ("_FPS", 12.0)):
        monkeypatch.setattr(f"dancenow.workflows.ablation.{name}", value)


@pytest.mark.slow
@pytest.mark.usefixtures("little")
def test_the_ablation_leaves_a_table_and_a_sheet(dancenow: Command, tmp_path: Path) -> None:
    report = tmp_path / "report"
    words = ["evaluate", "ablation", "-o", report, "--steps", 2, "--device", "cpu", "--json"]
    status, out, err = dancenow(*words)
    assert status == 0, err
    made = json.loads(out.splitlines()[-1])
    assert [row["name"] for row in made["rows"]] == [
        "frame by frame", "+ temporal smoothing", "+ face GAN",
    ]  # fmt: skip
    assert [row["scores"]["scores"]["frames"] for row in made["rows"]] == [6, 6, 6]
    page = (report / "index.html").read_text("utf-8")
    assert "data:image/png" in page and "frame by frame" in page
    assert (report / "sheet.png").stat().st_size > 10_000


def test_the_ablation_is_of_the_papers_presets(dancenow: Command, tmp_path: Path) -> None:
    status, _, err = dancenow("evaluate", "ablation", "-o", tmp_path / "report", "--preset", "fast")
    assert status == 2 and "choose one of the paper's" in err
    assert not (tmp_path / "report").exists()
