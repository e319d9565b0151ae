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
from torch.utils.tensorboard import SummaryWriter

from dancenow.errors import TrainingError
from dancenow.progress import Progress, ProgressCallback
from dancenow.training.budget import Clock
from dancenow.training.checkpoint import TrainingState, save_state
from dancenow.training.team import Team

_CHECKPOINT_SECONDS = 60.0
_CHECKPOINT_SHARE = 0.05  # of the training's time that saving may take
_LOG_SECONDS = 2.0
_PREVIEWS = 12  # pictures logged over the whole budget


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
    team: Team | None = None,
) -> None:
    """Train until the budget is over; a checkpoint is left whatever ends it.

    Where several processes train together, all of them run this; the first one's clock decides,
    and it alone writes.

    Args:
        training: what learns.
        clock: the budget and what is used of it; its step counts on.
        checkpoint: a folder for the state and the TensorBoard logs.
        stage: the name that progress shows.
        progress: told after every step.
        team: the fellow processes.

    Raises:
        TrainingError: the loss is no number; the checkpoint before it is kept.
    """
    team = team or Team()
    logs = _Logs(training, clock, checkpoint) if team.first else None
    saving = _Saving(training, clock, checkpoint)
    interrupts = _Interrupts(team)
    try:
        while (fraction := team.agreed(clock.fraction)) < 1.0:
            interrupts.check()
            losses = training.step(clock.step, fraction)
            _check(losses, clock.step)
            clock.step += 1
            if logs is not None:
                progress(_event(stage, clock, losses, getattr(training, "phase", "")))
                logs.write(losses)
                saving.now_and_then()
    except TrainingError:
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
        if team.first:
            saving.save()
        team.wait()
    finally:
        interrupts.close()
        if logs is not None:
            logs.close()


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


class _Logs:
    """Losses and pictures for TensorBoard."""

    def __init__(self, training: Trainable, clock: Clock, checkpoint: Path) -> None:
        self._training, self._clock = training, clock
        self._logged, self._next_preview = 0.0, clock.fraction
        # Ctrl-C inside TensorBoard's queue can let its thread sleep until the next flush.
        self._writer = SummaryWriter(str(checkpoint / "logs"), purge_step=clock.step, flush_secs=2)

    def write(self, losses: Mapping[str, float]) -> None:
        """Log a step's losses now and then, and some previews over the whole budget."""
        step = self._clock.step
        if (now := time.monotonic()) - self._logged >= _LOG_SECONDS:
            self._logged = now
            for name, value in losses.items():
                self._writer.add_scalar(name, value, step)
        if self._clock.fraction >= self._next_preview:
            self._next_preview += 1 / _PREVIEWS
            self._writer.add_image("preview", self._training.preview(), step, dataformats="HWC")

    def close(self) -> None:
        """Write what waits."""
        self._writer.close()


class _Saving:
    """Checkpoints, not so often that a large one slows the training down."""

    def __init__(self, training: Trainable, clock: Clock, folder: Path) -> None:
        self._training, self._clock, self._folder = training, clock, folder
        self._next = time.monotonic() + _CHECKPOINT_SECONDS

    def now_and_then(self) -> None:
        """Save where the last checkpoint is old enough."""
        start = time.monotonic()
        if start >= self._next:
            self.save()
            spent = time.monotonic() - start
            self._next = start + max(_CHECKPOINT_SECONDS, spent / _CHECKPOINT_SHARE)

    def save(self) -> None:
        """Save now."""
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
