"""What a training leaves behind, whatever ends it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dancenow.errors import DanceNowError, InputError, TrainingError
from dancenow.progress import Progress
from dancenow.training import Budget, Clock, TrainingState, load_state
from dancenow.training.loop import LoopOptions, run_training


class Adding:
    """A training whose only weight is the number of steps; `at` steps something happens."""

    def __init__(self, happens: Mapping[int, Callable[[], float]] | None = None) -> None:
        self.weight, self.happens = 0.0, happens or {}
        self.seen: list[tuple[int, float]] = []

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        self.seen.append((number, fraction))
        loss = self.happens.get(number, lambda: 0.25)()
        if np.isfinite(loss):
            self.weight += 1
        return {"loss": loss, "l1": 0.125}

    def state(self) -> TrainingState:
        return TrainingState({"weight": torch.tensor(self.weight)}, {"seed": 3})

    def restore(self, state: TrainingState, _: Path) -> None:
        self.weight = float(state.tensors["weight"])

    def preview(self) -> NDArray[np.uint8]:
        return np.zeros((8, 8, 3), np.uint8)

    def close(self) -> None: ...


def run(training: Adding, clock: Clock, folder: Path) -> list[Progress]:
    events: list[Progress] = []
    run_training(training, clock, folder, "learning", LoopOptions(progress=events.append))
    return events


def raises(error: BaseException) -> Callable[[], float]:
    def happen() -> float:
        raise error

    return happen


def test_minutes_end_a_training_and_are_what_progress_counts(tmp_path: Path) -> None:
    seconds = iter(np.arange(0, 1000, 0.5).tolist())
    events = run(Adding(), Clock(Budget(minutes=0.25), now=lambda: next(seconds)), tmp_path)
    assert all(event.unit == "s" and event.total == 15 for event in events)
    done = [event.done for event in events]
    assert done == sorted(done) and max(done) <= 15
    assert events[0].stage == "learning" and events[0].note == "step 1, loss 0.250"


def test_steps_end_a_training_and_are_what_progress_counts(tmp_path: Path) -> None:
    events = run(Adding(), Clock(Budget(steps=5)), tmp_path)
    assert [(event.done, event.total) for event in events] == [(n, 5) for n in range(1, 6)]


def test_a_resumed_training_counts_on_and_keeps_its_notes(tmp_path: Path) -> None:
    options = LoopOptions(notes={"clip": "abc"})
    run_training(Adding(), Clock(Budget(steps=3)), tmp_path, "learning", options)
    state = load_state(tmp_path)
    assert state is not None
    assert state.values["seed"] == 3 and state.values["seconds"] >= 0
    assert state.values["clip"] == "abc"
    clock = Clock(Budget(steps=8), int(state.values["step"]), state.values["seconds"])
    training = Adding()
    training.weight = float(state.tensors["weight"])
    run(training, clock, tmp_path)
    assert training.seen == [(n, n / 8) for n in range(3, 8)]
    again = load_state(tmp_path)
    assert again is not None and again.values["step"] == 8 and float(again.tensors["weight"]) == 8
    assert len(list(tmp_path.glob("state-*.safetensors"))) == 1


def test_a_budget_that_is_used_up_trains_no_further(tmp_path: Path) -> None:
    training = Adding()
    assert run(training, Clock(Budget(steps=3), step=3), tmp_path) == []
    assert training.seen == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("x"), InputError("x")])
def test_whatever_stops_a_training_it_is_kept_and_the_reason_goes_on(
    tmp_path: Path, error: BaseException
) -> None:
    with pytest.raises(type(error)) as caught:
        run(Adding({4: raises(error)}), Clock(Budget(steps=9)), tmp_path)
    assert caught.value is error
    state = load_state(tmp_path)
    assert state is not None and state.values["step"] == 4 and float(state.tensors["weight"]) == 4


def test_ctrl_c_while_progress_is_shown_loses_no_step(tmp_path: Path) -> None:
    def stop(event: Progress) -> None:
        if event.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_training(Adding(), Clock(Budget(steps=9)), tmp_path, "s", LoopOptions(progress=stop))
    state = load_state(tmp_path)
    assert state is not None and state.values["step"] == 3 and float(state.tensors["weight"]) == 3


@pytest.mark.parametrize("step", [4, 8])
def test_a_signal_ends_a_training_after_its_step(tmp_path: Path, step: int) -> None:
    passed = []

    def asked() -> float:
        signal.raise_signal(signal.SIGINT)
        passed.append(step)  # nothing is cut off in the middle
        return 0.0

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run(Adding({step: asked}), Clock(Budget(steps=9)), tmp_path)
    assert passed == [step] and signal.getsignal(signal.SIGINT) is before
    state = load_state(tmp_path)
    assert state is not None and state.values["step"] == step + 1


def test_a_second_ctrl_c_does_not_wait_for_the_step(tmp_path: Path) -> None:
    def asked_twice() -> float:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it was waited for")

    with pytest.raises(KeyboardInterrupt):
        run(Adding({4: asked_twice}), Clock(Budget(steps=9)), tmp_path)


def test_a_training_in_a_thread_does_without_signals(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(run, Adding(), Clock(Budget(steps=3)), tmp_path).result()


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_of_nan_keeps_the_checkpoint_before_it(tmp_path: Path, loss: float) -> None:
    run(Adding(), Clock(Budget(steps=2)), tmp_path)
    clock = Clock(Budget(steps=9), step=2)
    with pytest.raises(TrainingError, match=rf"loss is {loss} at step 5.*`seed`") as caught:
        run(Adding({5: lambda: loss}), clock, tmp_path)
    assert isinstance(caught.value, DanceNowError) and not isinstance(caught.value, InputError)
    state = load_state(tmp_path)
    assert state is not None and state.values["step"] == 2


def test_losses_and_previews_are_logged_for_tensorboard(tmp_path: Path) -> None:
    options = LoopOptions(logger="tensorboard")
    run_training(Adding(), Clock(Budget(steps=24)), tmp_path, "s", options)
    log = EventAccumulator(str(tmp_path / "logs"), size_guidance={"images": 0})
    log.Reload()
    assert {"loss", "l1"} <= set(log.Tags()["scalars"])
    assert log.Scalars("loss")[0].value == pytest.approx(0.25)
    assert 10 <= len(log.Images("preview")) <= 14  # a dozen over the budget, not one a step
