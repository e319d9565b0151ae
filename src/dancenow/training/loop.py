"""The loop that every training runs in: budget, progress, checkpoints, logs, failures."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from dancenow.errors import TrainingError
from dancenow.progress import Progress, ProgressCallback
from dancenow.training.budget import Clock
from dancenow.training.checkpoint import TrainingState, save_state

_CHECKPOINT_SECONDS = 60.0
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
) -> None:
    """Train until the budget is over; a checkpoint is left whatever ends it.

    Args:
        training: what learns.
        clock: the budget and what is used of it; its step counts on.
        checkpoint: a folder for the state and the TensorBoard logs.
        stage: the name that progress shows.
        progress: told after every step.

    Raises:
        TrainingError: the loss is no number; the checkpoint before it is kept.
    """
    checkpoint.mkdir(parents=True, exist_ok=True)
    saved, logged = time.monotonic(), 0.0
    next_preview = clock.fraction
    logs = str(checkpoint / "logs")
    # Ctrl-C inside TensorBoard's queue can let its thread sleep until the next flush.
    with SummaryWriter(logs, purge_step=clock.step, flush_secs=2) as writer:
        try:
            while not clock.over:
                losses = training.step(clock.step, clock.fraction)
                _check(losses, clock.step)
                clock.step += 1
                progress(_event(stage, clock, losses))
                now = time.monotonic()
                if now - logged >= _LOG_SECONDS:
                    logged = now
                    for name, value in losses.items():
                        writer.add_scalar(name, value, clock.step)
                if clock.fraction >= next_preview:
                    next_preview += 1 / _PREVIEWS
                    writer.add_image("preview", training.preview(), clock.step, dataformats="HWC")
                if now - saved >= _CHECKPOINT_SECONDS:
                    saved = now
                    _save(training, clock, checkpoint)
        except TrainingError:
            raise
        except BaseException:
            _save(training, clock, checkpoint)
            raise
        _save(training, clock, checkpoint)


def _check(losses: Mapping[str, float], step: int) -> None:
    for name, value in losses.items():
        if not math.isfinite(value):
            raise TrainingError(
                f"the {name} is {value} at step {step}; the checkpoint before it is kept: "
                "train on from there with another --seed, or with --device cpu."
            )


def _event(stage: str, clock: Clock, losses: Mapping[str, float]) -> Progress:
    note = f"step {clock.step}, loss {next(iter(losses.values())):.3f}"
    budget = clock.budget
    if budget.steps is not None and (
        budget.minutes is None or clock.step / budget.steps >= clock.fraction
    ):
        return Progress(stage, clock.step, budget.steps, "steps", note)
    assert budget.minutes is not None
    total = 60 * budget.minutes
    return Progress(stage, min(clock.seconds, total), total, "s", note)


def _save(training: Trainable, clock: Clock, folder: Path) -> None:
    state = training.state()
    values = {**state.values, "step": clock.step, "seconds": clock.seconds}
    save_state(folder, TrainingState(state.tensors, values))
