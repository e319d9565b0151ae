"""A batch's page: all results side by side, and why others are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dancenow.plan.batch import Wanted
from dancenow.report import Page, Section, element, facts, paragraph, write_page
from dancenow.workflows._batch_tasks import Task


def write_batch_page(
    path: Path,
    wanted: Sequence[Wanted],
    tasks: Mapping[str, Task],
    record: Mapping[str, Mapping[str, Any]],
) -> Path:
    """Write the page; its videos are the files beside it."""
    rows: dict[str, list[object]] = {}
    for each in wanted:
        rows.setdefault(each.dance, []).append(_result(each, tasks, record, path.parent))
    sections = [
        Section(of, (element("div", *results, class_="grid"),)) for of, results in rows.items()
    ]
    learned = {
        key.partition(" ")[2].rpartition("-")[0]: _told(known)
        for key, known in record.items()
        if key.startswith(("learn ", "moves ")) and not known.get("error") and key in tasks
    }
    if learned:
        table = facts("Everyone and everything that was learned", learned)
        sections.append(Section("What was learned", (table,)))
    made = sum(not known.get("error") for key, known in record.items() if key in tasks)
    lead = paragraph(f"{len(wanted)} videos wanted; {made} of {len(tasks)} steps are done.")
    return write_page(path, Page("batch", path.parent.resolve().name, (lead,), tuple(sections)))


def _told(known: Mapping[str, Any]) -> str:
    return f"{known.get('figures', {}).get('steps', 0):,} steps, {known.get('seconds', 0):.0f} s"


def _result(
    wanted: Wanted,
    tasks: Mapping[str, Task],
    record: Mapping[str, Mapping[str, Any]],
    folder: Path,
) -> object:
    task = tasks[f"video {wanted.name}"]
    known = record.get(task.key, {})
    assert task.output is not None
    if known.get("error") or not task.there:
        why = known.get("error") or "is yet to be made."
        return element("figure", element("p", why), element("figcaption", wanted.name))
    place = quote(task.output.relative_to(folder).as_posix())
    shown = element(
        "video", src=place, controls=True, loop=True, muted=True, playsinline=True,
        preload="metadata", aria_label=wanted.name,
    )  # fmt: skip
    return element("figure", shown, element("figcaption", wanted.name))
