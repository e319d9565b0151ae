"""Options that several verbs share, each described once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Annotated, Final, Literal

from dancenow.options.field import Option
from dancenow.options.view import FRONT, View

DeviceName = Literal["auto", "cpu", "cuda", "mps", "xpu"]
ConsentAnswer = Literal["yes", "no", "ask"]
LoggerName = Literal["tensorboard", "csv", "none"]
Quality = Literal["quick", "good", "best"]
Upsampling = Literal["transposed", "resize"]

_PAPER: Final = "Presets edn-..."


class Camera(str, Enum):
    """Whose camera films a performance."""

    auto = "auto"
    """The source's if it shows the performer's own room and is not normalised, otherwise still."""
    still = "still"
    target = "target"
    source = "source"


class Retarget(str, Enum):
    """What is scaled to the target's proportions."""

    whole = "global"
    """The body as a whole."""
    limbs = "limbs"
    """Every limb."""


class BatchEngine(str, Enum):
    """Who does the work of a batch."""

    local = "local"
    """Processes of this machine."""
    ray = "ray"
    """A cluster, by Ray."""


class Formation(str, Enum):
    """How several performers share a picture."""

    beside = "beside"
    """Each in their own room, side by side."""
    together = "together"
    """All in front of one background."""


class Others(str, Enum):
    """What becomes of other persons in the target's room."""

    remove = "remove"
    keep = "keep"


class Legs(str, Enum):
    """What becomes of legs that a source does not show."""

    stand = "stand"
    """They stand still below the body."""
    cut = "cut"
    """The picture ends where the source's does."""


@dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """Where networks run."""

    device: Annotated[DeviceName, Option("The device that networks run on.")] = "auto"


@dataclass(frozen=True, kw_only=True)
class SeedOptions:
    """Randomness."""

    seed: Annotated[int, Option("Seed of everything random.", minimum=0)] = 0


@dataclass(frozen=True, kw_only=True)
class EstimatorOptions:
    """Pose detection."""

    estimator: Annotated[str, Option("The pose estimator: mediapipe, litert or rtmpose.")] = (
        "mediapipe"
    )


