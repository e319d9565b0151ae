"""The options of what is written for other programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from dancenow.options.field import Option
from dancenow.options.groups import (
    ConsentOptions,
    DeviceOptions,
    EstimatorOptions,
    PersonOptions,
    PosesOptions,
    RateOptions,
    Retarget,
    SourcePosesOptions,
)


@dataclass(frozen=True, kw_only=True)
class ExportEdnOptions(DeviceOptions, EstimatorOptions, PosesOptions):
    """Options of exporting a data folder for Everybody Dance Now's code."""

    size: Annotated[int, Option("Longer side of the pictures in pixels.")] = 1024


@dataclass(frozen=True, kw_only=True)
class ExportMotionOptions(
    DeviceOptions, EstimatorOptions, RateOptions, PersonOptions, SourcePosesOptions, ConsentOptions
):
    """Options of exporting a motion as conditions of video models."""

    performer: Annotated[
        Path | None,
        Option(
            "Who is to dance it: a clip, or a performer's folder; the poses are moved and scaled "
            "to their body and place.",
            flags=("--for",),
        ),
    ] = None
    retarget: Annotated[
        Retarget,
        Option("With --for: what is scaled to their proportions, the whole body or every limb."),
    ] = Retarget.whole
