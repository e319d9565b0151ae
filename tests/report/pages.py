"""Reading a page as a browser would, for tests of what it says and of how it is built."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

EMPTY = {"meta", "img", "br", "link"}
Attributes = dict[str, str | None]


class Parsed(HTMLParser):
    """Elements, texts and what is wrong with their nesting."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def all(self, tag: str) -> list[Attributes]:
        """The attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        """All that is read."""
        return " ".join(" ".join(self.words).split())


def parsed(source: Path | str) -> Parsed:
    """A page, or a part of one."""
    page = Parsed()
    page.feed(source.read_text("utf-8") if isinstance(source, Path) else source)
    page.close()
    return page


def check(source: Path | str) -> Parsed:
    """Assert what holds for every page of ours; gives the page."""
    page = parsed(source)
    assert page.wrong == [] and page.open == []
    assert page.all("html")[0]["lang"] == "en" and page.all("title") and page.all("main")
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1 and headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert all(image["alt"] and image["width"] and image["height"] for image in page.all("img"))
    assert all(cell.get("scope") for cell in page.all("th"))
    assert all(video["aria-label"] for video in page.all("video"))
    assert not page.all("script") and not page.all("link")
    references = [of[name] for _, of in page.elements for name in ("src", "href") if name in of]
    assert all(address and address.startswith("data:") for address in references)
    ids = [of["id"] for _, of in page.elements if "id" in of]
    assert len(ids) == len(set(ids))
    for drawing in page.all("svg"):
        assert drawing["role"] == "img"
        assert set((drawing["aria-labelledby"] or "").split()) <= set(ids)
    text = source.read_text("utf-8") if isinstance(source, Path) else source
    assert not re.search(r"https?:|url\(|@import", text)
    assert "prefers-color-scheme: dark" in text and "@media print" in text
    return page


def points(page: Parsed, kind: str) -> list[int]:
    """How many points each line of a kind has, in the order of the charts."""
    lines = [of["d"] or "" for of in page.all("path") if of["class"] == kind]
    return [len(re.findall("[ML]", line)) for line in lines]
