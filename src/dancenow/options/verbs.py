"""The options of each verb, for the command line, the studio and the library."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

from dancenow.options.field import Option, narrowed
from dancenow.options.groups import (
    BatchEngine,
    BudgetOptions,
    ConsentOptions,
    CredentialsOptions,
    DeviceOptions,
    EstimatorOptions,
    Formation,
    FormationOptions,
    LoggerOptions,
    PaintOptions,
    PersonOptions,
    PosesOptions,
    PresetOptions,
    RateOptions,
    ReportOptions,
    SeedOptions,
    ShowOptions,
    SourcePosesOptions,
    TargetOptions,
)
from dancenow.options.styles import parse_mix
from dancenow.options.view import View

BACKGROUNDS: Final = ("auto", "threshold", "person", "grey", "colour")
"""How a choreographer of pictures removes the background."""
CROPS: Final = ("auto", "off")
"""How a choreographer of pictures crops a clip."""

_PERFORMER_PRESET = Option(
    "Configuration of the performer: fast, tiny, edn-512, edn-1024, edn-tiny."
)
_TEMPERATURE = Option(
    "How wild the dance is, from 0 (cautious) to 10.", shown_default="as lively as learned"
)
_FILMED_FROM = Option(
    "Where the motion is filmed from: an angle in degrees (0 as it was, 90 from its left), or "
    "orbit, slowly around it.",
    metavar="[DEGREES|orbit]",
)
_FORMATION = Option("Several performers side by side, or in one room.")
_REFERENCE = Option("Work as the original DanceNet does, for comparison.")


@dataclass(frozen=True, kw_only=True)
class DemoOptions(SeedOptions, DeviceOptions, CredentialsOptions):
    """Options of the demo."""

    out: Annotated[Path, Option("The output folder.")] = Path("demo")
    quick: Annotated[bool, Option("Use the smallest sizes.")] = False


@dataclass(frozen=True, kw_only=True)
class SampleOptions(SeedOptions):
    """Options of a rendered sample performer."""

    performer: Annotated[str, Option("Who dances: mika, zola, bo or lin.")] = ""
    dance: Annotated[str, Option("The dance: disco, house, wave or groove.")] = ""
    seconds: Annotated[float, Option("Length in seconds.")] = 10.0
    size: Annotated[int, Option("Height and width in pixels.")] = 256
    fps: Annotated[float, Option("Frames per second.")] = 25.0


@dataclass(frozen=True, kw_only=True)
class PoseOptions(DeviceOptions, EstimatorOptions, RateOptions, PersonOptions):
    """Options of pose detection."""

    overlay: Annotated[Path | None, Option("Also write the clip with the poses drawn over it.")] = (
        None
    )
    people: Annotated[
        Path | None, Option("Also write a picture with all persons and their numbers.")
    ] = None
    raw: Annotated[bool, Option("Do not fill gaps or smooth.")] = False
    camera: Annotated[str, _FILMED_FROM] = "0"

    def __post_init__(self) -> None:
        View.parse(self.camera)

    @property
    def view(self) -> View:
        """Where the motion is filmed from."""
        return View.parse(self.camera)


@dataclass(frozen=True, kw_only=True)
class TrainPerformerOptions(
    SeedOptions,
    DeviceOptions,
    LoggerOptions,
    EstimatorOptions,
    PresetOptions,
    PosesOptions,
    TargetOptions,
    BudgetOptions,
):
    """Options of training a performer."""

    preset: Annotated[str, _PERFORMER_PRESET] = "fast"
    hold_out: Annotated[
        float, Option("Fraction of the clip, at its end, to hold out for evaluation.")
    ] = 0.0


@dataclass(frozen=True, kw_only=True)
class PerformOptions(
    DeviceOptions,
    EstimatorOptions,
    RateOptions,
    PersonOptions,
    SourcePosesOptions,
    FormationOptions,
    CredentialsOptions,
    ShowOptions,
):
    """Options of a performance by a trained performer."""


@dataclass(frozen=True, kw_only=True)
class BatchOptions(ConsentOptions):
    """Options of a batch; those of its results are in its plan."""

    jobs: Annotated[
        int | None,
        Option(
            "How many results are worked on at once.",
            shown_default="a graphics card each; else one for every four cores",
            minimum=1,
        ),
    ] = None
    engine: Annotated[
        BatchEngine,
        Option(
            "Who does the work: processes of this machine, or the Ray cluster that RAY_ADDRESS "
            "names (needs the extra `ray`)."
        ),
    ] = BatchEngine.local


@dataclass(frozen=True, kw_only=True)
class LiveOptions(PerformOptions):
    """Options of a live performance."""

    seconds: Annotated[
        float | None, Option("With --webcam: stop after this many seconds.", shown_default=" ")
    ] = None
    virtual_camera: Annotated[
        str | None,
        Option(
            "With --webcam: show it to other programs as a camera: auto, or a device's name.",
            metavar="[auto|DEVICE]",
            shown_default=" ",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class TransferOptions(
    SeedOptions,
    DeviceOptions,
    LoggerOptions,
    EstimatorOptions,
    RateOptions,
    PersonOptions,
    SourcePosesOptions,
    PaintOptions,
    PosesOptions,
    TargetOptions,
    FormationOptions,
    CredentialsOptions,
    ShowOptions,
    BudgetOptions,
):
    """Options of a transfer: learn a person, then make them dance a source."""

    preset: Annotated[str, _PERFORMER_PRESET] = "fast"


@dataclass(frozen=True, kw_only=True)
class _DanceOptions(SeedOptions, DeviceOptions, LoggerOptions, BudgetOptions):
    """Options shared by training a choreographer and generating from a clip."""

    codec: Annotated[str, Option("What is learned: frame (pictures) or pose (motion).")] = "frame"
    preset: Annotated[str, Option("Configuration of the choreographer: fast, dancenet, tiny.")] = (
        "fast"
    )
    stride: Annotated[
        int | None,
        Option("Learn one in this many frames.", shown_default="4; fewer for a short clip"),
    ] = None
    crop: Annotated[
        str | None,
        Option(
            "What is learned of the frame: auto (the part that the dancer ever reaches) or off "
            "(all of it).",
            shown_default="auto; off for dancenet and --reference",
        ),
    ] = None
    colour: Annotated[bool, Option("Learn the dancer in colours instead of a silhouette.")] = False
    reference: Annotated[bool, _REFERENCE] = False


@dataclass(frozen=True, kw_only=True)
class TrainChoreographerOptions(_DanceOptions):
    """Options of training a choreographer."""

    style: Annotated[
        tuple[str, ...],
        Option(
            "A style and a clip of it, such as ballet=a.mp4; repeat it. CLIPS are further ones of "
            "the last style. With --codec pose, which it implies.",
            metavar="NAME=CLIP",
        ),
    ] = ()
    background: Annotated[
        str | None,
        Option(
            "How the background is removed: threshold (from black), person (from anything), grey "
            "or colour (not at all), or auto.",
            shown_default="auto",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(_DanceOptions, CredentialsOptions):
    """Options of a new dance."""

    seconds: Annotated[
        float | None, Option("Length in seconds.", shown_default="16, or the music's")
    ] = None
    temperature: Annotated[float | None, _TEMPERATURE] = None
    performer: Annotated[
        tuple[Path, ...], Option("A trained performer to dance it; repeat it for several.")
    ] = ()
    music: Annotated[Path | None, Option("A sound file to dance to, added to the clip.")] = None
    bars: Annotated[int | None, Option("Length in bars of the music.")] = None
    bpm: Annotated[float | None, Option("Beats a minute of the music, if you know better.")] = None
    first_beat: Annotated[float | None, Option("Seconds at which the music's first beat is.")] = (
        None
    )
    loop: Annotated[bool, Option("Make the end lead back to the start.")] = False
    continue_from: Annotated[Path | None, Option("A clip or track for the dance to continue.")] = (
        None
    )
    formation: Annotated[Formation, _FORMATION] = Formation.beside
    camera: Annotated[str, _FILMED_FROM] = "0"
    style: Annotated[
        tuple[str, ...],
        Option(
            "A learned style, or several with shares: ballet:0.5,hiphop:0.5.",
            metavar="NAME[:SHARE,...]",
        ),
    ] = ()
    canon: Annotated[
        float, Option("Seconds by which each performer starts after the previous one.")
    ] = 0.0
    background: Annotated[
        str,
        Option(
            "The performers' background: target, transparent, a colour, a picture or a clip. "
            "With --codec frame, how it is removed: auto, threshold, person, grey or colour."
        ),
    ] = "target"

    def __post_init__(self) -> None:
        View.parse(self.camera)
        if self.style:
            parse_mix(",".join(self.style))

    @property
    def view(self) -> View:
        """Where the dance is filmed from."""
        return View.parse(self.camera)

    @property
    def training(self) -> TrainChoreographerOptions:
        """How the dance is learned, if it is yet to be.

        Two options have two meanings: the style that is learned or danced, and the removal of the
        background from pictures or the performers' background.
        """
        removed = self.background in BACKGROUNDS and not self.performer
        training = narrowed(self, TrainChoreographerOptions)
        return replace(training, style=(), background=self.background if removed else None)


@dataclass(frozen=True, kw_only=True)
class ComposeOptions(DeviceOptions, EstimatorOptions, CredentialsOptions):
    """Options of a dance that is written down."""

    performer: Annotated[
        tuple[Path, ...],
        Option("A trained performer to dance it; repeat it, once for each dancer of the plan."),
    ] = ()
    formation: Annotated[Formation, _FORMATION] = Formation.beside
    camera: Annotated[str, _FILMED_FROM] = "0"
    background: Annotated[
        str,
        Option("The performers' background: target, transparent, a colour, a picture or a clip."),
    ] = "target"

    def __post_init__(self) -> None:
        View.parse(self.camera)

    @property
    def view(self) -> View:
        """Where the dance is filmed from."""
        return View.parse(self.camera)


@dataclass(frozen=True, kw_only=True)
class ReconstructOptions(DeviceOptions, CredentialsOptions):
    """Options of a reconstruction by a choreographer of pictures."""


@dataclass(frozen=True, kw_only=True)
class ImportKerasOptions(DeviceOptions):
    """Options of importing the original DanceNet's weights."""

    latents: Annotated[
        Path | None, Option("The latents it was trained on, lv.npy, which set the range.")
    ] = None
    gate: Annotated[str, Option("The LSTM's gate activation: auto, sigmoid or hard_sigmoid.")] = (
        "auto"
    )


