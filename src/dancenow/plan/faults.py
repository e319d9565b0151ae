"""What is wrong with a document's text or values, in words that say how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

_LONGEST: Final = 300  # characters of a line of which anything is said
_ENTRY: Final = re.compile(r"\s*\"?(\w+)\"?\s*=\s*(.*?)\s*$")
_UNEQUAL: Final = re.compile(r"\s*(\w+)\s*(?:[:=]=?\s*|\s+)([^\s:=][^=]*?)\s*$")
_HEADER: Final = re.compile(r"\s*\[*\s*(segment|pin)\s*\]*\s*$", re.IGNORECASE)
_TWICE: Final = re.compile(r"Key \"(\w+)\" already exists")
_QUOTES: Final = "\"'“”„‘’‚«»"
_NO: Final = {"false", "no", "off", "none"}
FLAGS: Final = frozenset({"compose", "gap", "mirror"})
"""Keys whose values are true or false."""
NUMBERS: Final = frozenset(
    {
        "bpm", "first_beat", "length", "fade", "fps", "at", "from", "to", "speed", "repeat",
        "liveliness", "temperature", "seed",
    }
)  # fmt: skip
"""Keys whose values are numbers; all others are texts."""
_TYPES: Final[Mapping[str, str]] = {
    "path_type": "be a text in quotes",
    "string_type": "be a text in quotes",
    "string_pattern_mismatch": "be a word of at most 40 letters, digits, - and _",
    "float_type": "be a number",
    "float_parsing": "be a number",
    "int_type": "be a whole number",
    "int_parsing": "be a whole number",
    "int_from_float": "be a whole number",
    "bool_type": "be true or false",
    "bool_parsing": "be true or false",
}


def of_text(text: str, said: str, line: int | None) -> tuple[int | None, str]:
    """What is wrong with a text that is not TOML.

    Args:
        text: the document.
        said: what its reader says.
        line: where the reader found it, counted from 1.

    Returns:
        The line of the fault, and how to mend it, or else what the reader says.
    """
    lines = text.split("\n")
    if twice := _TWICE.search(said):
        return _second(lines, twice.group(1), line), f"{twice.group(1)} is given twice; keep one"
    for number in _near(line, len(lines)):
        if remedy := _remedy(lines[number - 1]):
            return number, remedy
    return line, said.partition(" at line ")[0].rstrip(".")


def of_value(name: str, error: Mapping[str, Any]) -> str:
    """What is wrong with the value of a key, out of what pydantic says of it."""
    kind, said = str(error["type"]), str(error["msg"])
    limits: Mapping[str, Any] = error.get("ctx", {})
    if kind == "literal_error" and name in FLAGS:
        return f"`{name}` must be true; or leave it out"
    if kind in _TYPES:
        return f"`{name}` must {_TYPES[kind]}"
    if kind == "literal_error" or {"gt", "ge", "lt", "le"} & limits.keys():
        return f"`{name}` must be {said.removeprefix('Input should be ')}"
    return f"`{name}`: {said[:1].lower()}{said[1:]}"


def _near(line: int | None, count: int) -> Iterator[int]:
    """The line that a reader names, and the one before it, whose end it may have missed."""
    if line is not None:
        yield from (number for number in (line, line - 1) if 1 <= number <= count)


def _second(lines: list[str], name: str, line: int | None) -> int | None:
    """The last line that gives a key a value, up to the one that a reader names."""
    for number in range(min(line or 0, len(lines)), 0, -1):
        entry = _ENTRY.match(lines[number - 1][:_LONGEST])
        if entry and entry.group(1) == name:
            return number
    return line


def _remedy(line: str) -> str:
    """How to write a line that is not TOML; "" if nothing can be said."""
    if len(line) > _LONGEST:  # to be matched and quoted
        return ""
    line = line.rstrip("\r")
    if header := _HEADER.match(line):
        right = f"[[{header.group(1).lower()}]]"
        return "" if line.strip() == right else f"write {right}, in double brackets"
    if _is_right(line):
        return ""
    entry = _ENTRY.match(line)
    if entry is None or entry.group(2).startswith("="):
        unequal = _UNEQUAL.match(line)
        return f"write {unequal.group(1)} = {unequal.group(2)}, with one =" if unequal else ""
    name, value = entry.groups()
    bare = re.sub(r"\s+#.*", "", value).strip(_QUOTES)
    if not bare or bare.startswith("#"):
        return f"{name} has no value; give it one, or leave the line out"
    if name in FLAGS:
        return f"write {name} = {'false' if bare.lower() in _NO else 'true'}; it is true or false"
    if name in NUMBERS:
        return f"write {name} as a plain number, such as 2 or 0.5, without unit or quotes"
    if "\\" in bare:
        return f"write {name} = '{bare}', in single quotes because of the \\"
    return f'write {name} = "{bare}", texts in straight quotes'


def _is_right(line: str) -> bool:
    try:
        tomlkit.parse(line)
    except (TOMLKitError, ValueError, RecursionError):
        return False
    return True
