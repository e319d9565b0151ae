"""Options that several verbs share, each described once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Annotated, Final, Literal

from dancenow.errors import InputError
from dancenow.options.field import Option

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
LoggerName = Literal["tensorboard", "csv", "none"]
Quality = Literal["quick", "good", "best"]
Upsampling = Literal["transposed", "resize"]

_PAPER: Final = "Presets edn-..."


class Camera(str, Enum):
    """Whose camera films a performance."""

    auto = "auto"
    """The source's where it shows the performer's own room and is not normalised; else still."""
    still = "still"
    target = "target"
    source = "source"


class Retarget(str, Enum):
    """What takes the target's proportions."""

    whole = "global"
    """The body as a whole."""
    limbs = "limbs"
    """Every limb."""


class Formation(str, Enum):
    """How several performers share a picture."""

    beside = "beside"
    """Each in their own room, side by side."""
    together = "together"
    """All in front of one background."""


@dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """Where networks compute."""

    device: Annotated[DeviceName, Option("Where networks compute.")] = "auto"


@dataclass(frozen=True, kw_only=True)
class SeedOptions:
    """What is random."""

    seed: Annotated[int, Option("Decides everything that is random.", minimum=0)] = 0


@dataclass(frozen=True, kw_only=True)
class EstimatorOptions:
    """What finds poses."""

    estimator: Annotated[str, Option("What finds the poses: mediapipe, rtmpose.")] = "mediapipe"


@dataclass(frozen=True, kw_only=True)
class CredentialsOptions:
    """Whether results are signed."""

    credentials: Annotated[
        bool,
        Option(
            "Do not sign the result with Content Credentials, which say that it is synthetic.",
            flags=("--no-credentials",),
            negates=True,
        ),
    ] = True


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Whether a page is left."""

    report: Annotated[
        Path | None, Option("Also leave a page with the figures, index.html, in this folder.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class BudgetOptions:
    """How long to train."""

    minutes: Annotated[
        float | None, Option("Train this long in all.", shown_default="the preset's")
    ] = None
    steps: Annotated[int | None, Option("Train this many steps in all.")] = None
    quality: Annotated[
        Quality | None,
        Option("Train as many steps as this takes, however long they take, instead."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class LoggerOptions:
    """Where a training logs."""

    logger: Annotated[
        LoggerName,
        Option(
            "Where a training also logs losses and previews, in its checkpoint/: TensorBoard's "
            "logs, a table metrics.csv, nowhere."
        ),
    ] = "tensorboard"


@dataclass(frozen=True, kw_only=True)
class PosesOptions:
    """What is known of a target."""

    poses: Annotated[
        Path | None, Option("The target's poses, if known: a track (.npz) or OpenPose files.")
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
        Option(
            "VGG-19's weights (.safetensors), where the model hub is out of reach.", panel=_PAPER
        ),
    ] = None
    no_perceptual: Annotated[bool, Option("Train without VGG-19's loss.", panel=_PAPER)] = False


@dataclass(frozen=True, kw_only=True)
class PresetOptions(PaintOptions):
    """All changes to a preset of the paper's system; a method refuses what it has no use for."""

    batch: Annotated[
        int | None,
        Option(
            "Pairs of frames a step, on every device.", shown_default="the preset's", panel=_PAPER
        ),
    ] = None
    per_frame: Annotated[bool, Option("Train without temporal smoothing.", panel=_PAPER)] = False
    no_face: Annotated[bool, Option("Train without the face network.", panel=_PAPER)] = False
    augment: Annotated[
        bool, Option("Move and scale the poses slightly at random.", panel=_PAPER)
    ] = False
    history: Annotated[
        int | None,
        Option(
            "Paint up to this many frames before a pair: against errors that grow.",
            shown_default="0, as in the paper",
            panel=_PAPER,
        ),
    ] = None
    upsampling: Annotated[
        Upsampling | None,
        Option(
            "resize leaves no checkerboard.",
            shown_default="transposed, as in the paper",
            panel=_PAPER,
        ),
    ] = None
    devices: Annotated[
        int, Option("Devices that train together, on every machine.", panel=_PAPER)
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
        Option("What takes the target's proportions: the body as a whole, or every limb."),
    ] = Retarget.whole
    camera: Annotated[
        str,
        Option(
            "Whose camera films it: a still one, the target's, the source's; auto is still, or "
            "with --no-normalize the source's where it shows the target's own room. For a motion "
            "capture the angle it is filmed from: 0 is its front, 90 its left.",
            metavar="[auto|still|target|source|DEGREES]",
        ),
    ] = "auto"
    background: Annotated[
        str,
        Option(
            "What lies behind: target, source, a colour (white, #20c060), a picture, a clip, or "
            "transparent (into .mov, .webm or a folder)."
        ),
    ] = "target"

    def __post_init__(self) -> None:
        self._camera()

    @property
    def filmed_by(self) -> Camera:
        """Whose camera films it."""
        return self._camera()[0]

    @property
    def azimuth(self) -> float:
        """From where a motion capture is filmed, in degrees: 0 is its front, 90 its left."""
        return self._camera()[1]

    def _camera(self) -> tuple[Camera, float]:
        names = [choice.value for choice in Camera]
        if self.camera in names:
            return Camera(self.camera), 0.0
        try:
            return Camera.auto, float(self.camera)
        except ValueError:
            raise InputError(
                f"`camera={self.camera}`: is none of {', '.join(names)}, nor an angle in degrees."
            ) from None