@dataclass(frozen=True, kw_only=True)
class RateOptions:
    """How fast a source goes."""

    fps: Annotated[
        float | None,
        Option(
            "Frames per second of the source: a video is resampled; a folder of pictures, poses "
            "or a motion capture plays at this rate.",
            shown_default="its own, at most 60",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PersonOptions:
    """Whose motion is taken."""

    person: Annotated[
        str,
        Option(
            "Who of several persons in the source: largest, left, right, or a number (see `pose "
            "--people`).",
            metavar="[largest|left|right|N]",
        ),
    ] = "largest"


@dataclass(frozen=True, kw_only=True)
class ConsentOptions:
    """Whether those agreed who are learned."""

    consent: Annotated[
        ConsentAnswer | None,
        Option(
            "Whether the person agreed to videos of them: yes, which is written beside what is "
            "learned, or no; ask asks, unless it was said before.",
            shown_default="ask on a terminal",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class TargetOptions(ConsentOptions):
    """Who is learned of a clip, and what stays in its room."""

    target_person: Annotated[
        str,
        Option(
            "Who of several persons in the target: largest, left, right, or a number.",
            metavar="[largest|left|right|N]",
        ),
    ] = "largest"
    others: Annotated[
        Others, Option("Whether other persons stay in the target's room, as far as they are still.")
    ] = Others.remove


@dataclass(frozen=True, kw_only=True)
class FormationOptions:
    """How several performers share a picture."""

    formation: Annotated[
        Formation,
        Option(
            "Several performers in one room, or side by side. They follow the source's largest "
            "dancers from left to right, or those that --person names, such as 2,1."
        ),
    ] = Formation.together


@dataclass(frozen=True, kw_only=True)
class CredentialsOptions:
    """Whether results are signed."""

    credentials: Annotated[
        bool,
        Option(
            "Do not sign the result with Content Credentials, which mark it as synthetic.",
            flags=("--no-credentials",),
            negates=True,
        ),
    ] = True
    watermark: Annotated[
        bool, Option("Also draw into the picture that the result is synthetic.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Whether to write a page."""

    report: Annotated[
        Path | None, Option("Also write a page with the figures, index.html, into this folder.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class BudgetOptions:
    """How long to train."""

    minutes: Annotated[
        float | None,
        Option(
            "Total training time in minutes; finding poses and cutting people out come on top. For "
            "a performer of the preset fast, 0 gives a first look at once.",
            shown_default="the preset's",
        ),
    ] = None
    steps: Annotated[int | None, Option("Total number of training steps.")] = None
    quality: Annotated[
        Quality | None,
        Option("Train for the steps that this quality takes, instead of minutes or steps."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class LoggerOptions:
    """Where a training logs."""

    logger: Annotated[
        LoggerName,
        Option(
            "Where to log losses and previews in checkpoint/: as TensorBoard's logs, as "
            "metrics.csv, or nowhere."
        ),
    ] = "csv"


@dataclass(frozen=True, kw_only=True)
class PosesOptions:
    """Known poses of a target."""

    poses: Annotated[
        Path | None, Option("The target's poses, if known: a track (.npz) or pose files.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class SourcePosesOptions:
    """Known poses of a source."""

    source_poses: Annotated[
        Path | None,
        Option(
            "The source clip's poses, if known, such as mended ones: a track (.npz) or pose files."
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PaintOptions:
    """Changes to a preset of the paper's system."""

    size: Annotated[
        int | None,
        Option(
            "Longer side of the painted picture in pixels.",
            shown_default="the preset's",
            panel=_PAPER,
        ),
    ] = None
    vgg_weights: Annotated[
        Path | None,
        Option("VGG-19's weights (.safetensors), if the model hub is out of reach.", panel=_PAPER),
    ] = None
    no_perceptual: Annotated[
        bool, Option("Train without VGG-19's perceptual loss.", panel=_PAPER)
    ] = False


@dataclass(frozen=True, kw_only=True)
class PresetOptions(PaintOptions):
    """All changes to a preset of the paper's system; a method refuses those it does not have."""

    batch: Annotated[
        int | None,
        Option("Pairs of frames per step and device.", shown_default="the preset's", panel=_PAPER),
    ] = None
    per_frame: Annotated[bool, Option("Train without temporal smoothing.", panel=_PAPER)] = False
    no_face: Annotated[bool, Option("Train without the face network.", panel=_PAPER)] = False
    augment: Annotated[
        bool, Option("Move and scale the poses slightly at random.", panel=_PAPER)
    ] = False
    history: Annotated[
        int | None,
        Option(
            "Paint up to this many frames before each pair, which keeps errors from growing.",
            shown_default="0, as in the paper",
            panel=_PAPER,
        ),
    ] = None
    upsampling: Annotated[
        Upsampling | None,
        Option(
            "How the resolution is increased; resize avoids checkerboard artefacts.",
            shown_default="transposed, as in the paper",
            panel=_PAPER,
        ),
    ] = None
    devices: Annotated[
        int, Option("Devices that train together on each machine.", panel=_PAPER)
    ] = 1
    nodes: Annotated[int, Option("Machines that train together.", panel=_PAPER)] = 1

    def changed(self) -> list[str]:
        """Names of the fields that are not at their defaults."""
        return [
            each.name for each in fields(PresetOptions) if getattr(self, each.name) != each.default
        ]


@dataclass(frozen=True, kw_only=True)
class ShowOptions:
    """How a motion is shown."""

    normalize: Annotated[
        bool,
        Option(
            "Move and scale the motion to the target's body.",
            flags=("--normalize/--no-normalize",),
        ),
    ] = True
    retarget: Annotated[
        Retarget,
        Option("What is scaled to the target's proportions: the whole body, or every limb."),
    ] = Retarget.whole
    camera: Annotated[
        str,
        Option(
            "The camera: still, the target's or the source's; auto is still, or with "
            "--no-normalize the source's if it shows the target's own room. Or where the motion is "
            "filmed from: an angle in degrees (0 as it was, 90 from its left), or orbit.",
            metavar="[auto|still|target|source|DEGREES|orbit]",
        ),
    ] = "auto"
    legs: Annotated[
        Legs,
        Option(
            "What becomes of legs that the source does not show: they stand still, or the picture "
            "is cut where the source's is."
        ),
    ] = Legs.stand
    background: Annotated[
        str,
        Option(
            "The background: target, source, a colour such as white or #20c060, a picture, a clip, "
            "or transparent, which needs .mov, .webm or a folder."
        ),
    ] = "target"

    def __post_init__(self) -> None:
        self._camera()

    @property
    def filmed_by(self) -> Camera:
        """Whose camera films it."""
        return self._camera()[0]

    @property
    def view(self) -> View:
        """Where the motion is filmed from."""
        return self._camera()[1]

    def _camera(self) -> tuple[Camera, View]:
        names = [choice.value for choice in Camera]
        if self.camera in names:
            return Camera(self.camera), FRONT
        return Camera.auto, View.parse(self.camera, *names)
