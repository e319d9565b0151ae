"""The command line.  It holds no logic: every command calls one function of `workflows`."""

from __future__ import annotations

import json
import logging
import math
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from dancenow.cli_options import (
    AsJson,
    Background,
    Codec,
    DancePreset,
    Device,
    DeviceName,
    Estimator,
    Minutes,
    Normalize,
    OutVideo,
    Preset,
    Reference,
    Seed,
    Steps,
    Stride,
    Temperature,
    Verbose,
)
from dancenow.console import ProgressBars
from dancenow.errors import DanceNowError, DanceNowWarning, InputError
from dancenow.progress import ProgressCallback, StageTimes

if TYPE_CHECKING:
    from dancenow.workflows.choreograph import ChoreographyOptions
    from dancenow.workflows.train import TrainOptions

Result = TypeVar("Result")

_STOPPED = 130  # the exit status after Ctrl-C

app = typer.Typer(
    help="Make a person dance like another, or dream up a new dance, from ordinary videos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
train_app = typer.Typer(help="Learn a person or a dance from clips.", no_args_is_help=True)
evaluate_app = typer.Typer(help="Measure results.", no_args_is_help=True)
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")


def _run(
    work: Callable[[ProgressCallback], Result], say: Callable[[Result], str], as_json: bool
) -> None:
    """Do a command's work with progress on the terminal, then report what was made."""
    with ProgressBars() as progress:
        result = work(progress)
    if as_json:
        print(json.dumps(_plain(result), default=str))
    else:
        print(say(result))


def _plain(value: Any) -> Any:
    """A result as JSON values."""
    if isinstance(value, StageTimes):
        return value.rounded()
    if is_dataclass(value) and not isinstance(value, type):
        return {
            name: _plain(getattr(value, name))
            for name in value.__dataclass_fields__
            if not name.startswith("_")
        }
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no word for it
    return value


def _options(
    preset: str, minutes: float | None, steps: int | None, estimator: str, device: str, seed: int
) -> TrainOptions:
    from dancenow.workflows.train import TrainOptions

    return TrainOptions(preset, minutes, steps, estimator, device, seed)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The folder to leave everything in.")] = Path("demo"),
    quick: Annotated[bool, typer.Option("--quick", help="The smallest sizes.")] = False,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Run the main job on built-in sample performers and show the result against the truth."""
    from dancenow.workflows.demo import run_demo

    _run(
        lambda progress: run_demo(
            out, quick=quick, device=device.value, seed=seed, progress=progress
        ),
        lambda made: made.summary(),
        as_json,
    )


@app.command()
def sample(
    output: OutVideo,
    performer: Annotated[str, typer.Option(help="Who dances.")] = "",
    dance: Annotated[str, typer.Option(help="What is danced.")] = "",
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

    _run(
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
    clip: Annotated[Path, typer.Argument(help="A clip or a folder of OpenPose files.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The track to write, .npz.")],
    overlay: Annotated[
        Path | None, typer.Option(help="Also write the clip with the poses drawn over it.")
    ] = None,
    estimator: Estimator = "mediapipe",
    raw: Annotated[bool, typer.Option("--raw", help="Do not fill gaps nor smooth.")] = False,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Find the poses in a clip."""
    from dancenow.workflows.pose import write_pose

    _run(
        lambda progress: write_pose(
            clip, output, overlay=overlay, estimator=estimator, raw=raw, progress=progress
        ),
        lambda made: (
            f"{made.track}: {made.frames} frames, a person in {100 * made.seen:.1f} % of them"
        ),
        as_json,
    )


@train_app.command("performer")
def train_performer_command(
    target: Annotated[Path, typer.Argument(help="A clip of the person.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The performer's folder.")],
    preset: Preset = "fast",
    minutes: Minutes = None,
    steps: Steps = None,
    estimator: Estimator = "mediapipe",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Learn the person of a clip; a folder that exists is resumed."""
    from dancenow.workflows.train import train_performer

    options = _options(preset, minutes, steps, estimator, device.value, seed)
    _run(
        lambda progress: train_performer(target, output, options, progress=progress).report(),
        lambda made: f"{made.folder}: {made.steps} steps in {made.seconds:.0f} s of training",
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

    _run(work, lambda made: made.summary(), as_json)


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
    estimator: Estimator = "mediapipe",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Make the person of one clip dance like the person of another."""
    from dancenow.workflows.transfer import Performed, transfer

    options = _options(preset, minutes, steps, estimator, device.value, seed)

    def work(progress: ProgressCallback) -> Performed:
        return transfer(source, target, output, options, normalized=normalize, progress=progress)

    _run(work, lambda made: made.summary(), as_json)


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
    _run(
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

    _run(work, lambda made: made.summary(), as_json)


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

    _run(
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

    _run(
        lambda _: import_keras_weights(
            vae, sequence, output, gate=gate, latents=latents, device=device.value
        ),
        lambda made: made.summary(),
        as_json,
    )


@evaluate_app.command("dance")
def evaluate_dance_command(
    choreographer: Annotated[Path, typer.Argument(help="Folder of a trained choreographer.")],
    seconds: Annotated[float, typer.Option(help="Length of the dance that is measured.")] = 600.0,
    temperature: Temperature = None,
    reference: Reference = False,
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Measure a choreographer's dances: speed, stalls, range, and how new they are."""
    from dancenow.workflows.evaluate_dance import evaluate_dance

    _run(
        lambda progress: evaluate_dance(
            choreographer,
            seconds=seconds,
            temperature=temperature,
            seed=seed,
            reference=reference or None,
            device=device.value,
            progress=progress,
        ),
        lambda figures: "\n".join(figures.lines()),
        as_json,
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
    estimator: Estimator = "mediapipe",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Measure a performer on held-out frames: SSIM, LPIPS, pose distance, sharpness, flicker."""
    from dancenow.workflows.evaluate_performer import evaluate_performer

    _run(
        lambda progress: evaluate_performer(
            performer,
            clip,
            poses=poses,
            estimator=estimator,
            device=device.value,
            keep=keep,
            seed=seed,
            progress=progress,
        ),
        lambda figures: "\n".join(figures.lines()),
        as_json,
    )


@evaluate_app.command("clip")
def evaluate_clip_command(
    made: Annotated[Path, typer.Argument(help="The clip to judge.")],
    truth: Annotated[Path, typer.Argument(help="What it should look like.")],
    estimator: Estimator = "mediapipe",
    device: Device = DeviceName.auto,
    seed: Seed = 0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Compare a clip with the true one: PSNR, SSIM, pose distance."""
    from dancenow.workflows.evaluate import evaluate_clip

    _run(
        lambda progress: evaluate_clip(made, truth, estimator=estimator, progress=progress),
        lambda figures: "\n".join(figures.lines()),
        as_json,
    )


def _fail(message: str, status: int) -> NoReturn:
    print(f"dancenow: {message}", file=sys.stderr)
    sys.exit(status)


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, DanceNowWarning):
        print(f"dancenow: warning: {message}", file=sys.stderr)


def main() -> None:
    """Run the command line; ends the process with the exit status of the contract."""
    verbose = any(word in ("-v", "--verbose") for word in sys.argv[1:])
    if not verbose:
        warnings.showwarning = _show_warning
    warnings.simplefilter("always", DanceNowWarning)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    try:
        status = app(standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):  # Abort: what older Typers make of Ctrl-C
        status = _STOPPED
    except DanceNowError as error:
        if verbose:
            traceback.print_exc()
        _fail(str(error), 2 if isinstance(error, InputError) else 1)
    except Exception as error:
        shown = getattr(error, "show", None)
        if callable(shown):  # how Click reports a wrong use of the command line
            shown()
            sys.exit(int(getattr(error, "exit_code", 2)))
        if verbose:
            traceback.print_exc()
        _fail(f"{type(error).__name__}: {error} (-v shows where)", 1)
    if status == _STOPPED:  # newer Typers return this on Ctrl-C
        _fail("stopped; what was done is kept, the same command goes on from there.", _STOPPED)
    sys.exit(status if isinstance(status, int) else 0)
