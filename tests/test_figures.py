"""Figures in README and docs agree with the files in `docs/figures` that commands wrote.

A text quotes a file between two comments, `<!-- figures: NAME -->` and `<!-- end of figures -->`;
every number between them is in that file, rounded as it is shown, or as a percentage.  Outside of
them, no text says what was measured in frames, steps or the like a second, dB, FLOP or ms.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "figures"
TEXTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
HOW = {"command", "on", "at"}  # how a part came about: dates and the like are no figures
_BLOCK = re.compile(r"<!-- figures: ([\w-]+) -->(.*?)<!-- end of figures -->", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?![\w])")
_CODE = re.compile(r"`[^`]*`|\]\([^)]*\)")
_SENTENCE = re.compile(r"(?<=[.:;])\s|\|")
_MEASURED = re.compile(
    r"\d\s(?:dB|(?:frames|steps|pairs|pictures|latents)(?:/s|\sa\ssecond)|[GT]FLOP|ms\b)"
)


def blocks(text: str) -> list[tuple[str, str]]:
    """The name of a file, and what is quoted from it."""
    return _BLOCK.findall(text)


def known(value: Any) -> Iterator[float | str]:
    """All numbers of some figures, and their words: keys and texts; lists are single results."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in HOW:
                continue
            yield str(key)
            yield from known(inner)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def wrong(quoted: str, document: Any) -> list[str]:
    """The numbers of a text that are not among a document's figures."""
    found = list(known(document["figures"]))
    numbers = [value for value in found if isinstance(value, float)]
    words = {number for text in found if isinstance(text, str) for number in _NUMBER.findall(text)}
    missing = []
    for number in _NUMBER.findall(_CODE.sub("", quoted)):
        digits = len(number.partition(".")[2])
        shown = float(number.replace(",", ""))
        alike = (f"{factor * value:.{digits}f}" for value in numbers for factor in (1, 100))
        if number not in words and f"{shown:.{digits}f}" not in alike:
            missing.append(number)
    return missing


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_a_text_says_what_its_files_say(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("<!-- figures:") == text.count("<!-- end of figures -->") == len(blocks(text))
    for name, quoted in blocks(text):
        document = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        assert wrong(quoted, document) == [], f"{path.name} and docs/figures/{name}.json disagree"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_what_was_measured_is_quoted_from_a_file(path: Path) -> None:
    text = _BLOCK.sub("", path.read_text("utf-8"))
    measured = [each for each in _SENTENCE.split(text) if _MEASURED.search(each)]
    assert [each for each in measured if "goal" not in each and "at most" not in each] == []


def test_every_file_of_figures_is_quoted_and_says_how_it_came_about() -> None:
    quoted = {name for path in TEXTS for name, _ in blocks(path.read_text("utf-8"))}
    files = {path.stem: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.json")}
    assert files.keys() == quoted
    for document in files.values():
        assert document["command"] and document["machine"] and document["date"]
        assert document["figures"]


def test_how_long_it_takes_is_quoted_from_a_file() -> None:
    section = TEXTS[0].read_text("utf-8").split("## How long it takes")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ") and line[2] != "-"]
    assert rows
    inside = "".join(quoted for _, quoted in blocks(section))
    assert all(row in inside for row in rows)


def test_a_text_that_disagrees_is_found() -> None:
    document = {"date": "19", "figures": {"right": 0.9567, "steps": 1234, "clips": [19],
                                          "way": {"CRF 18": 25.94}}}  # fmt: skip
    good = "On 1,234 steps, 95.7 % (96 %) at CRF 18: 25.9 dB, `--minutes 5`, [more](7.md#8)."
    assert wrong(good, document) == []
    assert wrong("95.6 %, 26 dB, 1,235 steps, CRF 19", document) == ["95.6", "1,235", "19"]
