"""The job queue: runs long work in worker processes, which outlive a closed page."""

from __future__ import annotations

import secrets
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from dancenow.errors import InputError, OutputError
from dancenow.files import make_folder
from dancenow.processes import kill, start_worker, worker_context
from dancenow.studio.eta import EtaEstimator
from dancenow.studio.job import Job, JobKind, JobState, read_jobs, sweep_jobs, write_job
from dancenow.studio.worker import JobRequest, WorkerEvent, run_task

_WAITS: Final = 120.0  # seconds that the result of a temporary job waits for whoever asked
_GRACE: Final = 30.0  # seconds that a job has to save its checkpoint
_MAX_ACTIVE: Final = 12  # jobs of one owner
_CRASHED: Final = ("crashed", None)  # the event of a worker that ended without one


class JobQueue:
    """Runs jobs, one at a time in each lane.

    Args:
        folders: returns the folder that holds the folders of an owner's jobs.
        owners: everyone who has stored jobs; those that were active become interrupted.
        kinds: the kinds of jobs by name.
        preload: modules that jobs import; where processes are forked, imported once for all.
        grace: seconds that an interrupted job has to save its checkpoint.
        timed: called with a job, the name of a step that it has done, and the step's seconds.
    """

    def __init__(
        self,
        folders: Callable[[str], Path],
        owners: Iterable[str],
        kinds: Mapping[str, JobKind],
        *,
        preload: Iterable[str] = (),
        grace: float = _GRACE,
        timed: Callable[[Job, str, float], None] = lambda *_: None,
    ) -> None:
        self._timed = timed
        self._folders, self._kinds, self._grace = folders, kinds, grace
        self._context = worker_context(preload)
        self._jobs: dict[str, Job] = {}
        self._processes: dict[str, tuple[Any, Any]] = {}  # and the studio's end of the pipe
        self._changed = threading.Condition()
        self._closed = False
        for owner in owners:
            sweep_jobs(folders(owner))
            for job in read_jobs(folders(owner), owner):
                if job.kind not in kinds:
                    continue
                if job.state.active:
                    job = replace(job, state=JobState.interrupted, ended=time.time())
                self._jobs[job.id] = job
                self._store(job)
        lanes = {kind.lane for kind in kinds.values()}
        self._threads = [
            threading.Thread(target=self._run_lane, args=(lane,), name=lane, daemon=True)
            for lane in lanes
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, owner: str, kind: str, request: JobRequest, title: str) -> Job:
        """Queue a job.

        Raises:
            InputError: too many of the owner's jobs are waiting already.
        """
        job = Job(secrets.token_urlsafe(16), owner, kind, title, request, created=time.time())
        with self._changed:
            for old in self._all():  # whose result nobody has asked for
                if old.ended and time.time() - old.ended > _WAITS:
                    self._forget_temporary(old)
            self.check_capacity(owner)
            make_folder(self.folder(job))
            self._store(job)  # raises now if the disk is full
            self._update(job)
        return job

    def check_capacity(self, owner: str) -> None:
        """Raise `InputError` where an owner has too many jobs to queue another."""
        waiting = sum(not self.is_ahead(job) for job in self.active_of(owner))
        if waiting >= _MAX_ACTIVE:
            raise InputError(f"{waiting} of your jobs are waiting already; cancel one, or wait.")

    def resume(self, owner: str, id: str) -> Job:
        """Queue a job again that was cancelled, interrupted or failed; it continues.

        Raises:
            InputError: there is none, or it is done or active.
        """
        with self._changed:
            job = self.get(owner, id)
            if job is None or not job.state.resumable:
                raise InputError("this job cannot be continued; start a new one.")
            resumed = replace(
                job,
                request=job.request | {"resumed": True},
                state=JobState.queued,
                created=time.time(),
                ended=0.0,
                error="",
                progress={},
            )
            self._update(resumed)
        return resumed

    def get(self, owner: str, id: str) -> Job | None:
        """An owner's job; None where there is none, or it is someone else's."""
        job = self._jobs.get(id)
        return job if job is not None and job.owner == owner else None

    def jobs_of(self, owner: str) -> list[Job]:
        """An owner's jobs, newest first, without temporary ones."""
        mine = [j for j in self._all() if j.owner == owner and not self._kinds[j.kind].temporary]
        return sorted(mine, key=lambda job: job.created, reverse=True)

    def active_of(self, owner: str) -> list[Job]:
        """An owner's jobs that wait or run, temporary ones too."""
        return [job for job in self._all() if job.owner == owner and job.state.active]

    def forget(self, job: Job) -> None:
        """Forget a temporary job that has ended, whose result was asked for."""
        with self._changed:
            self._forget_temporary(job)

    def jobs_ahead(self, job: Job) -> int:
        """How many jobs, of any owner, come before a queued one; temporary ones are not told of."""
        lane = self._kinds[job.kind].lane
        return sum(
            other.state.active
            and self._kinds[other.kind].lane == lane
            and not self._kinds[other.kind].temporary
            and _turn(other) < _turn(job)
            for other in self._all()
        )

    def wait(self, id: str, *, seconds: float | None = None) -> Job:
        """Wait until a job has ended, at most `seconds`; returns it as it then is."""
        with self._changed:
            gone = replace(self._jobs[id], state=JobState.interrupted)  # if the studio closes
            self._changed.wait_for(lambda: not self._jobs.get(id, gone).state.active, seconds)
            job = self._jobs.get(id, gone)
            if not job.state.active:
                self._forget_temporary(job)
            return job

    def cancel(self, owner: str, id: str) -> None:
        """End a job; a training saves its checkpoint first."""
        with self._changed:
            job = self.get(owner, id)
            if job is None or not job.state.active or job.state is JobState.cancelling:
                return
            if job.state is JobState.queued:
                self._update(replace(job, state=JobState.cancelled, ended=time.time()))
                self._forget_temporary(job)
            else:
                self._update(replace(job, state=JobState.cancelling))
                self._interrupt(id)

    def remove(self, owner: str, id: str) -> None:
        """Remove a job that has ended, with everything that it made.

        Raises:
            InputError: it is active.
        """
        with self._changed:
            job = self.get(owner, id)
            if job is None:
                return
            if job.state.active:
                raise InputError("it is not finished; cancel it first.")
            self._forget(job)

    def folder(self, job: Job) -> Path:
        """The folder of a job's files."""
        return self._folders(job.owner) / job.id

    def close(self) -> None:
        """Interrupt the running jobs, wait until they have saved, and stop."""
        with self._changed:
            self._closed = True
            for id in list(self._processes):
                self._interrupt(id)
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        with self._changed:
            for job in self._all():
                if job.state.active:
                    self._update(replace(job, state=JobState.interrupted, ended=time.time()))
                self._forget_temporary(job)

    def _all(self) -> list[Job]:
        return list(self._jobs.values())

    def _update(self, job: Job) -> None:
        """Set a job's new state, and store it."""
        self._jobs[job.id] = job
        self._changed.notify_all()
        try:
            self._store(job)
        except (OSError, OutputError):  # the work matters more than its record
            traceback.print_exc()

    def _store(self, job: Job) -> None:
        if not self._kinds[job.kind].temporary and self.folder(job).is_dir():
            write_job(job, self.folder(job))

    def _forget_temporary(self, job: Job) -> None:
        if self._kinds[job.kind].temporary:
            self._forget(job)

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        shutil.rmtree(self.folder(job), ignore_errors=True)

    def _run_lane(self, lane: str) -> None:
        while (job := self._next(lane)) is not None:
            try:
                self._run(job)
            except Exception:  # whatever it is, the other jobs must have their turn
                traceback.print_exc()
                with self._changed:
                    self._processes.pop(job.id, None)
                    self._finish(self._jobs[job.id], *_CRASHED)

    def _next(self, lane: str) -> Job | None:
        """Wait for the next job of a lane; None when the queue is closed."""

        def first() -> Job | None:
            queued = [
                job
                for job in self._all()
                if job.state is JobState.queued
                and self._kinds[job.kind].lane == lane
                and not self._is_helped(job)
            ]
            return min(queued, key=_turn, default=None)

        with self._changed:
            self._changed.wait_for(lambda: self._closed or first() is not None)
            job = first()
            if self._closed or job is None:
                return None
            started = replace(
                job, state=JobState.running, warnings=(), step="", preview=0.0, first_look=False
            )
            self._update(started)
            return started

    def _is_helped(self, job: Job) -> bool:
        """Whether another job is at work on what this one needs, or is the next in its lane."""
        if self._kinds[job.kind].ahead:
            return False
        uses, seen = set(job.request.get("uses", ())), set()
        for other in sorted((j for j in self._all() if j.state.active), key=_turn):
            kind = self._kinds[other.kind]
            if kind.ahead and kind.lane not in seen and uses & set(other.request.get("uses", ())):
                return True
            seen.add(kind.lane)
        return False

    def is_ahead(self, job: Job) -> bool:
        """Whether a job was queued by nobody, but to save others work."""
        return self._kinds[job.kind].ahead

    def _run(self, job: Job) -> None:
        receiver, sender = self._context.Pipe()
        process = self._context.Process(
            target=run_task,
            args=(self._kinds[job.kind].task, job.request, self.folder(job), sender),
            name=f"dancenow {job.kind}",
            daemon=True,
        )
        with self._changed:
            try:
                start_worker(process)
            except (EOFError, OSError):  # no memory
                self._finish(self._jobs[job.id], *_CRASHED)
                return
            sender.close()  # so that the pipe ends with the worker
            self._processes[job.id] = (process, receiver)
            if self._closed or self._jobs[job.id].state is JobState.cancelling:
                self._interrupt(job.id)
        last: WorkerEvent = _CRASHED
        eta = EtaEstimator()
        with receiver:
            for name, value in _events(receiver):
                if name == "log":
                    print(value, file=sys.stderr, flush=True)
                elif name in ("progress", "step", "preview", "first_look", "warning"):
                    self._record(job.id, name, value, eta)
                else:
                    last = (name, value)
        process.join()
        with self._changed:
            del self._processes[job.id]
            self._finish(self._jobs[job.id], *last)

    def _record(self, id: str, name: str, value: Any, eta: EtaEstimator) -> None:
        """Record an event of a running job; it is not stored."""
        with self._changed:
            job = self._jobs[id]
            if name == "progress":
                left = eta.seconds_left(
                    value["stage"], value["done"], value["total"], value["unit"]
                )
                job = replace(job, progress={**value, "left": left})
            elif name == "step" and value in dict(job.request.get("steps", ())):
                self._step_done(job)
                job = replace(job, step=value, began=time.time())
            elif name == "step":
                return  # one that the request does not name is part of the one before
            elif name == "preview":
                job = replace(job, preview=value)
            elif name == "first_look":
                job = replace(job, first_look=value)
            elif value not in job.warnings:
                job = replace(job, warnings=(*job.warnings, value))
            self._jobs[id] = job
            self._changed.notify_all()

    def _finish(self, job: Job, name: str, value: Any) -> None:
        """Set how a job ended, by the last event of its worker."""
        ended = replace(job, ended=time.time())
        if name == "done":
            self._step_done(job)
            self._update(replace(ended, state=JobState.done, result=value))
        elif job.state is JobState.cancelling:
            self._update(replace(ended, state=JobState.cancelled))
            self._forget_temporary(job)
        elif self._closed or name == "cancelled":
            self._update(replace(ended, state=JobState.interrupted))
        elif name == "failed":
            self._update(replace(ended, state=JobState.failed, error=value))
        else:
            line = "it ended unexpectedly, perhaps because memory ran out; the studio still runs."
            self._update(replace(ended, state=JobState.failed, error=line))

    def _step_done(self, job: Job) -> None:
        if job.step and "resumed" not in job.request:  # it may have begun in the middle
            self._timed(job, job.step, time.time() - job.began)

    def _interrupt(self, id: str) -> None:
        """Interrupt a job's worker, and kill it where it does not end in time."""
        process, connection = self._processes.get(id, (None, None))
        if process is None or not process.is_alive():
            return
        with suppress(OSError):  # it has just ended
            connection.send("interrupt")
        timer = threading.Timer(self._grace, kill, args=(process,))
        timer.daemon = True
        timer.start()


def _turn(job: Job) -> tuple[float, str]:
    """Sorts jobs by their turn."""
    return job.created, job.id


def _events(connection: Any) -> Iterator[WorkerEvent]:
    while True:
        try:
            yield connection.recv()
        except (EOFError, OSError):
            return
