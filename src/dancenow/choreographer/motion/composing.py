"""Composing: a dance of any length, window by window, each out of a learned one and noise.

A window begins as a passage of the learned dance that goes on well from the end of the dance so
far, with so much noise added that only its outlines are left; the model makes a new passage of it
that goes on from what is given.  Denoising from something with noise rather than from noise alone
is Meng et al., "SDEdit", ICLR 2022, section 3; that a motion model is given similar motion is Zhang
et al., "ReMoDiffuse", ICCV 2023.  From noise alone, what is rare in a short dance, as turns, is
never composed (see docs/choreography.md).

The last window of a loop is given the beginning as well, and leads to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dancenow.choreographer.motion.codec import Moves
from dancenow.choreographer.motion.dance import MoveScaler
from dancenow.choreographer.motion.diffusion import MotionDenoiser, noise_levels
from dancenow.choreographer.motion.passages import Passages
from dancenow.training import Device

_NOISE: Final = 1.5  # standard deviation of the first noise at temperature 1
_LEAST_NOISE: Final = 0.3  # without any, passages would be joined as they are
_LAST_NOISE: Final = 0.04
_GIVEN: Final = 1 / 3  # part of a window that is given it from the one before
_LED_TO: Final = 1 / 8  # part of a window that is given at the end of a loop


@dataclass(frozen=True)
class Learned:
    """What windows are made of.

    Attributes:
        pieces: vectors `(T, D)` of the learned dance, at least one as long as a window.
        scaler: scales them, knows how lively they are, and the lowest and highest values that were
            ever learned: what the network says is kept within (Saharia et al., "Imagen", NeurIPS
            2022, section 2.3, call it static thresholding).
        weights: how much each value counts, `(D,)`.
    """

    pieces: Sequence[Moves]
    scaler: MoveScaler
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Wanted:
    """What a dance is to be like.

    Attributes:
        count: vectors.
        seed: of everything that is drawn.
        temperature: how far it may lie from the learned dance: noise that is added.
        loop: the end leads back to the beginning.
        lead: scaled vectors that it goes on from, `(L, D)`; they are not given out.
        energy: of every vector, in standard deviations of what was learned, `(count,)`; None: as
            it comes.
        steps: noise levels.
    """

    count: int
    seed: int = 0
    temperature: float = 1.0
    loop: bool = False
    lead: Moves | None = None
    energy: NDArray[np.float32] | None = None
    steps: int = 10


@torch.inference_mode()
def compose(
    network: MotionDenoiser,
    learned: Learned,
    wanted: Wanted,
    device: Device,
    tell: Callable[[int], None] = lambda _: None,
) -> Moves:
    """Scaled vectors of a new dance, float32 `(count, D)`.

    Args:
        network: in evaluation mode.
        learned: the dance that it learned.
        wanted: how.
        device: where the network computes.
        tell: told how many vectors are there.
    """
    window, dimensions = network.window, len(learned.weights)
    passages = Passages(learned.pieces, window, learned.scaler, learned.weights)
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
        start = passages.draw(rng, before, after, room, energy)
        noise = rng.standard_normal(start.shape, dtype=np.float32)
        painted = _denoised(network, learned, start, noise, before, after, energy, wanted, device)
        dance = np.concatenate([dance, painted])
        tell(min(len(dance), total) - offset)
    return dance[offset:total]


def _denoised(
    network: MotionDenoiser,
    learned: Learned,
    start: Moves,
    noise: Moves,
    before: Moves,
    after: Moves,
    energy: float,
    wanted: Wanted,
    device: Device,
) -> Moves:
    """The window that a passage and noise become, without what is given before and after."""
    first, last = len(before), len(start) - len(after)
    free_frames = np.zeros(len(start), np.float32)
    free_frames[first:last] = 1
    fixed = np.concatenate([before, start[first:last], after])
    highest = max(_LEAST_NOISE, _NOISE * wanted.temperature)
    levels = noise_levels(wanted.steps, highest, _LAST_NOISE)
    to = device.torch
    scaler = learned.scaler
    low, high = (torch.from_numpy(bound).to(to) for bound in (scaler.lowest, scaler.highest))
    free = torch.from_numpy(free_frames).to(to)[None, :, None]
    mask = 1 - free[..., 0]
    told = torch.full((1,), energy, device=to)
    x = torch.from_numpy(fixed).to(to)[None] + highest * free * torch.from_numpy(noise).to(to)

    def slope(now: Tensor, level: float) -> Tensor:
        with device.autocast():
            said = network(now, torch.full((1,), level, device=to), told, mask).float()
        towards: Tensor = free * (now - said.clamp(low, high)) / level
        return towards

    for number, (level, following) in enumerate(pairwise(levels)):
        there = x + (following - level) * (towards := slope(x, level))
        if following > 0 and number % 2 == 0:  # Heun's second look, at every other level
            there = x + (following - level) * 0.5 * (towards + slope(there, following))
        x = there
    made: Moves = x[0, first:last].cpu().numpy()
    return made
