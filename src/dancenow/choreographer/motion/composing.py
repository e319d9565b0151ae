"""Composing: a dance of any length, window by window, each from a learned one and noise.

A window begins as a passage of the learned dance that continues the dance so far well, with enough
noise added that only its outlines are left; the model turns it into a new passage that continues
what is given.  Denoising something noisy rather than noise alone follows Meng et al., "SDEdit",
ICLR 2022, section 3; giving a motion model similar motion, Zhang et al., "ReMoDiffuse", ICCV 2023.
From noise alone, what is rare in a short dance, such as turns, is never composed (see
docs/choreography.md).

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
from dancenow.choreographer.motion.diffusion import MotionDenoiser, noise_levels
from dancenow.choreographer.motion.passages import Passages
from dancenow.choreographer.motion.scaler import MoveScaler
from dancenow.training import Device
from dancenow.training.threads import ThreadTuner

_NOISE: Final = 1.5  # standard deviation of the first noise at temperature 1
_LEAST_NOISE: Final = 0.3  # without any, passages would be joined as they are
_LAST_NOISE: Final = 0.04
_LEVELS: Final = 10  # noise levels, from the first to the last
_GIVEN: Final = 1 / 3  # part of a window that the one before gives it
_LED_TO: Final = 1 / 8  # part of a window that is given at the end of a loop


@dataclass(frozen=True)
class LearnedMotion:
    """What windows are made of.

    Attributes:
        pieces: vectors `(T, D)` of the learned dance, at least one as long as a window.
        scaler: scales them, and knows how lively they are and the lowest and highest values ever
            learned, between which the network's answers are kept (Saharia et al., "Imagen", NeurIPS
            2022, section 2.3, call it static thresholding).
        weights: how much each value counts, `(D,)`.
    """

    pieces: Sequence[Moves]
    scaler: MoveScaler
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class MotionRequest:
    """The vectors to be composed.

    Attributes:
        count: how many.
        seed: of all random draws.
        temperature: how far they may be from the learned dance: the noise that is added.
        loop: the end leads back to the beginning.
        lead: scaled vectors that are continued, `(L, D)`; they are not part of the result.
        energy: of every vector, in standard deviations of what was learned, `(count,)`; None: any.
    """

    count: int
    seed: int = 0
    temperature: float = 1.0
    loop: bool = False
    lead: Moves | None = None
    energy: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class _Window:
    """A window before it is denoised.

    Attributes:
        passage: of the learned dance, scaled, `(T, D)`.
        noise: that is added to it, `(T, D)`.
        before: vectors that are given at its beginning.
        after: vectors that are given at its end.
        energy: how lively it should be; NaN: any.
    """

    passage: Moves
    noise: Moves
    before: Moves
    after: Moves
    energy: float


@torch.inference_mode()
def compose(
    network: MotionDenoiser,
    learned: LearnedMotion,
    request: MotionRequest,
    device: Device,
    tell: Callable[[int], None] = lambda _: None,
    threads: ThreadTuner | None = None,
) -> Moves:
    """Scaled vectors of a new dance, float32 `(count, D)`.

    Args:
        network: in evaluation mode.
        learned: the dance that it learned.
        request: what to compose.
        device: where the network computes.
        tell: called with the number of vectors so far.
        threads: chooses how many threads compute; None: as many as there are.
    """
    window, dimensions = network.window, len(learned.weights)
    passages = Passages(learned.pieces, window, learned.scaler, learned.weights)
    given, back = round(_GIVEN * window), max(1, round(_LED_TO * window))
    rng = np.random.default_rng(request.seed)
    lead = np.zeros((0, dimensions), np.float32) if request.lead is None else request.lead[-given:]
    dance, offset = lead, len(lead)
    total = offset + request.count
    while len(dance) < total:
        before = dance[-given:]
        room = window - len(before)
        after = np.zeros((0, dimensions), np.float32)
        if request.loop and len(dance) > 0:
            if total - len(dance) <= room - back:
                room, after = total - len(dance), dance[:back]
            else:  # leave enough for the last window to find its way back
                room = min(room, max(1, total - len(dance) - back))
        elif request.loop:
            room = min(room, max(1, total - back))
        energy = float("nan")
        if request.energy is not None:
            first = min(len(dance) - offset, len(request.energy) - 1)
            energy = float(request.energy[first : first + room].mean())
        passage = passages.draw(rng, before, after, room, energy)
        noise = rng.standard_normal(passage.shape, dtype=np.float32)
        made = _denoised(
            network,
            learned.scaler,
            _Window(passage, noise, before, after, energy),
            request,
            device,
            threads or ThreadTuner(1),
        )
        dance = np.concatenate([dance, made])
        tell(min(len(dance), total) - offset)
    return dance[offset:total]


def _denoised(
    network: MotionDenoiser,
    scaler: MoveScaler,
    window: _Window,
    request: MotionRequest,
    device: Device,
    threads: ThreadTuner,
) -> Moves:
    """Denoise a window; returns it without what is given before and after."""
    passage, to = window.passage, device.torch
    first, last = len(window.before), len(passage) - len(window.after)
    free_frames = np.zeros(len(passage), np.float32)
    free_frames[first:last] = 1
    fixed = np.concatenate([window.before, passage[first:last], window.after])
    highest = max(_LEAST_NOISE, _NOISE * request.temperature)
    levels = noise_levels(_LEVELS, highest, _LAST_NOISE)
    low, high = (torch.from_numpy(bound).to(to) for bound in (scaler.lowest, scaler.highest))
    free = torch.from_numpy(free_frames).to(to)[None, :, None]
    known = 1 - free[..., 0]
    energy = torch.full((1,), window.energy, device=to)
    x = torch.from_numpy(fixed).to(to)[None]
    x = x + highest * free * torch.from_numpy(window.noise).to(to)

    def slope(now: Tensor, level: float) -> Tensor:
        with threads.measure(), device.autocast():
            answer = network(now, torch.full((1,), level, device=to), energy, known).float()
        towards: Tensor = free * (now - answer.clamp(low, high)) / level
        return towards

    for number, (level, following) in enumerate(pairwise(levels)):
        there = x + (following - level) * (towards := slope(x, level))
        if following > 0 and number % 2 == 0:  # Heun's second evaluation, at every other level
            there = x + (following - level) * 0.5 * (towards + slope(there, following))
        x = there
    made: Moves = x[0, first:last].cpu().numpy()
    return made
