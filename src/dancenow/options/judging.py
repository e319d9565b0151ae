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
class JudgeOptions(DeviceOptions):
    """Options of a detector's look at a clip."""


@dataclass(frozen=True, kw_only=True)
class EvaluateBenchmarkOptions(DeviceOptions, EstimatorOptions):
    """Options of measuring by a frozen protocol."""

    protocol: Annotated[
        str, Option("The protocol: self-transfer-1 (a person) or dance-1 (a dance).")
    ] = "self-transfer-1"
    compare: Annotated[
        tuple[Path, ...],
        Option("Results of another day or of somebody else, to compare with; may be repeated."),
    ] = ()
