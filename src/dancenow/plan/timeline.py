"""Where the segments and pins of a dance lie, in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.music import Music
from dancenow.plan.clock import Clock
from dancenow.plan.document import LATEST, LONGEST, DancePlan, Kind, Pin, Segment

_FADE: Final = 0.5  # seconds
_NEAR: Final = 0.14  # seconds; pins that are nearer to each other cannot both be struck
_TOUCHING: Final = 0.01  # seconds; segments this near to each other meet: beats are rounded
_SHORTEST: Final = 0.02  # seconds of a repetition
_ROUNDING: Final = 1e-3  # seconds
_OVERTIME: Final = 1.0  # seconds that a dance may go on after the music
_FASTEST: Final = 10.0  # of a passage's own speed


@dataclass(frozen=True)
class Placed:
    """A segment on the time line.

    Attributes:
        segment: what it is.
        number: which of the document's segments.
        bounds: when its repetitions begin and the last one ends, in seconds of the dance.
        fade: seconds in which it passes into the next one.
    """

    segment: Segment
    number: int
    bounds: tuple[float, ...]
    fade: float

    @property
    def begins(self) -> float:
        """When it begins."""
        return self.bounds[0]

    @property
    def ends(self) -> float:
        """When it ends."""
        return self.bounds[-1]

    @property
    def once(self) -> float:
        """Seconds of the first repetition."""
        return self.bounds[1] - self.bounds[0]


@dataclass(frozen=True)
class Pinned:
    """A pose on the time line: which, which of the document's pins, and when in seconds."""

    pin: Pin
    number: int
    at: float


@dataclass(frozen=True)
class TimeLine:
    """A dance, laid out.

    Attributes:
        seconds: its length.
        segments: of each dancer, in the order of time.
        pins: of each dancer, likewise.
        beats: seconds of the beats; empty if there are none.
    """

    seconds: float
    segments: Mapping[str, tuple[Placed, ...]]
    pins: Mapping[str, tuple[Pinned, ...]] = field(default_factory=dict)
    beats: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


def lay_out(
    plan: DancePlan,
    music: Music | None,
    lasting: Mapping[tuple[str, int], float],
    longest: float = LONGEST,
) -> TimeLine:
    """Lay out a document.

    Args:
        plan: the document.
        music: its music, analysed.
        lasting: seconds of what a segment or pin is out of, by ("segment", number) and
            ("pin", number).
        longest: seconds that the dance may last.

    Returns:
        Its segments and pins in seconds; beats are converted.

    Raises:
        InputError: segments overlap or lie beyond their clip, two pins fall on one moment, or
            beats are missing; the message tells the line.
    """
    clock = Clock(plan, music)
    rows: dict[str, list[Placed]] = {}
    for number, segment in enumerate(plan.segments):
        row = rows.setdefault(segment.dancer, [])
        row.append(_placed(plan, number, clock, row[-1].ends if row else clock(0.0), lasting))
    for row in rows.values():
        row.sort(key=lambda placed: placed.begins)
        for after, (one, other) in enumerate(pairwise(list(row)), start=1):
            apart = other.begins - one.ends
            if apart < -_TOUCHING:
                raise plan.fault(
                    f"this segment begins at {clock.moment(other.begins)}, before the one "
                    f"{_named(plan, one.number)} ends, at {clock.moment(one.ends)}; move one of "
                    "them or shorten the other.",
                    *("segment", other.number),
                )
            if apart < _TOUCHING:
                row[after] = replace(other, bounds=(one.ends, *other.bounds[1:]))
    seconds = _length(plan, clock, rows, None if music is None else music.seconds, longest)
    placed = {dancer: tuple(row) for dancer, row in rows.items()}
    return TimeLine(seconds, placed, _pins(plan, clock, seconds, lasting), clock.beats)


def _length(
    plan: DancePlan,
    clock: Clock,
    rows: Mapping[str, Sequence[Placed]],
    music: float | None,
    longest: float,
) -> float:
    """Seconds of the dance, which must not be longer than its music or than `longest`."""
    last = max((row[-1] for row in rows.values()), key=lambda placed: placed.ends)
    seconds = last.ends
    if plan.length is not None:
        seconds = clock(plan.length)
        if seconds < last.ends - _ROUNDING:
            raise plan.fault(
                f"`length`: the dance would end at {clock.moment(seconds)}, and the segment "
                f"{_named(plan, last.number)} ends at {clock.moment(last.ends)}.",
                "length",
            )
    most = longest if music is None else min(longest, music + _OVERTIME)
    if seconds <= most:
        return seconds
    says = f"{longest:.0f} s is the most"
    if music is not None and most < longest:
        says = f"the music ends at {clock.moment(music)}; shorten the dance"
    over = [placed for row in rows.values() for placed in row if placed.ends > most]
    if not over:
        ends = clock.moment(seconds)
        raise plan.fault(f"`length`: the dance would end at {ends}, but {says}.", "length")
    first = min(over, key=lambda placed: placed.begins)
    raise plan.fault(
        f"this segment ends at {clock.moment(first.ends)}, but {says}.", "segment", first.number
    )


