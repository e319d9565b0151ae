"""Progress on a terminal: a bar with rate and time left, or plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from dancenow.progress import Progress as Event

_PLAIN_SECONDS = 10.0


class _Amount(ProgressColumn):
    """How much of the total is done, and the rate."""

    def render(self, task: Task) -> Text:
        unit = task.fields["unit"]
        total = "?" if task.total is None else f"{task.total:.0f}"
        text = f"{task.completed:.0f}/{total} {unit}"
        if unit != "s" and task.speed:
            text += f", {task.speed:.1f} a second"
        return Text(text, style="progress.download")


class ProgressBars:
    """A progress callback that shows one bar per stage on standard error.

    If standard error is not a terminal, it prints a plain line when a stage begins and at most
    one every 10 seconds after that.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            _Amount(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", style="dim"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._stage, self._printed, self._began = "", 0.0, 0.0

    def __enter__(self) -> ProgressBars:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if self._console.is_terminal:
            self._show(event)
        else:
            self._print(event)

    def _show(self, event: Event) -> None:
        if event.stage not in self._tasks:
            self._tasks[event.stage] = self._bars.add_task(
                event.stage, total=event.total, unit=event.unit, note=""
            )
        self._bars.update(
            self._tasks[event.stage], completed=event.done, total=event.total, note=event.note
        )

    def _print(self, event: Event) -> None:
        now = time.monotonic()
        if event.stage != self._stage:
            self._stage, self._began = event.stage, now
        elif now - self._printed < _PLAIN_SECONDS:
            return
        self._printed = now
        total = "" if event.total is None else f" of {event.total:.0f}"
        line = f"{event.stage}: {event.done:.0f}{total} {event.unit}"
        spent = now - self._began
        if event.total and event.done and spent > 1:
            line += f", {spent * (event.total - event.done) / event.done:.0f} s left"
        if event.note:
            line += f" ({event.note})"
        print(line, file=sys.stderr, flush=True)
