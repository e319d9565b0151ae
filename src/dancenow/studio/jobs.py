"""Jobs: long work in processes of its own, one after the other, that outlives a closed page."""

from __future__ import annotations

import json
import multiprocessing
import os
import secrets
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

from dancenow.errors import InputError, OutputError
from dancenow.files import make_folder, write_text
from dancenow.studio.child import Request, Work, run_work
from dancenow.studio.pace import Pace

_GRACE: Final = 30.0  # seconds that a job has to save its checkpoint
_WAITING: Final = 12  # jobs that one owner may have queued
_FILE: Final = "job.json"


class State(str, Enum):
    """Where a job stands."""

    queued = "queued"
    running = "running"
    cancelling = "cancelling"
    cancelled = "cancelled"
    interrupted = "interrupted"  # by the end of the studio
    failed = "failed"
    done = "done"

    @property
    def active(self) -> bool:
        """Whether there is more to come."""
        return self in (State.queued, State.running, State.cancelling)

    @property
    def resumable(self) -> bool:
        """Whether the same request goes on from what was kept."""
        return self in (State.cancelled, State.interrupted, State.failed)


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Attributes:
        id: cannot be guessed.
        owner: who asked for it.
        kind: what is done.
        title: for people.
        request: what the work is given; JSON values.
        state: where it stands.
        created: when it was asked for, seconds since 1970; `ended` likewise, 0 before.
        progress: the newest progress (stage, done, total, unit, note) with the seconds `left` in
            the stage; empty before any.
        preview: when the newest preview picture was made; 0 before any.
        result: what the work gave.
        error: the line that says why it failed.
        warnings: lines that the user should know.
    """

    id: str
    owner: str
    kind: str
    title: str
    request: Request
    state: State = State.queued
    created: float = 0.0
    ended: float = 0.0
    progress: dict[str, Any] = field(default_factory=dict)
    preview: float = 0.0
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of work.

    Attributes:
        work: a function of a module, run in the job's process.
        lane: the jobs of a lane run one after the other.
        kept: whether such jobs are remembered; else they are forgotten when nobody waits.
    """

    work: Work
    lane: str = "long"
    kept: bool = True