def _placed(
    plan: DancePlan,
    number: int,
    clock: Clock,
    after: float,
    lasting: Mapping[tuple[str, int], float],
) -> Placed:
    """A segment that by default begins `after` some seconds."""
    segment = plan.segments[number]
    begins = after if segment.at is None else clock(segment.at)
    if begins < -_ROUNDING:
        raise plan.fault(
            f"`at`: begins at {clock.moment(begins)}, before the dance does, at 0 s.",
            *("segment", number, "at"),
        )
    danced = None
    if segment.kind in (Kind.passage, Kind.pose):
        danced = _danced(plan, "segment", number, lasting["segment", number])
    bounds = [max(begins, 0.0)]
    for _ in range(segment.repeat):
        if segment.length is not None:
            bounds.append(clock(clock.back(bounds[-1]) + segment.length))
        else:
            bounds.append(bounds[-1] + (danced or 0.0) / (segment.speed or 1.0))
        if bounds[-1] > LATEST:
            raise plan.fault(
                f"`repeat`: ends after {LATEST / 3600:.0f} hours.", "segment", number, "repeat"
            )
    if bounds[1] - bounds[0] < _SHORTEST:
        raise plan.fault(
            f"lasts {bounds[1] - bounds[0]:.2g} s; {_SHORTEST:g} s is the least.",
            *("segment", number, "length"),
        )
    ends = bounds[-1]
    if segment.kind is Kind.passage and danced is not None:
        speed = danced * segment.repeat / (ends - bounds[0])
        if not 1 / _FASTEST <= speed <= _FASTEST:
            raise plan.fault(
                f"`length`: the passage lasts {danced:.2f} s and would be danced {speed:.2g} times "
                f"as fast; {1 / _FASTEST:g} to {_FASTEST:g} is possible.",
                *("segment", number, "length"),
            )
    fade = plan.fade if segment.fade is None else segment.fade
    passes = _FADE if fade is None else clock(clock.back(ends) + fade) - ends
    return Placed(segment, number, tuple(bounds), passes)


def _danced(plan: DancePlan, what: str, number: int, seconds: float) -> float:
    """Seconds of a passage, or of what follows a pose, out of a clip that lasts so long."""
    part = plan.segments[number] if what == "segment" else plan.pins[number]
    clip = part.clip if isinstance(part, Segment) else None
    to = part.to if isinstance(part, Segment) else None
    least = _ROUNDING if clip is not None else -_ROUNDING  # a pose can be the very last
    for key, at, most in (("from", part.start, seconds - least), ("to", to, seconds + _ROUNDING)):
        if at is not None and at > most:
            raise plan.fault(
                f"`{key}={at:g}`: {clip or part.pose} lasts {seconds:.2f} s.", what, number, key
            )
    return (seconds if to is None else min(to, seconds)) - part.start


def _pins(
    plan: DancePlan, clock: Clock, seconds: float, lasting: Mapping[tuple[str, int], float]
) -> dict[str, tuple[Pinned, ...]]:
    dancers = {segment.dancer for segment in plan.segments}
    rows: dict[str, list[Pinned]] = {}
    for number, pin in enumerate(plan.pins):
        at = clock(pin.at)
        if not -_ROUNDING <= at <= seconds + _ROUNDING:
            raise plan.fault(
                f"`at`: the dance lasts from 0 to {clock.moment(seconds)}, and this is at "
                f"{clock.moment(at)}.",
                *("pin", number, "at"),
            )
        if pin.dancer not in dancers:
            raise plan.fault(
                f"`dancer={pin.dancer}`: has no segment; give the pin a dancer who has.",
                *("pin", number, "dancer"),
            )
        _danced(plan, "pin", number, lasting["pin", number])
        rows.setdefault(pin.dancer, []).append(Pinned(pin, number, at))
    for row in rows.values():
        row.sort(key=lambda pinned: pinned.at)
        for one, other in pairwise(row):
            if other.at - one.at < _NEAR:
                raise plan.fault(
                    f"two poses are pinned to one moment, {clock.moment(one.at)}; keep one of "
                    "them.",
                    *("pin", max(one.number, other.number)),
                )
    return {dancer: tuple(row) for dancer, row in rows.items()}


def _named(plan: DancePlan, number: int) -> str:
    line = plan.lines.get(("segment", number))
    return f"{number + 1}" if line is None else f"of line {line}"
