"""`dance.toml`: the segments of a dance, in words.

choreographer = "moves"     # composes, fills gaps, and joins what does not fit
music = "song.mp3"
unit = "beats"              # of at, length and fade

[[segment]]
clip = "me.mp4"             # a passage of a clip, a track or a motion capture
from = 3.2                  # seconds of the clip
to = 7.0
length = 8
repeat = 2

[[segment]]
compose = true              # what nobody danced
style = "hiphop"
length = 16
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tomlkit.exceptions import TOMLKitError

from dancenow.errors import InputError
from dancenow.limits import DANCE_SECONDS
from dancenow.names import nearest
from dancenow.plan import faults
from dancenow.reading import read_text

LONGEST: Final = DANCE_SECONDS
LATEST: Final = 10 * LONGEST  # beats or seconds
MOST: Final = 1000  # segments, repetitions or pins
_HEADER: Final = re.compile(r"\s*\[\[?\s*\"?(\w+)\"?\s*\]\]?")
_KEY: Final = re.compile(r"\s*\"?([\w-]+)\"?\s*=")
_OURS: Final = {"path", "lines"}  # fields of a plan that a document cannot give
_TOO_LARGE: Final = 1 << 20  # bytes of a document

Number = Annotated[float, Field(ge=-LATEST, le=LATEST)]
Positive = Annotated[float, Field(gt=0, le=LONGEST, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, le=LONGEST, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[\w-]{0,40}$")]


class Kind(Enum):
    """The kinds of segments."""

    passage = "clip"
    pose = "pose"
    composed = "compose"
    gap = "gap"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pin(_Strict):
    """A pose that is struck at a moment.

    Attributes:
        at: when, in the document's unit.
        pose: the clip, track or capture that shows it.
        start: when it shows it, in its seconds; in the document, `from`.
        person: who of several; see `choose_dancer`.
        mirror: left and right swapped.
        dancer: who strikes it.
    """

    at: Number
    pose: Path
    start: NotNegative = Field(0.0, alias="from")
    person: str = ""
    mirror: bool = False
    dancer: Name = ""


class Segment(_Strict):
    """A part of a dance.

    Attributes:
        clip: the clip, track or capture that a passage is of.
        pose: the one that shows a pose to be held.
        compose: it is composed.
        gap: it leads from what is before to what is after.
        start: when a passage begins, or a pose is shown, in the clip's seconds; in the document,
            `from`.
        to: when a passage ends, likewise; None: with the clip.
        person: who of several; see `choose_dancer`.
        at: when it begins, in the document's unit; None: when the segment before it ends.
        length: of one repetition, in the document's unit; None: a passage's own.
        speed: of a passage, instead of a length; 0.5 is half as fast.
        repeat: how many times.
        mirror: left and right swapped.
        fade: how long it takes to pass into the next one, in the document's unit; None: the
            document's.
        style: of a composed one; see `parse_mix`.
        liveliness: from -1.5 (calm) to 1.5 (lively); None: as the music is.
        temperature: 1 composes as learned; higher is wilder.
        seed: of all random draws; another composes another.
        dancer: who dances it.
    """

    clip: Path | None = None
    pose: Path | None = None
    compose: Literal[True] | None = None
    gap: Literal[True] | None = None
    start: NotNegative = Field(0.0, alias="from")
    to: NotNegative | None = None
    person: str = ""
    at: Number | None = None
    length: Positive | None = None
    speed: Annotated[float, Field(ge=0.1, le=10)] | None = None
    repeat: Annotated[int, Field(ge=1, le=MOST)] = 1
    mirror: bool = False
    fade: NotNegative | None = None
    style: str = ""
    liveliness: Annotated[float, Field(ge=-1.5, le=1.5)] | None = None
    temperature: Annotated[float, Field(ge=0, le=10)] = 1.0
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    dancer: Name = ""

    @property
    def kind(self) -> Kind:
        """What it is."""
        return next(kind for kind in Kind if getattr(self, kind.value) is not None)


# What belongs to some kinds of segments only.
_OF: Final[Mapping[str, tuple[Kind, ...]]] = {
    "start": (Kind.passage, Kind.pose),
    "person": (Kind.passage, Kind.pose),
    "to": (Kind.passage,),
    "speed": (Kind.passage,),
    "repeat": (Kind.passage, Kind.composed),
    "mirror": (Kind.passage, Kind.pose, Kind.composed),
    "style": (Kind.composed, Kind.gap),
    "liveliness": (Kind.composed, Kind.gap),
    "temperature": (Kind.composed, Kind.gap),
    "seed": (Kind.composed, Kind.gap),
}


class DancePlan(_Strict):
    """A dance as a document.

    Attributes:
        choreographer: a trained one, or a clip to learn from.
        music: what it is danced to.
        bpm: its beats a minute, if known; without music, those that are counted.
        first_beat: seconds at which the first beat is, if known.
        unit: of times and lengths; beat 0 is the music's first.
        length: of the dance, in the unit; None: up to the end of the last segment.
        fade: of segments that give none, in the unit; None: half a second.
        fps: frames a second; None: the first clip's, or the choreographer's.
        segments: in the document, `segment`.
        pins: in the document, `pin`.
        path: where it was read from; its paths are relative to that folder.
        lines: where each value stands, by its place, such as ("segment", 2, "from").
    """

    choreographer: Path | None = None
    music: Path | None = None
    bpm: Positive | None = None
    first_beat: NotNegative | None = None
    unit: Literal["seconds", "beats"] = "seconds"
    length: Positive | None = None
    fade: NotNegative | None = None
    fps: Annotated[float, Field(ge=1, le=240)] | None = None
    segments: tuple[Segment, ...] = Field((), alias="segment", max_length=MOST)
    pins: tuple[Pin, ...] = Field((), alias="pin", max_length=MOST)
    path: Path = Field(Path("dance.toml"), exclude=True)
    lines: Mapping[tuple[str | int, ...], int] = Field({}, exclude=True)

    def file(self, path: Path) -> Path:
        """A path of the document as seen from here."""
        try:
            return self.path.parent / path.expanduser()
        except RuntimeError:  # there is no such user
            return self.path.parent / path

    def fault(self, text: str, *place: str | int) -> InputError:
        """An error whose message tells the line of a value, such as ("segment", 2, "from")."""
        return _fault(self.path, self.lines, place, text)


def read_plan(path: Path) -> DancePlan:
    """Read a document.

    Raises:
        InputError: it cannot be read; the message tells the line.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    if path.stat().st_size > _TOO_LARGE:
        raise InputError(f"{path}: is too large to be a plan of a dance.")
    return parse_plan(read_text(path, "is no text in UTF-8; save it as such."), path)


