"""Elements of HTML.  Text is escaped unless it is `Html` already."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Final

_EMPTY: Final = frozenset({"br", "img", "meta", "link"})


class Html(str):
    """Text that is HTML."""

    __slots__ = ()


def escaped(text: object) -> Html:
    """Any text as HTML; `Html` is returned unchanged."""
    return text if isinstance(text, Html) else Html(html.escape(str(text)))


def joined(parts: Iterable[object], between: str = "\n") -> Html:
    """Parts joined by `between`, which is HTML."""
    return Html(between.join(escaped(part) for part in parts))


def element(name: str, /, *inside: object, **attributes: object) -> Html:
    """An element.

    Args:
        name: of the element.
        inside: texts and elements.
        attributes: by name, with `_` for `-` and after Python's keywords; None and False are left
            out, True has no value.
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
