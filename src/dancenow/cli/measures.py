"""Commands that measure results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dancenow.cli.apps import evaluate_app, run
from dancenow.cli.options import (
    AsJson,
    BatchSize,
    Device,
    DeviceName,
    Estimator,
    Minutes,
    NoPerceptual,
    Preset,
    Reference,
    Report,
    Seed,
    Size,
    Steps,
    Temperature,
    Verbose,
    VggWeights,
)


def _page(report: Path | None) -> Path | None:
    return None if report is None else report / "index.html"


@evaluate_app.command("dance")
def evaluate_dance_command(
    choreographer: Annotated[Path, typer.Argument(help="Folder of a trained choreographer.")],
    seconds: Annotated[float, typer.Option(help="Length of the dance that is measured.")] = 600.0,
    temperature: Temperature = None,
    reference: Reference = False,
    report: Report = None,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Measure a choreographer's dances: speed, stalls, range, and how new they are."""
    from dancenow.workflows.evaluate_dance import evaluate_dance

    run(
        lambda progress: evaluate_dance(
            choreographer,
            seconds=seconds,
            temperature=temperature,
            seed=seed,
            reference=reference or None,
            device=device.value,
            report=report,
            progress=progress,
        ),
        lambda figures: "\n".join(figures.lines()),
        as_json,
        _page(report),
    )


@evaluate_app.command("performer")
def evaluate_performer_command(
    performer: Annotated[Path, typer.Argument(help="Folder of a trained performer.")],
    clip: Annotated[
        Path, typer.Argument(help="The clip that was learned, or another of the same person.")
    ],
    poses: Annotated[
        Path | None,
        typer.Option(
            help="The clip's true poses: a track (.npz) or OpenPose's folder.",
            show_default="detected",
        ),
    ] = None,
    keep: Annotated[Path | None, typer.Option(help="Also keep the performed clip here.")] = None,
    report: Report = None,
    estimator: Estimator = "mediapipe",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Measure a performer on held-out frames: SSIM, LPIPS, pose distance, sharpness, flicker."""
    from dancenow.workflows.evaluate_performer import evaluate_performer

    run(
        lambda progress: evaluate_performer(
            performer,
            clip,
            poses=poses,
            estimator=estimator,
            device=device.value,
            keep=keep,
            report=report,
            seed=seed,
            progress=progress,
        ),
        lambda figures: "\n".join(figures.lines()),
        as_json,
        _page(report),
    )


@evaluate_app.command("ablation")
def evaluate_ablation_command(
    output: Annotated[Path, typer.Option("-o", "--output", help="The report's folder.")],
    preset: Preset = "edn-tiny",
    minutes: Minutes = None,
    steps: Steps = None,
    size: Size = None,
    batch: BatchSize = None,
    vgg_weights: VggWeights = None,
    no_perceptual: NoPerceptual = False,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Measure what temporal smoothing and the face GAN bring, on a sample performer."""
    from dancenow.options import PresetOptions
    from dancenow.workflows.ablation import run_ablation

    paper = PresetOptions(
        size=size, batch=batch, vgg_weights=vgg_weights, no_perceptual=no_perceptual
    )
    run(
        lambda progress: run_ablation(
            output,
            preset=preset,
            minutes=minutes,
            steps=steps,
            paper=paper,
            device=device.value,
            seed=seed,
            progress=progress,
        ),
        lambda made: made.summary(),
        as_json,
    )


@evaluate_app.command("clip")
def evaluate_clip_command(
    made: Annotated[Path, typer.Argument(help="The clip to judge.")],
    truth: Annotated[Path, typer.Argument(help="What it should look like.")],
    report: Report = None,
    estimator: Estimator = "mediapipe",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Compare a clip with the true one: PSNR, SSIM, pose distance."""
    from dancenow.workflows.evaluate_clip import evaluate_clip

    run(
        lambda progress: evaluate_clip(
            made,
            truth,
            estimator=estimator,
            device=device.value,
            report=report,
            progress=progress,
        ),
        lambda figures: "\n".join(figures.lines()),
        as_json,
        _page(report),
    )
