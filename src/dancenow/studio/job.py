"""A job, and how it is stored: `job.json` beside what it made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

from dancenow.errors import InputError
from dancenow.files import remove, write_text
from dancenow.reading import read_object, reading
from dancenow.studio.worker import JobRequest, Task

_FILE: Final = "job.json"
_DAMAGED: Final = "is damaged."


class JobState(str, Enum):
    """The state of a job."""

    queued = "queued"
    running = "running"
    cancelling = "cancelling"
    cancelled = "cancelled"
    interrupted = "interrupted"  # by the end of the studio
    failed = "failed"
    done = "done"

    @property
    def active(self) -> bool:
        """Whether the job is waiting or running."""
        return self in (JobState.queued, JobState.running, JobState.cancelling)

    @property
    def resumable(self) -> bool:
        """Whether the same request can continue from what was saved."""
        return self in (JobState.cancelled, JobState.interrupted, JobState.failed)


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Attributes:
        id: cannot be guessed.
        owner: the user who asked for it.
        kind: name of the kind of job.
        title: shown on the page.
        request: the input of the task; JSON values.
        state: whether it waits, runs, or how it ended.
        created: when it was queued, seconds since 1970.
        ended: when it ended, seconds since 1970; 0 before.
        progress: the newest progress (stage, done, total, unit, note) with the seconds `left` in
            the stage; empty before any.
        step: the name of the step that is being made; "" before the first.
        began: when that step began, seconds since 1970.
        preview: when the newest preview picture was made, seconds since 1970; 0 before any.
        first_look: whether there is a first look at the result, before any learning.
        result: what the task returned.
        error: the line that says why it failed.
        warnings: lines that the user should know.
    """

    id: str
    owner: str
    kind: str
    title: str
    request: JobRequest
    state: JobState = JobState.queued
    created: float = 0.0
    ended: float = 0.0
    progress: dict[str, Any] = field(default_factory=dict)
    step: str = ""
    began: float = 0.0
    preview: float = 0.0
    first_look: bool = False
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class JobKind:
    """A kind of job.

    Attributes:
        task: a module's function, run in the worker process.
        lane: the jobs of a lane run one after the other, beside those of other lanes.
        temporary: such jobs are not stored, and forgotten once they have ended.
        ahead: others that use the same uploads wait for such jobs, which save them work.
    """

    task: Task
    lane: str = "long"
    temporary: bool = False
    ahead: bool = False


def write_job(job: Job, folder: Path) -> None:
    """Store a job in its own folder."""
    write_text(folder / _FILE, json.dumps(asdict(job), indent=1))


def sweep_jobs(folder: Path) -> None:
    """Remove what temporary jobs left, which are not stored, in an owner's folder."""
    for path in folder.glob("*"):
        if path.is_dir() and not (path / _FILE).exists():
            remove(path)


def read_jobs(folder: Path, owner: str) -> list[Job]:
    """The jobs in an owner's folder; damaged ones are left out."""
    jobs = []
    for path in sorted(folder.glob(f"*/{_FILE}")):
        try:
            document = read_object(path, _DAMAGED)
            with reading(path, _DAMAGED):
                document["state"] = JobState(document["state"])
                document["warnings"] = tuple(document["warnings"])
                document["request"] = {"uses": [], "names": {}, **document["request"]}
                job = Job(**document)
        except InputError:
            continue
        if job.owner == owner and job.id == path.parent.name:
            jobs.append(job)
    return jobs
