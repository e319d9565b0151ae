"""The applications that commands are added to, and what they all do."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from dancenow.console import ProgressBars
from dancenow.processes import is_secondary_process
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.version import __version__

Result = TypeVar("Result")

app = typer.Typer(
    help="Make a person dance like another, or dream up a new dance, from ordinary videos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
train_app = typer.Typer(help="Learn a person or a dance from clips.", no_args_is_help=True)
evaluate_app = typer.Typer(help="Measure results.", no_args_is_help=True)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dancenow {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Tell the version and end."
        ),
    ] = False,
) -> None:
    """Make a person dance like another, or dream up a new dance, from ordinary videos."""


app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")


def run(
    work: Callable[[ProgressCallback], Result],
    say: Callable[[Result], str],
    as_json: bool,
    page: Path | None = None,
) -> None:
    """Do a command's work with progress on the terminal, then report what was made.

    Args:
        work: gives the result.
        say: the result for people.
        as_json: print it as JSON instead.
        page: a page with the figures that was left.
    """
    if is_secondary_process():  # the first of those that train together speaks for all
        work(silent)
        return
    with ProgressBars() as progress:
        result = work(progress)
    if as_json:
        more = {} if page is None else {"report": page}
        print(json.dumps(_plain(result) | more, default=str))
    else:
        print(say(result) if page is None else f"{say(result)}\nthe page is {page}")


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
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no word for it
    return value
