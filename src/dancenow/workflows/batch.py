"""A batch: many performers, sources and dances at once; what is there already is not made again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dancenow.errors import InputError, counted
from dancenow.files import check_folder, make_folder
from dancenow.options import BatchEngine, BatchOptions
from dancenow.plan.batch import Wanted, read_batch
from dancenow.processes import try_lock
from dancenow.progress import ProgressCallback, silent
from dancenow.remote import Mirror, is_remote
from dancenow.report import PAGE
from dancenow.workflows._batch_checks import agreed, check_tasks
from dancenow.workflows._batch_page import write_batch_page
from dancenow.workflows._batch_pool import Pool
from dancenow.workflows._batch_ray import Cluster
from dancenow.workflows._batch_record import Record
from dancenow.workflows._batch_schedule import Engine, run
from dancenow.workflows._batch_segments import PAINTED, with_segments
from dancenow.workflows._batch_tasks import Task, tasks_of

RECORD: Final = "batch.json"
LOCK: Final = "batch.lock"
_CORES: Final = 4  # that a process makes good use of


@dataclass(frozen=True)
class Batched:
    """A batch that was made.

    Attributes:
        output: its folder.
        page: all results side by side.
        made: the videos that were made now.
        found: those that were there already.
        failed: why each of the others is missing, by its name.
        sent_to: the address of the folder elsewhere to which all was sent; "" for a local one.
    """

    output: Path
    page: Path
    made: tuple[Path, ...]
    found: tuple[Path, ...]
    failed: dict[str, str]
    sent_to: str = ""

    @property
    def exit_status(self) -> int:
        """1 if something failed."""
        return 1 if self.failed else 0

    def summary(self) -> str:
        """What was made, and a line for each that failed."""
        lines = [
            f"{self.sent_to or self.page}: {counted(len(self.made), 'video')} made, "
            f"{len(self.found)} there already, {len(self.failed)} failed"
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
        output: the folder for `videos/`, `people/`, `dances/` and the page; or its address
            elsewhere, such as `s3://bucket/shows`.
        options: see `BatchOptions`.
        progress: called while it works.

    Raises:
        InputError: the plan cannot be used.
    """
    options, plan = options or BatchOptions(), Path(plan)
    if options.jobs is not None and options.jobs < 1:
        raise InputError(f"`jobs={options.jobs}`: must be 1 or more.")
    mirror = Mirror.of(str(output)) if is_remote(str(output)) else None
    folder = Path(output) if mirror is None else mirror.folder
    wanted = read_batch(plan)
    check_folder(folder, "batch", ours=any((folder / name).is_file() for name in (RECORD, LOCK)))
    tasks = agreed(tasks_of(wanted, folder), options.consent)
    check_tasks(tasks.values())
    gpus = _gpus()
    count = options.jobs or gpus or max(1, (os.cpu_count() or 1) // _CORES)
    if options.engine is BatchEngine.ray or count > 1:
        tasks = with_segments(tasks, folder)
    make_folder(folder)
    release = try_lock(folder / LOCK)
    if release is None:
        raise InputError(f"{output}: another batch is at work in it; wait for it.")
    try:
        local = options.engine is BatchEngine.local
        engine: Engine = Pool(count, gpus) if local else Cluster(options.jobs)
        return _made(wanted, tasks, folder, mirror, engine, progress)
    finally:
        release()


def _made(
    wanted: Sequence[Wanted],
    tasks: Mapping[str, Task],
    folder: Path,
    mirror: Mirror | None,
    engine: Engine,
    progress: ProgressCallback,
) -> Batched:
    """Do the tasks, with the folder for this process alone."""
    record = Record(folder / RECORD, mirror)
    done = {key for key, task in tasks.items() if record.has(task)}
    done |= _spared(tasks, done)
    record.save()
    if mirror is not None:
        for path in {path for key in tasks.keys() - done for path in tasks[key].reads}:
            mirror.pull(path)
    _sweep(folder, tasks)
    failed: dict[str, str] = {}
    try:
        for outcome in run(engine, tasks, done, progress):
            unsent = record.add(outcome)
            if outcome.error or unsent:
                failed[outcome.task.key] = outcome.error or unsent
    finally:
        with suppress(OSError):  # it is not there, or something is left to join
            (folder / PAINTED).rmdir()
        page = write_batch_page(folder / PAGE, wanted, tasks, record.tasks)
        record.send(page)
    if record.unsent and not failed:
        failed["sending"] = record.unsent
    videos = {key: task.output for key, task in tasks.items() if task.is_result}
    paths = {key: path for key, path in videos.items() if path is not None and key not in failed}
    made = tuple(path for key, path in paths.items() if key not in done)
    found = tuple(path for key, path in paths.items() if key in done)
    return Batched(folder, page, made, found, failed, mirror.url if mirror else "")


def _sweep(folder: Path, tasks: Mapping[str, Task]) -> None:
    """Remove painted segments that nothing needs any more."""
    needed = {task.painted[0].parent.name for task in tasks.values() if task.painted}
    painted = folder / PAINTED
    for each in painted.iterdir() if painted.is_dir() else ():
        if each.name not in needed:
            shutil.rmtree(each, ignore_errors=True)


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
