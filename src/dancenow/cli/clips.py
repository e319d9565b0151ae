"""Commands about clips: the demo, samples, poses, credentials."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dancenow.cli.apps import app, run
from dancenow.cli.options import (
    AsJson,
    Device,
    DeviceName,
    Estimator,
    NoCredentials,
    OutVideo,
    Seed,
    Verbose,
)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The folder to leave everything in.")] = Path("demo"),
    quick: Annotated[bool, typer.Option("--quick", help="The smallest sizes.")] = False,
    no_credentials: NoCredentials = False,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Run the main job on built-in sample performers and show the result against the truth."""
    from dancenow.workflows.demo import run_demo

    run(
        lambda progress: run_demo(
            out,
            quick=quick,
            device=device.value,
            seed=seed,
            credentials=not no_credentials,
            progress=progress,
        ),
        lambda made: made.summary(),
        as_json,
    )


@app.command()
def sample(
    output: OutVideo,
    performer: Annotated[str, typer.Option(help="Who dances: mika, zola, bo or lin.")] = "",
    dance: Annotated[str, typer.Option(help="disco, house, wave or groove.")] = "",
    seconds: Annotated[float, typer.Option(help="How long.")] = 10.0,
    size: Annotated[int, typer.Option(help="Height and width in px.")] = 256,
    fps: Annotated[float, typer.Option(help="Frames a second.")] = 25.0,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Render a sample performer dancing, with the true track beside the clip."""
    from dancenow.workflows.sample import write_sample

    run(
        lambda progress: write_sample(
            output,
            performer=performer,
            dance=dance,
            seconds=seconds,
            size=size,
            fps=fps,
            seed=seed,
            progress=progress,
        ),
        lambda made: f"{made.output} ({made.frames} frames) and its true track {made.track}",
        as_json,
    )


@app.command()
def pose(
    clip: Annotated[
        Path, typer.Argument(help="A clip, a track, a motion capture (.bvh) or OpenPose files.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="What to write: a track (.npz), a motion capture (.bvh), or a folder for "
            "OpenPose's JSON files.",
        ),
    ],
    overlay: Annotated[
        Path | None, typer.Option(help="Also write the clip with the poses drawn over it.")
    ] = None,
    estimator: Estimator = "mediapipe",
    raw: Annotated[bool, typer.Option("--raw", help="Do not fill gaps nor smooth.")] = False,
    camera: Annotated[
        float,
        typer.Option(help="Degrees from which a motion capture is filmed: 90 is its left."),
    ] = 0.0,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Find the poses in a clip."""
    from dancenow.workflows.pose import write_pose

    run(
        lambda progress: write_pose(
            clip,
            output,
            overlay=overlay,
            estimator=estimator,
            device=device.value,
            raw=raw,
            azimuth=camera,
            progress=progress,
        ),
        lambda made: (
            f"{made.track}: {made.frames} frames, a person in {100 * made.seen:.1f} % of them"
        ),
        as_json,
    )


@app.command("verify")
def verify_command(
    file: Annotated[
        Path, typer.Argument(help="A video, sound or picture, whatever made it, or a folder.")
    ],
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Tell what a file's Content Credentials say, and whether they hold.

    Exit status: 0 where they are there and intact; 1 where there are none, or where they do not
    hold: the file was changed after it was signed, say; 2 where there is no such media file.
    """
    from dancenow.workflows.verify import verify

    found = verify(file)
    run(lambda _: found, lambda found: found.summary(), as_json)
    if found.status != "intact":
        raise typer.Exit(1)
