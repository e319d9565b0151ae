"""The options that commands share, each with the line of help that it has everywhere."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from dancenow.staging.choices import CameraChoice
from dancenow.staging.choices import Retarget as RetargetChoice


class DeviceName(str, Enum):
    """Where networks compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class LoggerChoice(str, Enum):
    """Where a training logs to."""

    tensorboard = "tensorboard"
    csv = "csv"
    none = "none"


class UpsamplingName(str, Enum):
    """How a generator's picture grows."""

    transposed = "transposed"
    resize = "resize"


Device = Annotated[DeviceName, typer.Option(help="Where networks compute.")]
Seed = Annotated[int, typer.Option(help="Decides everything that is random.", min=0)]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line of standard output.")
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show tracebacks.")]
Preset = Annotated[
    str,
    typer.Option(help="Configuration of the performer: fast, tiny, edn-512, edn-1024, edn-tiny."),
]
Poses = Annotated[
    Path | None,
    typer.Option(help="The target's poses, if known: a track (.npz) or OpenPose files."),
]
HoldOut = Annotated[
    float, typer.Option(help="Part of the clip's end that is not learned, to measure with.")
]
Minutes = Annotated[
    float | None, typer.Option(help="Train this long in all.", show_default="the preset's")
]
Steps = Annotated[int | None, typer.Option(help="Train this many steps in all.")]
Logger = Annotated[
    LoggerChoice,
    typer.Option(
        help="Where a training also logs losses and previews, in its checkpoint/: TensorBoard's "
        "logs, a table metrics.csv, nowhere."
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(help="Also leave a page with the figures, index.html, in this folder."),
]
Estimator = Annotated[str, typer.Option(help="What finds the poses: mediapipe, rtmpose.")]
Normalize = Annotated[
    bool,
    typer.Option(
        "--normalize/--no-normalize", help="Move and scale the motion to the target's body."
    ),
]


def _camera_angle(name: str) -> str:
    """The name of a camera, or an angle."""
    try:
        float(name)
    except ValueError:
        if name not in {choice.value for choice in CameraChoice}:
            names = ", ".join(choice.value for choice in CameraChoice)
            raise typer.BadParameter(
                f"{name!r} is none of {names}, nor an angle in degrees."
            ) from None
    return name


Camera = Annotated[
    str,
    typer.Option(
        callback=_camera_angle,
        metavar="[auto|still|target|source|DEGREES]",
        help="Whose camera films it: a still one, the target's, the source's; auto is still, or "
        "with --no-normalize the source's where it shows the target's own room. For a motion "
        "capture the angle it is filmed from: 0 is its front, 90 its left.",
    ),
]
Retarget = Annotated[
    RetargetChoice,
    typer.Option(help="What takes the target's proportions: the body as a whole, or every limb."),
]
Behind = Annotated[
    str,
    typer.Option(
        "--background",
        help="What lies behind: target, source, a colour (white, #20c060), a picture, a clip, or "
        "transparent (into .mov, .webm or a folder).",
    ),
]
_PAPER = "Presets edn-..."
Size = Annotated[
    int | None,
    typer.Option(
        help="Longer side of the painted picture in px.",
        show_default="the preset's",
        rich_help_panel=_PAPER,
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        "--batch",
        help="Pairs of frames a step, on every device.",
        show_default="the preset's",
        rich_help_panel=_PAPER,
    ),
]
VggWeights = Annotated[
    Path | None,
    typer.Option(
        help="VGG-19's weights (.safetensors), where the model hub is out of reach.",
        rich_help_panel=_PAPER,
    ),
]
NoPerceptual = Annotated[
    bool,
    typer.Option("--no-perceptual", help="Go without VGG-19's loss.", rich_help_panel=_PAPER),
]
PerFrame = Annotated[
    bool,
    typer.Option("--per-frame", help="Go without temporal smoothing.", rich_help_panel=_PAPER),
]
NoFace = Annotated[
    bool, typer.Option("--no-face", help="Go without the face network.", rich_help_panel=_PAPER)
]
Augment = Annotated[
    bool,
    typer.Option(
        "--augment", help="Move and scale the poses slightly at random.", rich_help_panel=_PAPER
    ),
]
History = Annotated[
    int | None,
    typer.Option(
        help="Up to so many frames are painted before a pair: against errors that grow.",
        show_default="0, as in the paper",
        rich_help_panel=_PAPER,
    ),
]
Upsampling = Annotated[
    UpsamplingName | None,
    typer.Option(
        help="resize leaves no checkerboard.",
        show_default="transposed, as in the paper",
        rich_help_panel=_PAPER,
    ),
]
Devices = Annotated[
    int, typer.Option(help="Devices that train together, on every machine.", rich_help_panel=_PAPER)
]
Nodes = Annotated[int, typer.Option(help="Machines that train together.", rich_help_panel=_PAPER)]
DancePreset = Annotated[
    str, typer.Option("--preset", help="Configuration of the choreographer: fast, dancenet, tiny.")
]
Codec = Annotated[str, typer.Option(help="What is learned: frame (pictures) or pose (motion).")]
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
    typer.Option(
        help="How wild, 0 to 10: 0 is sure of itself.", show_default="as lively as learned"
    ),
]
NoCredentials = Annotated[
    bool,
    typer.Option(
        "--no-credentials",
        help="Do not sign the result with Content Credentials, which tell that it is synthetic.",
    ),
]
OutVideo = Annotated[
    Path,
    typer.Option(
        "-o", "--output", help="The clip to write: .mp4, .mov, .mkv, .webm, .gif or a folder."
    ),
]
