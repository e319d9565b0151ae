"""Progress events, stage times, and how a terminal shows them."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from dancenow.console import ProgressBars
from dancenow.progress import Progress, StageTimes


def test_a_stage_that_comes_twice_adds_up_and_failures_count() -> None:
    times = StageTimes()
    with times.stage("a"):
        pass
    first = times.seconds["a"]
    with pytest.raises(ValueError, match="x"), times.stage("b"):
        raise ValueError("x")
    with times.stage("a"):
        pass
    assert list(times.seconds) == ["a", "b"] and times.seconds["a"] >= first >= 0
    assert StageTimes({"a": 1.23456}).rounded() == {"a": 1.23}


def test_without_a_terminal_a_stages_begin_and_end_are_printed_and_not_each_frame(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ProgressBars() as progress:
        for stage in ("detecting", "dancing"):
            for done in range(1, 101):
                progress(Progress(stage, done, 100))
        for done in (3, 4, 5):
            progress(Progress("counting", done, None, "steps", "loss 0.5"))
        for done in (1, 2, 3):
            progress(Progress("guessing", done, 2))
        progress(Progress("once", 1, 1))
        for done in (1, 2):
            progress(Progress("stopping", done, 9))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "detecting: 1 of 100 frames",
        "detecting: 100 of 100 frames",
        "dancing: 1 of 100 frames",
        "dancing: 100 of 100 frames",
        "counting: 3 steps (loss 0.5)",
        "counting: 5 steps (loss 0.5)",
        "guessing: 1 of 2 frames",
        "guessing: 2 of 2 frames",
        "guessing: 3 of 2 frames",
        "once: 1 of 1 frames",
        "stopping: 1 of 9 frames",
        "stopping: 2 of 9 frames",
    ]


def test_on_a_terminal_every_stage_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=120)
    monkeypatch.setattr("dancenow.console.Console", lambda **_: terminal)
    with ProgressBars() as progress:
        progress(Progress("detecting", 3, 10))
        progress(Progress("learning", 7, 60, "s", "loss 0.125"))
        progress(Progress("detecting", 10, 10))
        progress(Progress("reading", 4))
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue()).splitlines()[-3:]
    assert "detecting" in last[0] and "10/10 frames" in last[0]
    assert "7/60 s" in last[1] and "loss 0.125" in last[1]
    assert "4/? frames" in last[2]
