"""Commands built from options classes: the fields become the signature that Typer reads."""

from __future__ import annotations

import inspect
import json
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin

import typer

from dancenow.consent import TEXT, ConsentNeeded
from dancenow.console import ProgressBars
from dancenow.names import printable
from dancenow.options.field import Option, described
from dancenow.processes import is_secondary_process
from dancenow.progress import ProgressCallback, StageTimes, silent

_LAST: Final = ("estimator", "logger", "device", "seed")  # listed after a command's own options
_AS_JSON = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line of standard output.")
]
_VERBOSE = Annotated[bool, typer.Option("-v", "--verbose", help="Show tracebacks.")]
_FIELD: Final = re.compile(r"`(\w+)(?:=([^`]*))?`")  # a field and its value in a message


@dataclass(frozen=True)
class Argument:
    """An input or output of a command.

    Attributes:
        name: of the verb's parameter.
        help: one line for the user.
        kind: its type.
        output: passed as `-o`, `--output`.
        flags: passed as one of these.
        optional: it may be left out.
    """

    name: str
    help: str
    kind: Any = Path
    output: bool = False
    optional: bool = False
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: what the user types, such as "train performer".
        help: what it does; the first line appears in the list of commands.
        verb: the function to call, or "module:function", imported when called.  It takes the
            arguments, the options if any, and `progress`; its result has a method `summary`.
        arguments: in order.
        options: the class of its options, or None.
        reports: whether it returns a result; if not, the verb takes `as_json` instead of
            `progress`, and prints by itself.
        is_long: whether the verb takes `progress`.
        confirms: what somebody at a terminal is asked before; "" if nothing.
    """

    name: str
    help: str
    verb: str | Callable[..., Any]
    arguments: Sequence[Argument] = ()
    options: type | None = None
    reports: bool = True
    is_long: bool = True
    confirms: str = ""

    def add_to(self, apps: Mapping[str, typer.Typer]) -> None:
        """Add it to the application that its name refers to."""
        *group, name = self.name.split()
        apps[" ".join(group)].command(name, help=self.help)(self._function())

    def _function(self) -> Callable[..., None]:
        fields = {} if self.options is None else described(self.options)
        negated = {name for name, (_, option, _) in fields.items() if option.negates}

        def function(**values: Any) -> None:
            as_json = values.pop("as_json")
            values.pop("verbose")
            given = [_named(values.pop(argument.name)) for argument in self.arguments]
            for name in negated:
                values[name] = not values.pop(f"no_{name}")
            if self.options is not None:
                chosen = {
                    name: tuple(value or ()) if _is_tuple(fields[name][0]) else value
                    for name, value in values.items()
                }
                given.append(self.options(**chosen))
            if not self.reports:
                self._called(*given, as_json=as_json)
                return
            asked = self.confirms.format(*given)
            if asked and is_at_terminal() and not typer.confirm(asked, err=True):
                raise typer.Exit(1)
            page, asks = values.get("report"), "consent" in fields
            if asks and given[-1].consent is None and is_at_terminal():
                given[-1] = replace(given[-1], consent="ask")

            def work(progress: ProgressCallback) -> Any:
                return self._called(*given, **({"progress": progress} if self.is_long else {}))

            try:
                run(work, as_json, page)
            except ConsentNeeded:
                given[-1] = replace(given[-1], consent=asked_for_consent())
                run(work, as_json, page)

        parameters = [_argument(argument) for argument in self.arguments]
        own = [] if self.options is None else list(self.options.__annotations__)
        shared = [name for name in fields if name not in (*own, *_LAST)]
        ordered = [*own, *shared, *(name for name in _LAST if name in fields)]
        parameters += [_option(name, *fields[name]) for name in ordered]
        parameters += [
            _parameter("as_json", _AS_JSON, False),
            _parameter("verbose", _VERBOSE, False),
        ]
        function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        function.__annotations__ = {each.name: each.annotation for each in parameters}
        return function

    def _called(self, *given: Any, **how: Any) -> Any:
        if not isinstance(self.verb, str):
            return self.verb(*given, **how)
        module, name = self.verb.split(":")
        return getattr(import_module(module), name)(*given, **how)


def _named(value: Any) -> Any:
    """A path that has a name, for `.` and `..`; any other value as it is."""
    return value.resolve() if isinstance(value, Path) and value.name in ("", "..") else value


def is_at_terminal() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not is_secondary_process()


def asked_for_consent() -> str:
    """Ask whether a person agreed: "yes" or "no"."""
    return "yes" if typer.confirm(f"{TEXT} Is that so?", err=True) else "no"


def run(work: Callable[[ProgressCallback], Any], as_json: bool, report: Path | None = None) -> None:
    """Do a command's work with progress on the terminal, then print the result.

    Args:
        work: returns the result, which has a method `summary`, and may have an `exit_status`.
        as_json: print the result as JSON instead.
        report: a folder with a page of the figures.
    """
    if is_secondary_process():  # only the first process prints
        work(silent)
        return
    with ProgressBars() as progress:
        result = work(progress)
    page = None if report is None else report / "index.html"
    if as_json:
        print(json.dumps(_plain(result) | ({} if page is None else {"report": page}), default=str))
    else:
        told = [*result.summary().split("\n"), *([] if page is None else [f"the page is {page}"])]
        print("\n".join(map(printable, told)))
    if status := getattr(result, "exit_status", 0):
        raise typer.Exit(status)


def with_flags(message: str, names: frozenset[str]) -> str:
    """A message with fields such as `hold_out=2` written as command line flags."""

    def flag(match: re.Match[str]) -> str:
        name, value = match.groups()
        if name not in names:
            return match.group(0)
        hyphens = name.replace("_", "-")
        if value == "False":
            return f"--no-{hyphens}"
        return f"--{hyphens}" if value in (None, "True") else f"--{hyphens} {value}"

    return _FIELD.sub(flag, message)


def _parameter(
    name: str, annotation: Any, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _argument(argument: Argument) -> inspect.Parameter:
    kind = argument.kind | None if argument.optional else argument.kind
    default = None if argument.optional else inspect.Parameter.empty
    more: dict[str, Any] = {"show_default": False} if argument.optional else {}
    info: Any = (
        typer.Option(*flags, help=argument.help, **more)
        if (flags := ("-o", "--output") if argument.output else argument.flags)
        else typer.Argument(help=argument.help, **more)
    )
    return _parameter(argument.name, Annotated[kind, info], default)


def _option(name: str, kind: Any, option: Option, default: Any) -> inspect.Parameter:
    more: dict[str, Any] = {}
    if option.shown_default:
        more["show_default"] = option.shown_default.strip() or False
    if option.panel:
        more["rich_help_panel"] = option.panel
    if option.metavar:
        more["metavar"] = option.metavar
    if option.minimum is not None:
        more["min"] = option.minimum
    if option.environment:
        more["envvar"] = option.environment
    flags = option.flags or (f"--{name.replace('_', '-')}",)
    info = typer.Option(*flags, help=option.help, **more)
    if option.negates:
        return _parameter(f"no_{name}", Annotated[bool, info], False)
    if _is_tuple(kind):
        return _parameter(name, Annotated[list[get_args(kind)[0]] | None, info], None)  # type: ignore[misc]
    return _parameter(name, Annotated[kind, info], default)


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _plain(value: Any) -> Any:
    """A result as JSON values."""
    if isinstance(value, StageTimes):
        return value.rounded()
    if is_dataclass(value) and not isinstance(value, type):
        return {
            name: _plain(getattr(value, name))
            for name in value.__dataclass_fields__
            if not name.startswith("_")
        }
    if hasattr(value, "model_dump"):  # one of our schemas
        return _plain(value.model_dump(mode="json"))
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no NaN or infinity
    return value
