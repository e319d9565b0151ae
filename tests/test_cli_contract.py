"""What the command line promises whatever a command does: statuses, messages, JSON, help."""

from __future__ import annotations

import json
import os
import signal
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from dancenow.errors import DanceNowWarning, InputError, OutputError, TrainingError
from dancenow.progress import StageTimes

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sampling(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Let `dancenow sample` do something else instead."""

    def replace(work: Callable[[], object]) -> None:
        monkeypatch.setattr("dancenow.workflows.sample.write_sample", lambda *_, **__: work())

    return replace


def raising(error: BaseException) -> Callable[[], object]:
    def work() -> object:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (InputError("wrong, do so"), 2, "dancenow: wrong, do so\n"),
        (OutputError("no space"), 2, "dancenow: no space\n"),
        (TrainingError("the loss is nan"), 1, "dancenow: the loss is nan\n"),
        (RuntimeError("odd"), 1, "dancenow: RuntimeError: odd (-v shows where)\n"),
    ],
)
def test_errors_are_one_line_with_their_status(
    dancenow: Command,
    sampling: Callable[[Callable[[], object]], None],
    error: Exception,
    status: int,
    said: str,
) -> None:
    sampling(raising(error))
    assert dancenow("sample", "-o", "a.mp4") == (status, "", said)
    code, out, err = dancenow("sample", "-o", "a.mp4", "-v")
    assert (code, out) == (status, "") and "Traceback" in err
    assert err.splitlines()[-1].startswith("dancenow: ")


def test_ctrl_c_is_status_130_and_says_that_work_is_kept(
    dancenow: Command, sampling: Callable[[Callable[[], object]], None]
) -> None:
    sampling(raising(KeyboardInterrupt()))
    status, out, err = dancenow("sample", "-o", "a.mp4", "--json")
    assert (status, out) == (130, "")
    assert "the same command resumes it" in err and "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_shutdown_and_a_closed_terminal_end_a_command_as_ctrl_c_does(
    dancenow: Command,
    sampling: Callable[[Callable[[], object]], None],
    number: signal.Signals,
) -> None:
    kept = []

    def work() -> object:
        try:
            os.kill(os.getpid(), number)
            return time.sleep(10)
        except KeyboardInterrupt:
            kept.append(True)  # as the training loop saves
            raise

    sampling(work)
    before = signal.signal(number, signal.SIG_DFL)  # the tests may run under `nohup`
    try:
        status, out, err = dancenow("sample", "-o", "a.mp4")
    finally:
        signal.signal(number, before)
    assert (status, out, kept) == (128 + number, "", [True])
    assert "stopped" in err and "Traceback" not in err


def test_nohup_keeps_a_command_running(
    dancenow: Command, sampling: Callable[[Callable[[], object]], None]
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        sampling(lambda: os.kill(os.getpid(), signal.SIGHUP))
        assert dancenow("sample", "-o", "a.mp4")[0] != 129
    finally:
        signal.signal(signal.SIGHUP, before)


def test_warnings_of_ours_are_one_line_and_those_of_others_are_not_shown(
    dancenow: Command, sampling: Callable[[Callable[[], object]], None]
) -> None:
    def work() -> object:
        warnings.warn("3 frames are missing", DanceNowWarning, stacklevel=2)
        warnings.warn("deprecated", UserWarning, stacklevel=2)
        raise InputError("stop")

    sampling(work)
    _, _, err = dancenow("sample", "-o", "a.mp4")
    assert err == "dancenow: warning: 3 frames are missing\ndancenow: stop\n"


@dataclass(frozen=True)
class Inner:
    psnr: float
    nothing: float | None = None


@dataclass(frozen=True)
class Made:
    output: Path
    track: Path
    performer: str
    dance: str
    frames: int
    scores: Inner
    size: tuple[int, int]
    times: StageTimes

    def summary(self) -> str:
        return f"{self.output} ({self.frames} frames) and its true track {self.track}"


def test_json_is_one_object_on_the_last_line(
    dancenow: Command, sampling: Callable[[Callable[[], object]], None]
) -> None:
    made = Made(
        Path("a.mp4"), Path("t"), "m", "d", 3, Inner(20.5), (4, 6), StageTimes({"x": 1.238})
    )
    sampling(lambda: made)
    status, out, _ = dancenow("sample", "-o", "a.mp4", "--json")
    assert status == 0 and len(out.splitlines()) == 1
    assert json.loads(out) == {
        "output": "a.mp4",
        "track": "t",
        "performer": "m",
        "dance": "d",
        "frames": 3,
        "scores": {"psnr": 20.5, "nothing": None},
        "size": [4, 6],
        "times": {"x": 1.24},
    }
    status, out, _ = dancenow("sample", "-o", "a.mp4")
    assert (status, out) == (0, "a.mp4 (3 frames) and its true track t\n")


@pytest.mark.parametrize(
    "words",
    [["dance"], ["sample"], ["sample", "-o", "a.mp4", "--seconds", "long"],
     ["sample", "-o", "a.mp4", "--device", "tpu"], ["sample", "-o", "a.mp4", "--seed", "-1"],
     ["train", "performer", "a.mp4"], ["perform", "--loud"]],
)  # fmt: skip
def test_a_wrong_use_is_status_2_on_standard_error(dancenow: Command, words: list[str]) -> None:
    status, out, err = dancenow(*words)
    assert (status, out) == (2, "") and "Traceback" not in err and err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_told_before_anything_is_made(
    dancenow: Command, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    assert dancenow("sample", "-o", clip, "--seconds", 0.2, "--fps", 5, "--size", 64)[0] == 0
    before = sorted(tmp_path.iterdir())
    for words in (
        ["transfer", clip, clip, "-o", tmp_path / "o.mp4"],
        ["train", "performer", clip, "-o", tmp_path / "performer"],
    ):
        status, out, err = dancenow(*words, "--device", "cuda")
        assert (status, out) == (2, "") and err.splitlines()[-1].startswith("dancenow: --device")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "command",
    [[], ["demo"], ["sample"], ["pose"], ["train"], ["train", "performer"], ["perform"],
     ["transfer"], ["verify"], ["evaluate"], ["evaluate", "clip"]],
)  # fmt: skip
def test_help_tells_the_options_that_every_command_takes(
    dancenow: Command, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    pages = [dancenow(*command, word) for word in ("-h", "--help")]
    assert pages[0] == pages[1] and pages[0][0] == 0
    if command not in ([], ["train"], ["evaluate"]):
        page = pages[0][1]
        assert all(word in page for word in ("--json", "--verbose"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bogus"], "No such command 'bogus'"),
        (["sample", "--bogus", "-o", "a.mp4"], "No such option: --bogus"),
        (["sample"], "Missing option '-o'"),
        (["transfer", "a.mp4", "-o", "b.mp4"], "Missing argument 'target'"),
        (["perform", "a", "b", "-o", "c.mp4", "--device", "gpu"], "'gpu' is not one of 'auto'"),
        (["sample", "-o", "a.mp4", "--seed", "-1"], "greater than or equal to 0"),
    ],
)
def test_wrong_words_are_one_line_too(dancenow: Command, words: list[str], said: str) -> None:
    status, out, err = dancenow(*words)
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert err.startswith("dancenow: ") and said in err and " -h` lists" in err
    assert "Value error" not in err


def test_without_a_command_the_help_is_shown(dancenow: Command) -> None:
    status, out, err = dancenow()
    assert status == 2 and "transfer" in out + err
