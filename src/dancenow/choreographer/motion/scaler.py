"""`MoveScaler`: scales the vectors of a learned dance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.motion.codec import LIMBS, RATE, Moves

_LEAST: Final = 0.02  # what a value's standard deviation counts at least


@dataclass(frozen=True)
class MoveScaler:
    """Scales every value to mean 0 and variance 1 over the learned dance.

    Attributes:
        mean, deviation: float32 `(D,)`.
        lowest, highest: range of every scaled value, float32 `(D,)`.
        calm, lively: mean and standard deviation of the logarithm of a window's speed.
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    lowest: NDArray[np.float32]
    highest: NDArray[np.float32]
    calm: float
    lively: float

    @staticmethod
    def fit(pieces: Sequence[Moves], window: int) -> MoveScaler:
        """The scaler of pieces `(T, D)`; energy is measured over windows of `window` vectors."""
        together = np.concatenate(pieces)
        mean = together.mean(axis=0)
        deviation = np.maximum(together.std(axis=0), _LEAST)
        speeds = [
            speed_of(piece[start : start + window])
            for piece in pieces
            for start in range(0, max(1, len(piece) - window + 1), max(1, window // 4))
        ]
        logs = np.log(np.maximum(speeds, 1e-3))
        scaled = (together - mean) / deviation
        return MoveScaler(
            mean.astype(np.float32),
            deviation.astype(np.float32),
            scaled.min(axis=0).astype(np.float32),
            scaled.max(axis=0).astype(np.float32),
            float(logs.mean()),
            max(float(logs.std()), 0.05),
        )

    def scale(self, moves: Moves) -> Moves:
        """Scale to mean 0 and variance 1, `(..., D)`."""
        scaled: Moves = ((moves - self.mean) / self.deviation).astype(np.float32)
        return scaled

    def unscale(self, scaled: Moves) -> Moves:
        """Undo `scale`, `(..., D)`."""
        moves: Moves = (scaled * self.deviation + self.mean).astype(np.float32)
        return moves

    def energy(self, moves: Moves) -> float:
        """How lively vectors `(T, D)` are, in standard deviations of the learned windows."""
        return float(self.energy_of(np.array(speed_of(moves))))

    def energy_of(self, speed: NDArray[np.float64]) -> NDArray[np.float64]:
        """How lively a mean speed of the limbs' ends is, likewise."""
        lively: NDArray[np.float64] = (np.log(np.maximum(speed, 1e-3)) - self.calm) / self.lively
        return lively


def speed_of(moves: Moves) -> float:
    """Mean speed of the limbs' ends, in limb lengths a second."""
    return float(limb_speeds(moves).mean()) if len(moves) > 1 else 0.0


def limb_speeds(moves: Moves) -> NDArray[np.float64]:
    """Mean speed of the limbs' ends from each vector to the next, `(T - 1,)`, likewise."""
    limbs = moves[:, LIMBS].reshape(len(moves), -1, 2)
    speeds = np.linalg.norm(np.diff(limbs, axis=0), axis=-1).mean(axis=-1) * RATE
    return np.asarray(speeds, dtype=np.float64)
