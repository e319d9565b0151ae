"""A diffusion model of motion: windows of a dance from noise.

The denoiser is a transformer over the frames of a window whose layers are modulated by the noise
level (Peebles and Xie, "Scalable diffusion models with transformers", ICCV 2023, section 3.2).  It
is trained and sampled as in Karras, Aittala, Aila and Laine, "Elucidating the design space of
diffusion-based generative models", NeurIPS 2022 (preconditioning and loss of table 1, noise levels
of equation 5).  Denoising whole windows of motion follows Tseng, Castellon and Liu, "EDGE: Editable
dance generation from music", CVPR 2023, section 3.  Known frames, which a dance continues or leads
to, are given as they are, with a value that marks them; the model learns what fits between them.
"""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dancenow.choreographer.motion.config import MotionConfig

_FREQUENCIES: Final = 64  # of the embedded noise level


class _Layer(nn.Module):
    """Attention and a feed-forward part, both modulated, both without effect at first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.entry = nn.Linear(width, 3 * width)
        self.exit = nn.Linear(width, width)
        self.wide = nn.Linear(width, 3 * width)
        self.narrow = nn.Linear(3 * width, width)
        self.modulation = nn.Linear(width, 6 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """`(B, T, width)` and `(B, 1, width)` to `(B, T, width)`."""
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(condition).chunk(6, -1)
        batch, time, width = x.shape
        y = torch.addcmul(shift1, self.norm(x), 1 + scale1)
        queries, keys, values = (
            self.entry(y).view(batch, time, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        )
        # Written out: for so few frames PyTorch's own attention is slow on the way back on a CPU.
        alike = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2)
        attended = alike.softmax(-1).to(values.dtype) @ values
        x = x + gate1 * self.exit(attended.transpose(1, 2).reshape(batch, time, width))
        y = torch.addcmul(shift2, self.norm(x), 1 + scale2)
        after: Tensor = x + gate2 * self.narrow(F.gelu(self.wide(y), approximate="tanh"))
        return after


class MotionDenoiser(nn.Module):
    """Predicts the dance as it was before noise was added.

    Args:
        dimensions: values in a vector.
        config: its size.
    """

    def __init__(self, dimensions: int, config: MotionConfig) -> None:
        super().__init__()
        width = config.width
        self.window = config.window
        self.entry = nn.Linear(dimensions + 1, width)
        self.place = nn.Parameter(0.02 * torch.randn(1, config.window, width))
        self.level = nn.Sequential(
            nn.Linear(2 * _FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.energy = nn.Linear(2, width)
        self.layers = nn.ModuleList(_Layer(width, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.exit = nn.Linear(width, dimensions)
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)

    def forward(self, noisy: Tensor, level: Tensor, energy: Tensor, known: Tensor) -> Tensor:
        """The dance without noise.

        Args:
            noisy: scaled vectors with noise, except where they are known, `(B, T, D)`, T up to
                `window`.
            level: the noise's standard deviation, `(B,)`.
            energy: how lively the window is, in standard deviations of what was learned; NaN
                where none is given; `(B,)`.
            known: 1 where vectors are known, else 0; `(B, T)`.

        Returns:
            `(B, T, D)` float32; known vectors as they are.
        """
        known = known[..., None]
        variance = level.square()[:, None, None] * (1 - known)
        into = noisy / (1 + variance).sqrt()
        condition = F.silu(self.level(_embedded(level)) + self.energy(_energy_input(energy)))[
            :, None
        ]
        x = self.entry(torch.cat((into, known), dim=-1)) + self.place[:, : noisy.shape[1]]
        for layer in self.layers:
            x = layer(x, condition)
        change = self.exit(self.norm(x)).float()
        dance: Tensor = noisy / (1 + variance) + change * (variance / (1 + variance)).sqrt()
        return dance


def noise_levels(steps: int, highest: float, lowest: float, bend: float = 7.0) -> list[float]:
    """Standard deviations from the highest to the lowest, then 0 (Karras et al., equation 5)."""
    ends = highest ** (1 / bend), lowest ** (1 / bend)
    levels = [
        (ends[0] + step / max(1, steps - 1) * (ends[1] - ends[0])) ** bend for step in range(steps)
    ]
    return [*levels, 0.0]


def _embedded(level: Tensor) -> Tensor:
    """Sines and cosines of the noise level's logarithm, `(B, 2 * _FREQUENCIES)`."""
    rates = torch.exp(
        torch.linspace(math.log(0.3), math.log(30.0), _FREQUENCIES, device=level.device)
    )
    angle = level.clamp_min(1e-4).log()[:, None] / 4 * rates
    return torch.cat((angle.sin(), angle.cos()), dim=-1)


def _energy_input(energy: Tensor) -> Tensor:
    """The energy, 0 where none is given, and whether one is, `(B, 2)`."""
    given = energy.isfinite()
    return torch.stack((energy.where(given, torch.zeros_like(energy)), given.float()), dim=-1)
