"""The training loop: budget, progress, checkpoints, logs, failures."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import TrainingError
from dancenow.options.groups import LoggerName
from dancenow.processes import ENDINGS
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.training.budget import Clock
from dancenow.training.checkpoint import STATE, TrainingState, save_state
from dancenow.training.history import MOST_PREVIEWS, History, Point
from dancenow.training.logs import open_logger
from dancenow.training.team import Team
from dancenow.training.threads import ThreadTuner

_CHECKPOINT_SECONDS = 60.0
_CHECKPOINT_SHARE = 0.05  # fraction of training time that saving may take
_LOG_SECONDS = 2.0


class Trainable(Protocol):
    """What the loop trains; it knows nothing of folders, budgets or logs."""

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        """Do step `number` with `fraction` of the budget used; return losses, "loss" first."""

    def state(self) -> TrainingState:
        """Everything needed to resume after the steps done so far."""

    def restore(self, state: TrainingState, where: Path) -> None:
        """Resume from a state that was read from the folder `where`.

        Raises:
            InputError: it belongs to another network.
        """

    def preview(self) -> NDArray[np.uint8]:
        """A picture of what was learned, uint8 `(H, W, 3)` RGB."""

    def close(self) -> None:
        """Stop its threads."""


@dataclass(frozen=True)
class LoopOptions:
    """Options of the training loop.

    Attributes:
        progress: called for every step.
        logger: where losses and previews are logged besides the history.
        team: the processes that run the loop together; the first one's clock decides.
        notes: JSON values stored with the state.
        tune_threads: measure which number of threads is fastest, for networks on a CPU.
    """

    progress: ProgressCallback = silent
    logger: LoggerName = "csv"
    team: Team = field(default_factory=Team)
    notes: Mapping[str, Any] = field(default_factory=dict)
    tune_threads: bool = False


def run_training(
    training: Trainable, clock: Clock, checkpoint: Path, stage: str, options: LoopOptions
) -> None:
    """Train until the budget is used; leaves a checkpoint however it ends.

    Args:
        training: what to train.
        clock: the budget and how much of it is used; advanced by the loop.
        checkpoint: a folder for the state, the history and the logs.
        stage: the name that progress shows.
        options: see `LoopOptions`.

    Raises:
        TrainingError: the loss is NaN or infinite; the last good checkpoint is kept.
    """
    team = options.team
    records = _Records(training, clock, checkpoint, options.logger) if team.first else None
    saving = _Checkpoints(training, clock, checkpoint, records, options.notes)
    interrupts = _Interrupts(team)
    threads = ThreadTuner() if options.tune_threads and team.size == 1 else ThreadTuner(1)
    try:
        if team.first and not (checkpoint / STATE).is_file():
            saving.save()  # makes a training resumable that dies within its first minute
        while (fraction := team.agreed(clock.fraction)) < 1.0:
            interrupts.check()
            with threads.measure():
                losses = training.step(clock.step, fraction)
            if records is not None:
                records.add(losses)
            _check(losses, clock.step)
            clock.step += 1
            if records is not None:
                phase = getattr(training, "phase", "")
                options.progress(_event(stage, clock, losses, phase))
                records.log(losses)
                saving.save_if_due()
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
            records.finish()
        team.wait()
        interrupts.check()  # it came with the last step
    finally:
        interrupts.close()
        if records is not None:
            records.close()


class _Interrupts:
    """Ctrl-C, and signals handled alike (see `dancenow.cli`), end a training between two steps.

    An exception in the middle of one may leave a lock held, TensorBoard's for example, and what
    closes later waits for it forever.  With several processes all stop after the same step, once
    the first has saved: one that left at once would take the others down with it.  With one, a
    second Ctrl-C ends it at once.
    """

    def __init__(self, team: Team) -> None:
        self._team = team
        self._came: int | None = None
        self._before: dict[int, Any] = {}
        if threading.current_thread() is not threading.main_thread():  # only it gets signals
            return
        for number in ENDINGS:
            handler = signal.getsignal(number)
            if callable(handler) or (team.size > 1 and handler is signal.SIG_DFL):
                self._before[number] = signal.signal(number, self._note)

    def check(self) -> None:
        """Raise what a signal raises, in every process if any was asked to stop."""
        if self._team.any(self._came is not None):
            self.close()
            self._end()

    def close(self) -> None:
        """Restore the previous signal handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: object) -> None:
        again, self._came = self._came is not None, number
        if again and self._team.size == 1:
            self._end()

    def _end(self) -> NoReturn:
        handler = None if self._came is None else self._before[self._came]
        if callable(handler):
            handler(self._came, None)
        raise KeyboardInterrupt


class _Records:
    """The history and the log of a training."""

    def __init__(
        self, training: Trainable, clock: Clock, checkpoint: Path, logger: LoggerName
    ) -> None:
        self._training, self._clock = training, clock
        self._history = History.load(checkpoint, until=clock.step)
        self._logger = open_logger(logger, checkpoint, clock.step)
        self._losses: Mapping[str, float] = {}
        self._logged_at, self._logged = 0.0, clock.step
        self._shown, self._next_preview = clock.step, clock.fraction

    def add(self, losses: Mapping[str, float]) -> None:
        """Add the losses of the step just done to the history, even if NaN or infinite."""
        point = Point(self._clock.step + 1, self._clock.seconds, dict(losses))
        self._history.add(point, getattr(self._training, "phase", ""))

    def log(self, losses: Mapping[str, float]) -> None:
        """Log a step's losses every few seconds, and previews spread over the budget."""
        self._losses = losses
        if time.monotonic() - self._logged_at >= _LOG_SECONDS:
            self._log()
        if (fraction := self._clock.fraction) >= self._next_preview:
            self._next_preview += 1 / MOST_PREVIEWS
            if self._next_preview <= fraction:  # a slow step
                self._next_preview = fraction + 1 / MOST_PREVIEWS
            self._show()

    def finish(self) -> None:
        """Log the last step with a preview."""
        if self._losses and self._logged != self._clock.step:
            self._log()
        if self._shown != self._clock.step:
            self._show()
        self.save()

    def save(self) -> None:
        """Write the history."""
        self._history.save()

    def close(self) -> None:
        """Write what is still buffered."""
        self._logger.close()

    def _log(self) -> None:
        self._logged_at, self._logged = time.monotonic(), self._clock.step
        self._logger.losses(self._clock.step, self._clock.seconds, self._losses)

    def _show(self) -> None:
        self._shown = self._clock.step
        picture = self._training.preview()
        self._logger.picture(self._shown, picture)
        self._history.show(self._shown, self._clock.seconds, picture)


class _Checkpoints:
    """Saves checkpoints, rarely enough that large ones do not slow training down."""

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

    def save_if_due(self) -> None:
        """Save if the last checkpoint is old enough."""
        start = time.monotonic()
        if start >= self._next:
            self.save()
            spent = time.monotonic() - start
            self._next = start + max(_CHECKPOINT_SECONDS, spent / _CHECKPOINT_SHARE)

    def save(self) -> None:
        """Save now, history first: it may hold more steps than the state, but not fewer."""
        if self._records is not None:
            self._records.save()
        state, clock = self._training.state(), self._clock
        values = {**state.values, **self._notes, "step": clock.step, "seconds": clock.seconds}
        save_state(self._folder, TrainingState(state.tensors, values))


def _check(losses: Mapping[str, float], step: int) -> None:
    for name, value in losses.items():
        if not math.isfinite(value):
            raise TrainingError(
                f"the {name} is {value} at step {step}; the last good checkpoint is kept: "
                "resume from it with another `seed`, or with `device=cpu`."
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
