"""What a training went through: small, whatever logs, and going on where the training goes on."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dancenow.errors import InputError, TrainingError
from dancenow.training import Budget, Clock, TrainingState, load_state, loop
from dancenow.training.history import MOST_POINTS, MOST_PREVIEWS, History, Point
from dancenow.training.logs import LoggerName, log_figures
from dancenow.training.loop import LoopOptions, run_training
from dancenow.training.session import Session


class Falling:
    """A training whose loss after step n is 1 / n; at some steps it is something else."""

    phase = ""

    def __init__(self, other: Mapping[int, float] | None = None) -> None:
        self.other = other or {}

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        del fraction
        losses = {"loss": self.other.get(number + 1, 1 / (number + 1))}
        return losses | ({"late": 2.0} if number >= 5 else {})

    def state(self) -> TrainingState:
        return TrainingState({}, {})

    def restore(self, state: TrainingState, where: Path) -> None: ...

    def close(self) -> None: ...

    def preview(self) -> NDArray[np.uint8]:
        return np.full((8, 12, 3), 60, np.uint8)


def train(
    folder: Path, steps: int, *, logger: LoggerName = "none", training: Falling | None = None
) -> History:
    """Train up to so many steps, going on from what lies there."""
    state = load_state(folder)
    step, spent = (0, 0.0) if state is None else (state.values["step"], state.values["seconds"])
    clock = Clock(Budget(steps=steps), step, spent)
    run_training(training or Falling(), clock, folder, "s", LoopOptions(logger=logger))
    return History.load(folder)


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log every step instead of one in two seconds."""
    monkeypatch.setattr(loop, "_LOG_SECONDS", 0.0)


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# The history.


def test_every_step_of_a_short_training_is_kept(tmp_path: Path) -> None:
    history = train(tmp_path, 24)
    steps, losses = history.series("loss")
    assert steps.tolist() == list(range(1, 25)) and np.allclose(losses, 1 / steps, rtol=1e-5)
    assert history.series("late")[0].tolist() == list(range(6, 25))
    assert history.names == ["loss", "late"]
    assert [p.step for p in history.previews][::11] == [1, 24]  # the first and the last
    assert len(history.previews) <= MOST_PREVIEWS


def test_a_resumed_training_goes_on_with_its_history(tmp_path: Path) -> None:
    before = train(tmp_path, 10)
    after = train(tmp_path, 30)
    assert after.series("loss")[0].tolist() == list(range(1, 31))
    assert after.kept()[:10] == before.kept()
    seconds = [point.seconds for point in after.kept()]
    assert seconds == sorted(seconds)
    assert after.previews[0].step == 1 and after.previews[-1].step == 30
    assert len(after.previews) == MOST_PREVIEWS


def test_what_came_after_the_checkpoint_is_forgotten(tmp_path: Path) -> None:
    train(tmp_path, 10)
    history = History.load(tmp_path, until=6)
    assert history.kept()[-1].step == 6 and history.previews[-1].step <= 6
    assert History.load(tmp_path, until=0).kept() == []


def test_a_training_that_begins_anew_begins_its_history_anew(tmp_path: Path) -> None:
    train(tmp_path, 10)
    clock = Clock(Budget(steps=3))
    run_training(Falling(), clock, tmp_path, "s", LoopOptions(logger="none"))
    history = History.load(tmp_path)
    assert history.series("loss")[0].tolist() == [1, 2, 3]
    assert {path.name for path in (tmp_path / "previews").iterdir()} == {
        Path(preview.file).name for preview in history.previews
    }


