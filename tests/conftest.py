"""What every test shares: an own cache, the real clips, Hypothesis without a clock."""

from __future__ import annotations

import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from dancenow.cli import main

Command = Callable[..., tuple[int, str, str]]

CLIPS = Path(__file__).resolve().parents[2] / "shared" / "clips"

# A slow machine is no failure: no test asserts on wall-clock time.
settings.register_profile("dancenow", settings.default, deadline=None)
settings.load_profile("dancenow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask for the real clips, so that `-m "not clips"` leaves them out."""
    for item in items:
        if "clips" in getattr(item, "fixturenames", ()):
            item.add_marker("clips")


@pytest.fixture(scope="session")
def clips() -> Path:
    """The folder of real clips; where there is none, the test is skipped."""
    if not CLIPS.is_dir():
        pytest.skip(f"needs the real clips, which are not part of the project, in {CLIPS}")
    return CLIPS


@pytest.fixture
def dancenow(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in this process: exit status, standard output, standard error."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dancenow", *map(str, words)])
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            with warnings.catch_warnings(), pytest.raises(SystemExit) as ended:
                main()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return call


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let Ctrl-C reach the programs that tests start: a shell's background job ignores it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep fixtures that live longer than a test out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DANCENOW_CACHE", str(tmp_path_factory.mktemp("session-cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def session_credentials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests sign away from the user's certificate and key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DANCENOW_CREDENTIALS", str(tmp_path_factory.mktemp("credentials") / "own"))
        yield


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give each test an empty cache of its own, and its folder."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DANCENOW_CACHE", str(folder))
    return folder
