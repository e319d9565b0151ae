"""Jobs: their states, who may see them, and what is kept when they or the studio end."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import job_tasks
import pytest

from dancenow.errors import InputError, OutputError
from dancenow.studio.job import Job, JobKind, JobState
from dancenow.studio.job_queue import JobQueue

JOB_KINDS = {
    name: JobKind(getattr(job_tasks, name))
    for name in (
        "count",
        "steps",
        "wait",
        "wait_for_file",
        "stubborn",
        "wrong",
        "diverging",
        "broken",
    )
}
JOB_KINDS |= {
    "dying": JobKind(job_tasks.dying),
    "quick": JobKind(job_tasks.count, lane="short", temporary=True),
}
JOB_KINDS |= {
    "slow look": JobKind(job_tasks.wait, lane="short", temporary=True),
    "look_ahead": JobKind(job_tasks.wait_for_file, lane="ahead", temporary=True, ahead=True),
}


class Queues:
    """Queues over one folder, all closed at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._open = folder, []

    def open(self, *, grace: float = 30.0) -> JobQueue:
        owners = [path.name for path in self.folder.iterdir()]
        queue = JobQueue(lambda owner: self.folder / owner, owners, JOB_KINDS, grace=grace)
        self._open.append(queue)
        return queue

    def close(self) -> None:
        for queue in self._open:
            queue.close()


@pytest.fixture
def queues(tmp_path: Path) -> Iterator[Queues]:
    opened = Queues(tmp_path)
    yield opened
    opened.close()


def until(queue: JobQueue, job: Job, done: Callable[[Job], bool]) -> Job:
    """The job as it is when something holds."""
    while not done(now := queue.get(job.owner, job.id)):
        assert now is not None
        assert now.state.active, now
        time.sleep(0.01)
    return now


def is_running(job: Job) -> bool:
    return bool(job.progress)


def test_a_job_runs_in_its_own_process_and_returns_its_result(queues: Queues) -> None:
    queue = queues.open()
    job = queue.submit("anna", "count", {"to": 3}, "Counting to 3")
    done = queue.wait(job.id)
    assert done.state is JobState.done
    assert done.result["counted"] == 3
    assert done.result["pid"] != os.getpid()
    assert done.progress["done"] == 3
    assert done.progress["stage"] == "counting"
    assert done.warnings == ("mind the step",)
    assert (queue.folder(job) / "preview.jpg").read_bytes() == b"a picture"
    assert done.preview > 0


def test_jobs_run_in_the_order_in_which_they_were_queued(queues: Queues, tmp_path: Path) -> None:
    queue, go = queues.open(), tmp_path / "anna" / "go"
    first = queue.submit("anna", "wait_for_file", {"file": str(go)}, "first")
    second = queue.submit("ben", "count", {"to": 1}, "second")
    third = queue.submit("anna", "count", {"to": 1}, "third")
    until(queue, first, is_running)
    assert [queue.get(j.owner, j.id).state for j in (second, third)] == [JobState.queued] * 2
    assert [queue.jobs_ahead(job) for job in (first, second, third)] == [0, 1, 2]
    go.touch()
    assert queue.wait(third.id).state is JobState.done
    ended = [queue.get(j.owner, j.id).ended for j in (first, second, third)]
    assert ended == sorted(ended)


def test_a_job_waits_for_what_saves_it_work(queues: Queues, tmp_path: Path) -> None:
    queue, go = queues.open(), tmp_path / "anna" / "go"
    ahead = queue.submit("anna", "look_ahead", {"file": str(go), "uses": ["a"]}, "ahead")
    helped = queue.submit("anna", "count", {"to": 1, "uses": ["b", "a"]}, "helped")
    other = queue.submit("anna", "count", {"to": 1, "uses": ["b"]}, "other")
    assert queue.wait(other.id).state is JobState.done
    assert queue.get("anna", helped.id).state is JobState.queued
    assert queue.is_ahead(ahead) and not queue.is_ahead(helped)
    go.touch()
    assert queue.wait(helped.id).state is JobState.done


def test_short_work_does_not_wait_for_a_training(queues: Queues) -> None:
    queue = queues.open()
    long = queue.submit("anna", "wait", {}, "training")
    quick = queue.submit("anna", "quick", {"to": 1}, "a look")
    assert queue.wait(quick.id).state is JobState.done
    assert queue.get("anna", quick.id) is None  # nobody asks for it again
    assert not (queues.folder / "anna" / quick.id).exists()
    assert queue.get("anna", long.id).state.active


