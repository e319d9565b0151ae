"""Composing: a dance of any length out of noise, in windows that agree where they overlap.

At every noise level all windows are denoised at once, and what they say of the same frame is
averaged (Bar-Tal, Yariv, Lipman and Dekel, "MultiDiffusion", ICML 2023, equation 5).  Frames that
are known, a beginning or both ends, are set to what they are at every level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dancenow.choreographer.motion.codec import Moves
from dancenow.choreographer.motion.diffusion import MotionDenoiser, noise_levels
from dancenow.training import Device

_AT_ONCE: Final = 32  # windows
_LEVELS: Final = (20.0, 0.03)


@dataclass(frozen=True)
class Wanted:
    """What a dance is to be like.

    Attributes:
        count: vectors.
        seed: of everything that is drawn.
        temperature: of the first noise; less is more usual, more is wilder.
        loop: the end leads back to the beginning.
        known: scaled vectors, `(count, D)`, NaN where they are free; None: all are.
        energy: of every vector, in standard deviations of what was learned, `(count,)`; NaN or
            None: as it comes.
        steps: noise levels.
    """

    count: int
    seed: int = 0
    temperature: float = 1.0
    loop: bool = False
    known: Moves | None = None
    energy: NDArray[np.float32] | None = None
    steps: int = 24


@torch.inference_mode()
def compose(
    network: MotionDenoiser,
    dimensions: int,
    wanted: Wanted,
    device: Device,
    tell: Callable[[int], None] = lambda _: None,
) -> Moves:
    """Scaled vectors of a new dance, float32 `(count, D)`.

    Args:
        network: in evaluation mode.
        dimensions: D.
        wanted: how.
        device: where the network computes.
        tell: told how many noise levels are done.
    """
    window = network.window
    length = wanted.count if wanted.loop else max(wanted.count, window)
    places, share = _windows(length, window, loop=wanted.loop)
    energy = _energies(wanted, places)
    rng = np.random.default_rng(wanted.seed)
    levels = noise_levels(wanted.steps, *_LEVELS)
    noise = rng.standard_normal((length, dimensions), dtype=np.float32)
    x = torch.from_numpy(wanted.temperature * levels[0] * noise).to(device.torch)
    known = _Known(wanted, length, device) if wanted.known is not None else None
    share, total = share.to(device.torch), torch.zeros(length, 1, device=device.torch)
    total.index_add_(0, places.flatten(), share.repeat(len(places))[:, None])

    def denoised(now: Tensor, level: float) -> Tensor:
        dance = torch.zeros_like(now)
        for start in range(0, len(places), _AT_ONCE):
            part = places[start : start + _AT_ONCE]
            with device.autocast():
                said = network(
                    now[part],
                    torch.full((len(part),), level, device=device.torch),
                    energy[start : start + _AT_ONCE].to(device.torch),
                ).float()
            dance.index_add_(0, part.flatten(), (said * share[:, None]).flatten(0, 1))
        dance /= total
        return dance if known is None else known.kept(dance)

    for number, (level, following) in enumerate(pairwise(levels)):
        slope = (x - denoised(x, level)) / level
        there = x + (following - level) * slope
        if following > 0 and number % 2 == 0:  # Heun's second look, at every other level
            second = (there - denoised(there, following)) / following
            there = x + (following - level) * 0.5 * (slope + second)
        x = there
        tell(number + 1)
    dance: Moves = (x if known is None else known.kept(x))[: wanted.count].cpu().numpy()
    return dance


class _Known:
    """Frames that are given."""

    def __init__(self, wanted: Wanted, length: int, device: Device) -> None:
        assert wanted.known is not None
        values = np.full((length, wanted.known.shape[1]), np.nan, np.float32)
        values[: wanted.count] = wanted.known
        self._values = torch.from_numpy(np.nan_to_num(values)).to(device.torch)
        self._free = torch.from_numpy(np.isnan(values)).to(device.torch)

    def kept(self, dance: Tensor) -> Tensor:
        return dance.where(self._free, self._values)


def _windows(length: int, window: int, *, loop: bool) -> tuple[Tensor, Tensor]:
    """Frames of every window, int64 `(N, window)`, and how much each of its frames has to say."""
    hop = window // 2
    if loop:
        count = max(1, -(-length // hop))
        starts = torch.arange(count) * length // count
        places = (starts[:, None] + torch.arange(window)) % length
    else:
        count = max(1, -(-(length - window) // hop) + 1)
        starts = torch.linspace(0, length - window, count).round().long()
        places = starts[:, None] + torch.arange(window)
    share = torch.hann_window(window + 2, periodic=False)[1:-1] + 1e-3
    return places, share


def _energies(wanted: Wanted, places: Tensor) -> Tensor:
    if wanted.energy is None:
        return torch.full((len(places),), float("nan"))
    energy = np.full(int(places.max()) + 1, wanted.energy[-1], np.float32)
    energy[: len(wanted.energy)] = wanted.energy[: len(energy)]
    return torch.from_numpy(energy[places.numpy()].mean(axis=1))
