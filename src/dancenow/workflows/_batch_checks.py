"""What can be told of a batch's tasks before any of them is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from dancenow import consent
from dancenow.errors import DanceNowError, InputError
from dancenow.options import GenerateOptions, PerformOptions, TrainPerformerOptions
from dancenow.options.groups import ConsentAnswer
from dancenow.performer import is_performer
from dancenow.pose.dancers import check_person
from dancenow.sources.load import check_rate
from dancenow.staging.show import check_show
from dancenow.workflows._batch_tasks import Task
from dancenow.workflows.sample import is_sample
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


def agreed(tasks: Mapping[str, Task], answer: ConsentAnswer | None) -> dict[str, Task]:
    """The tasks with what is said of the consent of those who are learned; noted where they are.

    Args:
        tasks: all of a batch; what its plan says of somebody counts more than the answer.
        answer: what is said of everybody else; see `consent.check`.

    Raises:
        ConsentNeeded: the answer is "ask", and nothing was said of somebody before.
        InputError: somebody does not agree.
    """
    found = dict(tasks)
    for key, task in tasks.items():
        if task.kind == "learn" and task.output is not None and not is_sample(task.inputs[0]):
            said = task.options.consent or answer
            consent.check(task.output, said)
            if said == "yes" and is_performer(task.output) and not consent.is_settled(task.output):
                consent.record(task.output)
            known = None if said == "ask" else said
            found[key] = replace(task, options=replace(task.options, consent=known))
    return found


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
