"""The order in which a batch's tasks are done: each after those that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from dancenow.progress import Progress, ProgressCallback
from dancenow.workflows._batch_tasks import Task

DIED: Final = "its process died twice, perhaps because memory ran out."
"""The error of a task whose process died."""
_TRIES: Final = 2  # of such a task


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        task: the task.
        figures: what it tells of its result.
        error: why it failed, in one line; "" if it did not.
        trace: the traceback of a fault of ours.
        seconds: how long it took.
        warnings: what the user should know.
    """

    task: Task
    figures: Mapping[str, Any]
    error: str = ""
    trace: str = ""
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()


class Engine(Protocol):
    """Does tasks somewhere else."""

    doing: dict[str, str]
    """What is under way: the stage of each task, by key."""

    def begin(self, task: Task) -> bool:
        """Begin a task; False if there is nobody to do it now."""

    def ended(self) -> Iterator[Outcome]:
        """How tasks ended, of which it waits a second for the first."""

    def close(self) -> None:
        """End all that is under way; a training saves first."""


def run(
    engine: Engine, tasks: Mapping[str, Task], done: set[str], progress: ProgressCallback
) -> Iterator[Outcome]:
    """Do what is not done; yields how each ended, also those whose needs failed.

    Args:
        engine: does them.
        tasks: all of them, by key.
        done: the keys of those that need not be done.
        progress: called with what is being done.
    """
    waiting = {key: None for key in tasks if key not in done}
    failed, tries = set[str](), dict[str, int]()
    total, ended, finished = len(waiting), set(done), 0
    try:
        while waiting or engine.doing:
            for key in [key for key in waiting if failed & set(tasks[key].needs)]:
                del waiting[key]
                failed.add(key)
                finished += 1
                missing = next(need for need in tasks[key].needs if need in failed)
                yield Outcome(tasks[key], {}, f"was left out, since {missing!r} failed.")
            for key in [key for key in waiting if ended >= set(tasks[key].needs)]:
                if not engine.begin(tasks[key]):
                    break
                del waiting[key]
            for outcome in engine.ended():
                key = outcome.task.key
                if outcome.error == DIED and tries.setdefault(key, 1) < _TRIES:
                    tries[key] += 1
                    waiting = {key: None, **waiting}
                    continue
                finished += 1
                (failed if outcome.error else ended).add(key)
                yield outcome
            now = "; ".join(f"{key}: {stage}" for key, stage in engine.doing.items())
            progress(Progress("batch", finished, total, "tasks", now))
    finally:
        engine.close()
