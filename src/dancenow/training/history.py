"""The history of a training: losses and previews over time, of bounded size.

Stored beside the checkpoint as `history.json` and `previews/`, whatever the logger, and continued
when training resumes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.files import make_folder, write_bytes, write_text
from dancenow.reading import read_object, reading
from dancenow.report import encode_jpeg
from dancenow.schema import Count, Schema, Seconds, Steps

VERSION: Final = 1
FILE: Final = "history.json"
MOST_POINTS: Final = 2000
MOST_PREVIEWS: Final = 12
_DIGITS: Final = 6  # of a loss


@dataclass(frozen=True)
class Point:
    """The losses of one step.

    Attributes:
        step: number of the step, counted from 1.
        seconds: training time so far, resumed runs included.
        losses: by name, "loss" first; a value may be NaN or infinite.
    """

    step: int
    seconds: float
    losses: Mapping[str, float]


@dataclass(frozen=True)
class Preview:
    """A picture of what was learned.

    Attributes:
        step: steps done.
        seconds: training time so far.
        file: its path inside the training's folder.
    """

    step: int
    seconds: float
    file: str


class _Preview(Schema):
    step: Steps
    seconds: Seconds
    file: str


class _Document(Schema):
    """What `history.json` holds."""

    version: int
    stride: Count
    steps: list[Steps]
    seconds: list[Seconds]
    losses: dict[str, list[float | str | None]]
    phases: list[tuple[Steps, str]]
    previews: list[_Preview]


@dataclass
class History:
    """Losses and previews of one training; keeps one step per stride, and the latest one.

    Attributes:
        folder: the training's checkpoint folder.
        points: losses in step order.
        previews: in step order.
        phases: `(steps done, name)` at the start of each phase of the training.
    """

    folder: Path
    points: list[Point] = field(default_factory=list)
    previews: list[Preview] = field(default_factory=list)
    phases: list[tuple[int, str]] = field(default_factory=list)
    _stride: int = 1
    _newest: Point | None = None

    @staticmethod
    def load(folder: Path, *, until: int | None = None) -> History:
        """Read the history in a folder; empty if it is missing or damaged.

        Args:
            folder: the training's checkpoint folder.
            until: drop everything after this step, from which the training resumes.

        Raises:
            InputError: it is of a newer version.
        """
        history, version = History(folder), VERSION
        try:
            with reading(folder / FILE, ""):
                document = read_object(folder / FILE, "")
                version = int(document["version"])
                if version <= VERSION:
                    history._read(_Document.model_validate(document))
        except InputError:
            history = History(folder)  # no reason to stop a training
        if version > VERSION:
            raise InputError(
                f"{folder / FILE}: of version {version}, but this DanceNow reads up to {VERSION}; "
                "update DanceNow."
            )
        if until is not None:
            history._forget(until)
        return history

    @property
    def names(self) -> list[str]:
        """The losses' names, in order of first appearance."""
        return list(dict.fromkeys(name for point in self.kept() for name in point.losses))

    def kept(self) -> list[Point]:
        """The stored points, and the latest one."""
        if self._newest is None or (self.points and self.points[-1].step == self._newest.step):
            return self.points
        return [*self.points, self._newest]

    def series(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The steps at which a loss was recorded, and its values, `(N,)` each."""
        found = [(p.step, p.losses[name]) for p in self.kept() if name in p.losses]
        steps = np.array([step for step, _ in found], np.int64)
        return steps, np.array([value for _, value in found], np.float64)

    def add(self, point: Point, phase: str = "") -> None:
        """Add the losses of the next step."""
        if phase and (not self.phases or self.phases[-1][1] != phase):
            self.phases.append((point.step - 1, phase))
        self._newest = point
        if self.points and (point.step - 1) % self._stride:
            return
        self.points.append(point)
        while len(self.points) >= MOST_POINTS:
            self._stride *= 2
            first, *others = self.points
            self.points = [first, *(p for p in others if (p.step - 1) % self._stride == 0)]

    def show(self, step: int, seconds: float, picture: NDArray[np.uint8]) -> None:
        """Add a preview, uint8 `(H, W, 3)` RGB, scaled down; thin out the others if needed."""
        name = f"previews/{step:08d}.jpg"
        make_folder(self.folder / "previews")
        write_bytes(self.folder / name, encode_jpeg(picture))
        self.previews = [p for p in self.previews if p.step != step]
        self.previews.append(Preview(step, seconds, name))
        while len(self.previews) > MOST_PREVIEWS:
            self.previews.remove(_most_crowded(self.previews))
        self._drop_others()

    def save(self) -> None:
        """Write `history.json`."""
        make_folder(self.folder)
        points = self.kept()
        document = {
            "version": VERSION,
            "stride": self._stride,
            "steps": [point.step for point in points],
            "seconds": [round(point.seconds, 2) for point in points],
            "losses": {
                name: [_number(point.losses.get(name)) for point in points] for name in self.names
            },
            "phases": self.phases,
            "previews": [
                {"step": p.step, "seconds": round(p.seconds, 2), "file": p.file}
                for p in self.previews
            ],
        }
        write_text(self.folder / FILE, json.dumps(document, allow_nan=False))

    def _read(self, document: _Document) -> None:
        losses = document.losses
        for row, (step, seconds) in enumerate(zip(document.steps, document.seconds, strict=True)):
            of_step = {name: losses[name][row] for name in losses}
            values = {name: float(v) for name, v in of_step.items() if v is not None}
            self.points.append(Point(step, seconds, values))
        self._stride = document.stride
        self.phases = list(document.phases)
        found = [
            Preview(each.step, each.seconds, f"previews/{Path(each.file).name}")
            for each in document.previews
        ]
        self.previews = [p for p in found if _is_picture(self.folder / p.file)]

    def _forget(self, until: int) -> None:
        self.points = [point for point in self.points if point.step <= until]
        self.previews = [preview for preview in self.previews if preview.step <= until]
        self.phases = [(step, name) for step, name in self.phases if step < until]
        if not self.points:
            self._stride = 1

    def _drop_others(self) -> None:
        """Delete pictures that no longer belong to a preview."""
        kept = {Path(preview.file).name for preview in self.previews}
        for path in (self.folder / "previews").glob("[0-9]*.jpg"):
            if path.name not in kept:
                with suppress(OSError):
                    path.unlink()


def _is_picture(path: Path) -> bool:
    data = np.fromfile(path, np.uint8) if path.is_file() else np.zeros(0, np.uint8)
    return len(data) > 0 and cv2.imdecode(data, cv2.IMREAD_COLOR) is not None


def _most_crowded(previews: Iterable[Preview]) -> Preview:
    """The preview whose neighbours are closest in time; never the first or last."""
    shown = list(previews)
    gaps = [after.seconds - before.seconds for before, after in zip(shown, shown[2:], strict=False)]
    return shown[1 + int(np.argmin(gaps))]


def _number(value: float | None) -> float | str | None:
    """A loss as JSON: None if missing, a string if NaN or infinite."""
    if value is None:
        return None
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else str(float(value))
