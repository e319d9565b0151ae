"""The report page of a training: what was learned, its losses and its previews."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from dancenow.options.groups import BudgetOptions
from dancenow.report import (
    PAGE,
    Curve,
    Html,
    Page,
    Row,
    Section,
    Shot,
    code,
    curves,
    encode_jpeg,
    facts,
    figures,
    joined,
    paragraph,
    picture,
    strip,
    times,
    write_page,
)
from dancenow.report.meanings import LOSSES, TRAINING
from dancenow.report.tables import duration
from dancenow.training import Budget, Device
from dancenow.training.budget import budget_of
from dancenow.training.history import History

_SHEET_PX: Final = 1200  # longer side of a preview sheet in the page


@dataclass(frozen=True)
class TrainingPart:
    """One training on the page.

    Attributes:
        name: what it learns.
        checkpoint: the folder of its state and history.
        shows: what its previews show.
        unit: of its losses.
    """

    name: str
    checkpoint: Path
    shows: str
    unit: str = ""


@dataclass(frozen=True)
class TrainingPage:
    """Content of a training's page.

    Attributes:
        title: the page's heading.
        lead: what was learned, in a sentence.
        facts: how it was learned: clip, preset, device.
        parts: the trainings.
        seconds: of each stage of the last run.
        next_commands: commands that use the result.
        measured: figures at the end, by key in `TRAINING`.
        sheet: a picture of the training data or of the result, with its caption.
        notes: what the reader should know first, such as that it was stopped.
    """

    title: str
    lead: str
    facts: Mapping[str, object]
    parts: Sequence[TrainingPart]
    seconds: Mapping[str, float]
    next_commands: Sequence[Sequence[str]] = ()
    measured: Mapping[str, float | None] | None = None
    sheet: tuple[Path, str] | None = None
    notes: tuple[str, ...] = ()


def write_training_page(folder: Path, content: TrainingPage) -> Path:
    """Write `index.html` into a training's folder."""
    histories = [History.load(part.checkpoint) for part in content.parts]
    lead = [paragraph(content.lead), *(paragraph(note, note=True) for note in content.notes)]
    measured = content.measured or {}
    rows = [Row(TRAINING[key], (value,)) for key, value in measured.items()]
    sections = [Section("What was learned", (facts("How it was learned", content.facts),))]
    for number, (part, history) in enumerate(zip(content.parts, histories, strict=True)):
        sections += _of_part(part, history, number, alone=len(histories) == 1)
    sections += [
        Section("What it came to", (figures("Measured at the end", rows), _sheet(content.sheet))),
        Section("How long it took", (_times(content, histories),)),
        Section("What to do with it", (_commands(content.next_commands),)),
    ]
    page = Page("training", content.title, tuple(lead), tuple(sections))
    return write_page(folder / PAGE, page)


def previews_over_time(history: History, shows: str) -> Html:
    """The previews of a training, each with its step and time; `shows` describes them."""
    shots = [
        Shot(
            (history.folder / preview.file).read_bytes(),
            f"step {preview.step:,}, {duration(preview.seconds)}",
            f"After {preview.step:,} steps. {shows}",
        )
        for preview in history.previews
    ]
    return strip(shots, f"Previews over time. {shows}")


def format_budget(budget: Budget) -> str:
    """A budget in words."""
    parts = [] if budget.minutes is None else [f"{budget.minutes:g} min"]
    parts += [] if budget.steps is None else [f"{budget.steps:,} steps"]
    return " or ".join(parts) + (", whichever ends first" if len(parts) > 1 else "")


def format_options(options: BudgetOptions, minutes: float) -> str:
    """The budget that options set, in words; by default `minutes`."""
    if options.quality is not None:
        return f"quality {options.quality}"
    return format_budget(budget_of(options, Budget(minutes=minutes), untrained=True))


def format_device(device: Device) -> str:
    """A device in words."""
    many = device.devices * device.nodes
    return f"{f'{many} x ' if many > 1 else ''}{device.kind}, {device.precision}"


def _of_part(part: TrainingPart, history: History, number: int, *, alone: bool) -> list[Section]:
    """Curves and previews of one training."""
    points = history.kept()
    begun = paragraph("Nothing has been learned yet.") if not points else ""
    shown = [_curve(history, name, part.unit) for name in _in_order(history.names)]
    losses = curves(shown, f"part{number}")
    said = paragraph(
        "Bold: smoothed. Faint: every recorded step. The final figures are those of the smoothed "
        "line.",
        note=False,
    )
    strip_of = previews_over_time(history, part.shows)
    previews = (paragraph(part.shows), strip_of) if strip_of else ()
    if alone:
        return [
            Section("Losses", (begun, losses and said, losses)),
            Section("Previews over time", previews),
        ]
    return [
        Section(part.name, (begun or paragraph(f"{points[-1].step:,} steps."),)),
        Section(f"Losses: {part.name.lower()}", (losses and said, losses), 3),
        Section(f"Previews over time: {part.name.lower()}", previews, 3),
    ]


def _curve(history: History, name: str, unit: str) -> Curve:
    steps, values = history.series(name)
    return Curve(name, steps, values, LOSSES.get(name, ""), y_unit=unit, phases=history.phases)


def _in_order(names: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: name != "loss")


def _sheet(sheet: tuple[Path, str] | None) -> Html:
    if sheet is None or not sheet[0].is_file():
        return Html("")
    read = np.asarray(cv2.imread(str(sheet[0]), cv2.IMREAD_COLOR))
    if read.ndim != 3:  # imread returns None for unreadable files
        return Html("")
    rgb = np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)
    return picture(encode_jpeg(rgb, _SHEET_PX), sheet[1], sheet[1])


def _times(content: TrainingPage, histories: Sequence[History]) -> Html:
    """Seconds of the last run, and of all training."""
    learned = {
        f"{part.name.lower()}, {history.kept()[-1].step:,} steps": history.kept()[-1].seconds
        for part, history in zip(content.parts, histories, strict=True)
        if history.points
    }
    tables = [times("Learning, over all runs", learned), times("The last run", content.seconds)]
    return joined(table for table in tables if table)


def _commands(commands: Sequence[Sequence[str]]) -> Html:
    return code("\n".join(shlex.join(words) for words in commands)) if commands else Html("")
