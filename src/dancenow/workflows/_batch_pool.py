"""Worker processes that do a batch's tasks: one that dies takes nothing else with it."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Final

from dancenow.processes import interrupt, kill
from dancenow.progress import Progress, ProgressCallback
from dancenow.workflows._batch_tasks import Task
from dancenow.workflows._batch_worker import work

_TRIES: Final = 2  # of a task whose process dies
_GRACE: Final = 60.0  # seconds to save a checkpoint
_PRELOAD: Final = (
    "mediapipe",
    "torch",
    "dancenow.workflows.perform",
    "dancenow.workflows.generate",
)


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


class _Worker:
    """A process, this end of its pipe, and what it is at."""

    def __init__(self, context: Any, number: int, count: int, gpus: int) -> None:
        self.connection, other = context.Pipe()
        self.process = context.Process(
            target=work,
            args=(other, number, count, gpus, dict(os.environ)),
            name=f"worker {number}",
            daemon=True,
        )
        self.process.start()
        other.close()
        self.task: Task | None = None
        self.began = 0.0
        self.warnings: dict[str, None] = {}

    def give(self, task: Task) -> None:
        self.task, self.began, self.warnings = task, time.monotonic(), dict[str, None]()
        with suppress(OSError):  # it has died, which is told when it is heard
            self.connection.send(task)


class Pool:
    """Does tasks in several processes, each after those that it needs.

    Args:
        count: how many processes.
        gpus: graphics cards among which they are spread.
        progress: called with what is being done.
    """

    def __init__(self, count: int, gpus: int, progress: ProgressCallback) -> None:
        self._count, self._gpus, self._progress = count, gpus, progress
        # Forking is cheap where it is safe: a worker that is started has everything imported.
        how = "forkserver" if sys.platform == "linux" else "spawn"
        self._context = multiprocessing.get_context(how)
        if how == "forkserver":
            self._context.set_forkserver_preload(list(_PRELOAD))
        self._workers: dict[int, _Worker] = {}
        self._doing: dict[str, str] = {}

    def run(self, tasks: Mapping[str, Task], done: set[str]) -> Iterator[Outcome]:
        """Do what is not done; yields how each ended, also those whose needs failed.

        Args:
            tasks: all of them, by key.
            done: the keys of those that need not be done.
        """
        open_, failed = [key for key in tasks if key not in done], set[str]()
        tries: dict[str, int] = {}
        total = len(open_)
        ended, finished = set(done), 0
        try:
            while open_ or self._busy:
                for key in [key for key in open_ if failed & set(tasks[key].needs)]:
                    open_.remove(key)
                    failed.add(key)
                    finished += 1
                    missing = next(need for need in tasks[key].needs if need in failed)
                    yield Outcome(tasks[key], {}, f"was left out, since {missing!r} failed.")
                for key in [key for key in open_ if ended >= set(tasks[key].needs)]:
                    if (worker := self._idle()) is None:
                        break
                    open_.remove(key)
                    worker.give(tasks[key])
                for outcome in self._heard():
                    key = outcome.task.key
                    self._doing.pop(key, None)
                    if outcome.error == _DIED and tries.setdefault(key, 1) < _TRIES:
                        tries[key] += 1
                        open_.insert(0, key)
                        continue
                    finished += 1
                    (failed if outcome.error else ended).add(key)
                    yield outcome
                now = "; ".join(f"{key}: {stage}" for key, stage in self._doing.items())
                self._progress(Progress("batch", finished, total, "tasks", now))
        finally:
            self._close()

    @property
    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers.values() if worker.task is not None]

    def _idle(self) -> _Worker | None:
        for number in range(self._count):
            worker = self._workers.get(number)
            if worker is None:
                worker = _Worker(self._context, number, self._count, self._gpus)
                self._workers[number] = worker
            if worker.task is None:
                return worker
        return None

    def _heard(self) -> Iterator[Outcome]:
        """What the workers say; that a task ended, or that a process did."""
        busy = self._busy
        for connection in wait([each.connection for each in busy], timeout=1.0):
            worker = next(each for each in busy if each.connection is connection)
            assert worker.task is not None
            task, seconds = worker.task, time.monotonic() - worker.began
            try:
                kind, value = worker.connection.recv()
            except (EOFError, OSError):
                worker.process.join()
                self._workers = {n: w for n, w in self._workers.items() if w is not worker}
                yield Outcome(task, {}, _DIED, seconds=seconds)
                continue
            if kind == "progress":
                self._doing[task.key] = value
                continue
            if kind == "warning":
                worker.warnings[value] = None
                continue
            worker.task, told = None, tuple(worker.warnings)
            if kind == "done":
                yield Outcome(task, value, seconds=seconds, warnings=told)
            else:
                line, trace = value
                yield Outcome(task, {}, line, trace, seconds, told)

    def _close(self) -> None:
        """End all workers; a training that is under way saves first."""
        for worker in self._workers.values():
            if worker.task is None:
                worker.connection.close()
            else:
                interrupt(worker.process)
        for worker in self._workers.values():
            worker.process.join(_GRACE)
            kill(worker.process)


_DIED: Final = "its process died twice, perhaps because memory ran out."
