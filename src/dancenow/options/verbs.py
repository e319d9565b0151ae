"""The options of each verb, for the command line, the studio and the library alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from dancenow.options.field import Option
from dancenow.options.groups import (
    BudgetOptions,
    CredentialsOptions,
    DeviceOptions,
    EstimatorOptions,
    Formation,
    LoggerOptions,
    PaintOptions,
    PosesOptions,
    PresetOptions,
    ReportOptions,
    SeedOptions,
    ShowOptions,
)

BACKGROUNDS: Final = ("auto", "threshold", "person", "grey", "colour")
"""How a choreographer of pictures removes the background."""

_PERFORMER_PRESET = Option(
    "Configuration of the performer: fast, tiny, edn-512, edn-1024, edn-tiny."
)
_TEMPERATURE = Option(
    "How wild, 0 to 10: 0 is sure of itself.", shown_default="as lively as learned"
)
_UPLOADS: Final = "Uploads"
_REFERENCE = Option("Do as the original DanceNet does, for comparison.")


@dataclass(frozen=True, kw_only=True)
class DemoOptions(SeedOptions, DeviceOptions, CredentialsOptions):
    """Of the demo."""

    out: Annotated[Path, Option("The folder to leave everything in.")] = Path("demo")
    quick: Annotated[bool, Option("The smallest sizes.")] = False


@dataclass(frozen=True, kw_only=True)
class SampleOptions(SeedOptions):
    """Of a rendered sample performer."""

    performer: Annotated[str, Option("Who dances: mika, zola, bo or lin.")] = ""
    dance: Annotated[str, Option("disco, house, wave or groove.")] = ""
    seconds: Annotated[float, Option("How long.")] = 10.0
    size: Annotated[int, Option("Height and width in pixels.")] = 256
    fps: Annotated[float, Option("Frames a second.")] = 25.0


@dataclass(frozen=True, kw_only=True)
class PoseOptions(DeviceOptions, EstimatorOptions):
    """Of poses that are found in a clip."""

    overlay: Annotated[Path | None, Option("Also write the clip with the poses drawn over it.")] = (
        None
    )
    raw: Annotated[bool, Option("Do not fill gaps nor smooth.")] = False
    camera: Annotated[
        float, Option("Degrees from which a motion capture is filmed: 90 is its left.")
    ] = 0.0


@dataclass(frozen=True, kw_only=True)
class TrainPerformerOptions(
    SeedOptions,
    DeviceOptions,
    LoggerOptions,
    EstimatorOptions,
    PresetOptions,
    PosesOptions,
    BudgetOptions,
):
    """Of a performer that is trained."""

    preset: Annotated[str, _PERFORMER_PRESET] = "fast"
    hold_out: Annotated[
        float, Option("Part of the clip's end that is not learned, to measure with.")
    ] = 0.0


@dataclass(frozen=True, kw_only=True)
class PerformOptions(DeviceOptions, EstimatorOptions, CredentialsOptions, ShowOptions):
    """Of a performance by a trained performer."""


@dataclass(frozen=True, kw_only=True)
class LiveOptions(PerformOptions):
    """Of a live performance."""

    seconds: Annotated[
        float | None, Option("With --webcam: end after this long.", shown_default=" ")
    ] = None


@dataclass(frozen=True, kw_only=True)
class TransferOptions(
    SeedOptions,
    DeviceOptions,
    LoggerOptions,
    EstimatorOptions,
    PaintOptions,
    PosesOptions,
    CredentialsOptions,
    ShowOptions,
    BudgetOptions,
):
    """Of the whole way: learn a person, then let them dance a source."""

    preset: Annotated[str, _PERFORMER_PRESET] = "fast"


@dataclass(frozen=True, kw_only=True)
class _DanceOptions(SeedOptions, DeviceOptions, LoggerOptions, BudgetOptions):
    """What training a choreographer and generating from a clip share."""

    codec: Annotated[str, Option("What is learned: frame (pictures) or pose (motion).")] = "frame"
    preset: Annotated[str, Option("Configuration of the choreographer: fast, dancenet, tiny.")] = (
        "fast"
    )
    stride: Annotated[
        int | None,
        Option("Learn one of this many frames.", shown_default="4; fewer for a short clip"),
    ] = None
    reference: Annotated[bool, _REFERENCE] = False


@dataclass(frozen=True, kw_only=True)
class TrainChoreographerOptions(_DanceOptions):
    """Of a choreographer that is trained."""

    background: Annotated[
        str | None,
        Option(
            "How the background is removed: threshold (before black), person (before anything), "
            "grey and colour (not at all), auto.",
            shown_default="auto",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(_DanceOptions, CredentialsOptions):
    """Of a new dance."""

    seconds: Annotated[float | None, Option("Length of the new dance; 16, or the music's.")] = None
    temperature: Annotated[float | None, _TEMPERATURE] = None
    performer: Annotated[
        tuple[Path, ...], Option("A trained performer who dances it; several dance together.")
    ] = ()
    music: Annotated[Path | None, Option("A sound file to dance to; it is put into the clip.")] = (
        None
    )
    bars: Annotated[int | None, Option("Length in bars of the music.")] = None
    loop: Annotated[bool, Option("The end leads back to the start.")] = False
    continue_from: Annotated[Path | None, Option("A clip or track that the dance continues.")] = (
        None
    )
    formation: Annotated[Formation, Option("Several performers side by side, or in one room.")] = (
        Formation.beside
    )
    canon: Annotated[
        float, Option("Seconds by which each performer begins after the one before.")
    ] = 0.0
    background: Annotated[
        str,
        Option(
            "Behind performers: target, transparent, a colour, a picture or a clip. "
            "For --codec frame, how it is removed: auto, threshold, person, grey or colour."
        ),
    ] = "target"


@dataclass(frozen=True, kw_only=True)
class ReconstructOptions(DeviceOptions, CredentialsOptions):
    """Of a clip as a choreographer of pictures gives it back."""


@dataclass(frozen=True, kw_only=True)
class ImportKerasOptions(DeviceOptions):
    """Of the original DanceNet's weights."""

    latents: Annotated[
        Path | None, Option("The latents it was trained on, lv.npy: they set the range.")
    ] = None
    gate: Annotated[str, Option("What the LSTM's gates compute: auto, sigmoid, hard_sigmoid.")] = (
        "auto"
    )


