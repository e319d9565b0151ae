"""Commands about people: learn one, let it dance, measure it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dancenow.cli.apps import app, run, train_app
from dancenow.cli.options import (
    AsJson,
    Augment,
    BatchSize,
    Device,
    DeviceName,
    Devices,
    Estimator,
    History,
    HoldOut,
    Minutes,
    Nodes,
    NoFace,
    NoPerceptual,
    Normalize,
    OutVideo,
    PerFrame,
    Poses,
    Preset,
    Seed,
    Size,
    Steps,
    Upsampling,
    Verbose,
    VggWeights,
)
from dancenow.progress import ProgressCallback


@train_app.command("performer")
def train_performer_command(
    target: Annotated[
        Path,
        typer.Argument(help="A clip of the person, or a folder with train_label and train_img."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The performer's folder.")],
    preset: Preset = "fast",
    minutes: Minutes = None,
    steps: Steps = None,
    poses: Poses = None,
    hold_out: HoldOut = 0.0,
    size: Size = None,
    batch: BatchSize = None,
    vgg_weights: VggWeights = None,
    no_perceptual: NoPerceptual = False,
    per_frame: PerFrame = False,
    no_face: NoFace = False,
    augment: Augment = False,
    history: History = None,
    upsampling: Upsampling = None,
    devices: Devices = 1,
    nodes: Nodes = 1,
    estimator: Estimator = "mediapipe",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Learn the person of a clip; a folder that exists is resumed."""
    from dancenow.workflows.paper_options import PaperOptions
    from dancenow.workflows.train import TrainOptions, train_performer

    paper = PaperOptions(
        size=size,
        batch=batch,
        vgg_weights=vgg_weights,
        no_perceptual=no_perceptual,
        per_frame=per_frame,
        no_face=no_face,
        augment=augment,
        history=history,
        upsampling=None if upsampling is None else upsampling.value,
        devices=devices,
        nodes=nodes,
    )
    options = TrainOptions(
        preset, minutes, steps, estimator, device.value, seed, poses, hold_out, paper
    )
    run(
        lambda progress: train_performer(target, output, options, progress=progress).report(),
        lambda made: made.summary(),
        as_json,
    )


@app.command("perform")
def perform_command(
    performer: Annotated[Path, typer.Argument(help="Folder of a trained performer.")],
    source: Annotated[
        Path, typer.Argument(help="The motion: a clip, a track (.npz), a folder of OpenPose files.")
    ],
    output: OutVideo,
    normalize: Normalize = True,
    estimator: Estimator = "mediapipe",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Let a trained performer dance."""
    from dancenow.workflows.transfer import Performed, perform

    def work(progress: ProgressCallback) -> Performed:
        return perform(
            performer,
            source,
            output,
            estimator=estimator,
            device=device.value,
            normalized=normalize,
            progress=progress,
        )

    run(work, lambda made: made.summary(), as_json)


@app.command("transfer")
def transfer_command(
    source: Annotated[
        Path, typer.Argument(help="The motion: a clip, a track (.npz), a folder of OpenPose files.")
    ],
    target: Annotated[
        Path, typer.Argument(help="Who is made to dance: a clip, or a trained performer's folder.")
    ],
    output: OutVideo,
    preset: Preset = "fast",
    minutes: Minutes = None,
    steps: Steps = None,
    normalize: Normalize = True,
    poses: Poses = None,
    size: Size = None,
    vgg_weights: VggWeights = None,
    no_perceptual: NoPerceptual = False,
    estimator: Estimator = "mediapipe",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Make the person of one clip dance like the person of another."""
    from dancenow.workflows.paper_options import PaperOptions
    from dancenow.workflows.train import TrainOptions
    from dancenow.workflows.transfer import Performed, transfer

    paper = PaperOptions(size=size, vgg_weights=vgg_weights, no_perceptual=no_perceptual)
    options = TrainOptions(
        preset, minutes, steps, estimator, device.value, seed, poses, paper=paper
    )

    def work(progress: ProgressCallback) -> Performed:
        return transfer(source, target, output, options, normalized=normalize, progress=progress)

    run(work, lambda made: made.summary(), as_json)


@app.command("export-edn")
def export_edn_command(
    target: Annotated[Path, typer.Argument(help="A clip of the person.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A new or empty folder.")],
    size: Annotated[int, typer.Option(help="Longer side of the pictures in px.")] = 1024,
    poses: Poses = None,
    estimator: Estimator = "mediapipe",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Write train_img, train_label and train_facetexts128 as Everybody Dance Now reads them."""
    from dancenow.workflows.export import export_pairs

    run(
        lambda progress: export_pairs(
            target, output, size=size, poses=poses, estimator=estimator, progress=progress
        ),
        lambda made: made.summary(),
        as_json,
    )
