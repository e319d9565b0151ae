"""Composing: a dance of any length out of noise, window by window.

Each window is given the end of the one before and goes on from there.  The last window of a loop is
given the beginning as well, and leads to it.
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

_LEVELS: Final = (80.0, 0.1)
_GIVEN: Final = 1 / 3  # part of a window that is given it from the one before
_LED_TO: Final = 1 / 8  # part of a window that is given at the end of a loop


@dataclass(frozen=True)
class Wanted:
    """What a dance is to be like.

    Attributes:
        count: vectors.
        seed: of everything that is drawn.
        temperature: of the first noise; less is more usual, more is wilder.
        loop: the end leads back to the beginning.
        lead: scaled vectors that it goes on from, `(L, D)`; they are not given out.
        energy: of every vector, in standard deviations of what was learned, `(count,)`; None: as
            it comes.
        steps: noise levels.
        bounds: the lowest and highest scaled values that were ever learned, `(D,)` each; what
            the network says is kept within (Saharia et al., "Imagen", NeurIPS 2022, section 2.3,
            call it static thresholding).  None: as it comes.
    """

    count: int
    seed: int = 0
    temperature: float = 1.0
    loop: bool = False
    lead: Moves | None = None
    energy: NDArray[np.float32] | None = None
    steps: int = 16
    bounds: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None


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
        tell: told how many vectors are there.
    """
    window = network.window
    given, back = round(_GIVEN * window), max(1, round(_LED_TO * window))
    rng = np.random.default_rng(wanted.seed)
    lead = np.zeros((0, dimensions), np.float32) if wanted.lead is None else wanted.lead[-given:]
    dance, offset = lead, len(lead)
    total = offset + wanted.count
    while len(dance) < total:
        before = dance[-given:]
        room = window - len(before)
        after = np.zeros((0, dimensions), np.float32)
        if wanted.loop and len(dance) > 0:
            if total - len(dance) <= room - back:
                room, after = total - len(dance), dance[:back]
            else:  # leave enough for the last window to find its way back
                room = min(room, max(1, total - len(dance) - back))
        elif wanted.loop:
            room = min(room, max(1, total - back))
        energy = float("nan")
        if wanted.energy is not None:
            first = min(len(dance) - offset, len(wanted.energy) - 1)
            energy = float(wanted.energy[first : first + room].mean())
        noise = wanted.temperature * rng.standard_normal((window, dimensions), dtype=np.float32)
        made = _window(network, before, after, room, noise, energy, wanted, device)
        dance = np.concatenate([dance, made])
        tell(min(len(dance), total) - offset)
    return dance[offset:total]


def _window(
    network: MotionDenoiser,
    before: Moves,
    after: Moves,
    room: int,
    noise: Moves,
    energy: float,
    wanted: Wanted,
    device: Device,
) -> Moves:
    """`room` vectors between those before and those after, `(room, D)`."""
    length = len(before) + room + len(after)
    given = np.zeros((length, noise.shape[1]), np.float32)
    given[: len(before)] = before
    given[length - len(after) :] = after
    known = np.ones(length, np.float32)
    known[len(before) : len(before) + room] = 0
    free = torch.from_numpy(1 - known).to(device.torch)[None, :, None]
    fixed = torch.from_numpy(given).to(device.torch)[None]
    mask = torch.from_numpy(known).to(device.torch)[None]
    told = torch.full((1,), energy, device=device.torch)
    levels = noise_levels(wanted.steps, *_LEVELS)
    bounds = None
    if wanted.bounds is not None:
        bounds = [torch.from_numpy(bound).to(device.torch) for bound in wanted.bounds]
    x = fixed + levels[0] * free * torch.from_numpy(noise[:length]).to(device.torch)[None]

    def slope(now: Tensor, level: float) -> Tensor:
        with device.autocast():
            said = network(now, torch.full((1,), level, device=device.torch), told, mask).float()
        if bounds is not None:
            said = said.clamp(*bounds)
        towards: Tensor = free * (now - said) / level
        return towards

    for number, (level, following) in enumerate(pairwise(levels)):
        first = slope(x, level)
        there = x + (following - level) * first
        if following > 0 and number % 2 == 0:  # Heun's second look, at every other level
            there = x + (following - level) * 0.5 * (first + slope(there, following))
        x = there
    made: Moves = x[0, len(before) : len(before) + room].cpu().numpy()
    return made
