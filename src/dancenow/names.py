"""Names that people type, found among those that there are."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, names: Iterable[str]) -> str:
    """The known name that was probably meant; "" if none is near.

    Args:
        name: what was typed.
        names: those that there are; of several that differ only in case, the first counts.
    """
    folded: dict[str, str] = {}
    for known in names:
        folded.setdefault(known.casefold(), known)
    close = get_close_matches(name.casefold(), folded, n=1)
    return folded[close[0]] if close else ""


def known_as(name: str, names: Iterable[str]) -> str:
    """A name as it is known, whatever its case; itself if it is known so, or not at all."""
    names = list(names)
    same = [known for known in names if known.casefold() == name.casefold()]
    return same[0] if len(same) == 1 and name not in names else name


def printable(text: str) -> str:
    """A text in one line in which control characters do nothing but show themselves."""
    return "".join(ascii(char)[1:-1] if _controls(char) else char for char in text)


def _controls(char: str) -> bool:
    """Whether a character moves the cursor, turns the text around or is none at all."""
    joins = char in "\u200c\u200d"  # as in emoji
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and not joins
