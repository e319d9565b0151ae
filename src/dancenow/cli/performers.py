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
    Behind,
    Camera,
    Device,
    DeviceName,
    Devices,
    Estimator,
    History,
    HoldOut,
    Logger,
    LoggerChoice,
    Minutes,
    NoCredentials,
    Nodes,
    NoFace,
    NoPerceptual,
    Normalize,
    OutVideo,
    PerFrame,
    Poses,
    Preset,
    Retarget,
    Seed,
    Size,
    Steps,
    Upsampling,
    Verbose,
    VggWeights,
)
from dancenow.progress import ProgressCallback
from dancenow.staging.choices import Retarget as RetargetChoice
from dancenow.staging.choices import camera_choice


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
    logger: Logger = LoggerChoice.tensorboard,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Learn the person of a clip; a folder that exists is resumed."""
    from dancenow.options import PresetOptions
    from dancenow.workflows.train_performer import TrainOptions, train_performer

    paper = PresetOptions(
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
        preset,
        minutes,
        steps,
        estimator,
        device.value,
        seed,
        poses,
        hold_out,
        paper,
        logger.value,
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
        str | None,
        typer.Argument(
            help="The motion: a clip, a track (.npz), a motion capture (.bvh) or a folder of "
            "OpenPose files. With --webcam: a camera's number (0 if left out), or a clip that is "
            "played in its place.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="The clip to write: .mp4, .mov, .mkv, .webm, .gif or a folder. With --webcam, a "
            "window opens where none is given.",
            show_default=False,
        ),
    ] = None,
    webcam: Annotated[
        bool, typer.Option("--webcam", help="Dance live what a camera sees, until q or Ctrl-C.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(help="With --webcam: end after so long.", show_default=False)
    ] = None,
    normalize: Normalize = True,
    retarget: Retarget = RetargetChoice.whole,
    camera: Camera = "auto",
    background: Behind = "target",
    no_credentials: NoCredentials = False,
    estimator: Estimator = "mediapipe",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Let a trained performer dance."""
    from dancenow.errors import InputError
    from dancenow.staging.show import ShowOptions
    from dancenow.workflows.live import Live, perform_live
    from dancenow.workflows.perform import Performed, perform

    show = ShowOptions(normalize, retarget, *camera_choice(camera), background)

    def live(progress: ProgressCallback) -> Live:
        return perform_live(
            performer,
            source or "0",
            output,
            show,
            seconds=seconds,
            estimator=estimator,
            device=device.value,
            credentials=not no_credentials,
            progress=progress,
        )

    if seconds is not None and not webcam:
        raise InputError("--seconds: needs --webcam.")
    if webcam:
        run(live, lambda made: made.summary(), as_json)
        return
    if source is None or output is None:
        missing = "SOURCE, the motion to dance," if source is None else "-o OUTPUT"
        raise InputError(f"{missing} is missing; or add --webcam.")
    motion, clip = Path(source), output

    def work(progress: ProgressCallback) -> Performed:
        return perform(
            performer,
            motion,
            clip,
            show,
            estimator=estimator,
            device=device.value,
            credentials=not no_credentials,
            progress=progress,
        )

    run(work, lambda made: made.summary(), as_json)


@app.command("transfer")
def transfer_command(
    source: Annotated[
        Path,
        typer.Argument(
            help="The motion: a clip, a track (.npz), a motion capture (.bvh) or a folder of "
            "OpenPose files."
        ),
    ],
    target: Annotated[
        Path, typer.Argument(help="Who is made to dance: a clip, or a trained performer's folder.")
    ],
    output: OutVideo,
    preset: Preset = "fast",
    minutes: Minutes = None,
    steps: Steps = None,
    normalize: Normalize = True,
    retarget: Retarget = RetargetChoice.whole,
    camera: Camera = "auto",
    background: Behind = "target",
    no_credentials: NoCredentials = False,
    poses: Poses = None,
    size: Size = None,
    vgg_weights: VggWeights = None,
    no_perceptual: NoPerceptual = False,
    estimator: Estimator = "mediapipe",
    logger: Logger = LoggerChoice.tensorboard,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Make the person of one clip dance like the person of another."""
    from dancenow.options import PresetOptions
    from dancenow.staging.show import ShowOptions
    from dancenow.workflows.perform import Performed
    from dancenow.workflows.train_performer import TrainOptions
    from dancenow.workflows.transfer import transfer

    paper = PresetOptions(size=size, vgg_weights=vgg_weights, no_perceptual=no_perceptual)
    options = TrainOptions(
        preset,
        minutes,
        steps,
        estimator,
        device.value,
        seed,
        poses,
        paper=paper,
        logger=logger.value,
    )

    show = ShowOptions(normalize, retarget, *camera_choice(camera), background)

    def work(progress: ProgressCallback) -> Performed:
        return transfer(
            source,
            target,
            output,
            options,
            show,
            credentials=not no_credentials,
            progress=progress,
        )

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
            target,
            output,
            size=size,
            poses=poses,
            estimator=estimator,
            device=device.value,
            progress=progress,
        ),
        lambda made: made.summary(),
        as_json,
    )
