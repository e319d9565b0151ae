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

from dancenow.names import printable
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

    If standard error is not a terminal, it prints a plain line when a stage begins and when it
    ends, and at most one every 10 seconds between.
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
        self._last: Event | None = None  # of the stage, if it was not printed
        self._ended = False

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
        if kind is None:
            self._print_last()

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
        ends = event.total is not None and event.done >= event.total
        if event.stage != self._stage:
            self._print_last()
            self._stage, self._began, self._ended = event.stage, now, False
        elif now - self._printed < _PLAIN_SECONDS and (self._ended or not ends):
            self._last = event
            return
        self._printed, self._ended = now, ends
        self._write(event, now - self._began)

    def _print_last(self) -> None:
        """Print how far a stage came that ended between two lines."""
        if self._last is not None:
            self._write(self._last, time.monotonic() - self._began)

    def _write(self, event: Event, spent: float) -> None:
        self._last = None
        total = "" if event.total is None else f" of {event.total:.0f}"
        line = f"{event.stage}: {event.done:.0f}{total} {event.unit}"
        if event.total and event.done and spent > 1:
            left = spent * (event.total - event.done) / event.done
            line += f", {left:.0f} s left" if left > 0 else f", {spent:.0f} s"
        if event.note:
            line += f" ({event.note})"
        print(printable(line), file=sys.stderr, flush=True)
