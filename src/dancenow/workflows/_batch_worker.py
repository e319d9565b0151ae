"""A worker process of a batch: does the tasks that come through its pipe."""

from __future__ import annotations

import os
import time
import traceback
import warnings
from multiprocessing.connection import Connection
from typing import Any, Final

from dancenow.errors import DanceNowError, DanceNowWarning
from dancenow.processes import leave_terminal
from dancenow.progress import Progress
from dancenow.workflows._batch_do import do

_INTERVAL: Final = 0.5  # seconds between two reports


def work(
    connection: Connection, number: int, count: int, gpus: int, environment: dict[str, str]
) -> None:
    """Do the tasks that come, until the pipe ends.

    Args:
        connection: the pipe.
        number: of the worker.
        count: of all workers.
        gpus: graphics cards among which they are spread.
        environment: the variables of the batch, which a fork server may have missed.
    """
    os.environ.update(environment)
    leave_terminal()  # Ctrl-C is the batch's, which passes it on
    if gpus > 1:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(gpus)))
        os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[number % gpus]
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // count))
    last = 0.0

    def progress(event: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= _INTERVAL:
            last = time.monotonic()
            part = f" {100 * event.done / event.total:.0f} %" if event.total else ""
            try:
                connection.send(("progress", f"{event.stage}{part}"))
            except OSError:  # the batch is gone: what was learned is saved
                raise KeyboardInterrupt from None

    def warned(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, DanceNowWarning):
            connection.send(("warning", str(message)))

    warnings.simplefilter("always", DanceNowWarning)
    warnings.showwarning = warned
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        try:
            connection.send(("done", do(task, progress)))
        except DanceNowError as error:
            connection.send(("failed", (str(error), "")))
        except (KeyboardInterrupt, BrokenPipeError):
            return
        except Exception as error:
            line = f"a fault of DanceNow: {type(error).__name__}; its traceback is in batch.json."
            connection.send(("failed", (line, traceback.format_exc())))
