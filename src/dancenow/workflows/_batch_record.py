"""What a batch has done so far."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from dancenow.errors import InputError, OutputError
from dancenow.files import write_text
from dancenow.reading import read_object, reading
from dancenow.remote import Mirror
from dancenow.workflows._batch_schedule import Outcome
from dancenow.workflows._batch_tasks import Task

_VERSION: Final = 1


class Record:
    """What a batch has done so far, in a file.

    Args:
        path: of the file.
        mirror: of the batch's folder, if it lies elsewhere; what is made is sent there.

    Attributes:
        tasks: what is known of each, by key.
        unsent: why something could not be sent; "" if nothing failed.
    """

    def __init__(self, path: Path, mirror: Mirror | None) -> None:
        self._path, self._mirror = path, mirror
        self.tasks = self._here = _read(path)
        self.unsent = ""
        if mirror is not None:
            path.unlink(missing_ok=True)
            mirror.pull(path)
            self.tasks = _read(path)

    def has(self, task: Task) -> bool:
        """Whether a task was done as it is wanted, and its result is there.

        What is only here, and not elsewhere as it should be, is sent.
        """
        if task.output is None:  # it is found in the cache, or found again
            return False
        here = task.there and _is_done(self._here, task)
        if self._mirror is None or task.segment is not None:
            return here
        if _is_done(self.tasks, task) and self._mirror.holds(task.output):
            return True
        if here:
            self.tasks[task.key] = self._here[task.key]
            self._mirror.push(task.output)
        return here

    def add(self, outcome: Outcome) -> str:
        """Record how a task ended; returns why its result could not be sent, if that is so."""
        task, unsent = outcome.task, ""
        self.tasks[task.key] = {
            "fingerprint": task.fingerprint,
            "seconds": round(outcome.seconds, 1),
            "figures": dict(outcome.figures),
            "error": outcome.error,
            "warnings": list(outcome.warnings),
            **({"traceback": outcome.trace} if outcome.trace else {}),
        }
        if task.output is not None and task.segment is None and not outcome.error:
            unsent = self.send(task.output)
        self.save()
        return unsent

    def save(self) -> None:
        """Write the file, and send it."""
        write_text(self._path, json.dumps({"version": _VERSION, "tasks": self.tasks}, indent=1))
        self.send(self._path)

    def send(self, path: Path) -> str:
        """Send a file or folder where it belongs; returns why it could not be, else ""."""
        if self._mirror is not None:
            try:
                self._mirror.push(path)
            except OutputError as error:
                self.unsent = str(error)
                return self.unsent
        return ""


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """What a record says; nothing if it is missing or damaged: then all is made again."""
    with suppress(InputError), reading(path, "is damaged."):
        document = read_object(path, "is damaged.")
        if document.get("version") == _VERSION:
            known = dict(document["tasks"]).items()
            return {key: entry for key, entry in known if isinstance(entry, dict)}
    return {}


def _is_done(known: Mapping[str, Mapping[str, Any]], task: Task) -> bool:
    entry = known.get(task.key, {})
    return entry.get("fingerprint") == task.fingerprint and not entry.get("error")
