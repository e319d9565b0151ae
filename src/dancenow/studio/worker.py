"""The worker process of a job: runs its task, and reports to the studio through a pipe."""

from __future__ import annotations

import os
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from dancenow.errors import DanceNowError, DanceNowWarning
from dancenow.files import write_bytes
from dancenow.processes import interrupt_self, leave_terminal
from dancenow.progress import Progress
from dancenow.report import encode_jpeg

JobRequest = dict[str, Any]
"""What a task works on: JSON values."""

WorkerEvent = tuple[str, Any]
"""A name and a value: "progress", "step", "preview", "first_look", "warning", "log" for the log of
the studio, and at the end "done", "failed" or "cancelled"."""

PREVIEW_FILE: Final = "preview.jpg"
_INTERVAL: Final = 0.2  # seconds between two progress events of one stage
_PICTURES: Final = 1.5  # seconds between two pictures of what is being made
_PREVIEW_PX: Final = 640  # longer side
_ORPHANED: Final = 30.0  # seconds to save a checkpoint once the studio is gone


class JobReporter:
    """Reports progress, preview pictures and warnings; a `ProgressCallback`.

    Args:
        send: sends an event to the studio.
        folder: the job's own folder.
    """

    def __init__(self, send: Callable[[WorkerEvent], None], folder: Path) -> None:
        self._send, self._folder = send, folder
        self._stage, self._sent, self._shown = "", 0.0, 0.0

    def __call__(self, event: Progress) -> None:
        """Report progress, at most every 0.2 s, and show the newest picture every 1.5 s."""
        now = time.monotonic()
        if event.picture is not None and now - self._shown >= _PICTURES:
            self._shown = now
            self.preview(encode_jpeg(event.picture[..., :3], _PREVIEW_PX))
        ended = event.total is not None and event.done >= event.total
        if event.stage == self._stage and now - self._sent < _INTERVAL and not ended:
            return
        self._stage, self._sent = event.stage, now
        progress = {
            "stage": event.stage,
            "done": float(event.done),
            "total": None if event.total is None else float(event.total),
            "unit": event.unit,
            "note": event.note,
        }
        self._send(("progress", progress))

    def step(self, name: str) -> None:
        """Begin the step of that name, one of those that the request names."""
        self._send(("step", name))

    def preview(self, jpeg: bytes) -> None:
        """Show a new preview picture."""
        write_bytes(self._folder / PREVIEW_FILE, jpeg)
        self._send(("preview", time.time()))

    def first_look(self) -> None:
        """Show the first look at the result, which is in the job's folder."""
        self._send(("first_look", True))

    def warn(self, line: str) -> None:
        """Report something that the user should know."""
        self._send(("warning", line))


Task = Callable[[JobRequest, Path, JobReporter], dict[str, Any]]
"""A job's work: takes the request, the job's folder and the reporter; returns the result."""


def run_task(task: Task, request: JobRequest, folder: Path, connection: Connection) -> None:
    """Run a task in this process; the last event says how it ended.

    A message from the studio ends it as Ctrl-C would on the command line, so that a training saves
    its checkpoint.
    """
    leave_terminal()  # Ctrl-C is the studio's, which asks its workers to end
    lock = threading.Lock()

    def send(event: WorkerEvent) -> None:
        with lock:
            try:
                connection.send(event)
            except OSError:  # the studio is gone
                raise KeyboardInterrupt from None

    reporter = JobReporter(send, folder)
    _forward_warnings(reporter)
    try:
        threading.Thread(target=_heed_studio, args=(connection,), daemon=True).start()
        send(("done", task(request, folder, reporter)))
        return
    except KeyboardInterrupt:
        last: WorkerEvent = ("cancelled", None)
    except DanceNowError as error:
        last = ("failed", str(error))
    except BaseException as error:
        with suppress(KeyboardInterrupt):
            send(("log", traceback.format_exc()))  # never for the page
        reason = "memory ran out" if isinstance(error, MemoryError) else "of an error"
        last = ("failed", f"it stopped because {reason}; see the studio's log.")
    with suppress(KeyboardInterrupt):  # the studio is gone
        send(last)


def _heed_studio(connection: Connection) -> None:
    """Interrupt this process when the studio asks; when it is gone, kill it if that takes long."""
    try:
        connection.recv()
        interrupt_self()
        while True:
            connection.recv()  # asked again: it is saving already
    except (EOFError, OSError):
        interrupt_self()
        time.sleep(_ORPHANED)
        os._exit(1)


def _forward_warnings(reporter: JobReporter) -> None:
    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, DanceNowWarning):
            reporter.warn(str(message))

    warnings.simplefilter("always", DanceNowWarning)
    warnings.showwarning = show
