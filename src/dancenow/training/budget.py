"""How long to train, in minutes or steps, and a learning rate schedule that fits the budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from dancenow.errors import InputError
from dancenow.options.groups import BudgetOptions

QUALITIES: Final = {"quick": 1.0, "good": 2.5, "best": 6.0}
"""Each quality as a multiple of the steps that are just enough."""


@dataclass(frozen=True)
class Budget:
    """Length of a training including all resumed runs: minutes or steps, whichever ends first."""

    minutes: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if self.minutes is None and self.steps is None:
            raise InputError("set how long to train with `minutes` or `steps`.")
        if self.minutes is not None and not (math.isfinite(self.minutes) and self.minutes >= 0):
            raise InputError(f"`minutes` must be above 0, not {self.minutes:g}.")
        if self.steps is not None and self.steps < 1:
            raise InputError(f"`steps` must be at least 1, not {self.steps}.")


def budget_of(
    options: BudgetOptions,
    default: Budget,
    *,
    enough_steps: int = 0,
    share: float = 1.0,
    untrained: bool = False,
) -> Budget:
    """The budget that the options set.

    Args:
        options: minutes, steps, or a quality.
        default: used if the options set none of these.
        enough_steps: steps needed for a good result; 0 if unknown.
        share: the fraction of the minutes or steps that this training gets.
        untrained: whether 0 minutes are enough to show something.

    Raises:
        InputError: a value is out of range, or `enough_steps` is needed but unknown.
    """
    minutes, steps, quality = options.minutes, options.steps, options.quality
    if quality is not None:
        if minutes is not None or steps is not None:
            raise InputError("`quality`: replaces `minutes` and `steps`; choose one of them.")
        if not enough_steps:
            raise InputError(
                f"`quality={quality}`: the steps that this preset needs are not known; set "
                "`minutes` or `steps`."
            )
        return Budget(steps=round(QUALITIES[quality] * enough_steps))
    if minutes is None and steps is None:
        return default
    if minutes == 0 and not untrained:
        raise InputError("`minutes` must be above 0, not 0.")
    whole = Budget(minutes, steps)
    return Budget(
        None if whole.minutes is None else share * whole.minutes,
        None if whole.steps is None else max(1, round(share * whole.steps)),
    )


@dataclass
class Clock:
    """How much of its budget a training has used, earlier runs included.

    Attributes:
        budget: the total.
        step: steps done.
        spent: seconds of training before this process.
        now: the clock to read, in seconds.
    """

    budget: Budget
    step: int = 0
    spent: float = 0.0
    now: Callable[[], float] = time.monotonic
    _start: float = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.now()

    def stop(self) -> None:
        """Stop counting: the training is over."""
        self.spent, self.now = self.seconds, lambda: 0.0
        self._start = 0.0

    @property
    def seconds(self) -> float:
        """Total seconds of training."""
        return self.spent + self.now() - self._start

    @property
    def fraction(self) -> float:
        """The fraction of the budget that is used, 0..1."""
        parts = [0.0]
        if self.budget.minutes is not None:
            budget = 60 * self.budget.minutes
            parts.append(self.seconds / budget if budget else 1.0)
        if self.budget.steps is not None:
            parts.append(self.step / self.budget.steps)
        return min(1.0, max(parts))

    @property
    def over(self) -> bool:
        """Whether the budget is used up."""
        return self.fraction >= 1.0


def cosine_rate(fraction: float, step: int, *, warmup_steps: int) -> float:
    """The factor of the learning rate: a linear warm-up, then half a cosine down to 0.

    Loshchilov & Hutter, "SGDR", 2017, equation 5, over the budget instead of epochs.
    """
    return min(1.0, (step + 1) / warmup_steps) * 0.5 * (1.0 + math.cos(math.pi * fraction))
