"""What an arranged dance is made of: a document, its footage and its music."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dancenow.music import Music
from dancenow.plan import DancePlan, TimeLine
from dancenow.pose import PoseTrack
from dancenow.sources.load import Source


@dataclass(frozen=True)
class Arrangement:
    """A dance to be arranged.

    Attributes:
        plan: the document.
        line: the same, laid out in seconds.
        footage: what segments and pins are out of, by ("segment", number) or ("pin", number).
        music: its music; None if it has none.
        key: names the choreographer by its content.
        learned_of: the contents that it was learned of.
    """

    plan: DancePlan
    line: TimeLine
    footage: Mapping[tuple[str, int], Source] = field(default_factory=dict)
    music: Music | None = None
    key: str = ""
    learned_of: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Arranged:
    """A dance that was arranged.

    Attributes:
        tracks: what each dancer dances, by name.
        stretches: how many stretches were composed, joined or filled.
        reused: how many of them were found in the cache.
    """

    tracks: Mapping[str, PoseTrack]
    stretches: int
    reused: int
