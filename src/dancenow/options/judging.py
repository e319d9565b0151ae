"""The options of what tells made clips from filmed ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from dancenow.options.field import Option
from dancenow.options.groups import (
    BudgetOptions,
    DeviceOptions,
    EstimatorOptions,
    LoggerOptions,
    SeedOptions,
)


@dataclass(frozen=True, kw_only=True)
class TrainDetectorOptions(
    SeedOptions, DeviceOptions, LoggerOptions, EstimatorOptions, BudgetOptions
):
    """Options of training a detector."""

    fake: Annotated[
        tuple[Path, ...],
        Option("A clip that a performer made, or a folder of such clips; may be repeated."),
    ] = ()


@dataclass(frozen=True, kw_only=True)
class JudgeOptions(DeviceOptions, EstimatorOptions):
    """Options of a detector's look at a clip."""
