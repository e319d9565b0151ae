"""How long a whole job takes: its steps, by rates that were measured on this computer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from dancenow.errors import InputError, OutputError
from dancenow.files import write_text
from dancenow.reading import read_object, reading
from dancenow.sample.shipped import shipped_dancer
from dancenow.studio.library import LibraryEntry

# Seconds that a unit of each step takes; two cores of 2023, until this computer has shown its own.
DEFAULT_RATES: Final[Mapping[str, float]] = {
    "poses": 3.0,  # a second of the source
    "look": 8.0,  # a second of the clip that somebody new is learned from
    "learn": 1.15,  # a second of learning a person
    "dance": 1.1,  # a second of learning a dance
    "perform": 3.0,  # a second of the result
    "finish": 1.0,  # a second of the result
}
_PAST: Final = 0.5  # weight of what was known against what was just measured
_CACHED: Final = 0.1  # of the known rate: what is as fast was found in the cache
_OVER: Final = 0.03  # of a step that is left while it takes longer than expected


@dataclass(frozen=True)
class Step:
    """A step of a job.

    Attributes:
        name: one of `DEFAULT_RATES`.
        units: how many seconds of clip or of learning it is about.
    """

    name: str
    units: float


class Outlook(NamedTuple):
    """How far a job is.

    Attributes:
        share: of all its steps that is done, 0..1.
        left: seconds until it is done.
    """

    share: float
    left: float


class Rates:
    """Measured rates, kept in a file; a damaged one is forgotten.

    Args:
        file: where they are kept.
    """

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, threading.Lock()
        self._measured: dict[str, float] = {}
        with suppress(InputError), reading(file, "is damaged."):
            for name, rate in read_object(file, "is damaged.").items():
                if name in DEFAULT_RATES and 0 < float(rate) < 1e6:
                    self._measured[name] = float(rate)

    def seconds(self, step: Step) -> float:
        """How long a step is expected to take."""
        return step.units * self._measured.get(step.name, DEFAULT_RATES[step.name])

    def add(self, step: Step, seconds: float) -> None:
        """Remember how long a step took; one whose result was in the cache tells nothing."""
        if step.units <= 0 or seconds <= 0:
            return
        with self._lock:
            rate, known = seconds / step.units, self._measured.get(step.name)
            if rate < _CACHED * (known or DEFAULT_RATES[step.name]):
                return
            rate = rate if known is None else _PAST * known + (1 - _PAST) * rate
            self._measured[step.name] = round(rate, 5)
            with suppress(OSError, OutputError):  # a rate is no reason to fail
                write_text(self._file, json.dumps(self._measured, indent=1))

    def outlook(self, steps: Sequence[Step], now: int, elapsed: float) -> Outlook:
        """How far a job is.

        Args:
            steps: all of the job's.
            now: the number of the step that is being made.
            elapsed: seconds since it began.
        """
        seconds = [self.seconds(step) for step in steps]
        whole = sum(seconds)
        if whole <= 0:
            return Outlook(0.0, 0.0)
        rest = max(seconds[now] - elapsed, _OVER * seconds[now]) if now < len(seconds) else 0.0
        left = rest + sum(seconds[now + 1 :])
        return Outlook(1 - left / whole, left)


def steps_of(request: Mapping[str, Any]) -> list[Step]:
    """The steps that a job's request names."""
    return [Step(str(name), float(units)) for name, units in request.get("steps", [])]


def listed(steps: Iterable[Step]) -> list[tuple[str, float]]:
    """Steps as a job's request names them."""
    return [(step.name, round(step.units, 2)) for step in steps]


def learning_left(entry: LibraryEntry | None, minutes: float) -> float:
    """Seconds that something is yet to be learned for."""
    if entry is None:
        return 60 * minutes
    if entry.is_puppet:
        return 0.0
    if entry.ready and not entry.clips and (not entry.sample or shipped_dancer(entry.sample)):
        return 0.0  # imported, or shipped
    known = entry.figures.get("seconds")
    return max(0.0, 60 * minutes - (float(known) if isinstance(known, int | float) else 0.0))