def parse_plan(text: str, path: Path) -> DancePlan:
    """The document in a text; `path` is where it stands, or would.

    Raises:
        InputError: it is none; the message tells the line.
    """
    try:
        values = tomlkit.parse(text).unwrap()
    except (TOMLKitError, ValueError, RecursionError) as error:
        line, says = faults.of_text(text, str(error), getattr(error, "line", None))
        where = "" if line is None else f", line {line}"
        raise InputError(f"{path}{where}: is not TOML: {says}.") from error
    return plan_of(values, path, _lines(text))


def plan_of(
    values: Mapping[str, Any], path: Path, lines: Mapping[tuple[str | int, ...], int] | None = None
) -> DancePlan:
    """The document that values make, as TOML has them.

    Args:
        values: of the document.
        path: where it stands, or would.
        lines: where each value stands; see `DancePlan`.

    Raises:
        InputError: they make none; the message tells the line, or which segment or pin it is.
    """
    lines = lines or {}
    for name in _OURS & values.keys():
        raise _fault(path, lines, (name,), f"{_unknown(name, DancePlan)}.")
    for name in ("segment", "pin"):
        if isinstance(values.get(name), Mapping):
            raise _fault(path, lines, (name,), f"write [[{name}]], in double brackets.")
    try:
        plan = DancePlan.model_validate({**values, "path": path, "lines": lines})
    except ValidationError as error:
        raise _explained(error, path, lines) from error
    _check(plan)
    return plan


def plan_values(plan: DancePlan) -> dict[str, Any]:
    """A document as JSON values; what has its default is left out."""
    values: dict[str, Any] = json.loads(plan.model_dump_json(by_alias=True, exclude_defaults=True))
    return values


def plan_text(plan: DancePlan) -> str:
    """A document as text."""
    return tomlkit.dumps(plan_values(plan))


