"""The page of a training: what was learned, how the losses fell, what it painted on the way."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from dancenow.errors import DanceNowError, TrainingError
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
from dancenow.training.history import History

_SHEET_PX: Final = 1200  # longer side of a preview sheet in the page


@dataclass(frozen=True)
class Stage:
    """A training of its own in what was learned.

    Attributes:
        name: what it learns.
        checkpoint: where its state and history lie.
        shows: what its previews show.
        unit: what its losses are counted in.
    """

    name: str
    checkpoint: Path
    shows: str
    unit: str = ""


@dataclass(frozen=True)
class Story:
    """What the page of a training tells.

    Attributes:
        title: the page's heading.
        lead: what was learned, in a sentence.
        facts: how: clip, preset, device.
        stages: the trainings.
        measured: what was measured in the end, by its key in `TRAINING`.
        seconds: of each stage of the last run.
        next_commands: what can be done with it.
        sheet: a picture of what was learned from or of what it makes, with its caption.
        stopped: why it ended early.
    """

    title: str
    lead: str
    facts: Mapping[str, object]
    stages: Sequence[Stage]
    seconds: Mapping[str, float]
    next_commands: Sequence[Sequence[str]] = ()
    measured: Mapping[str, float | None] | None = None
    sheet: tuple[Path, str] | None = None
    stopped: str = ""


def write_training_page(folder: Path, story: Story) -> Path:
    """Write `index.html` into a training's folder."""
    histories = [History.load(stage.checkpoint) for stage in story.stages]
    lead: list[object] = [paragraph(story.lead)]
    if story.stopped:
        lead.append(paragraph(story.stopped, note=True))
    measured = story.measured or {}
    rows = [Row(TRAINING[key], (value,)) for key, value in measured.items()]
    sections = [Section("What was learned", (facts("How it was learned", story.facts),))]
    for number, (stage, history) in enumerate(zip(story.stages, histories, strict=True)):
        sections += _of_stage(stage, history, number, alone=len(histories) == 1)
    sections += [
        Section("What it came to", (figures("Measured at the end", rows), _sheet(story.sheet))),
        Section("How long it took", (_times(story, histories),)),
        Section("What to do with it", (_commands(story.next_commands),)),
    ]
    page = Page("training", story.title, tuple(lead), tuple(sections))
    return write_page(folder / PAGE, page)


@contextmanager
def page_when_stopped(folder: Path, story: Callable[[], Story]) -> Iterator[None]:
    """Write the page, too, where a training is stopped by Ctrl-C or fails."""
    try:
        yield
    except (KeyboardInterrupt, TrainingError) as error:
        why = "It was stopped; the same command goes on from there."
        if isinstance(error, TrainingError):
            why = f"It failed: {error}"
        with suppress(OSError, DanceNowError):  # the reason for stopping matters more
            write_training_page(folder, replace(story(), stopped=why))
        raise


def previews_over_time(history: History, shows: str) -> Html:
    """The previews of a training, each with its step and time; `shows` says what is on them."""
    shots = [
        Shot(
            (history.folder / preview.file).read_bytes(),
            f"step {preview.step:,}, {duration(preview.seconds)}",
            f"After {preview.step:,} steps. {shows}",
        )
        for preview in history.previews
    ]
    return strip(shots, f"Previews over time. {shows}")


def said_budget(budget: Budget) -> str:
    """A budget in words."""
    parts = [] if budget.minutes is None else [f"{budget.minutes:g} min"]
    parts += [] if budget.steps is None else [f"{budget.steps:,} steps"]
    return " or ".join(parts) + (", whichever ends first" if len(parts) > 1 else "")


def said_device(device: Device) -> str:
    """A device in words."""
    many = device.devices * device.nodes
    return f"{f'{many} x ' if many > 1 else ''}{device.kind}, {device.precision}"


def _of_stage(stage: Stage, history: History, number: int, *, alone: bool) -> list[Section]:
    """Curves and previews of one training."""
    points = history.kept()
    begun = paragraph("Nothing was learned yet.") if not points else ""
    shown = [_curve(history, name, stage.unit) for name in _in_order(history.names)]
    losses = curves(shown, f"stage{number}")
    said = paragraph(
        "Bold: smoothed. Faint: every step that was kept. The last figures are those of the "
        "smoothed line.",
        note=False,
    )
    strip_of = previews_over_time(history, stage.shows)
    previews = (paragraph(stage.shows), strip_of) if strip_of else ()
    if alone:
        return [
            Section("Losses", (begun, losses and said, losses)),
            Section("Previews over time", previews),
        ]
    return [
        Section(stage.name, (begun or paragraph(f"{points[-1].step:,} steps."),)),
        Section(f"Losses: {stage.name.lower()}", (losses and said, losses), 3),
        Section(f"Previews over time: {stage.name.lower()}", previews, 3),
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
    if read.ndim != 3:  # what cannot be read comes back as None
        return Html("")
    rgb = read[..., ::-1].astype(np.uint8)
    return picture(encode_jpeg(rgb, _SHEET_PX), sheet[1], sheet[1])


def _times(story: Story, histories: Sequence[History]) -> Html:
    """Seconds of the last run, and of all the learning."""
    learned = {
        f"{stage.name.lower()}, {history.kept()[-1].step:,} steps": history.kept()[-1].seconds
        for stage, history in zip(story.stages, histories, strict=True)
        if history.points
    }
    tables = [times("Learning, over all runs", learned), times("The last run", story.seconds)]
    return joined(table for table in tables if table)


def _commands(commands: Sequence[Sequence[str]]) -> Html:
    return code("\n".join(shlex.join(words) for words in commands)) if commands else Html("")
