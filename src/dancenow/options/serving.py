"""The options of the studio, and of serving other programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from dancenow.options.field import Option
from dancenow.options.groups import DeviceOptions, SeedOptions

_UPLOADS: Final = "Uploads"


@dataclass(frozen=True, kw_only=True)
class ServeOptions(SeedOptions, DeviceOptions):
    """Options of serving other programs."""

    host: Annotated[str, Option("The address to listen on; any other needs --auth.")] = "127.0.0.1"
    port: Annotated[int, Option("The port; 0 takes a free one.")] = 7860
    auth: Annotated[
        tuple[str, ...],
        Option(
            "A user who may log in; repeat it for several, who each see only their own work.",
            metavar="USER:PASSWORD",
            environment="DANCENOW_STUDIO_AUTH",
        ),
    ] = ()
    data: Annotated[
        Path | None,
        Option(
            "The folder for uploads, trained models and results.",
            shown_default="the user's data folder",
        ),
    ] = None
    max_upload: Annotated[float, Option("Largest file in MB.", panel=_UPLOADS)] = 500.0
    max_seconds: Annotated[float, Option("Longest clip or music in seconds.", panel=_UPLOADS)] = (
        300.0
    )
    max_megapixels: Annotated[
        float, Option("Largest picture in millions of pixels.", panel=_UPLOADS)
    ] = 9.0
    max_user_gb: Annotated[
        float, Option("Most that a user keeps, in GB: uploads, people, videos.", panel=_UPLOADS)
    ] = 50.0
    max_total_gb: Annotated[
        float, Option("Most that all users keep together, in GB.", panel=_UPLOADS)
    ] = 200.0


@dataclass(frozen=True, kw_only=True)
class StudioOptions(ServeOptions):
    """Options of the studio."""

    open_browser: Annotated[
        bool, Option("Open the page in the browser.", flags=("--open/--no-open",))
    ] = True
