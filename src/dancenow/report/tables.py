"""Tables of a page (figures with explanations, facts, times), and plain text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dancenow.report.html import Html, element, joined
from dancenow.report.meanings import Meaning


@dataclass(frozen=True)
class Row:
    """A row of a table of figures.

    Attributes:
        meaning: what the figure is.
        values: one per column; None without such a figure, NaN if it could not be measured.
    """

    meaning: Meaning
    values: Sequence[float | None]


def figures(caption: str, rows: Sequence[Row], columns: Sequence[str] = ("value",)) -> Html:
    """A table of figures, each with its meaning and which way is better.

    Rows without any value are left out; empty if no row is left.
    """
    shown = [row for row in rows if any(_is_number(value) for value in row.values)]
    if not shown:
        return Html("")
    names = ["figure", *columns]
    head = element("tr", *(element("th", name, scope="col") for name in names))
    # The explanation is below the figure, to be readable on narrow screens.
    bodies = [
        element(
            "tbody",
            element(
                "tr",
                element("th", row.meaning.name, scope="row"),
                *(element("td", _value(row.meaning, value)) for value in row.values),
            ),
            element("tr", element("td", row.meaning.explanation, colspan=len(names), class_="why")),
        )
        for row in shown
    ]
    return _table(caption, "figure", element("thead", head), joined(bodies))


def facts(caption: str, entries: Mapping[str, object]) -> Html:
    """A table of names and values; entries of None or "" are left out."""
    rows = [
        element("tr", element("th", name, scope="row"), element("td", value))
        for name, value in entries.items()
        if value not in (None, "")
    ]
    return _table(caption, "facts", element("tbody", joined(rows))) if rows else Html("")


def times(caption: str, seconds: Mapping[str, float]) -> Html:
    """A table of stages and how long they took, with their sum."""
    entries: dict[str, object] = {name: duration(value) for name, value in seconds.items()}
    if len(entries) > 1:
        entries["in all"] = duration(sum(seconds.values()))
    return facts(caption, entries)


def paragraph(*inside: object, note: bool = False) -> Html:
    """A paragraph; a `note` stands out."""
    return element("p", *inside, class_="note" if note else None)


def code(text: str) -> Html:
    """Commands."""
    return element("pre", element("code", text), tabindex="0")


def duration(seconds: float) -> str:
    """A time for people: 4.2 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if round(seconds) < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _table(caption: str, kind: str, *inside: Html) -> Html:
    table = element("table", element("caption", caption), *inside, class_=kind)
    # Scrollable on narrow screens, with the keyboard too.
    return element("div", table, class_="wide", role="region", aria_label=caption, tabindex="0")


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _value(meaning: Meaning, value: float | None) -> str:
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "not measured"
    text = f"{meaning.factor * value:,.{meaning.digits}f}"
    return f"{text} {meaning.unit}" if meaning.unit else text