def test_a_full_disk_does_not_end_the_queue(
    queues: Queues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, go = queues.open(), tmp_path / "anna" / "go"
    job = queue.submit("anna", "wait_for_file", {"file": str(go)}, "while the disk fills up")
    until(queue, job, is_running)

    def full(path: Path, _: str) -> None:
        raise OutputError(f"{path}: no space left")

    with monkeypatch.context() as disk:
        disk.setattr("dancenow.studio.job.write_text", full)
        go.touch()
        assert queue.wait(job.id).state is JobState.done
        with pytest.raises(OutputError):
            queue.submit("anna", "count", {"to": 1}, "refused at once")
    again = queue.submit("anna", "count", {"to": 1}, "there is space again")
    assert queue.wait(again.id).state is JobState.done


def test_a_cancelled_temporary_job_leaves_nothing(queues: Queues) -> None:
    queue = queues.open()
    slow = queue.submit("anna", "slow look", {}, "a long look")
    until(queue, slow, is_running)
    queue.cancel("anna", slow.id)
    while queue.get("anna", slow.id) is not None:
        time.sleep(0.01)
    assert not queue.folder(slow).exists()


def test_a_cancelled_training_saves_and_can_be_resumed(queues: Queues) -> None:
    queue = queues.open()
    job = queue.submit("anna", "wait", {}, "training")
    until(queue, job, is_running)
    queue.cancel("anna", job.id)
    assert queue.wait(job.id).state is JobState.cancelled
    assert (queue.folder(job) / "checkpoint.txt").read_text() == "saved"
    again = queue.resume("anna", job.id)
    assert again.id == job.id
    assert again.state is JobState.queued


def test_steps_that_the_request_names_are_timed_unless_it_was_resumed(tmp_path: Path) -> None:
    timed: list[str] = []
    queue = JobQueue(
        lambda owner: tmp_path / owner, [], JOB_KINDS, timed=lambda _, name, __: timed.append(name)
    )
    named = {"steps": [("poses", 2.0), ("perform", 2.0)]}
    job = queue.submit("anna", "steps", named, "stepping")
    assert queue.wait(job.id).step == "perform"
    assert timed == ["poses", "perform"]
    stopped = queue.submit("anna", "steps", {**named, "file": str(tmp_path / "go")}, "stepping")
    until(queue, stopped, lambda now: now.step == "perform")
    queue.cancel("anna", stopped.id)
    queue.wait(stopped.id)
    (tmp_path / "go").touch()
    timed.clear()
    queue.resume("anna", stopped.id)
    assert queue.wait(stopped.id).state is JobState.done
    assert timed == []
    queue.close()


def test_passing_jobs_are_active_too(queues: Queues) -> None:
    queue = queues.open()
    job = queue.submit("anna", "slow look", {}, "looking")
    assert [each.id for each in queue.active_of("anna")] == [job.id]
    assert queue.jobs_of("anna") == queue.active_of("ben") == []
    queue.cancel("anna", job.id)


def test_a_queued_job_is_cancelled_at_once(queues: Queues) -> None:
    queue = queues.open()
    first = queue.submit("anna", "wait", {}, "training")
    second = queue.submit("anna", "count", {"to": 1}, "later")
    queue.cancel("anna", second.id)
    assert queue.wait(second.id).state is JobState.cancelled
    assert queue.get("anna", first.id).state.active


def test_a_job_that_ignores_the_interrupt_is_killed(queues: Queues) -> None:
    queue = queues.open(grace=0.2)
    job = queue.submit("anna", "stubborn", {}, "stubborn")
    until(queue, job, is_running)
    queue.cancel("anna", job.id)
    assert queue.wait(job.id).state is JobState.cancelled


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("wrong", "clip.mp4: nobody is seen in it."),
        ("diverging", "the loss is nan at step 3."),
        ("broken", "it stopped because of an error; see the studio's log."),
        ("dying", "it ended unexpectedly, perhaps because memory ran out; the studio still runs."),
    ],
)
def test_a_failure_is_one_line_and_the_queue_continues(
    queues: Queues, kind: str, line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    queue = queues.open()
    job = queue.submit("anna", kind, {}, "to fail")
    failed = queue.wait(job.id)
    assert (failed.state, failed.error) == (JobState.failed, line)
    shown = capfd.readouterr().err
    assert ("the inside of a fault" in shown) == (kind == "broken")
    after = queue.submit("anna", "count", {"to": 1}, "after")
    assert queue.wait(after.id).state is JobState.done


def test_a_worker_that_cannot_be_started_ends_its_job_alone(
    queues: Queues, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    queue = queues.open()

    def start(_: object) -> None:
        raise EOFError("unexpected EOF")  # Ctrl-C ended what starts workers

    with monkeypatch.context() as patched:
        patched.setattr(queue._context.Process, "start", start)
        failed = queue.wait(queue.submit("anna", "count", {"to": 1}, "first").id)
    assert failed.state is JobState.failed and "ended unexpectedly" in failed.error
    assert "Traceback" not in capfd.readouterr().err
    assert queue.wait(queue.submit("anna", "count", {"to": 1}, "second").id).state is JobState.done


def test_nobody_sees_or_touches_another_owners_job(queues: Queues) -> None:
    queue = queues.open()
    job = queue.submit("anna", "wait", {}, "training")
    until(queue, job, is_running)
    assert queue.get("ben", job.id) is None
    assert queue.jobs_of("ben") == []
    queue.cancel("ben", job.id)
    queue.remove("ben", job.id)
    with pytest.raises(InputError):
        queue.resume("ben", job.id)
    assert queue.get("anna", job.id).state is JobState.running


def test_a_restarted_studio_knows_its_jobs(queues: Queues) -> None:
    before = queues.open()
    done = before.submit("anna", "count", {"to": 2}, "done")
    before.wait(done.id)
    running = before.submit("anna", "wait", {}, "running")
    queued = before.submit("ben", "count", {"to": 2}, "queued")
    until(before, running, is_running)
    before.close()
    after = queues.open()
    assert after.get("anna", done.id).result["counted"] == 2
    assert after.get("anna", running.id).state is JobState.interrupted
    assert (after.folder(running) / "checkpoint.txt").exists()
    assert after.get("ben", queued.id).state is JobState.interrupted
    again = after.resume("ben", queued.id)
    assert after.wait(again.id).state is JobState.done


def test_a_studio_that_was_killed_finds_its_job_interrupted(queues: Queues) -> None:
    queue = queues.open()
    job = queue.submit("anna", "count", {"to": 1}, "counting")
    queue.wait(job.id)
    file = queue.folder(job) / "job.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, "state": "running"}))
    (queue.folder(job).parent / "damaged").mkdir()
    (queue.folder(job).parent / "damaged" / "job.json").write_text("{")
    assert [j.state for j in queues.open().jobs_of("anna")] == [JobState.interrupted]


def test_a_job_that_is_over_can_be_removed_with_all_that_it_made(queues: Queues) -> None:
    queue = queues.open()
    job = queue.submit("anna", "count", {"to": 1}, "counting")
    queue.wait(job.id)
    queue.remove("anna", job.id)
    assert queue.jobs_of("anna") == []
    assert not queue.folder(job).exists()
    running = queue.submit("anna", "wait", {}, "training")
    with pytest.raises(InputError, match="cancel it first"):
        queue.remove("anna", running.id)


def test_ids_cannot_be_guessed_and_one_owner_cannot_fill_the_queue(queues: Queues) -> None:
    queue = queues.open()
    jobs = [queue.submit("anna", "wait", {}, "waiting") for _ in range(12)]
    assert len({job.id for job in jobs}) == 12
    assert min(len(job.id) for job in jobs) >= 22  # 128 bits
    with pytest.raises(InputError, match="waiting already"):
        queue.submit("anna", "wait", {}, "one too many")
    queue.submit("ben", "count", {"to": 1}, "another's")


def test_a_job_dies_with_its_studio_and_saves_first(tmp_path: Path) -> None:
    script = tmp_path / "studio.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys, time
            sys.path.insert(0, {str(Path(job_tasks.__file__).parent)!r})
            from pathlib import Path
            import job_tasks
            from dancenow.studio.job import JobKind
            from dancenow.studio.job_queue import JobQueue

            if __name__ == "__main__":
                folder = Path({str(tmp_path)!r})
                queue = JobQueue(folder.joinpath, [], {{"wait": JobKind(job_tasks.wait)}})
                job = queue.submit("anna", "wait", {{}}, "training")
                while not queue.get("anna", job.id).progress:
                    time.sleep(0.01)
                print(queue._processes[job.id][0].pid, queue.folder(job), flush=True)
                time.sleep(600)
            """
        )
    )
    studio = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert studio.stdout is not None
    pid, _, folder = studio.stdout.readline().strip().partition(" ")
    assert folder, "the studio did not start its job"
    studio.send_signal(signal.SIGKILL)
    studio.wait()
    while not (Path(folder) / "checkpoint.txt").exists():
        time.sleep(0.01)
    while _runs(int(pid)):
        time.sleep(0.01)
    studio.stdout.close()


def _runs(pid: int) -> bool:
    """Whether a process runs; one that only waits for its parent to ask does not."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return listed.stdout.strip()[:1] not in ("", "Z")


def test_no_process_is_left_behind(queues: Queues) -> None:
    queue = queues.open()
    job = queue.submit("anna", "wait", {}, "training")
    until(queue, job, is_running)
    queue.close()
    assert [p for p in multiprocessing.active_children() if "dancenow" in p.name] == []
