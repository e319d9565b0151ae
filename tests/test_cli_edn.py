"""The paper's presets from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short sample clip and its true poses."""
    path = tmp_path_factory.mktemp("cli_edn")
    done = run("sample", "-o", "s.mp4", "--seconds", 1, "--size", 64, "--fps", 8, cwd=path)
    assert done.returncode == 0, done.stderr
    return path


def run(*words: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dancenow", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def train(folder: Path, out: Path, *words: object, **environment: str) -> str:
    done = run(
        "train", "performer", "s.mp4", "-o", out, "--preset", "edn-tiny", "--poses", "s.pose.npz",
        "--device", "cpu", *words, cwd=folder, **environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_devices_train_one_performer_and_speak_once(folder: Path, tmp_path: Path) -> None:
    words = ["--steps", 3, "--devices", 2, "--json"]
    lines = train(folder, tmp_path / "p", *words).splitlines()
    assert sum('"steps": 3' in line for line in lines) == 1
    assert json.loads(lines[-1])["preset"] == "edn-tiny"
    # What two began, one goes on with.
    assert json.loads(train(folder, tmp_path / "p", "--steps", 4, "--json"))["steps"] == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--preset", "edn-tiny", "--size", "63"], "--size 63: must be a multiple of 8 px"),
        (["--preset", "edn-512", "--vgg-weights", "none.safetensors"], "no such file"),
        (["--preset", "edn-512"], "--vgg-weights FILE, or train without with --no-perceptual"),
        (["--preset", "fast", "--per-frame"], "--per-frame: --preset fast does not have it"),
        (["--preset", "edn-tiny", "--hold-out", "1"], "--hold-out 1: must be"),
        (["--preset", "edn-tiny", "--batch", "0"], "--batch 0: must be at least 1"),
        (["--preset", "edn-tiny", "--nodes", "2"], "MASTER_ADDR"),
        (["--preset", "edn-tiny", "--history", "-1"], "--history -1: must be at least 0"),
        (["--preset", "edn-tiny", "--devices", "0"], "must be at least 1"),
        (["--preset", "edn-2048"], "unknown; choose one of fast, tiny, edn-512"),
        (["--preset", "edn-tiny", "--poses", "s.mp4"], "neither a track"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    folder: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    command = ["train", "performer", "s.mp4", "-o", tmp_path / "p", "--steps", 1, "--device", "cpu"]
    done = run(*command, *words, cwd=folder, HF_HUB_OFFLINE="1")
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith("dancenow: ")]
    assert len(lines) == 1 and said in lines[0]
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "p").glob("*")) if (tmp_path / "p").exists() else True


def test_the_ablation_leaves_a_table_and_a_sheet(tmp_path: Path) -> None:
    done = run(
        "evaluate", "ablation", "-o", "report", "--steps", 2, "--device", "cpu", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout.splitlines()[-1])
    assert [row["name"] for row in made["rows"]] == [
        "frame by frame", "+ temporal smoothing", "+ face GAN",
    ]  # fmt: skip
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "data:image/png" in page and "frame by frame" in page
    assert (tmp_path / "report" / "sheet.png").stat().st_size > 10_000


def test_the_ablation_is_of_the_papers_presets(tmp_path: Path) -> None:
    done = run("evaluate", "ablation", "-o", "report", "--preset", "fast", cwd=tmp_path)
    assert done.returncode == 2 and "not one of the paper's" in done.stderr
    assert not (tmp_path / "report").exists()
