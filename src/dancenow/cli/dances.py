"""Commands about dances: learn one, dream on, measure it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dancenow.cli.apps import app, run, train_app
from dancenow.cli.options import (
    AsJson,
    Background,
    Codec,
    DancePreset,
    Device,
    DeviceName,
    Logger,
    LoggerChoice,
    Minutes,
    NoCredentials,
    OutVideo,
    Reference,
    Seed,
    Steps,
    Stride,
    Temperature,
    Verbose,
)
from dancenow.progress import ProgressCallback
from dancenow.staging.choices import Formation

if TYPE_CHECKING:
    from dancenow.choreographer import ChoreographyOptions


def _choreography(
    preset: str,
    codec: str,
    minutes: float | None,
    steps: int | None,
    background: str | None,
    stride: int | None,
    reference: bool,
    device: str,
    seed: int,
    logger: LoggerChoice,
) -> ChoreographyOptions:
    from dancenow.choreographer import ChoreographyOptions

    return ChoreographyOptions(
        preset, codec, minutes, steps, background, stride, reference, device, seed, logger.value
    )


@train_app.command("choreographer")
def train_choreographer_command(
    clips: Annotated[
        list[Path], typer.Argument(help="Clips, or folders of numbered pictures, of one dance.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The choreographer's folder.")],
    codec: Codec = "frame",
    preset: DancePreset = "fast",
    minutes: Minutes = None,
    steps: Steps = None,
    background: Background = None,
    stride: Stride = None,
    reference: Reference = False,
    logger: Logger = LoggerChoice.tensorboard,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Learn the dance of some clips; a folder that exists is resumed."""
    from dancenow.workflows.train_choreographer import train_choreographer

    options = _choreography(
        preset, codec, minutes, steps, background, stride, reference, device.value, seed, logger
    )

    run(
        lambda progress: train_choreographer(clips, output, options, progress=progress)[1],
        lambda result: result.summary(),
        as_json,
    )


@app.command("generate")
def generate_command(
    dance: Annotated[
        Path, typer.Argument(help="The dance: a trained choreographer's folder, or a clip.")
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="The clip to write; a track, .npz, of --codec pose."),
    ],
    seconds: Annotated[
        float | None, typer.Option(help="Length of the new dance; 16, or the music's.")
    ] = None,
    temperature: Temperature = None,
    performer: Annotated[
        list[Path] | None,
        typer.Option(help="A trained performer who dances it; several dance together."),
    ] = None,
    music: Annotated[
        Path | None, typer.Option(help="A sound file to dance to; it is put into the clip.")
    ] = None,
    bars: Annotated[int | None, typer.Option(help="Length in bars of the music.")] = None,
    loop: Annotated[bool, typer.Option("--loop", help="The end leads back to the start.")] = False,
    continue_from: Annotated[
        Path | None, typer.Option(help="A clip or track that the dance goes on from.")
    ] = None,
    formation: Annotated[
        Formation, typer.Option(help="Several performers side by side, or in one room.")
    ] = Formation.beside,
    canon: Annotated[
        float, typer.Option(help="Seconds by which each performer begins after the one before.")
    ] = 0.0,
    behind: Annotated[
        str,
        typer.Option(
            "--background",
            help="Behind performers: target, transparent, a colour, a picture or a clip. "
            "For --codec frame, how it is removed: auto, threshold, person, grey or colour.",
        ),
    ] = "target",
    no_credentials: NoCredentials = False,
    codec: Codec = "frame",
    preset: DancePreset = "fast",
    minutes: Minutes = None,
    steps: Steps = None,
    stride: Stride = None,
    reference: Reference = False,
    logger: Logger = LoggerChoice.tensorboard,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Make a new dance: dream on from a learned one, or compose it for a performer."""
    from dancenow.choreographer.dancenet.config import BACKGROUNDS
    from dancenow.workflows.compose import NewDance
    from dancenow.workflows.generate import Generated, generate

    removed = behind if behind in BACKGROUNDS and not performer else None
    options = _choreography(
        preset, codec, minutes, steps, removed, stride, reference, device.value, seed, logger
    )
    new = NewDance(
        bars=bars,
        loop=loop,
        continue_from=continue_from,
        music=music,
        performers=tuple(performer or ()),
        formation=formation,
        canon=canon,
        background="target" if removed else behind,
    )

    def work(progress: ProgressCallback) -> Generated:
        return generate(
            dance,
            output,
            options,
            seconds=seconds,
            temperature=temperature,
            new=new,
            credentials=not no_credentials,
            progress=progress,
        )

    run(work, lambda made: made.summary(), as_json)


@app.command("reconstruct")
def reconstruct_command(
    choreographer: Annotated[Path, typer.Argument(help="Folder of a trained choreographer.")],
    clip: Annotated[Path, typer.Argument(help="The clip that was learned, or another.")],
    output: OutVideo,
    no_credentials: NoCredentials = False,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show a clip's pictures beside what a choreographer makes of them, and a walk of latents."""
    from dancenow.workflows.reconstruct import reconstruct

    run(
        lambda progress: reconstruct(
            choreographer,
            clip,
            output,
            device=device.value,
            credentials=not no_credentials,
            progress=progress,
        ),
        lambda made: made.summary(),
        as_json,
    )


@app.command("import-keras")
def import_keras_command(
    vae: Annotated[Path, typer.Argument(help="The autoencoder's weights, vae_cnn.h5.")],
    sequence: Annotated[Path, typer.Argument(help="The sequence network's, gendance.h5.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The choreographer's folder.")],
    latents: Annotated[
        Path | None, typer.Option(help="The latents it was trained on, lv.npy: they set the range.")
    ] = None,
    gate: Annotated[
        str, typer.Option(help="What the LSTM's gates compute: auto, sigmoid, hard_sigmoid.")
    ] = "auto",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Turn the original DanceNet's Keras weights into a choreographer."""
    from dancenow.workflows.import_keras import import_keras_weights

    run(
        lambda _: import_keras_weights(
            vae, sequence, output, gate=gate, latents=latents, device=device.value
        ),
        lambda made: made.summary(),
        as_json,
    )
