"""What can be told of a batch's tasks before any of them is done."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from dancenow.errors import DanceNowError, InputError
from dancenow.options import GenerateOptions, PerformOptions, TrainPerformerOptions
from dancenow.pose.dancers import check_person
from dancenow.sources.load import check_rate
from dancenow.staging.show import check_show
from dancenow.workflows._batch_tasks import Task
from dancenow.workflows.train_performer import check_target

_MOST_SEED: Final = 2**63


def check_tasks(tasks: Iterable[Task]) -> None:
    """Raise `InputError` if an option of a task cannot be used."""
    with TemporaryDirectory() as scratch:
        for task in tasks:
            try:
                _check(task, Path(scratch))
            except DanceNowError as error:
                raise InputError(f"{task.key}: {str(error).replace(f'{scratch}/', '')}") from error


def _check(task: Task, scratch: Path) -> None:
    options = task.options
    seed = getattr(options, "seed", 0)
    if not 0 <= seed < _MOST_SEED:
        raise InputError(f"`seed={seed}`: must be from 0 to {_MOST_SEED - 1}.")
    if str(getattr(options, "device", "")).startswith("cuda:"):
        raise InputError(
            f"`device={options.device}`: a batch uses all cards; give cuda, or choose cards by "
            "CUDA_VISIBLE_DEVICES."
        )
    if isinstance(options, TrainPerformerOptions):
        check_target(task.inputs[0], options)
    if isinstance(options, PerformOptions):
        assert task.output is not None
        check_show(options, scratch / task.output.name)
        check_rate(options.fps)
        check_person(options.person, count=len(task.inputs) - 1)
    if isinstance(options, GenerateOptions):
        for name in ("music", "continue_from"):
            path = getattr(options, name)
            if path is not None and not Path(path).exists():
                raise InputError(f"`{name}={path}`: does not exist.")
        if options.seconds is not None and not 0 < options.seconds < float("inf"):
            raise InputError(f"`seconds={options.seconds:g}`: must be above 0.")
