"""From a network's logits to a probability that can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.schema import Schema, Weight

_MOST: Final = 8.0  # of a calibrated logit: nobody is surer than 1 in 3,000
_DOUBT: Final = 0.3  # weight of the wish to stay near the network's own logits
_TIMID: Final = 0.2  # slope where nothing says how good the logits are
_ROUNDS: Final = 60


class Calibration(Schema):
    """A logit is multiplied and moved (Platt, 1999), and bounded."""

    slope: Weight = 1.0
    offset: float = 0.0

    def probability(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probabilities, 0..1, that what has those logits is made."""
        moved = (self.slope * logits + self.offset).clip(-_MOST, _MOST)
        return np.asarray(1 / (1 + np.exp(-moved)))

    @staticmethod
    def fit(logits: NDArray[np.float64], made: NDArray[np.bool_], looks: int = 1) -> Calibration:
        """The calibration under which the given logits are likeliest; by Newton's method.

        Both kinds count alike, however many there are of each.  Platt's targets keep clear of 0
        and 1, the more the fewer clips there are.

        Args:
            logits: `(N,)`.
            made: which of them are of made clips.
            looks: how many of them are of one clip.
        """
        positive, negative = float(made.sum()) / looks, float((~made).sum()) / looks
        if not positive or not negative:
            return Calibration(slope=_TIMID)
        target = np.where(made, (positive + 1) / (positive + 2), 1 / (negative + 2))
        weight = np.where(made, 0.5 / positive, 0.5 / negative) * len(made) / looks**2
        rows = np.stack([logits, np.ones_like(logits)], axis=1)
        start = np.array([1.0, 0.0])
        found = start.copy()
        for _ in range(_ROUNDS):
            guess = 1 / (1 + np.exp(-(rows @ found).clip(-30, 30)))
            pull = rows.T @ (weight * (guess - target)) + _DOUBT * (found - start)
            curve = (rows * (weight * guess * (1 - guess))[:, None]).T @ rows
            step = np.linalg.solve(curve + _DOUBT * np.eye(2), pull)
            found -= step.clip(-0.5, 0.5)
            if np.abs(step).max() < 1e-6:
                break
        return Calibration(slope=max(0.05, float(found[0])), offset=float(found[1]))


@dataclass(frozen=True)
class Reliability:
    """How well a calibrated detector does on clips.

    Attributes:
        looks: how many there were; each clip is looked at as it is and compressed again.
        right: the part of them that told it right.
        brier: mean square of the error of its probability; 0.25 is guessing, 0 is best.
    """

    looks: int
    right: float
    brier: float

    @staticmethod
    def of(scores: NDArray[np.float64], made: NDArray[np.bool_]) -> Reliability:
        """The reliability of probabilities `(N,)` of what was made or filmed."""
        if not len(scores):
            return Reliability(0, float("nan"), float("nan"))
        right = float(((scores > 0.5) == made).mean())
        return Reliability(len(scores), right, float(((scores - made) ** 2).mean()))
