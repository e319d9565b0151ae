"""The applications that commands are added to."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from dancenow.cli.commands import COMMANDS
from dancenow.version import __version__

_HELP: Final = "Make a person dance like another, or dream up a new dance, from ordinary videos."

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_GROUPS: Final = {
    "train": typer.Typer(help="Learn a person or a dance from clips.", no_args_is_help=True),
    "evaluate": typer.Typer(help="Measure results.", no_args_is_help=True),
}


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dancenow {__version__}")
        raise typer.Exit


@app.callback(help=_HELP)
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Options before a command."""


for name, group in _GROUPS.items():
    app.add_typer(group, name=name)
for command in COMMANDS:
    command.add_to({"": app, **_GROUPS})