@dataclass(frozen=True, kw_only=True)
class EvaluateDanceOptions(SeedOptions, DeviceOptions, ReportOptions):
    """Options of evaluating a choreographer."""

    seconds: Annotated[float, Option("Length of the measured dance in seconds.")] = 600.0
    temperature: Annotated[float | None, _TEMPERATURE] = None
    reference: Annotated[bool, _REFERENCE] = False


@dataclass(frozen=True, kw_only=True)
class EvaluatePerformerOptions(DeviceOptions, EstimatorOptions, ReportOptions, CredentialsOptions):
    """Options of evaluating a performer."""

    poses: Annotated[
        Path | None,
        Option("The clip's true poses: a track (.npz) or pose files.", shown_default="detected"),
    ] = None
    keep: Annotated[Path | None, Option("Also keep the performed clip here.")] = None


@dataclass(frozen=True, kw_only=True)
class EvaluateClipOptions(DeviceOptions, EstimatorOptions, ReportOptions):
    """Options of evaluating a clip."""


@dataclass(frozen=True, kw_only=True)
class AblationOptions(SeedOptions, DeviceOptions, PaintOptions):
    """Options of the ablation."""

    preset: Annotated[str, _PERFORMER_PRESET] = "edn-tiny"
    minutes: Annotated[
        float | None,
        Option(
            "Total training time in minutes; making the clips and measuring come on top.",
            shown_default="the preset's",
        ),
    ] = None
    steps: Annotated[int | None, Option("Total number of training steps.")] = None
    batch: Annotated[
        int | None,
        Option("Pairs of frames per step and device.", shown_default="the preset's"),
    ] = None
