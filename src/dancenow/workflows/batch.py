"""A batch: many performers, sources and dances at once; what is there already is not made again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dancenow.errors import InputError, counted
from dancenow.files import check_folder, make_folder, write_text
from dancenow.options import BatchEngine, BatchOptions
from dancenow.plan.batch import Wanted, read_batch
from dancenow.processes import try_lock
from dancenow.progress import ProgressCallback, silent
from dancenow.report import PAGE
from dancenow.workflows._batch_checks import check_tasks
from dancenow.workflows._batch_page import write_batch_page
from dancenow.workflows._batch_pool import Pool
from dancenow.workflows._batch_ray import Cluster
from dancenow.workflows._batch_schedule import Engine, Outcome, run
from dancenow.workflows._batch_segments import with_segments
from dancenow.workflows._batch_tasks import Task, tasks_of

RECORD: Final = "batch.json"
LOCK: Final = "batch.lock"
_CORES: Final = 4  # that a process makes good use of
_VERSION: Final = 1


@dataclass(frozen=True)
class Batched:
    """A batch that was made.

    Attributes:
        output: its folder.
        page: all results side by side.
        made: the videos that were made now.
        found: those that were there already.
        failed: why each of the others is missing, by its name.
    """

    output: Path
    page: Path
    made: tuple[Path, ...]
    found: tuple[Path, ...]
    failed: dict[str, str]

    @property
    def exit_status(self) -> int:
        """1 if something failed."""
        return 1 if self.failed else 0

    def summary(self) -> str:
        """What was made, and a line for each that failed."""
        lines = [
            f"{self.page}: {counted(len(self.made), 'video')} made, {len(self.found)} there "
            f"already, {len(self.failed)} failed"
        ]
        lines += [f"  {name}: {why}" for name, why in self.failed.items()]
        if self.failed:
            lines.append("call it again to make what is missing")
        return "\n".join(lines)


def batch(
    plan: str | Path,
    output: str | Path,
    options: BatchOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> Batched:
    """Make everything that a plan wants; poses are found once, and people are learned once.

    A second call makes what is missing, or what the plan now wants otherwise.  What fails leaves
    the rest alone.

    Args:
        plan: a document (`.toml`) or a table (`.csv`); see docs/batch.md.
        output: the folder for `videos/`, `people/`, `dances/` and the page.
        options: see `BatchOptions`.
        progress: called while it works.

    Raises:
        InputError: the plan cannot be used.
    """
    options, plan, output = options or BatchOptions(), Path(plan), Path(output)
    if options.jobs is not None and options.jobs < 1:
        raise InputError(f"`jobs={options.jobs}`: must be 1 or more.")
    wanted = read_batch(plan)
    check_folder(output, "batch", ours=(output / RECORD).is_file())
    tasks = tasks_of(wanted, output)
    check_tasks(tasks.values())
    gpus = _gpus()
    count = options.jobs or gpus or max(1, (os.cpu_count() or 1) // _CORES)
    if options.engine is BatchEngine.ray or count > 1:
        tasks = with_segments(tasks)
    make_folder(output)
    release = try_lock(output / LOCK)
    if release is None:
        raise InputError(f"{output}: another batch is at work in it; wait for it.")
    try:
        local = options.engine is BatchEngine.local
        engine: Engine = Pool(count, gpus) if local else Cluster(options.jobs)
        return _made(wanted, tasks, output, engine, progress)
    finally:
        release()


def _made(
    wanted: Sequence[Wanted],
    tasks: Mapping[str, Task],
    output: Path,
    engine: Engine,
    progress: ProgressCallback,
) -> Batched:
    """Do the tasks, with the folder for this process alone."""
    record = _Record(output / RECORD)
    done = {key for key, task in tasks.items() if record.has(task)}
    done |= _spared(tasks, done)
    record.save()
    failed: dict[str, str] = {}
    try:
        for outcome in run(engine, tasks, done, progress):
            record.add(outcome)
            if outcome.error:
                failed[outcome.task.key] = outcome.error
    finally:
        page = write_batch_page(output / PAGE, wanted, tasks, record.tasks)
    videos = {key: task.output for key, task in tasks.items() if task.is_result}
    paths = {key: path for key, path in videos.items() if path is not None and key not in failed}
    made = tuple(path for key, path in paths.items() if key not in done)
    return Batched(
        output, page, made, tuple(path for key, path in paths.items() if key in done), failed
    )


class _Record:
    """What a batch has done so far, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.tasks: dict[str, dict[str, Any]] = {}
        try:
            document = json.loads(path.read_text("utf-8"))
            if document.get("version") == _VERSION:
                known = dict(document["tasks"]).items()
                self.tasks = {key: entry for key, entry in known if isinstance(entry, dict)}
        except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
            pass  # it is begun anew: what is there is made again

    def has(self, task: Task) -> bool:
        """Whether a task was done as it is wanted, and its result is there."""
        known = self.tasks.get(task.key, {})
        same = known.get("fingerprint") == task.fingerprint and not known.get("error")
        return same and (task.output is None or task.there)

    def add(self, outcome: Outcome) -> None:
        self.tasks[outcome.task.key] = {
            "fingerprint": outcome.task.fingerprint,
            "seconds": round(outcome.seconds, 1),
            "figures": dict(outcome.figures),
            "error": outcome.error,
            "warnings": list(outcome.warnings),
            **({"traceback": outcome.trace} if outcome.trace else {}),
        }
        self.save()

    def save(self) -> None:
        write_text(self._path, json.dumps({"version": _VERSION, "tasks": self.tasks}, indent=1))


def _spared(tasks: Mapping[str, Task], done: set[str]) -> set[str]:
    """The tasks that nothing needs which is yet to be made."""
    wanted: set[str] = set()
    for key, task in reversed(list(tasks.items())):
        if key not in done and (task.is_result or key in wanted):
            wanted |= {key, *task.needs}
    return set(tasks) - wanted


def _gpus() -> int:
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
