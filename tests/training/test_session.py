"""A training's folder, whatever is trained in it and whatever ends it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError, OutputError, TrainingError
from dancenow.progress import Progress, silent
from dancenow.training import Budget, Clock, TrainingState, load_state
from dancenow.training.pace import lasting, watched
from dancenow.training.page import TrainingPage, TrainingPart
from dancenow.training.session import Session, Training, agrees

CONFIG = {"preset": "fast", "widths": [1, 2]}
MADE_OF = {"clip": "abc", "config": CONFIG}


class Adding:
    """A training whose only weight is the number of steps; `at` steps something happens."""

    def __init__(self, happens: Mapping[int, Callable[[], float]] | None = None) -> None:
        self.weight, self.happens, self.closed = 0.0, happens or {}, False

    def step(self, number: int, _: float) -> Mapping[str, float]:
        loss = self.happens.get(number, lambda: 0.25)()
        self.weight += np.isfinite(loss)
        return {"loss": loss}

    def state(self) -> TrainingState:
        return TrainingState({"weight": torch.tensor(float(self.weight))})

    def restore(self, state: TrainingState, _: Path) -> None:
        self.weight = float(state.tensors["weight"])

    def preview(self) -> NDArray[np.uint8]:
        return np.zeros((8, 8, 3), np.uint8)

    def close(self) -> None:
        self.closed = True


def training(steps: int = 4, **changes: Any) -> Training:
    return Training(
        **{"name": "", "label": "learning", "budget": Budget(steps=steps), "made_of": MADE_OF}
        | changes
    )


def session(folder: Path, *, finished: bool = False, kind: str = "toy") -> Session:
    made = Session(folder, kind, finished=finished, logger="none")
    made.page = lambda: page(folder)
    return made


def page(folder: Path) -> TrainingPage:
    part = TrainingPart("The toy", folder / "checkpoint", "Nothing.")
    return TrainingPage("A toy", "It learns.", {"clip": "a.mp4"}, (part,), {})


def train(folder: Path, toy: Adding | None = None, steps: int = 4, **changes: Any) -> Clock:
    with session(folder) as opened:
        clock = opened.train(toy or Adding(), training(steps, **changes))
        opened.finish({"steps": clock.step})
    return clock


def raising(error: BaseException) -> Callable[[], float]:
    def happen() -> float:
        raise error

    return happen


def test_a_training_leaves_its_state_its_marker_and_its_page(tmp_path: Path) -> None:
    toy = Adding()
    clock = train(tmp_path / "new" / "toy", toy)
    folder = tmp_path / "new" / "toy"
    assert clock.step == 4 and toy.closed
    assert json.loads((folder / "checkpoint" / "training.json").read_text())["kind"] == "toy"
    assert "A toy" in (folder / "index.html").read_text()
    state = load_state(folder / "checkpoint")
    assert state is not None and state.values["clip"] == "abc" and state.values["step"] == 4


def test_a_clock_stops_when_the_training_does(tmp_path: Path) -> None:
    clock = train(tmp_path / "toy")
    assert clock.seconds == clock.seconds > 0


def test_a_training_is_resumed_and_a_used_budget_trains_no_further(tmp_path: Path) -> None:
    train(tmp_path)
    toy = Adding()
    assert train(tmp_path, toy, 6).step == 6 and toy.weight == 6
    before = (tmp_path / "index.html").read_bytes()
    with session(tmp_path) as opened:
        clock = opened.train(toy := Adding(), training(6))
        opened.finish({})
    assert clock.step == 6 and toy.weight == 6 and not opened.trained and toy.closed
    assert (tmp_path / "index.html").read_bytes() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("x"), InputError("x")])
def test_whatever_ends_a_training_it_can_be_resumed(tmp_path: Path, error: BaseException) -> None:
    toy = Adding({2: raising(error)})
    with pytest.raises(type(error)):
        train(tmp_path, toy)
    assert toy.closed
    toy = Adding()
    assert train(tmp_path, toy).step == 4 and toy.weight == 4


def test_what_dies_before_its_first_save_can_be_resumed(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    with pytest.raises(Killed), session(tmp_path / "toy") as opened:
        opened.page = None
        raise Killed  # nothing of the loop's runs, as after SIGKILL
    assert not (tmp_path / "toy").exists()  # nothing was begun
    (tmp_path / "toy" / "checkpoint").mkdir(parents=True)
    (tmp_path / "toy" / "checkpoint" / "training.json").write_text('{"version": 1, "kind": "toy"}')
    (tmp_path / "toy" / "preview.png").touch()
    (tmp_path / "toy" / "checkpoint" / "logs").mkdir()
    assert train(tmp_path / "toy").step == 4


def test_the_state_lies_there_before_the_first_step(tmp_path: Path) -> None:
    seen = []

    def look() -> float:
        seen.append(load_state(tmp_path / "checkpoint"))
        return 0.5

    train(tmp_path, Adding({0: look}))
    assert seen[0] is not None and seen[0].values["step"] == 0


def test_ctrl_c_and_a_failure_leave_a_page_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "a", Adding({2: raising(KeyboardInterrupt())}))
    assert "It was stopped" in (tmp_path / "a" / "index.html").read_text()
    train(tmp_path / "a")
    assert "It was stopped" not in (tmp_path / "a" / "index.html").read_text()
    with pytest.raises(TrainingError, match="nan at step 2"):
        train(tmp_path / "b", Adding({2: lambda: float("nan")}))
    assert "It failed: the loss is nan" in (tmp_path / "b" / "index.html").read_text()
    assert load_state(tmp_path / "b" / "checkpoint") is not None


@pytest.mark.parametrize(
    ("made_of", "said"),
    [
        ({**MADE_OF, "clip": "other"}, "another clip"),
        ({**MADE_OF, "config": {"preset": "fast", "widths": [1, 3]}}, "other options"),
        ({**MADE_OF, "config": {"preset": "tiny", "widths": [1, 2]}}, "`preset=fast`"),
    ],
)
def test_another_clip_preset_or_option_is_refused(
    tmp_path: Path, made_of: dict[str, Any], said: str
) -> None:
    train(tmp_path)
    before = load_state(tmp_path / "checkpoint")
    with pytest.raises(InputError, match=said), session(tmp_path) as opened:
        opened.check(made_of)
    with pytest.raises(InputError, match=said):
        train(tmp_path, steps=9, made_of=made_of)
    after = load_state(tmp_path / "checkpoint")
    assert before is not None and after is not None and before.values == after.values


def test_a_part_that_depends_on_another_starts_over(tmp_path: Path) -> None:
    train(tmp_path)
    toy = Adding()
    changed = {**MADE_OF, "clip": "other"}
    assert train(tmp_path, toy, 3, made_of=changed, starts_over=True).step == 3 and toy.weight == 3


def test_configurations_of_older_versions_may_say_more() -> None:
    assert agrees({"config": {"a": 1}}, {"config": {"a": 1, "gone": 2}, "other": 3})
    assert not agrees({"config": {"a": 1, "new": 2}}, {"config": {"a": 1}})
    assert not agrees({"config": {"a": {"b": 1}}}, {"config": {"a": 1}})


def test_a_folder_of_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(OutputError, match="other files"):
        train(tmp_path)
    with pytest.raises(OutputError, match="is a file"):
        train(tmp_path / "holiday.jpg")
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_what_is_killed_before_its_marker_leaves_a_folder_that_can_be_used(tmp_path: Path) -> None:
    checkpoint = tmp_path / "F" / "checkpoint"
    checkpoint.mkdir(parents=True)
    (checkpoint / "training.lock").touch()
    (checkpoint / ".training.f3a9c0de-12-34567-0123abcd.part.json").write_text("{")
    train(tmp_path / "F")
    (tmp_path / "G" / "checkpoint").mkdir(parents=True)
    (tmp_path / "G" / "checkpoint" / "mine.txt").touch()
    with pytest.raises(OutputError, match="holds other files"):
        train(tmp_path / "G")


def test_a_folder_of_another_kind_or_a_newer_version_is_refused(tmp_path: Path) -> None:
    train(tmp_path)
    with pytest.raises(InputError, match="holds a toy"):
        session(tmp_path, kind="performer")
    marker = tmp_path / "checkpoint" / "training.json"
    marker.write_text(json.dumps({"version": 2, "kind": "toy"}))
    with pytest.raises(InputError, match="update DanceNow"):
        session(tmp_path)


def test_a_finished_result_of_another_kind_that_an_older_version_left_is_refused(
    tmp_path: Path,
) -> None:
    train(tmp_path)
    (tmp_path / "checkpoint" / "training.json").unlink()
    (tmp_path / "config.json").write_text('{"kind": "performer"}')
    with pytest.raises(OutputError, match="holds a performer"):
        session(tmp_path)


def test_a_folder_that_an_older_version_left_is_resumed(tmp_path: Path) -> None:
    train(tmp_path)
    (tmp_path / "checkpoint" / "training.json").unlink()
    assert train(tmp_path, steps=6).step == 6


def test_a_finished_result_without_its_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").touch()
    for begin in (
        lambda opened: opened.train(Adding(), training()),
        lambda opened: opened.check(MADE_OF),  # before anything is written
    ):
        refused = pytest.raises(InputError, match="without its checkpoint")
        with refused, session(tmp_path, finished=True) as opened:
            begin(opened)
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_what_fails_before_anything_is_trained_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError), session(tmp_path / "toy"):
        raise InputError("the clip is empty")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError), session(tmp_path / "mine"):
        raise InputError("the clip is empty")
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_second_process_is_kept_out_and_let_in_afterwards(tmp_path: Path) -> None:
    other = (
        "import sys, pathlib\n"
        "from dancenow.training.session import Session\n"
        "try:\n"
        "    with Session(pathlib.Path(sys.argv[1]), 'toy', finished=False): print('in')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )

    def try_in() -> str:
        return subprocess.run(
            [sys.executable, "-c", other, str(tmp_path)], capture_output=True, text=True, check=True
        ).stdout

    with session(tmp_path) as opened:
        opened.train(Adding(), training())
        said = try_in()
        assert said.startswith("InputError") and "another process" in said
    assert try_in() == "in\n"


def test_too_few_steps_are_told_at_the_end_and_in_the_page(tmp_path: Path) -> None:
    with pytest.warns(DanceNowWarning, match=r"4 steps .* about 1,000: .*`minutes`"):
        train(tmp_path, enough_steps=1000)
    assert "4 steps were made" in (tmp_path / "index.html").read_text()


def test_enough_steps_are_not_mentioned(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    train(tmp_path, enough_steps=4)
    assert not recwarn.list and "steps were made" not in (tmp_path / "index.html").read_text()


def test_one_of_two_trainings_is_told_by_what_it_learns(tmp_path: Path) -> None:
    with pytest.warns(DanceNowWarning, match=r": the pictures: 1 step was made, and a good result"):
        train(tmp_path, steps=1, enough_steps=1000, learns="the pictures")


@pytest.mark.parametrize(
    ("preset", "choose"),
    [("dancenet", "choose `preset=fast` or more `minutes`."), ("fast", "choose more `minutes`.")],
)
def test_minutes_that_are_far_too_few_are_told_early(
    tmp_path: Path, preset: str, choose: str
) -> None:
    steps: list[float] = []

    def slow() -> float:
        time.sleep(0.02)
        steps.append(len(told.list))
        return 0.25

    toy = Adding(dict.fromkeys(range(100), slow))
    made_of = {"config": {"preset": preset}}
    budget = Budget(minutes=0.1 / 60)
    with pytest.warns(DanceNowWarning, match=r"good result takes about 1,000") as told:
        train(tmp_path, toy, budget=budget, enough_steps=1000, made_of=made_of, learns="the toy")
    early, late = [str(each.message) for each in told]
    assert re.search(
        r": the toy: at this pace \d steps? can be made in this time, .* \(a minute\)", early
    )
    assert early.endswith(f": stop with Ctrl-C and {choose}")
    assert "were made" in late or "was made" in late
    assert steps[0] == 0 and steps[-1] >= (len(steps) > 1)


def test_a_pace_is_judged_once_on_what_this_run_does() -> None:
    now = [0.0]
    clock = Clock(Budget(minutes=1), step=600, spent=30.0, now=lambda: now[0])
    told: list[tuple[int, float]] = []
    watch = watched(silent, clock, 10_000, lambda *expected: told.append(expected))
    for now[0] in (1.0, 2.0, 3.0, 4.0, 6.0):
        clock.step += 1
        watch(Progress("learning", clock.step))
    assert told == [(630, pytest.approx(10_000 / 60))]
    told.clear()
    watch = watched(silent, clock, 2_000, lambda *expected: told.append(expected))
    now[0] = 20.0
    clock.step += 14
    watch(Progress("learning", clock.step))
    assert told == []
    assert [lasting(each) for each in (0.5, 20, 200)] == ["a minute", "20 minutes", "3 hours"]


def test_a_resumed_training_counts_its_earlier_seconds(tmp_path: Path) -> None:
    train(tmp_path / "toy", Adding({2: lambda: time.sleep(0.2) or 0.25}))
    assert train(tmp_path / "toy", steps=5).seconds > 0.2
