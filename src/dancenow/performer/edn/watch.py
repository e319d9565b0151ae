"""Watching the discriminators: one that always or never wins teaches nothing."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Final

from dancenow.errors import DanceNowWarning

_DECAY: Final = 0.98  # of the running means, per step
_PATIENCE: Final = 400  # consecutive steps before a warning
_WINS: Final = 0.01  # loss per scale below which every picture is classified with certainty
_BLIND: Final = 0.25  # loss per scale of a discriminator that always answers 1/2
_NEAR: Final = 0.002
_STILL: Final = 1e-3  # mean deviation of a loss that no longer moves


@dataclass
class DiscriminatorWatch:
    """Running means of a discriminator's loss; warns once when it collapses.

    Attributes:
        name: of the discriminator, for the warning.
        scales: number of discriminators the loss is summed over.
    """

    name: str
    scales: int
    mean: float = _BLIND
    deviation: float = 1.0
    _winning: int = 0
    _blind: int = 0
    _said: set[str] = field(default_factory=set)

    def update(self, loss: float) -> None:
        """Add the loss of one step, summed over the scales."""
        loss /= self.scales
        self.deviation += (1 - _DECAY) * (abs(loss - self.mean) - self.deviation)
        self.mean += (1 - _DECAY) * (loss - self.mean)
        self._winning = self._winning + 1 if self.mean < _WINS else 0
        blind = abs(self.mean - _BLIND) < _NEAR and self.deviation < _STILL
        self._blind = self._blind + 1 if blind else 0
        if self._winning == _PATIENCE:
            self._say("tells every painted picture from a real one")
        if self._blind == _PATIENCE:
            self._say("no longer tells painted pictures from real ones")

    def _say(self, what: str) -> None:
        if what in self._said:
            return
        self._said.add(what)
        warnings.warn(
            f"the {self.name} has collapsed: for {_PATIENCE} steps it {what} (loss "
            f"{self.mean:.4f} per scale), and the generator learns little from it. Check the "
            "previews; train again with another `seed`, or on a longer clip.",
            DanceNowWarning,
            stacklevel=2,
        )
