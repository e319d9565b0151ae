"""What a batch is to make: a document (TOML), or a table (CSV) with a row for each result."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final

import tomlkit
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from tomlkit.exceptions import TOMLKitError

from dancenow.errors import InputError
from dancenow.names import nearest
from dancenow.options import (
    GenerateOptions,
    PerformOptions,
    TrainPerformerOptions,
    TransferOptions,
)
from dancenow.options.field import narrowed
from dancenow.reading import read_text
from dancenow.remote import fetch, is_remote

_FORBIDDEN: Final = re.compile(r'[\x00-\x1f<>:"/\\|?*]')  # in names of files, on any system
_LONGEST: Final = 180  # bytes of a name
_MOST: Final = 10_000  # results
VIDEO_SUFFIXES: Final = (".mp4", ".mov", ".mkv", ".webm", ".gif")
_PLACES: Final = ("performer", "source", "dance")
# Options of transfers that composed dances take, too.
_OF_DANCES: Final = ("device", "seed", "background", "watermark", "credentials")
_INPUTS: Final = ("background", "music", "continue_from", "poses", "source_poses")


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


_ADAPTERS: Final = {kind: TypeAdapter(kind) for kind in (TransferOptions, GenerateOptions)}
_KNOWN: Final = {each.name for kind in (TransferOptions, GenerateOptions) for each in fields(kind)}


def _fetched(value: object) -> object:
    """What an address stands for."""
    return fetch(value) if isinstance(value, str) and is_remote(value) else value


_Place = Annotated[Path, BeforeValidator(_fetched)]


class Dance(BaseModel):
    """A dance that is composed: from what, and options of `generate`."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)
    moves: Annotated[list[_Place], BeforeValidator(_listed), Field(alias="from", min_length=1)]


class Job(BaseModel):
    """One result: names or paths, a pattern for its name, and options of its own."""

    model_config = ConfigDict(extra="allow", frozen=True)
    performer: list[str] | str = ""
    source: str = ""
    dance: str = ""
    name: str = ""


class Document(BaseModel):
    """A batch as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = ""
    suffix: str = ".mp4"
    options: dict[str, Any] = Field(default_factory=dict)
    performers: dict[str, _Place] = Field(default_factory=dict)
    sources: dict[str, _Place] = Field(default_factory=dict)
    dances: dict[str, Dance] = Field(default_factory=dict)
    job: list[Job] = Field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """One result.

    Attributes:
        name: of its file, without the suffix.
        suffix: of its file.
        dance: what the plan calls the motion.
        performers: name and clip, photo or folder of each who dances; none: stick figures.
        source: the motion; None for a composed dance.
        moves: what a dance is composed from: clips, or the folder of a choreographer.
        training: of the performers who are yet to be learned.
        options: of the performance, or of the composing.
    """

    name: str
    suffix: str
    dance: str
    performers: tuple[tuple[str, Path], ...]
    source: Path | None
    moves: tuple[Path, ...]
    training: TrainPerformerOptions
    options: PerformOptions | GenerateOptions


def read_batch(path: Path) -> list[Wanted]:
    """What a document or table wants.  Its paths are relative to its own folder.

    What has an address, such as `s3://bucket/clip.mp4`, is fetched.

    Raises:
        InputError: it cannot be read, names what is not there, or two results have one name.
    """
    document = _read(path)
    if document.suffix not in VIDEO_SUFFIXES:
        raise InputError(
            f"{path}: suffix {document.suffix!r} is none of {', '.join(VIDEO_SUFFIXES)}."
        )
    jobs = document.job or list(_all_pairs(document))
    if not jobs:
        raise InputError(f"{path}: wants nothing; name performers, and sources or dances.")
    if len(jobs) > _MOST:
        raise InputError(f"{path}: wants {len(jobs)} results; at most {_MOST} are made at once.")
    wanted, taken = [], dict[str, int]()
    for number, job in enumerate(jobs, start=1):
        where = f"{path}, job {number}"
        each = _wanted(document, job, where, path.parent)
        earlier = taken.setdefault(each.name.casefold(), number)
        if earlier != number:
            raise InputError(
                f"{where}: would be called {each.name}, as job {earlier} is; add a `name`."
            )
        wanted.append(each)
    return wanted


def _read(path: Path) -> Document:
    text = read_text(path, "cannot be read as text.")
    try:
        if path.suffix.lower() == ".csv":
            return Document(job=[Job(**row) for row in _rows(text, path)])
        document = tomlkit.parse(text).unwrap()
        _check_values(document, path)
        return Document.model_validate(document)
    except (TOMLKitError, RecursionError, csv.Error) as error:
        raise InputError(f"{path}: {' '.join(str(error).split())[:200]}") from error
    except ValidationError as error:
        raise InputError(f"{path}: {_told(error)}") from error


def _check_values(document: object, path: Path) -> None:
    """Raise `InputError` if a text holds half a character, or a number is none or endless."""
    try:
        json.dumps(document, ensure_ascii=False, allow_nan=False, default=str).encode()
    except ValueError as error:
        raise InputError(
            f"{path}: holds a text that is no Unicode, or a number that nothing can be made of."
        ) from error


def _rows(text: str, path: Path) -> Iterator[dict[str, str]]:
    """The rows of a table, without empty rows and cells."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = [str(name or "").strip() for name in reader.fieldnames or ()]
    if not {"performer", "dance"} & set(columns) or len(set(columns)) < len(columns):
        raise InputError(
            f"{path}: its first line names the columns, each once, with commas between: performer, "
            f"source, and options; found: {', '.join(columns)[:200] or 'nothing'}."
        )
    for row in reader:
        if None in row:
            raise InputError(f"{path}, line {reader.line_num}: has more cells than the first line.")
        cells = zip(columns, row.values(), strict=True)
        known = {name: cell.strip() for name, cell in cells if cell and cell.strip()}
        if known:
            yield known


