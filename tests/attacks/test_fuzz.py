"""A short round of spoiled files; `make fuzz` reads a thousand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fixture_types import MadeOnce

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks a process for each file")
FUZZ = Path(__file__).with_name("fuzz.py")
COUNT = 36  # about two minutes on two cores


@pytest.fixture(scope="session")
def good(made_once: MadeOnce) -> Path:
    """A good file of every kind."""

    def make(folder: Path) -> None:
        subprocess.run([sys.executable, str(FUZZ), "--prepare", str(folder)], check=True)

    return made_once("attacked", make)


def test_spoiled_files_are_taken_or_refused_in_one_line(good: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(FUZZ), "--good", str(good), "--seed", "2026"]
    command += ["--count", str(COUNT), "--keep", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_what_is_ended_in_its_midst_goes_on(good: Path) -> None:
    killing = str(FUZZ.with_name("killing.py"))
    command = [sys.executable, killing, "--good", str(good), "--seed", "2026"]
    command += ["--kills", "5", "--asked", "2", "--full", "1"]
    command += ["--only", "train on,perform,generate"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
