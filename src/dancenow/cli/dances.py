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
    Minutes,
    OutVideo,
    Reference,
    Seed,
    Steps,
    Stride,
    Temperature,
    Verbose,
)
from dancenow.progress import ProgressCallback

if TYPE_CHECKING:
    from dancenow.workflows.choreograph import ChoreographyOptions


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
) -> ChoreographyOptions:
    from dancenow.workflows.choreograph import ChoreographyOptions

    return ChoreographyOptions(
        preset, codec, minutes, steps, background, stride, reference, device, seed
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
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Learn the dance of some clips; a folder that exists is resumed."""
    from dancenow.workflows.choreograph import train_choreographer

    options = _choreography(
        preset, codec, minutes, steps, background, stride, reference, device.value, seed
    )
    run(
        lambda progress: train_choreographer(clips, output, options, progress=progress)[1],
        lambda made: made.summary(),
        as_json,
    )


@app.command("generate")
def generate_command(
    dance: Annotated[
        Path, typer.Argument(help="The dance: a trained choreographer's folder, or a clip.")
    ],
    output: OutVideo,
    seconds: Annotated[float, typer.Option(help="Length of the new dance.")] = 16.0,
    temperature: Temperature = None,
    codec: Codec = "frame",
    preset: DancePreset = "fast",
    minutes: Minutes = None,
    steps: Steps = None,
    background: Background = None,
    stride: Stride = None,
    reference: Reference = False,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Make a new dance: dream on from a learned one."""
    from dancenow.workflows.generate import Generated, generate

    options = _choreography(
        preset, codec, minutes, steps, background, stride, reference, device.value, seed
    )

    def work(progress: ProgressCallback) -> Generated:
        return generate(
            dance,
            output,
            options,
            seconds=seconds,
            temperature=temperature,
            reference=reference or None,
            progress=progress,
        )

    run(work, lambda made: made.summary(), as_json)


@app.command("reconstruct")
def reconstruct_command(
    choreographer: Annotated[Path, typer.Argument(help="Folder of a trained choreographer.")],
    clip: Annotated[Path, typer.Argument(help="The clip that was learned, or another.")],
    output: OutVideo,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show a clip's pictures beside what a choreographer makes of them, and a walk of latents."""
    from dancenow.workflows.reconstruct import reconstruct

    run(
        lambda progress: reconstruct(
            choreographer, clip, output, device=device.value, progress=progress
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
