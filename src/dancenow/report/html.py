"""Elements of HTML.  Text is escaped unless it says that it is HTML already."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Final

_EMPTY: Final = frozenset({"br", "img", "meta", "link"})


class Html(str):
    """Text that is HTML."""

    __slots__ = ()


def escaped(text: object) -> Html:
    """Any text as HTML; what is HTML stays as it is."""
    return text if isinstance(text, Html) else Html(html.escape(str(text)))


def joined(parts: Iterable[object], between: str = "\n") -> Html:
    """Parts one after the other; `between` is HTML."""
    return Html(between.join(escaped(part) for part in parts))


def element(name: str, /, *inside: object, **attributes: object) -> Html:
    """An element.

    Args:
        name: of the element.
        inside: texts and elements.
        attributes: by name, with `_` for `-` and at the end of Python's own words; one that is
            None or False is left out, one that is True has no value.
    """
    words = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        words.append(key if value is True else f'{key}="{html.escape(str(value))}"')
    if name in _EMPTY:
        return Html(f"<{' '.join(words)}>")
    return Html(f"<{' '.join(words)}>{joined(inside, '')}</{name}>")
