"""The loop that every training runs in: budget, progress, checkpoints, logs, failures."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import TrainingError
from dancenow.options.groups import LoggerName
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.training.budget import Clock
from dancenow.training.checkpoint import STATE, TrainingState, load_state, save_state
from dancenow.training.history import MOST_PREVIEWS, History, Point
from dancenow.training.logs import open_logger
from dancenow.training.team import Team
from dancenow.training.threads import ThreadTuner

_CHECKPOINT_SECONDS = 60.0
_CHECKPOINT_SHARE = 0.05  # of the training's time that saving may take
_LOG_SECONDS = 2.0


class Trainable(Protocol):
    """What learns, as the loop and the session see it: it knows no folder, budget or log."""

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        """Do step `number` at that part of the budget; return the losses by name, "loss" first."""

    def state(self) -> TrainingState:
        """All that is needed to resume after the steps done so far."""

    def restore(self, state: TrainingState, where: Path) -> None:
        """Resume from a state that was read in the folder `where`.

        Raises:
            InputError: it belongs to another network.
        """

    def preview(self) -> NDArray[np.uint8]:
        """A picture of what was learned, uint8 `(H, W, 3)` RGB."""

    def close(self) -> None:
        """End the threads that work for it."""


@dataclass(frozen=True)
class LoopOptions:
    """What surrounds a training.

    Attributes:
        progress: told after every step.
        logger: where losses and pictures are logged besides the history.
        team: the fellow processes; all of them run the loop, and the first one's clock decides.
        notes: JSON values that are kept with the state.
        tune_threads: measure how many threads compute fastest; for networks on a CPU.
        keep_best: resume from the state with the lowest held-out loss when the budget is used; the
            training must have a method `held_out_loss`.
    """

    progress: ProgressCallback = silent
    logger: LoggerName = "tensorboard"
    team: Team = field(default_factory=Team)
    notes: Mapping[str, Any] = field(default_factory=dict)
    tune_threads: bool = False
    keep_best: bool = False


def run_training(
    training: Trainable, clock: Clock, checkpoint: Path, stage: str, options: LoopOptions
) -> None:
    """Train until the budget is used; a checkpoint is left whatever ends it.

    Args:
        training: what learns.
        clock: the budget and what is used of it; its step counts on.
        checkpoint: a folder for the state, the history and the logs.
        stage: the name that progress shows.
        options: what surrounds it.

    Raises:
        TrainingError: the loss is NaN or infinite; the checkpoint before it is kept.
    """
    team = options.team
    records = _Records(training, clock, checkpoint, options.logger) if team.first else None
    saving = _Saving(training, clock, checkpoint, records, options.notes)
    best = _Best(training, checkpoint, options.notes) if options.keep_best and team.first else None
    interrupts = _Interrupts(team)
    threads = ThreadTuner() if options.tune_threads and team.size == 1 else ThreadTuner(1)
    try:
        if team.first and not (checkpoint / STATE).is_file():
            saving.save()  # what dies before its first minute can be resumed, too
        while (fraction := team.agreed(clock.fraction)) < 1.0:
            interrupts.check()
            with threads.measure():
                losses = training.step(clock.step, fraction)
            if records is not None:
                records.keep(losses)
            _check(losses, clock.step)
            clock.step += 1
            if records is not None:
                phase = getattr(training, "phase", "")
                options.progress(_event(stage, clock, losses, phase))
                if records.tell(losses) and best is not None:
                    best.look(clock)
                saving.now_and_then()
    except TrainingError:
        if records is not None:
            records.save()
        raise
    except KeyboardInterrupt:
        if team.first:
            saving.save()
        team.wait()
        raise
    except BaseException:
        if team.first:
            saving.save()
        raise
    else:
        if records is not None:
            saving.save()
            if best is not None:
                best.look(clock)
                best.restore()
            records.finish()
        team.wait()
    finally:
        interrupts.close()
        if records is not None:
            records.close()


class _Interrupts:
    """Ctrl-C among several processes: all stop after the same step, when the first has saved.

    Each of them gets the signal; one that left at once would take the others down with it.
    """

    def __init__(self, team: Team) -> None:
        self._team, self._asked = team, False
        # What ends a process in other ways ends a training alike (see `dancenow.cli`).
        asking = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if team.size > 1 else ()
        self._before = {number: signal.signal(number, self._note) for number in asking}

    def check(self) -> None:
        """Raise `KeyboardInterrupt` in every process when one was asked to stop."""
        if self._team.size > 1 and self._team.any(self._asked):
            raise KeyboardInterrupt

    def close(self) -> None:
        """Let Ctrl-C do what it did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, *_: object) -> None:
        self._asked = True


