"""JSON of users: what can be kept, and sent again to any program."""

from __future__ import annotations

import re
from typing import Any, Final

_DEEPEST: Final = 40  # lists and objects in each other
_LONGEST: Final = 20_000  # characters of a text
_FURTHEST: Final = 1e15  # numbers that stay themselves in every program
_HALF: Final = re.compile("[\ud800-\udfff]")


def is_sound(value: Any, depth: int = _DEEPEST) -> bool:
    """Whether JSON values can be kept and sent again.

    Half characters (lone surrogates) cannot be, nor infinities, nor what is nested too deeply.
    """
    if isinstance(value, str):
        return len(value) <= _LONGEST and not _HALF.search(value)
    if isinstance(value, int | float):
        return abs(value) <= _FURTHEST  # NaN is not
    if isinstance(value, list | dict):
        inside = [*value, *value.values()] if isinstance(value, dict) else value
        return depth > 0 and all(is_sound(each, depth - 1) for each in inside)
    return value is None