@given(st.integers(1, 5 * MOST_POINTS), st.integers(0, 300))
def test_however_long_it_is_the_first_and_last_step_are_kept(count: int, start: int) -> None:
    history = History(Path("nowhere"))
    for step in range(start + 1, start + count + 1):
        history.add(Point(step, float(step), {"loss": 1.0}))
    steps = [point.step for point in history.kept()]
    assert steps[0] == start + 1 and steps[-1] == start + count
    assert steps == sorted(set(steps)) and len(steps) <= MOST_POINTS
    assert len(steps) >= min(count, MOST_POINTS // 2 - 1)
    inner = np.diff(steps[1:-1])
    assert not len(inner) or inner.min() == inner.max()  # evenly


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    history = History(tmp_path / "new")
    for step in range(1, 3 * MOST_POINTS):
        history.add(Point(step, step / 4, {"loss": 1 / step}), "global" if step < 9 else "face")
    history.save()
    again = History.load(tmp_path / "new")
    assert [p.step for p in again.kept()] == [p.step for p in history.kept()]
    assert again.phases == [(0, "global"), (8, "face")]
    again.add(Point(3 * MOST_POINTS, 1e4, {"loss": 0.0}))
    assert again.kept()[-1].step == 3 * MOST_POINTS and len(again.kept()) <= MOST_POINTS


def test_previews_are_small_and_evenly_spread(tmp_path: Path) -> None:
    history = History(tmp_path)
    for step in range(1, 101):
        history.show(step, float(step), np.zeros((30, 2000, 3), np.uint8))
    seconds = [preview.seconds for preview in history.previews]
    assert len(seconds) == MOST_PREVIEWS and (seconds[0], seconds[-1]) == (1, 100)
    assert max(np.diff(seconds)) < 20
    files = sorted((tmp_path / "previews").iterdir())
    assert len(files) == MOST_PREVIEWS
    assert cv2.imread(str(files[0])).shape[1] == 800


def test_losses_that_are_no_numbers_are_told_and_forgotten_on_resuming(tmp_path: Path) -> None:
    train(tmp_path, 4)
    with pytest.raises(TrainingError, match="loss is nan at step 6"):
        train(tmp_path, 9, training=Falling({7: math.nan}))
    history = History.load(tmp_path)
    assert history.kept()[-1].step == 7 and math.isnan(history.kept()[-1].losses["loss"])
    json.loads((tmp_path / "history.json").read_text(), parse_constant=pytest.fail)
    assert train(tmp_path, 9).series("loss")[0].tolist() == list(range(1, 10))


def test_a_damaged_history_does_not_stop_a_training_and_a_newer_one_is_told(
    tmp_path: Path,
) -> None:
    train(tmp_path, 4)
    (tmp_path / "history.json").write_text('{"version": 1, "steps": [1')
    assert train(tmp_path, 6).series("loss")[0].tolist() == [5, 6]
    (tmp_path / "history.json").write_text('{"version": 2}')
    with pytest.raises(InputError, match=r"of version 2, .* update DanceNow"):
        History.load(tmp_path)


# The loggers.


@pytest.mark.usefixtures("every_step")
def test_a_table_has_a_row_for_every_step_logged_over_all_runs(tmp_path: Path) -> None:
    train(tmp_path, 4, logger="csv")
    train(tmp_path, 9, logger="csv")
    rows = table(tmp_path)
    assert [int(row["step"]) for row in rows] == list(range(1, 10))
    assert [row["late"] for row in rows] == [""] * 5 + ["2"] * 4  # a column that came later
    assert float(rows[3]["loss"]) == pytest.approx(1 / 4, rel=1e-4)
    assert not (tmp_path / "logs").exists()


@pytest.mark.usefixtures("every_step")
def test_what_was_cut_short_or_came_after_the_checkpoint_leaves_the_table(tmp_path: Path) -> None:
    train(tmp_path, 4, logger="csv")
    with (tmp_path / "metrics.csv").open("a", encoding="utf-8") as file:
        file.write("5,0.5,0.1\n6,0.")
    train(tmp_path, 6, logger="csv")
    assert [int(row["step"]) for row in table(tmp_path)] == [1, 2, 3, 4, 5, 6]


def test_without_a_logger_nothing_but_the_history_is_left(tmp_path: Path) -> None:
    train(tmp_path, 4, logger="none")
    log_figures("none", tmp_path, 4, {"held_out": 0.5})
    assert {path.name.split("-")[0] for path in tmp_path.iterdir()} == {
        "history.json", "previews", "state", "state.json"
    }  # fmt: skip


@pytest.mark.usefixtures("every_step")
def test_tensorboard_holds_the_same_and_the_final_figures(tmp_path: Path) -> None:
    history = train(tmp_path, 12, logger="tensorboard")
    figures = {"held_out": 0.5, "clip": "a.mp4", "perceptual": True, "none": None}
    log_figures("tensorboard", tmp_path, 12, figures)
    log = EventAccumulator(str(tmp_path / "logs"), size_guidance={"images": 0})
    log.Reload()
    assert set(log.Tags()["scalars"]) == {"loss", "late", "seconds", "final/held_out"}
    assert [event.step for event in log.Scalars("loss")] == history.series("loss")[0].tolist()
    assert log.Scalars("final/held_out")[0].value == 0.5
    assert {p.step for p in history.previews} <= {e.step for e in log.Images("preview")}


def test_final_figures_go_beside_the_table(tmp_path: Path) -> None:
    log_figures("csv", tmp_path, 7, {"held_out": -0.25, "clip": "a.mp4"})
    assert (tmp_path / "figures.csv").read_text() == "step,name,value\n7,held_out,-0.25\n"


def test_a_logger_whose_package_is_missing_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dancenow.training.logs.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"pip install 'dancenow\[tensorboard\]'"):
        Session(tmp_path / "p", "performer", finished=False, logger="tensorboard")
    assert not list(tmp_path.iterdir())