class _Records:
    """The history of a training, and what it logs."""

    def __init__(
        self, training: Trainable, clock: Clock, checkpoint: Path, logger: LoggerName
    ) -> None:
        self._training, self._clock = training, clock
        self._history = History.load(checkpoint, until=clock.step)
        self._logger = open_logger(logger, checkpoint, clock.step)
        self._losses: Mapping[str, float] = {}
        self._logged_at, self._logged = 0.0, clock.step
        self._shown, self._next_preview = clock.step, clock.fraction

    def keep(self, losses: Mapping[str, float]) -> None:
        """Take the losses of the step that was just done, whether they are numbers or not."""
        point = Point(self._clock.step + 1, self._clock.seconds, dict(losses))
        self._history.add(point, getattr(self._training, "phase", ""))

    def tell(self, losses: Mapping[str, float]) -> bool:
        """Log a step's losses now and then, and some previews over the whole budget.

        Returns whether this step has a preview.
        """
        self._losses = losses
        if time.monotonic() - self._logged_at >= _LOG_SECONDS:
            self._log()
        if (fraction := self._clock.fraction) >= self._next_preview:
            self._next_preview += 1 / MOST_PREVIEWS
            if self._next_preview <= fraction:  # a step took long
                self._next_preview = fraction + 1 / MOST_PREVIEWS
            self._show()
            return True
        return False

    def finish(self) -> None:
        """Log the last step, and show what it came to."""
        if self._losses and self._logged != self._clock.step:
            self._log()
        if self._shown != self._clock.step:
            self._show()
        self.save()

    def save(self) -> None:
        """Write the history."""
        self._history.save()

    def close(self) -> None:
        """Write what waits."""
        self._logger.close()

    def _log(self) -> None:
        self._logged_at, self._logged = time.monotonic(), self._clock.step
        self._logger.losses(self._clock.step, self._clock.seconds, self._losses)

    def _show(self) -> None:
        self._shown = self._clock.step
        picture = self._training.preview()
        self._logger.picture(self._shown, picture)
        self._history.show(self._shown, self._clock.seconds, picture)


class _Saving:
    """Checkpoints, not so often that a large one slows the training down."""

    def __init__(
        self,
        training: Trainable,
        clock: Clock,
        folder: Path,
        records: _Records | None,
        notes: Mapping[str, Any],
    ) -> None:
        self._training, self._clock, self._folder = training, clock, folder
        self._records, self._notes = records, notes
        self._next = time.monotonic() + _CHECKPOINT_SECONDS

    def now_and_then(self) -> None:
        """Save where the last checkpoint is old enough."""
        start = time.monotonic()
        if start >= self._next:
            self.save()
            spent = time.monotonic() - start
            self._next = start + max(_CHECKPOINT_SECONDS, spent / _CHECKPOINT_SHARE)

    def save(self) -> None:
        """Save now; the history first: it may know of more steps than the state, not of fewer."""
        if self._records is not None:
            self._records.save()
        save_state(self._folder, _noted(self._training.state(), self._notes, self._clock))


class _Best:
    """The state with the lowest held-out loss so far, in a checkpoint of its own."""

    def __init__(self, training: Trainable, checkpoint: Path, notes: Mapping[str, Any]) -> None:
        self._training, self._folder, self._notes = training, checkpoint / "best", notes
        state = load_state(self._folder)
        self._loss = math.inf if state is None else float(state.values["held_out"])

    def look(self, clock: Clock) -> None:
        """Measure now, and keep the state where it is better than all before it."""
        loss = self._training.held_out_loss()  # type: ignore[attr-defined]
        if loss < self._loss:
            self._loss = loss
            notes = {**self._notes, "held_out": loss}
            save_state(self._folder, _noted(self._training.state(), notes, clock))

    def restore(self) -> None:
        """Go back to the best state, if there is one: a held-out loss can be NaN throughout."""
        if (state := load_state(self._folder)) is not None:
            self._training.restore(state, self._folder)


def _noted(state: TrainingState, notes: Mapping[str, Any], clock: Clock) -> TrainingState:
    values = {**state.values, **notes, "step": clock.step, "seconds": clock.seconds}
    return TrainingState(state.tensors, values)


def _check(losses: Mapping[str, float], step: int) -> None:
    for name, value in losses.items():
        if not math.isfinite(value):
            raise TrainingError(
                f"the {name} is {value} at step {step}; the checkpoint before it is kept: "
                "train on from there with another `seed`, or with `device=cpu`."
            )


def _event(stage: str, clock: Clock, losses: Mapping[str, float], phase: str) -> Progress:
    note = (
        f"{phase + ', ' if phase else ''}step {clock.step}, loss {next(iter(losses.values())):.3f}"
    )
    budget = clock.budget
    if budget.steps is not None and (
        budget.minutes is None or clock.step / budget.steps >= clock.fraction
    ):
        return Progress(stage, clock.step, budget.steps, "steps", note)
    assert budget.minutes is not None
    total = 60 * budget.minutes
    return Progress(stage, min(clock.seconds, total), total, "s", note)