@dataclass(frozen=True, kw_only=True)
class ExportEdnOptions(DeviceOptions, EstimatorOptions, PosesOptions):
    """Of a data folder for Everybody Dance Now's own code."""

    size: Annotated[int, Option("Longer side of the pictures in pixels.")] = 1024


@dataclass(frozen=True, kw_only=True)
class EvaluateDanceOptions(SeedOptions, DeviceOptions, ReportOptions):
    """Of a choreographer that is measured."""

    seconds: Annotated[float, Option("Length of the dance that is measured.")] = 600.0
    temperature: Annotated[float | None, _TEMPERATURE] = None
    reference: Annotated[bool, _REFERENCE] = False


@dataclass(frozen=True, kw_only=True)
class EvaluatePerformerOptions(SeedOptions, DeviceOptions, EstimatorOptions, ReportOptions):
    """Of a performer that is measured."""

    poses: Annotated[
        Path | None,
        Option(
            "The clip's true poses: a track (.npz) or OpenPose's folder.", shown_default="detected"
        ),
    ] = None
    keep: Annotated[Path | None, Option("Also keep the performed clip here.")] = None


@dataclass(frozen=True, kw_only=True)
class EvaluateClipOptions(DeviceOptions, EstimatorOptions, ReportOptions):
    """Of a clip that is measured."""


@dataclass(frozen=True, kw_only=True)
class AblationOptions(SeedOptions, DeviceOptions, PaintOptions):
    """Of what the paper's parts bring."""

    preset: Annotated[str, _PERFORMER_PRESET] = "edn-tiny"
    minutes: Annotated[
        float | None, Option("Train this long in all.", shown_default="the preset's")
    ] = None
    steps: Annotated[int | None, Option("Train this many steps in all.")] = None
    batch: Annotated[
        int | None,
        Option("Pairs of frames a step, on every device.", shown_default="the preset's"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class StudioOptions(SeedOptions, DeviceOptions):
    """Of the studio."""

    host: Annotated[str, Option("The address to listen on; others than this need --auth.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Option("The port; 0 takes a free one.")] = 7860
    auth: Annotated[
        tuple[str, ...],
        Option(
            "Who may come in; several may be given, each sees only what is their own.",
            metavar="USER:PASSWORD",
            environment="DANCENOW_STUDIO_AUTH",
        ),
    ] = ()
    data: Annotated[
        Path | None,
        Option(
            "The folder for everything that is uploaded, learned and made.",
            shown_default="of the user",
        ),
    ] = None
    max_upload: Annotated[float, Option("Largest file in MB.", panel=_UPLOADS)] = 500.0
    max_seconds: Annotated[float, Option("Longest clip or music in seconds.", panel=_UPLOADS)] = (
        300.0
    )
    max_megapixels: Annotated[
        float, Option("Largest picture in millions of pixels.", panel=_UPLOADS)
    ] = 9.0
    open_browser: Annotated[
        bool, Option("Open the page in the browser.", flags=("--open/--no-open",))
    ] = True
