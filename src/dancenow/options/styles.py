"""Styles in words: `ballet=a.mp4` says what a clip shows, `ballet:0.7,hiphop:0.3` what to dance."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from dancenow.errors import InputError
from dancenow.names import known_as, nearest

_NAME = re.compile(r"[^\s=:,]+")


def styled_clips(texts: Sequence[str], clips: Sequence[Path]) -> list[tuple[Path, str]]:
    """Clips and their styles: those named in texts, and further ones of the last text's style.

    Args:
        texts: such as "ballet=a.mp4".
        clips: of the last text's style; without texts, of no style ("").

    Raises:
        InputError: a text is not of this form.
    """
    named = []
    for text in texts:
        name, sign, clip = text.partition("=")
        name = unicodedata.normalize("NFC", name)  # as others may spell it
        if not sign or not clip or not _NAME.fullmatch(name):
            raise InputError(
                f"`style={text}`: must name a style and a clip, such as ballet=a.mp4; the name is "
                "one word without = : and commas."
            )
        named.append((Path(clip), name))
    last = named[-1][1] if named else ""
    return [*named, *((clip, last) for clip in clips)]


def parse_mix(text: str) -> dict[str, float]:
    """Styles and their shares, which sum to 1: "hiphop", or "ballet:0.5,hiphop:0.5".

    Raises:
        InputError: the text is not of this form.
    """
    mix: dict[str, float] = {}
    for part in text.split(","):
        name, sign, number = unicodedata.normalize("NFC", part).strip().partition(":")
        try:
            share = float(number) if sign else 1.0
        except ValueError:
            share = math.nan
        if not _NAME.fullmatch(name) or name in mix or not (math.isfinite(share) and share >= 0):
            raise InputError(
                f"`style={text}`: must be a style, or styles with shares such as "
                "ballet:0.5,hiphop:0.5."
            )
        mix[name] = share
    total = sum(mix.values())
    if not total > 0:
        raise InputError(f"`style={text}`: one share must be above 0.")
    return {name: share / total for name, share in mix.items() if share}


def learned_mix(mix: Mapping[str, float], known: Sequence[str]) -> dict[str, float]:
    """A mix with its styles named as they were learned, in whatever case they are given.

    Raises:
        InputError: one was not learned.
    """
    names, found = sorted(set(known) - {""}), dict[str, float]()
    for given, share in mix.items():
        if (name := known_as(given, names)) not in names:
            learned = ", ".join(names) if names else "none; train it with `style=NAME=CLIP`"
            near = nearest(given, names)
            meant = f"is {near} meant? What" if near else "what"
            raise InputError(f"`style={given}`: unknown; {meant} was learned is {learned}.")
        found[name] = found.get(name, 0.0) + share
    return found