def _all_pairs(document: Document) -> Iterator[Job]:
    """Every performer with every source, and in every dance."""
    for performer in document.performers:
        for source in document.sources:
            yield Job(performer=performer, source=source)
        for dance in document.dances:
            yield Job(performer=performer, dance=dance)


def _wanted(document: Document, job: Job, where: str, folder: Path) -> Wanted:
    for option in job.model_extra or {}:
        if option.replace("-", "_") not in _KNOWN:
            raise InputError(f"{where}: {_unknown('option', option, (*_KNOWN, *_PLACES, 'name'))}")
    if bool(job.source) == bool(job.dance):
        raise InputError(f"{where}: needs a `source` or a `dance`, and not both.")
    names = [job.performer] if isinstance(job.performer, str) else job.performer
    performers = tuple(
        (_called(document.performers, name), _path(document.performers, name, where, folder))
        for name in names
        if name
    )
    if job.source and not performers:
        raise InputError(f"{where}: needs a `performer`.")
    source, moves, own = None, tuple[Path, ...](), {**(job.model_extra or {})}
    shared = document.options
    options: PerformOptions | GenerateOptions
    if job.source:
        source = _path(document.sources, job.source, where, folder)
        learned = _options(TransferOptions, {**shared, **own}, where, folder)
        options = narrowed(learned, PerformOptions)
    else:
        learned = _options(TransferOptions, shared, where, folder)
        dance = document.dances.get(job.dance)
        if dance is None:
            raise InputError(f"{where}: {_unknown('dance', job.dance, document.dances)}")
        moves = tuple(_there(folder / each, where) for each in dance.moves)
        look: dict[str, Any] = {name: shared[name] for name in _OF_DANCES if name in shared}
        shown = str(look.get("background", ""))
        if shown == "source" or not performers or (shown == "transparent" and len(performers) > 1):
            look.pop("background", None)  # which such a dance does not have
        own = {**look, **(dance.model_extra or {}), **own}
        options = _options(GenerateOptions, {"codec": "pose", **own}, where, folder)
    pattern = job.name or document.name or "{performer}, {source}"
    values = {
        "performer": " and ".join(name for name, _ in performers) or "stick figure",
        "source": job.dance or _called(document.sources, job.source),
        "dance": job.dance or _called(document.sources, job.source),
    }
    if unknown := set(re.findall(r"{[^}]*}?|}", pattern)) - {f"{{{place}}}" for place in _PLACES}:
        raise InputError(
            f"{where}: the name {pattern!r} has {sorted(unknown)[0]!r}; it may have "
            f"{', '.join(f'{{{place}}}' for place in _PLACES)}."
        )
    name = re.sub(r"{(\w+)}", lambda found: values[found[1]], pattern)
    name = plain_file_name(name) or "result"
    training = narrowed(learned, TrainPerformerOptions)
    return Wanted(
        name, document.suffix, values["dance"], performers, source, moves, training, options
    )


def plain_file_name(name: str) -> str:
    """A name without what any system forbids in names of files; "" if nothing is left."""
    plain = _FORBIDDEN.sub("-", name).strip(" .").encode()[:_LONGEST]
    return plain.decode("utf-8", "ignore").strip(" .")


def _called(known: Mapping[str, Path], name: str) -> str:
    """What the plan calls something: its name there, or that of its file."""
    return name if name in known else Path(name).stem


def _path(known: Mapping[str, Path], name: str, where: str, folder: Path) -> Path:
    """The path that a name stands for, or that it is."""
    path = folder / (known[name] if name in known else Path(str(_fetched(name))))
    if path == folder:
        raise InputError(f"{where}: {name!r} names no file.")
    return _there(path, where)


def _there(path: Path, where: str) -> Path:
    try:
        there = path.is_file() or path.is_dir()
    except (OSError, ValueError):  # no file can have such a name
        there = False
    if not there:
        raise InputError(f"{where}: {str(path)[:200]} does not exist.")
    return path


def _options(kind: type[Any], values: dict[str, Any], where: str, folder: Path) -> Any:
    """Options of a verb, checked; paths among them are relative to the document."""
    names = [each.name for each in fields(kind)]
    for name in values:
        if name.replace("-", "_") not in names:
            raise InputError(f"{where}: {_unknown('option', name, names)}")
    values = {name.replace("-", "_"): value for name, value in values.items()}
    for name in _INPUTS:
        given = values.get(name)
        if isinstance(given, str) and ("." in given or "/" in given):
            values[name] = str(_there(folder / str(_fetched(given)), where))
    try:
        return _ADAPTERS[kind].validate_python(values)
    except ValidationError as error:
        raise InputError(f"{where}: {_told(error)}") from error


def _unknown(what: str, name: str, names: Iterable[str]) -> str:
    meant = nearest(name, names)
    return f"there is no {what} {name!r}{f'; is {meant!r} meant?' if meant else '.'}"


def _told(error: ValidationError) -> str:
    """What is wrong first, in one line."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if "[" not in str(part))
    if first["type"] == "extra_forbidden":
        return f"{place}: {_unknown('key', place, Document.model_fields)}"
    if "path" in first["type"]:
        return f"{place}: is no path."
    return f"{place}: {first['msg'][0].lower()}{first['msg'][1:]}."
