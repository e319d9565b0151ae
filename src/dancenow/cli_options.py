"""The options that commands share, each with the line of help that it has everywhere."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class DeviceName(str, Enum):
    """Where networks compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


Device = Annotated[DeviceName, typer.Option(help="Where networks compute.")]
Seed = Annotated[int, typer.Option(help="Decides everything that is random.", min=0)]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line of standard output.")
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show tracebacks.")]
Preset = Annotated[str, typer.Option(help="Configuration of the performer: fast, tiny.")]
Minutes = Annotated[
    float | None, typer.Option(help="Train this long in all.", show_default="the preset's")
]
Steps = Annotated[int | None, typer.Option(help="Train this many steps in all.")]
Estimator = Annotated[str, typer.Option(help="What finds the poses: mediapipe, rtmpose.")]
Normalize = Annotated[
    bool,
    typer.Option(
        "--normalize/--no-normalize", help="Move and scale the motion to the target's body."
    ),
]
DancePreset = Annotated[
    str, typer.Option("--preset", help="Configuration of the choreographer: fast, dancenet, tiny.")
]
Codec = Annotated[str, typer.Option(help="What the dance is learned as: frame.")]
Background = Annotated[
    str | None,
    typer.Option(
        help="How the background is removed: threshold (before black), person (before anything), "
        "grey and colour (not at all), auto.",
        show_default="auto",
    ),
]
Stride = Annotated[
    int | None,
    typer.Option(help="Learn one of so many frames.", show_default="4; fewer for a short clip"),
]
Reference = Annotated[
    bool, typer.Option("--reference", help="Do as the original DanceNet does, for comparison.")
]
Temperature = Annotated[
    float | None,
    typer.Option(help="How wild: 0 is sure of itself.", show_default="as lively as learned"),
]
OutVideo = Annotated[
    Path,
    typer.Option("-o", "--output", help="The clip to write: .mp4, .mov, .mkv, .gif or a folder."),
]
