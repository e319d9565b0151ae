"""Tasks for the jobs of tests; in a module of their own, since worker processes import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from dancenow.errors import InputError, TrainingError
from dancenow.progress import Progress
from dancenow.studio.worker import JobReporter, JobRequest


def count(request: JobRequest, folder: Path, reporter: JobReporter) -> dict[str, Any]:
    total = request["to"]
    for done in range(1, total + 1):
        reporter(Progress("counting", done, total, "numbers", f"at {done}"))
    reporter.preview(b"a picture")
    reporter.warn("mind the step")
    (folder / "note.txt").write_text("made", "utf-8")
    return {"counted": total, "pid": os.getpid()}


def steps(request: JobRequest, _folder: Path, reporter: JobReporter) -> dict[str, Any]:
    """Makes three steps; waits for a file if the request names one."""
    for name in ("poses", "look", "perform"):
        reporter.step(name)
        reporter(Progress(name, 0))
    while "file" in request and not Path(request["file"]).exists():
        time.sleep(0.01)
    return {}


def wait(_request: JobRequest, folder: Path, reporter: JobReporter) -> dict[str, Any]:
    """Waits to be ended, and saves then, as a training does."""
    reporter(Progress("waiting", 0))
    try:
        while True:
            time.sleep(0.01)
    except KeyboardInterrupt:
        (folder / "checkpoint.txt").write_text("saved", "utf-8")
        raise


def wait_for_file(request: JobRequest, folder: Path, reporter: JobReporter) -> dict[str, Any]:
    reporter(Progress("waiting", 0))
    while not Path(request["file"]).exists():
        time.sleep(0.01)
    return {"resumed": (folder / "checkpoint.txt").exists()}


def stubborn(_request: JobRequest, _folder: Path, reporter: JobReporter) -> dict[str, Any]:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reporter(Progress("waiting", 0))
    while True:
        time.sleep(0.01)


def wrong(_request: JobRequest, _folder: Path, _tell: JobReporter) -> dict[str, Any]:
    raise InputError("clip.mp4: nobody is seen in it.")


def diverging(_request: JobRequest, _folder: Path, _tell: JobReporter) -> dict[str, Any]:
    raise TrainingError("the loss is nan at step 3.")


def broken(_request: JobRequest, _folder: Path, _tell: JobReporter) -> dict[str, Any]:
    raise RuntimeError("the inside of a fault")


def dying(_request: JobRequest, _folder: Path, _tell: JobReporter) -> dict[str, Any]:
    os._exit(9)
