"""Mixture density network: a mixture of diagonal Gaussians (Bishop 1994)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dancenow.choreographer.layers import keras_initialization

_FLOOR = 1e-8  # keeps a scale above 0


class Mixture(NamedTuple):
    """Mixtures of K diagonal Gaussians over D dimensions.

    Attributes:
        means: `(..., K, D)`.
        scales: standard deviations, `(..., K, D)`.
        logits: of the weights, `(..., K)`.
    """

    means: Tensor
    scales: Tensor
    logits: Tensor


class MixtureDensity(nn.Module):
    """From features to a mixture: means, scales by ELU + 1 + 1e-8, logits.

    Args:
        inputs: features.
        dimensions: D of the Gaussians.
        mixtures: K.
    """

    def __init__(self, inputs: int, dimensions: int, mixtures: int) -> None:
        super().__init__()
        self.shape = (mixtures, dimensions)
        self.means = nn.Linear(inputs, mixtures * dimensions)
        self.scales = nn.Linear(inputs, mixtures * dimensions)
        self.logits = nn.Linear(inputs, mixtures)
        for layer in (self.means, self.scales, self.logits):
            keras_initialization(layer)

    def forward(self, features: Tensor) -> Mixture:
        """From `(..., inputs)` to float32 parameters."""
        return self.read(self.means(features), self.scales(features), self.logits(features))

    def read(self, means: Tensor, scales: Tensor, logits: Tensor) -> Mixture:
        """The mixture of what the three layers give, `(..., K D)` twice and `(..., K)`."""
        shape = (*means.shape[:-1], *self.shape)
        positive = F.elu(scales.float()) + 1 + _FLOOR
        return Mixture(means.float().reshape(shape), positive.reshape(shape), logits.float())


def negative_log_likelihood(mixture: Mixture, target: Tensor) -> Tensor:
    """-log p(target), in nats, `(...)` (Bishop 1994, equations 22, 23 and 29).

    Args:
        mixture: of any leading shape.
        target: `(..., D)` of the same leading shape.
    """
    standard = (target[..., None, :] - mixture.means) / mixture.scales
    log_density = -0.5 * standard.square().sum(-1) - mixture.scales.log().sum(-1)
    log_density = log_density - 0.5 * target.shape[-1] * math.log(2 * math.pi)
    return -torch.logsumexp(F.log_softmax(mixture.logits, -1) + log_density, -1)


def sample(
    mixture: Mixture,
    generator: torch.Generator,
    temperature: float = 1.0,
    *,
    scale_as_variance: bool = False,
) -> Tensor:
    """Draw from the mixture, `(..., D)`.

    Args:
        mixture: of any leading shape.
        generator: of the random numbers.
        temperature: the logits are divided by it and the variances multiplied (so that 1 leaves
            the mixture as it is and less makes it surer); 0 gives the mean of the likeliest
            component.
        scale_as_variance: take the scale as a variance, as the original does.
    """
    if temperature == 0:
        chosen = mixture.logits.argmax(-1)
    else:
        weights = F.softmax(mixture.logits / temperature, -1)
        flat = weights.reshape(-1, weights.shape[-1])
        chosen = torch.multinomial(flat, 1, generator=generator).view(weights.shape[:-1])
    index = chosen[..., None, None].expand(*chosen.shape, 1, mixture.means.shape[-1])
    mean = mixture.means.gather(-2, index)[..., 0, :]
    if temperature == 0:
        return mean
    scale = mixture.scales.gather(-2, index)[..., 0, :]
    deviation = (scale * temperature).sqrt() if scale_as_variance else scale * temperature**0.5
    noise = torch.randn(mean.shape, generator=generator, device=mean.device)
    return mean + deviation * noise
