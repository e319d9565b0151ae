"""A page: one HTML file with its style and pictures inside, and no scripts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from dancenow.files import write_text
from dancenow.report.html import Html, element, joined
from dancenow.report.style import STYLE
from dancenow.version import __version__

PAGE: Final = "index.html"  # name of a folder's page
Kind = Literal["demo", "training", "evaluation", "ablation", "batch"]

_MARK: Final = re.compile(r'<meta name="dancenow-report" content="([a-z]+)">')
_HEAD_CHARACTERS: Final = 500  # the mark is within these


@dataclass(frozen=True)
class Section:
    """A part of a page with its own heading; `level` 3 is a subsection of the one before."""

    heading: str
    parts: tuple[object, ...]
    level: Literal[2, 3] = 2


@dataclass(frozen=True)
class Page:
    """Content of a page.

    Attributes:
        kind: of the report.
        title: its heading.
        lead: shown below the heading.
        sections: those without parts are left out.
        footer: shown at the end.
    """

    kind: Kind
    title: str
    lead: tuple[object, ...]
    sections: tuple[Section, ...]
    footer: str = ""

    def render(self) -> str:
        """The page as HTML."""
        body = [element("h1", self.title), *self.lead]
        for section in self.sections:
            parts = [part for part in section.parts if part]
            if parts:
                body += [element(f"h{section.level}", section.heading), *parts]
        foot = " ".join(part for part in (self.footer, f"Made by DanceNow {__version__}.") if part)
        head = [
            element("meta", charset="utf-8"),
            element("meta", name="dancenow-report", content=self.kind),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", f"DanceNow: {self.title}"),
            element("style", Html(STYLE)),
        ]
        whole = [
            element("head", joined(head)),
            element("body", element("main", joined(body)), element("footer", foot)),
        ]
        return f"<!doctype html>\n{element('html', joined(whole), lang='en')}\n"


def write_page(path: Path, page: Page) -> Path:
    """Write a page; returns its path."""
    write_text(path, page.render())
    return path


def page_kind(path: Path) -> str | None:
    """The kind of the report in a file; None if it is not a page of ours."""
    try:
        with path.open(encoding="utf-8") as file:
            found = _MARK.search(file.read(_HEAD_CHARACTERS))
    except (OSError, ValueError):
        return None
    return None if found is None else found[1]
