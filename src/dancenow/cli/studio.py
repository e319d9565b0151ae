"""The command that opens the studio."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dancenow.cli.apps import app
from dancenow.cli.options import AsJson, Device, DeviceName, Seed, Verbose
from dancenow.processes import end_process
from dancenow.studio.config import HOST, PORT, Limits

_LIMITS = "Uploads"


@app.command()
def studio(
    host: Annotated[
        str, typer.Option(help="The address to listen on; others than this need --auth.")
    ] = HOST,
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = PORT,
    auth: Annotated[
        list[str] | None,
        typer.Option(
            metavar="USER:PASSWORD",
            envvar="DANCENOW_STUDIO_AUTH",
            help="Who may come in; several may be given, each sees only what is their own.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="The folder for everything that is uploaded, learned and made.",
            show_default="of the user",
        ),
    ] = None,
    max_upload: Annotated[
        float, typer.Option(help="Largest file in MB.", rich_help_panel=_LIMITS)
    ] = Limits().megabytes,
    max_seconds: Annotated[
        float, typer.Option(help="Longest clip or music in seconds.", rich_help_panel=_LIMITS)
    ] = Limits().seconds,
    max_megapixels: Annotated[
        float, typer.Option(help="Largest picture in millions of px.", rich_help_panel=_LIMITS)
    ] = Limits().megapixels,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Open the studio: a page in the browser where all of this is done without a terminal."""
    from dancenow.studio.app import run_studio
    from dancenow.studio.config import StudioConfig, data_folder, read_account

    config = StudioConfig(
        data=data or data_folder(),
        host=host,
        port=port,
        accounts=tuple(map(read_account, auth or ())),
        limits=Limits(max_upload, max_seconds, max_megapixels),
        device=device.value,
        seed=seed,
        open_browser=open_browser,
    )
    try:
        run_studio(config, as_json=as_json)
    except KeyboardInterrupt:
        typer.echo("The studio is closed; what was being learned is saved.", err=True)
        end_process(130)
