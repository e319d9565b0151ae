"""Options of a training that is not needed any more."""

from __future__ import annotations

import warnings
from dataclasses import fields
from pathlib import Path
from typing import Final

from dancenow.errors import DanceNowWarning
from dancenow.options.groups import BudgetOptions

# Detecting, dreaming and composing use these, too.
_USED_ANYWAY: Final = ("device", "estimator", "seed", "codec", "reference", "logger")


def warn_of_unused(trained: Path, options: BudgetOptions, command: str) -> None:
    """Warn about options of a training that have no effect on what is trained already.

    Args:
        trained: the folder.
        options: of a training; those that something else uses, too, are not mentioned.
        command: what trains it further.
    """
    unused = [
        f"`{field.name}`"
        for field in fields(options)
        if field.name not in _USED_ANYWAY
        and getattr(options, field.name) != getattr(type(options)(), field.name)
    ]
    if unused:
        warnings.warn(
            f"{trained}: is trained already, so {', '.join(unused)} has no effect; to train it "
            f"further: {command} CLIP -o {trained}.",
            DanceNowWarning,
            stacklevel=4,
        )
