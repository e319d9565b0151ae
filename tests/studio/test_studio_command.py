"""`dancenow studio`: what it refuses, what it says, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from dancenow.errors import InputError
from dancenow.studio.config import Limits, StudioConfig, is_loopback, read_account

Command = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "studio.example"])
def test_other_addresses_need_a_password(dancenow: Command, tmp_path: Path, host: str) -> None:
    status, _, output = dancenow("studio", "--host", host, "--data", tmp_path, "--no-open")
    assert status == 2
    assert output.count("\n") == 1
    assert "add --auth USER:PASSWORD" in output


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"])
def test_this_computers_own_addresses_need_none(host: str, tmp_path: Path) -> None:
    assert is_loopback(host)
    StudioConfig(tmp_path, host=host).check()
    StudioConfig(tmp_path, host="0.0.0.0", accounts=(("anna", "secret"),)).check()


@pytest.mark.parametrize("text", ["anna", "anna:", ":secret", ""])
def test_an_account_has_a_name_and_a_password(dancenow: Command, tmp_path: Path, text: str) -> None:
    status, _, output = dancenow("studio", "--auth", text, "--data", tmp_path)
    assert (status, output.count("\n")) == (2, 1)
    assert read_account("anna:a:b") == ("anna", "a:b")


def test_a_port_that_is_taken_is_told_in_one_line(dancenow: Command, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="needs dancenow[studio]")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, _, output = dancenow("studio", "--port", port, "--data", tmp_path, "--no-open")
    assert (status, output.count("\n")) == (2, 1)
    assert f"--port {port}: another program uses it" in output


def test_without_its_packages_the_extra_is_named(
    dancenow: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dancenow.studio.app.find_spec", lambda _: None)
    status, _, output = dancenow("studio", "--data", tmp_path)
    assert (status, output) == (
        2,
        "dancenow: the studio needs two more packages: pip install 'dancenow[studio]'.\n",
    )


def test_limits_are_above_zero(dancenow: Command, tmp_path: Path) -> None:
    for option in ("--max-upload", "--max-seconds", "--max-megapixels"):
        status, _, output = dancenow("studio", option, "0", "--data", tmp_path)
        assert status == 2
        assert option in output
    with pytest.raises(InputError):
        Limits(seconds=float("nan"))


@pytest.mark.slow
def test_a_studio_opens_for_itself_alone_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="needs dancenow[studio]")
    data = tmp_path / "data"
    words = ["studio", "--port", "0", "--no-open", "--json", "--data", str(data)]
    command = [sys.executable, "-m", "dancenow", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        output = json.loads(it.stdout.readline())
        assert output["address"].startswith("http://127.0.0.1:")
        assert data.stat().st_mode & 0o077 == 0  # nobody else reads it
        with urllib.request.urlopen(output["address"]) as page:
            assert b"<title>DanceNow" in page.read()
        second = subprocess.run(command, capture_output=True, text=True)
        assert second.returncode == 2
        assert "another studio uses it" in second.stderr
        it.send_signal(signal.SIGINT)
        _, error = it.communicate()
    assert it.returncode == 130
    assert "Traceback" not in error
    assert not (data / "passing").exists()