class JobQueue:
    """Runs jobs, one at a time in each lane.

    Args:
        folders: gives the folder below which an owner's jobs lie.
        owners: everyone who has jobs from before; those that ran then are told as interrupted.
        kinds: the kinds of work by name.
        grace: seconds that a job has to save its checkpoint when it is told to end.
    """

    def __init__(
        self,
        folders: Callable[[str], Path],
        owners: Iterable[str],
        kinds: Mapping[str, Kind],
        *,
        grace: float = _GRACE,
    ) -> None:
        self._folders, self._kinds, self._grace = folders, kinds, grace
        self._context = multiprocessing.get_context("spawn")
        self._jobs: dict[str, Job] = {}
        self._processes: dict[str, Any] = {}
        self._changed = threading.Condition()
        self._closed = False
        for owner in owners:
            for job in _read_jobs(folders(owner), owner):
                if job.kind not in kinds:
                    continue
                if job.state.active:
                    job = replace(job, state=State.interrupted, ended=time.time())
                self._jobs[job.id] = job
                self._write(job)
        lanes = {kind.lane for kind in kinds.values()}
        self._threads = [
            threading.Thread(target=self._work_off, args=(lane,), name=lane, daemon=True)
            for lane in lanes
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, owner: str, kind: str, request: Request, title: str) -> Job:
        """Queue a job.

        Raises:
            InputError: too many of the owner's wait already.
        """
        job = Job(secrets.token_urlsafe(16), owner, kind, title, request, created=time.time())
        with self._changed:
            self.check_room(owner)
            make_folder(self.folder(job))
            self._write(job)  # a disk that is full is told now
            self._put(job)
        return job

    def check_room(self, owner: str) -> None:
        """Raise `InputError` where so many of an owner's jobs wait that no more are taken."""
        waiting = sum(job.owner == owner and job.state.active for job in self._all())
        if waiting >= _WAITING:
            raise InputError(f"{waiting} of your jobs wait already; cancel one, or wait.")

    def again(self, owner: str, id: str) -> Job:
        """Queue a job anew that was cancelled, interrupted or failed: it goes on.

        Raises:
            InputError: there is none, or it is done or under way.
        """
        with self._changed:
            job = self.get(owner, id)
            if job is None or not job.state.resumable:
                raise InputError("this job cannot go on; start a new one.")
            fresh = replace(
                job, state=State.queued, created=time.time(), ended=0.0, error="", progress={}
            )
            self._put(fresh)
        return fresh

    def get(self, owner: str, id: str) -> Job | None:
        """An owner's job; None where there is none, or it is another's."""
        job = self._jobs.get(id)
        return job if job is not None and job.owner == owner else None

    def of(self, owner: str) -> list[Job]:
        """An owner's jobs that are remembered, newest first."""
        mine = [j for j in self._all() if j.owner == owner and self._kinds[j.kind].kept]
        return sorted(mine, key=lambda job: job.created, reverse=True)

    def ahead(self, job: Job) -> int:
        """How many jobs, of anyone, come before a queued one."""
        lane = self._kinds[job.kind].lane
        return sum(
            other.state.active
            and self._kinds[other.kind].lane == lane
            and (other.created, other.id) < (job.created, job.id)
            for other in self._all()
        )

    def wait(self, id: str, *, seconds: float | None = None) -> Job:
        """Wait until a job has ended, and give it; after `seconds` as it then is."""
        with self._changed:
            self._changed.wait_for(lambda: not self._jobs[id].state.active, seconds)
            job = self._jobs[id]
            if not job.state.active and not self._kinds[job.kind].kept:
                self._forget(job)
            return job

    def cancel(self, owner: str, id: str) -> None:
        """End a job; a training saves its checkpoint first."""
        with self._changed:
            job = self.get(owner, id)
            if job is None or not job.state.active or job.state is State.cancelling:
                return
            if job.state is State.queued:
                self._put(replace(job, state=State.cancelled, ended=time.time()))
                self._drop(id)
            else:
                self._put(replace(job, state=State.cancelling))
                self._end(id)

    def remove(self, owner: str, id: str) -> None:
        """Forget a job that has ended, with all that it made.

        Raises:
            InputError: it is under way.
        """
        with self._changed:
            job = self.get(owner, id)
            if job is None:
                return
            if job.state.active:
                raise InputError("it is under way; cancel it first.")
            self._forget(job)

    def folder(self, job: Job) -> Path:
        """Where a job's files lie."""
        return self._folders(job.owner) / job.id

    def close(self) -> None:
        """Interrupt what runs, wait until it has saved, and end."""
        with self._changed:
            self._closed = True
            for id in list(self._processes):
                self._end(id)
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        with self._changed:
            for job in self._all():
                if job.state.active:
                    self._put(replace(job, state=State.interrupted, ended=time.time()))

    def _all(self) -> list[Job]:
        return list(self._jobs.values())

    def _put(self, job: Job) -> None:
        """Take over a job's new state, and remember it."""
        self._jobs[job.id] = job
        self._changed.notify_all()
        try:
            self._write(job)
        except (OSError, OutputError):  # the work matters more than the note of it
            traceback.print_exc()

    def _write(self, job: Job) -> None:
        if self._kinds[job.kind].kept and self.folder(job).is_dir():
            write_text(self.folder(job) / _FILE, json.dumps(asdict(job), indent=1))

    def _drop(self, id: str) -> None:
        """Forget a job that is not kept and that nobody waits for any more."""
        if not self._kinds[self._jobs[id].kind].kept:
            self._forget(self._jobs[id])

    def _forget(self, job: Job) -> None:
        del self._jobs[job.id]
        shutil.rmtree(self.folder(job), ignore_errors=True)

    def _work_off(self, lane: str) -> None:
        while (job := self._next(lane)) is not None:
            try:
                self._run(job)
            except Exception:  # whatever it is, the other jobs must have their turn
                traceback.print_exc()
                with self._changed:
                    self._processes.pop(job.id, None)
                    self._finish(self._jobs[job.id], "lost", None)

    def _next(self, lane: str) -> Job | None:
        """The job whose turn it is; waits for one; None when the studio ends."""

        def first() -> Job | None:
            mine = [
                job
                for job in self._all()
                if job.state is State.queued and self._kinds[job.kind].lane == lane
            ]
            return min(mine, key=lambda job: (job.created, job.id), default=None)

        with self._changed:
            self._changed.wait_for(lambda: self._closed or first() is not None)
            job = first()
            if self._closed or job is None:
                return None
            started = replace(job, state=State.running, warnings=(), preview=0.0)
            self._put(started)
            return started

    def _run(self, job: Job) -> None:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=run_work,
            args=(self._kinds[job.kind].work, job.request, self.folder(job), there),
            name=f"dancenow {job.kind}",
            daemon=True,
        )
        with self._changed:
            process.start()
            there.close()  # so that the child's end is the pipe's end
            self._processes[job.id] = process
            if self._closed or self._jobs[job.id].state is State.cancelling:
                self._end(job.id)
        last: tuple[str, Any] = ("lost", None)
        pace = Pace()
        with here:
            for name, value in _events(here):
                if name in ("progress", "preview", "warning"):
                    self._note(job.id, name, value, pace)
                else:
                    last = (name, value)
        process.join()
        with self._changed:
            del self._processes[job.id]
            self._finish(self._jobs[job.id], *last)

    def _note(self, id: str, name: str, value: Any, pace: Pace) -> None:
        with self._changed:
            job = self._jobs[id]
            if name == "progress":
                left = pace.left(value["stage"], value["done"], value["total"], value["unit"])
                job = replace(job, progress={**value, "left": left})
            elif name == "preview":
                job = replace(job, preview=value)
            elif value not in job.warnings:
                job = replace(job, warnings=(*job.warnings, value))
            self._jobs[id] = job
            self._changed.notify_all()

    def _finish(self, job: Job, name: str, value: Any) -> None:
        ended = replace(job, ended=time.time())
        if name == "done":
            self._put(replace(ended, state=State.done, result=value))
        elif job.state is State.cancelling:
            self._put(replace(ended, state=State.cancelled))
            self._drop(job.id)
        elif self._closed or name == "cancelled":
            self._put(replace(ended, state=State.interrupted))
        elif name == "failed":
            self._put(replace(ended, state=State.failed, error=value))
        else:
            line = "it ended without a word, perhaps for lack of memory; the studio goes on."
            self._put(replace(ended, state=State.failed, error=line))

    def _end(self, id: str) -> None:
        """Tell a job's process to end, and see to it that it does."""
        process = self._processes.get(id)
        if process is None or process.pid is None or not process.is_alive():
            return
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGINT)
        timer = threading.Timer(self._grace, _kill, args=(process,))
        timer.daemon = True
        timer.start()


def _kill(process: Any) -> None:
    """End a process that did not end by itself, and those that it started."""
    if process.is_alive():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()


def _events(connection: Any) -> Iterator[tuple[str, Any]]:
    while True:
        try:
            yield connection.recv()
        except (EOFError, OSError):
            return


def _read_jobs(folder: Path, owner: str) -> list[Job]:
    """The jobs that lie in an owner's folder; what is damaged is left out."""
    jobs = []
    for path in sorted(folder.glob(f"*/{_FILE}")):
        try:
            document = json.loads(path.read_text("utf-8"))
            document["state"] = State(document["state"])
            document["warnings"] = tuple(document["warnings"])
            job = Job(**document)
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if job.owner == owner and job.id == path.parent.name:
            jobs.append(job)
    return jobs
