"""Telling early that the minutes of a training are far too few for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dancenow.progress import Progress, ProgressCallback
from dancenow.training.budget import Clock

_JUDGED: Final = 0.1  # of what is left of the budget; the first steps are slow
_HOPELESS: Final = 0.25  # of the steps that are enough


def watched(
    progress: ProgressCallback, clock: Clock, enough: int, tell: Callable[[int, float], None]
) -> ProgressCallback:
    """A progress callback that also looks once, early on, how many steps the budget will give.

    Args:
        progress: called first, for every step.
        clock: of the training.
        enough: steps that a good result takes.
        tell: called if far fewer are to be expected, with their number, and with the minutes that
            enough of them would take.
    """
    step, fraction, seconds = clock.step, clock.fraction, clock.seconds
    judged = False

    def watch(event: Progress) -> None:
        nonlocal judged
        progress(event)
        used = (clock.fraction - fraction) / max(1 - fraction, 1e-9)
        if judged or used < _JUDGED or clock.step == step:
            return
        judged = True
        made = clock.step - step
        expected = step + round(made / min(used, 1.0))
        if expected < _HOPELESS * enough:
            tell(expected, enough * (clock.seconds - seconds) / made / 60)

    return watch


def lasting(minutes: float) -> str:
    """Minutes in words: "5 minutes", "3 hours"."""
    if minutes < 1.5:
        return "a minute"
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.0f} hours"
