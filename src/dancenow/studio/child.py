"""What runs in a job's own process: the work, and what it tells the studio."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from dancenow.errors import DanceNowError, DanceNowWarning
from dancenow.files import write_bytes
from dancenow.progress import Progress

Request = dict[str, Any]
Event = tuple[str, Any]

PREVIEW: Final = "preview.jpg"
_EVERY: Final = 0.2  # seconds between two events of one stage
_ORPHANED: Final = 30.0  # seconds in which a job whose studio is gone may save its checkpoint


class Tell:
    """What work tells those who wait: progress, pictures, warnings.

    Args:
        send: takes an event for the studio.
        folder: the job's own folder.
    """

    def __init__(self, send: Callable[[Event], None], folder: Path) -> None:
        self._send, self._folder = send, folder
        self._stage, self._told = "", 0.0

    def __call__(self, event: Progress) -> None:
        """Tell of progress; as a `ProgressCallback`."""
        now = time.monotonic()
        ended = event.total is not None and event.done >= event.total
        if event.stage == self._stage and now - self._told < _EVERY and not ended:
            return
        self._stage, self._told = event.stage, now
        self._send(
            (
                "progress",
                {
                    "stage": event.stage,
                    "done": float(event.done),
                    "total": None if event.total is None else float(event.total),
                    "unit": event.unit,
                    "note": event.note,
                },
            )
        )

    def preview(self, jpeg: bytes) -> None:
        """Show a new picture."""
        write_bytes(self._folder / PREVIEW, jpeg)
        self._send(("preview", time.time()))

    def warn(self, line: str) -> None:
        """Tell of something that the user should know."""
        self._send(("warning", line))


Work = Callable[[Request, Path, Tell], dict[str, Any]]


def run_work(work: Work, request: Request, folder: Path, connection: Connection) -> None:
    """Do a job's work in this process; the last event tells how it ended.

    SIGINT ends it as Ctrl-C would on the command line, so that a training saves its checkpoint.
    """
    os.setsid()  # Ctrl-C in the studio's terminal is not meant for this process
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_end_with_studio, args=(connection,), daemon=True).start()
    lock = threading.Lock()

    def send(event: Event) -> None:
        with lock:
            try:
                connection.send(event)
            except OSError:  # the studio is gone
                raise KeyboardInterrupt from None

    tell = Tell(send, folder)
    _catch_warnings(tell)
    try:
        send(("done", work(request, folder, tell)))
    except KeyboardInterrupt:
        _last(send, ("cancelled", None))
    except DanceNowError as error:
        _last(send, ("failed", str(error)))
    except BaseException as error:
        traceback.print_exc()  # for the studio's log, never for the page
        reason = "there is too little memory" if isinstance(error, MemoryError) else "a fault"
        _last(send, ("failed", f"it stopped because of {reason}; the studio's log says where."))


def _last(send: Callable[[Event], None], event: Event) -> None:
    try:
        send(event)
    except KeyboardInterrupt:  # nobody is left to be told
        return


def _end_with_studio(connection: Connection) -> None:
    """Wait for the studio's end, then end this process, as Ctrl-C would if that is quick."""
    try:
        connection.recv()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(_ORPHANED)
        os._exit(1)


def _catch_warnings(tell: Tell) -> None:
    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, DanceNowWarning):
            tell.warn(str(message))

    warnings.simplefilter("always", DanceNowWarning)
    warnings.showwarning = show
