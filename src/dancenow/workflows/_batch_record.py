"""What a batch has done so far."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from dancenow.files import write_text
from dancenow.remote import Mirror
from dancenow.workflows._batch_schedule import Outcome
from dancenow.workflows._batch_tasks import Task

_VERSION: Final = 1


class Record:
    """What a batch has done so far, in a file.

    Args:
        path: of the file.
        mirror: of the batch's folder, if it lies elsewhere; what is made is sent there.
    """

    def __init__(self, path: Path, mirror: Mirror | None) -> None:
        self._path, self._mirror = path, mirror
        self.tasks: dict[str, dict[str, Any]] = {}
        try:
            document = json.loads(path.read_text("utf-8"))
            if document.get("version") == _VERSION:
                known = dict(document["tasks"]).items()
                self.tasks = {key: entry for key, entry in known if isinstance(entry, dict)}
        except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
            pass  # it is begun anew: what is there is made again

    def has(self, task: Task) -> bool:
        """Whether a task was done as it is wanted, and its result is there."""
        known = self.tasks.get(task.key, {})
        same = known.get("fingerprint") == task.fingerprint and not known.get("error")
        if not same or task.output is None or task.there:
            return same
        return self._mirror is not None and self._mirror.holds(task.output)

    def add(self, outcome: Outcome) -> None:
        self.tasks[outcome.task.key] = {
            "fingerprint": outcome.task.fingerprint,
            "seconds": round(outcome.seconds, 1),
            "figures": dict(outcome.figures),
            "error": outcome.error,
            "warnings": list(outcome.warnings),
            **({"traceback": outcome.trace} if outcome.trace else {}),
        }
        if self._mirror is not None and outcome.task.output is not None and not outcome.error:
            self._mirror.push(outcome.task.output)
        self.save()

    def save(self) -> None:
        write_text(self._path, json.dumps({"version": _VERSION, "tasks": self.tasks}, indent=1))
        if self._mirror is not None:
            self._mirror.push(self._path)
