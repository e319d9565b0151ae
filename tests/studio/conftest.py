"""A browser, and a studio in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM, Studio


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    data = tmp_path_factory.mktemp("studio")
    env = {**os.environ, "DANCENOW_CACHE": str(tmp_path_factory.mktemp("studio-cache"))}
    command = [sys.executable, str(Path(__file__).with_name("serving.py")), str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the studio did not start"
        yield Studio(json.loads(line)["address"], data)
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert not (data / "passing").exists()  # temporary files are gone


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as running:
        flags = ["--use-fake-device-for-media-stream"]
        flags += ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses root otherwise
        opened = running.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()
