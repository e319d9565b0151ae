"""The loop that every training runs in: budget, progress, checkpoints, logs, failures."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import TrainingError
from dancenow.progress import Progress, ProgressCallback
from dancenow.training.budget import Clock
from dancenow.training.checkpoint import TrainingState, save_state
from dancenow.training.history import MOST_PREVIEWS, History, Point
from dancenow.training.logs import LoggerName, open_logger
from dancenow.training.team import Team

_CHECKPOINT_SECONDS = 60.0
_CHECKPOINT_SHARE = 0.05  # of the training's time that saving may take
_LOG_SECONDS = 2.0


class Trainable(Protocol):
    """A training, seen from the loop."""

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        """Do step `number` at that part of the budget; give the losses by name, "loss" first."""

    def state(self) -> TrainingState:
        """All that is needed to resume after the steps done so far."""

    def preview(self) -> NDArray[np.uint8]:
        """A picture `(H, W, 3)` RGB of what was learned."""


def run_training(
    training: Trainable,
    clock: Clock,
    checkpoint: Path,
    *,
    stage: str,
    progress: ProgressCallback,
    logger: LoggerName = "tensorboard",
    team: Team | None = None,
) -> None:
    """Train until the budget is over; a checkpoint is left whatever ends it.

    Where several processes train together, all of them run this; the first one's clock decides,
    and it alone writes.

    Args:
        training: what learns.
        clock: the budget and what is used of it; its step counts on.
        checkpoint: a folder for the state, the history and the logs.
        stage: the name that progress shows.
        progress: told after every step.
        logger: where losses and pictures are logged besides the history.
        team: the fellow processes.

    Raises:
        TrainingError: the loss is no number; the checkpoint before it is kept.
    """
    team = team or Team()
    records = _Records(training, clock, checkpoint, logger) if team.first else None
    saving = _Saving(training, clock, checkpoint, records)
    interrupts = _Interrupts(team)
    try:
        while (fraction := team.agreed(clock.fraction)) < 1.0:
            interrupts.check()
            losses = training.step(clock.step, fraction)
            if records is not None:
                records.keep(losses)
            _check(losses, clock.step)
            clock.step += 1
            if records is not None:
                progress(_event(stage, clock, losses, getattr(training, "phase", "")))
                records.tell(losses)
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
        self._before: Any = None
        if team.size > 1:
            self._before = signal.signal(signal.SIGINT, self._note)

    def check(self) -> None:
        """Raise `KeyboardInterrupt` in every process when one was asked to stop."""
        if self._team.size > 1 and self._team.any(self._asked):
            raise KeyboardInterrupt

    def close(self) -> None:
        """Let Ctrl-C do what it did before."""
        if self._team.size > 1:
            signal.signal(signal.SIGINT, self._before)

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

    def tell(self, losses: Mapping[str, float]) -> None:
        """Log a step's losses now and then, and some previews over the whole budget."""
        self._losses = losses
        if time.monotonic() - self._logged_at >= _LOG_SECONDS:
            self._log()
        if (fraction := self._clock.fraction) >= self._next_preview:
            self._next_preview += 1 / MOST_PREVIEWS
            if self._next_preview <= fraction:  # a step took long
                self._next_preview = fraction + 1 / MOST_PREVIEWS
            self._show()

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
        self, training: Trainable, clock: Clock, folder: Path, records: _Records | None
    ) -> None:
        self._training, self._clock, self._folder = training, clock, folder
        self._records = records
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
        state = self._training.state()
        values = {**state.values, "step": self._clock.step, "seconds": self._clock.seconds}
        save_state(self._folder, TrainingState(state.tensors, values))


def _check(losses: Mapping[str, float], step: int) -> None:
    for name, value in losses.items():
        if not math.isfinite(value):
            raise TrainingError(
                f"the {name} is {value} at step {step}; the checkpoint before it is kept: "
                "train on from there with another --seed, or with --device cpu."
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
