"""What tests share: an own cache, clips and performers made once, Hypothesis without a clock."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

# Tests run beside each other, one process a core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from dancenow.cli import main
from dancenow.options import SampleOptions, TrainPerformerOptions
from dancenow.workflows.sample import write_sample
from dancenow.workflows.train_performer import train_performer
from fixture_types import Command, Known, MadeOnce, SampleClip, TrainedOn

CASES = Path(__file__).parent / "cases"
CLIPS = Path(__file__).resolve().parents[2] / "shared" / "clips"

# A slow machine is no failure: no test asserts on wall-clock time.
settings.register_profile("dancenow", settings.default, deadline=None)
settings.load_profile("dancenow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask for the real clips, and put the files that take long first.

    Workers take whole files, one after the other: a long one that came last would be waited for.
    Those of a browser and with slow tests come first; those of workflows, most of which train,
    follow.
    """
    for item in items:
        if "clips" in getattr(item, "fixturenames", ()):
            item.add_marker("clips")
    long = {item.path for item in items for name in ("browser", "slow")
            if item.get_closest_marker(name)}  # fmt: skip
    items.sort(key=lambda item: (item.path not in long, item.path.parent.name != "workflows"))


@pytest.fixture(scope="session")
def clips() -> Path:
    """The folder of real clips; where there is none, the test is skipped."""
    if not CLIPS.is_dir():
        pytest.skip(f"needs the real clips, which are not part of the project, in {CLIPS}")
    return CLIPS


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of small files like those that users bring."""
    return CASES


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


@pytest.fixture(autouse=True)
def no_st_lpips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out ST-LPIPS, which takes a second for a pair of frames (see `test_judge`)."""
    monkeypatch.setattr("dancenow.evaluation.judge.load_st_lpips", lambda: None)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """Make a folder once for all tests of all processes, which only read it: name, how, the folder.

    Whoever asks first fills it; the others wait at its lock.
    """
    root = tmp_path_factory.getbasetemp()
    shared = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "shared"
    shared.mkdir(exist_ok=True)

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, unfinished = shared / name, shared / f"{name}.unfinished"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def sample_clip(made_once: MadeOnce) -> SampleClip:
    """Render a sample clip with its true track beside it; asked again for the same, it is there."""

    def render(performer: str = "bo", dance: str = "wave", *, seconds: float = 1,
               size: int | tuple[int, int] = 128, fps: float = 10) -> Path:  # fmt: skip
        sides = "x".join(map(str, size if isinstance(size, tuple) else (size, size)))
        folder = made_once(
            f"{performer}-{dance}-{seconds:g}s-{sides}-{fps:g}fps",
            lambda folder: write_sample(
                folder / f"{performer}.mp4",
                SampleOptions(performer=performer, dance=dance, seconds=seconds, fps=fps),
                frame_size=size if isinstance(size, tuple) else (size, size),
            ),
        )  # fmt: skip
        return folder / f"{performer}.mp4"

    return render


@pytest.fixture(scope="session")
def trained_on(made_once: MadeOnce) -> TrainedOn:
    """Train a tiny performer on a sample clip for 4 steps; what was detected lies beside it."""

    def train(clip: Path) -> Path:
        def make(folder: Path) -> None:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DANCENOW_CACHE", str(folder / "cache"))
                options = TrainPerformerOptions(preset="tiny", steps=4, device="cpu")
                train_performer(clip, folder / "performer", options)

        return made_once(f"{clip.parent.name}-learned", make) / "performer"

    return train


@pytest.fixture
def known(trained_on: TrainedOn, own_cache: Path) -> Known:
    """Fill the test's cache with what is detected in a sample clip."""

    def fill(clip: Path) -> None:
        shutil.copytree(trained_on(clip).with_name("cache"), own_cache, dirs_exist_ok=True)

    return fill
