"""Composing: a dance of any length, out of an outline and noise.

The outline is made of passages of the learned dance (`passages`).  Noise is added, so that only its
large movements are left, and the model turns it into new motion.  Denoising something noisy rather
than noise alone follows Meng et al., "SDEdit", ICLR 2022, section 3; giving a motion model similar
motion, Zhang et al., "ReMoDiffuse", ICCV 2023.  From noise alone, what is rare in a short dance,
such as turns, is never composed (see docs/choreography.md).

All windows of a dance are denoised at once, and agree where they overlap at every noise level
(Bar-Tal et al., "MultiDiffusion", ICML 2023, section 4).  In a loop, the last window overlaps the
first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dancenow.choreographer.motion.codec import RATE, Moves
from dancenow.choreographer.motion.diffusion import MotionDenoiser, noise_levels
from dancenow.choreographer.motion.passages import PHRASE, Passages
from dancenow.choreographer.motion.scaler import MoveScaler
from dancenow.training import Device
from dancenow.training.threads import ThreadTuner

_NOISE: Final = 0.7  # standard deviation of the first noise at temperature 1
_LEAST_NOISE: Final = 0.3  # without any, passages would be joined as they are
_LAST_NOISE: Final = 0.04
_LEVELS: Final = 5  # noise levels, from the first to the last
_OVERLAP: Final = 1 / 4  # part of a window that it shares with the next, at least
_AT_ONCE: Final = 64  # windows that the network denoises together


@dataclass(frozen=True)
class LearnedMotion:
    """What windows are made of.

    Attributes:
        pieces: vectors `(T, D)` of the learned dance, at least one as long as a window.
        scaler: scales them, and knows how lively they are and the lowest and highest values ever
            learned, between which the network's answers are kept (Saharia et al., "Imagen", NeurIPS
            2022, section 2.3, call it static thresholding).
        weights: how much each value counts, `(D,)`.
        styles: of each piece; empty if none has one.
    """

    pieces: Sequence[Moves]
    scaler: MoveScaler
    weights: NDArray[np.float32]
    styles: Sequence[str] = ()


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
        style: shares of styles; empty: any.
        after: scaled vectors that it leads to, `(A, D)`; not part of the result either.
    """

    count: int
    seed: int = 0
    temperature: float = 1.0
    loop: bool = False
    lead: Moves | None = None
    energy: NDArray[np.float32] | None = None
    style: Mapping[str, float] = field(default_factory=dict)
    after: Moves | None = None


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
    rng = np.random.default_rng(request.seed)
    nothing = np.zeros((0, len(learned.weights)), np.float32)
    seen = network.window // 3  # of what is before and after
    lead = nothing if request.lead is None else request.lead[-seen:]
    after = nothing if request.after is None else request.after[:seen]
    count = request.count
    passages = Passages(
        learned.pieces, learned.scaler, learned.weights, learned.styles, request.style
    )
    energy = request.energy
    if energy is not None:  # it goes on as it ended
        energy = np.pad(energy[:count], (0, max(0, count - len(energy))), mode="edge")
    if request.loop:
        first = min(count, max(1, count // 2), round(PHRASE[1] * RATE))
        begun, rest = (None, None) if energy is None else (energy[:first], energy[first:])
        outline = passages.outline(rng, first, lead, nothing, begun)
        back = passages.outline(rng, count - first, outline, outline, rest)
        outline = np.concatenate([outline, back])
    else:
        outline = passages.outline(rng, count, lead, after, energy)
    lively = np.full(count, np.nan, np.float32) if energy is None else energy
    windows = Windows(
        np.concatenate([lead, outline, after]),
        (np.arange(len(lead) + count + len(after)) - len(lead)) // count != 0,
        np.pad(lively, (len(lead), len(after)), constant_values=np.nan),
        loop=request.loop,
    )
    denoiser = Denoiser(network, learned.scaler, device, threads)
    made = denoiser.denoise(
        windows, rng, request.temperature, lambda part: tell(round(part * count))
    )
    return made[len(lead) : len(lead) + count]


@dataclass(frozen=True)
class Windows:
    """A dance to be denoised.

    Attributes:
        outline: scaled vectors, `(T, D)`.
        known: which of them stay as they are, `(T,)`.
        energy: how lively each should be, `(T,)`; NaN: any.
        loop: whether the first follows the last.
    """

    outline: Moves
    known: NDArray[np.bool_]
    energy: NDArray[np.float32]
    loop: bool

    def places(self, window: int) -> NDArray[np.int64]:
        """Which vectors each window holds, `(N, W)`; W is `window`, or less in a short dance."""
        count, shared = len(self.outline), round(_OVERLAP * window)
        if self.loop:
            # A loop shorter than a window goes round several times in it.
            number = max(1, -(-count // (window - shared)))
            starts = np.round(np.arange(number) * count / number).astype(np.int64)
            return np.asarray((starts[:, None] + np.arange(window)) % count)
        window = min(window, count)
        number = 1 + max(0, -(-(count - window) // max(1, window - shared)))
        starts = np.round(np.linspace(0, count - window, number)).astype(np.int64)
        return np.asarray(starts[:, None] + np.arange(window))


class Denoiser:
    """A network over all windows of a dance.

    Args:
        network: in evaluation mode.
        scaler: of the learned dance.
        device: where the network computes.
        threads: chooses how many threads compute; None: as many as there are.
    """

    def __init__(
        self,
        network: MotionDenoiser,
        scaler: MoveScaler,
        device: Device,
        threads: ThreadTuner | None = None,
    ) -> None:
        self._network, self._device, self._threads = network, device, threads or ThreadTuner(1)
        self._bounds = [
            torch.from_numpy(b).to(device.torch) for b in (scaler.lowest, scaler.highest)
        ]

    @torch.inference_mode()
    def denoise(
        self,
        windows: Windows,
        rng: np.random.Generator,
        temperature: float = 1.0,
        tell: Callable[[float], None] = lambda _: None,
    ) -> Moves:
        """A dance `(T, D)`, made of its outline and noise.

        Args:
            windows: the dance.
            rng: draws the noise.
            temperature: how much noise.
            tell: called with the part that is done, 0..1.
        """
        to = self._device.torch
        highest = max(_LEAST_NOISE, _NOISE * temperature)
        noise = highest * rng.standard_normal(windows.outline.shape, dtype=np.float32)
        dance = _Dance(windows, self._network.window, to)
        x = torch.from_numpy(windows.outline).to(to) + dance.free * torch.from_numpy(noise).to(to)
        levels = noise_levels(_LEVELS, highest, _LAST_NOISE)
        for number, (level, following) in enumerate(pairwise(levels)):
            there = x + (following - level) * (towards := self._slope(dance, x, level))
            if following > 0 and number % 2 == 0:  # Heun's second evaluation, every other time
                again = self._slope(dance, there, following)
                there = x + (following - level) * 0.5 * (towards + again)
            x = there
            tell((number + 1) / _LEVELS)
        made: Moves = x.cpu().numpy()
        return made

    def _slope(self, dance: _Dance, now: Tensor, level: float) -> Tensor:
        """Karras et al., equation 1, from the mean of what the windows say."""
        answers = []
        for part in range(0, len(dance.places), _AT_ONCE):
            some = slice(part, part + _AT_ONCE)
            noisy = now[dance.places[some]]
            levels = torch.full((len(noisy),), level, device=noisy.device)
            with self._threads.measure(), self._device.autocast():
                answer = self._network(noisy, levels, dance.energy[some], dance.known[some])
            answers.append(answer.float().clamp(*self._bounds) * dance.share)
        slope: Tensor = (
            dance.free * (now - dance.gathered(torch.cat(answers)) / dance.total) / level
        )
        return slope


class _Dance:
    """Windows of a dance as tensors.

    Attributes:
        places: which vectors each window holds, `(N, W)`.
        free: 1 where a vector is to be made, `(T, 1)`.
        known: the opposite, of each window, `(N, W)`.
        energy: of each window, `(N,)`.
        share: how much each vector of a window counts, `(W, 1)`.
        total: the sum of what counts at each place, `(T, 1)`.
    """

    def __init__(self, windows: Windows, window: int, to: torch.device) -> None:
        places = windows.places(window)
        length = places.shape[1]
        self._count = len(windows.outline)
        self.places = torch.from_numpy(places).to(to)
        free = torch.from_numpy((~windows.known).astype(np.float32)).to(to)
        self.free, self.known = free[:, None], 1 - free[self.places]
        self.energy = torch.from_numpy(windows.energy[places]).nanmean(dim=1).to(to)
        # Towards its ends, a window knows less, and counts less.
        count = torch.arange(length, device=to)
        self.share = (1 + torch.minimum(count, length - 1 - count)).float()[:, None]
        total = self.gathered(self.share.expand(len(places), length, 1))
        self.total = total.clamp_min(1e-6)

    def gathered(self, windows: Tensor) -> Tensor:
        """The sums of all windows `(N, W, D)`, each at its place, `(T, D)`."""
        empty = windows.new_zeros(self._count, windows.shape[-1])
        return empty.index_add_(0, self.places.flatten(), windows.flatten(0, 1))
