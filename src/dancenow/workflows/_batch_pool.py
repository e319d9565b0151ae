"""Worker processes that do a batch's tasks: one that dies takes nothing else with it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any, Final

from dancenow.processes import interrupt, kill, start_worker, worker_context
from dancenow.workflows._batch_schedule import DIED, Outcome
from dancenow.workflows._batch_tasks import Task
from dancenow.workflows._batch_worker import work

_GRACE: Final = 60.0  # seconds to save a checkpoint
_PRELOAD: Final = (
    "mediapipe",
    "torch",
    "dancenow.workflows.perform",
    "dancenow.workflows.generate",
)


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
        start_worker(self.process)
        other.close()
        self.task: Task | None = None
        self.began = 0.0
        self.warnings: dict[str, None] = {}

    def give(self, task: Task) -> None:
        self.task, self.began, self.warnings = task, time.monotonic(), dict[str, None]()
        with suppress(OSError):  # it has died, which is told when it is heard
            self.connection.send(task)


class Pool:
    """Processes of this machine.

    Args:
        count: how many.
        gpus: graphics cards among which they are spread.
    """

    def __init__(self, count: int, gpus: int) -> None:
        self._count, self._gpus = count, gpus
        self._context = worker_context(_PRELOAD)
        self._workers: dict[int, _Worker] = {}
        self.doing: dict[str, str] = {}

    def begin(self, task: Task) -> bool:
        worker = self._idle()
        if worker is None:
            return False
        worker.give(task)
        self.doing[task.key] = "starting"
        return True

    def ended(self) -> Iterator[Outcome]:
        for outcome in self._heard():
            self.doing.pop(outcome.task.key, None)
            yield outcome

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
                yield Outcome(task, {}, DIED, seconds=seconds)
                continue
            if kind == "progress":
                self.doing[task.key] = value
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

    def close(self) -> None:
        for worker in self._workers.values():
            if worker.task is None:
                worker.connection.close()
            else:
                interrupt(worker.process)
        for worker in self._workers.values():
            worker.process.join(_GRACE)
            kill(worker.process)