def _check(plan: DancePlan) -> None:
    """Raise `InputError` if segments hold what does not belong together."""
    if not plan.segments:
        raise InputError(f"{plan.path}: holds no [[segment]]; give at least one.")
    for number, segment in enumerate(plan.segments):
        place = ("segment", number)
        kinds = [kind for kind in Kind if getattr(segment, kind.value) is not None]
        if len(kinds) != 1:
            names = " or ".join(f"`{kind.value}`" for kind in kinds or Kind)
            say = "give one of them" if not kinds else "keep one of them"
            raise plan.fault(f"a segment is either {names}; {say}.", *place)
        for name in segment.model_fields_set & _OF.keys():
            if kinds[0] not in _OF[name]:
                key = _alias(name)
                raise plan.fault(
                    f"`{key}` means nothing to a segment with `{kinds[0].value}`; leave it out.",
                    *place,
                    key,
                )
        if segment.length is not None and segment.speed is not None:
            raise plan.fault("`length` and `speed`: choose one.", *place, "speed")
        if segment.length is None and kinds[0] is not Kind.passage:
            raise plan.fault("`length` is missing.", *place)
        if plan.choreographer is None and kinds[0] in (Kind.composed, Kind.gap):
            key = kinds[0].value
            raise plan.fault(f"`{key}` needs a `choreographer`; name one at the top.", *place, key)
        if segment.to is not None and segment.to <= segment.start:
            raise plan.fault(
                f"`to` must be after `from`, which is {segment.start:g} s.", *place, "to"
            )


def _alias(name: str) -> str:
    return {"start": "from", "segments": "segment", "pins": "pin"}.get(name, name)


def _lines(text: str) -> dict[tuple[str | int, ...], int]:
    """The line of every table and key, counted from 1."""
    found: dict[tuple[str | int, ...], int] = {}
    seen: dict[str, int] = {}
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            name = header.group(1)
            seen[name] = seen.get(name, -1) + 1
            table = (name, seen[name])
            found[table] = number
            found.setdefault((name,), number)
        elif key := _KEY.match(line):
            found.setdefault((*table, key.group(1)), number)
    return found


def _fault(
    path: Path, lines: Mapping[tuple[str | int, ...], int], place: tuple[str | int, ...], text: str
) -> InputError:
    """An error in a document.  Its keys are not options, which messages have between backticks."""
    return InputError(f"{path}{_where(lines, place)}: {text.replace('`', chr(39))}")


def _where(lines: Mapping[tuple[str | int, ...], int], place: tuple[str | int, ...]) -> str:
    """The line of a value or of its table; of a table that has none, its number."""
    for end in range(len(place), 0, -1):
        if line := lines.get(place[:end]):
            return f", line {line}"
    numbered = next((at for at, part in enumerate(place) if isinstance(part, int)), None)
    return "" if numbered is None else f", {place[numbered - 1]} {int(place[numbered]) + 1}"


def _unknown(name: str, kind: type[_Strict]) -> str:
    names = [_alias(field) for field in kind.model_fields if field not in _OURS]
    if kind is not DancePlan and name in DancePlan.model_fields.keys() - _OURS:
        return f"`{name}` is said of the whole dance; write it above the first [[segment]]"
    near = nearest(name, names)
    meant = f"is `{near}` meant? Choose" if near else "choose"
    return f"`{name}` is unknown; {meant} from {', '.join(names)}"


def _explained(
    error: ValidationError, path: Path, lines: Mapping[tuple[str | int, ...], int]
) -> InputError:
    """The first fault that pydantic found, in our words."""
    first = error.errors()[0]
    place = tuple(_alias(part) if isinstance(part, str) else part for part in first["loc"])
    name = next((str(part) for part in reversed(place) if isinstance(part, str)), "")
    inside = place[0] if len(place) > 1 else ""
    known = Segment if inside == "segment" else Pin if inside == "pin" else DancePlan
    if first["type"] == "extra_forbidden":
        place = (*place[:-1], name := str(first["loc"][-1]))
        says = _unknown(name, known)
    elif first["type"] == "missing":
        says = f"`{name}` is missing"
    else:
        says = faults.of_value(name, first)
    return _fault(path, lines, place, f"{says}.")
