"""Mixture density network: a mixture of diagonal Gaussians (Bishop 1994)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dancenow.choreographer.dancenet.layers import keras_initialization

_FLOOR = 1e-8  # keeps a scale above 0
_SURE = 1e-6  # temperatures below it are taken for 0: float32 ends before them
_ROWS = 32  # mixtures at once, on the CPU


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
        """The mixture from the outputs of the three layers, `(..., K D)` twice and `(..., K)`."""
        shape = (*means.shape[:-1], *self.shape)
        positive = F.elu(scales.float()).add_(1).add_(_FLOOR)
        return Mixture(means.float().reshape(shape), positive.reshape(shape), logits.float())


def negative_log_likelihood(mixture: Mixture, target: Tensor) -> Tensor:
    """-log p(target), in nats, `(...)` (Bishop 1994, equations 22, 23 and 29).

    Args:
        mixture: of any leading shape.
        target: `(..., D)` of the same leading shape.
    """
    if target.device.type == "cpu":
        rows = [part.reshape(-1, *part.shape[target.dim() - 1 :]) for part in (*mixture, target)]
        likelihood: Tensor = _NegativeLogLikelihood.apply(*rows)  # type: ignore[no-untyped-call]
        return likelihood.view(target.shape[:-1])
    standard = (target[..., None, :] - mixture.means) / mixture.scales
    log_density = -0.5 * standard.square().sum(-1) - mixture.scales.log().sum(-1)
    log_density = log_density - 0.5 * target.shape[-1] * math.log(2 * math.pi)
    return -torch.logsumexp(F.log_softmax(mixture.logits, -1) + log_density, -1)


class _NegativeLogLikelihood(torch.autograd.Function):
    """The same with its gradients, a few rows at a time, so that all fits the processor's cache.

    With r the responsibilities and s = (target - mean) / scale, the gradients are -r s / scale for
    the means, r (1 - s^2) / scale for the scales, and softmax - r for the logits (Bishop 1994,
    equations 34 to 38).
    """

    @staticmethod
    def forward(ctx: Any, means: Tensor, scales: Tensor, logits: Tensor, target: Tensor) -> Tensor:
        wanted = any(ctx.needs_input_grad)
        of_means, of_scales = (torch.empty_like(means) if wanted else means for _ in range(2))
        log_weights = F.log_softmax(logits, -1)
        constant = 0.5 * target.shape[-1] * math.log(2 * math.pi)
        totals, parts = [], []
        for start in range(0, len(means), _ROWS):
            rows = slice(start, start + _ROWS)
            inverse = scales[rows].reciprocal()
            standard = (target[rows, None] - means[rows]).mul_(inverse)
            square = standard.square()
            log_density = inverse.log().sum(-1).sub_(0.5 * square.sum(-1)).sub_(constant)
            joint = log_weights[rows] + log_density
            total = torch.logsumexp(joint, -1)
            totals.append(total)
            if wanted:
                part = (joint - total[:, None]).exp()
                parts.append(part)
                weighted = inverse.mul_(part[..., None])
                torch.mul(standard, weighted, out=of_means[rows])
                torch.mul(square.sub_(1), weighted, out=of_scales[rows])
        if wanted:
            ctx.save_for_backward(of_means, of_scales, torch.cat(parts) - log_weights.exp())
        return -torch.cat(totals)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        factor = -gradients[0]
        of_means, of_scales, of_logits = ctx.saved_tensors
        wide = factor[:, None, None]
        return of_means * wide, of_scales * wide, of_logits * factor[:, None], None


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
            the mixture as it is and less makes it more certain); 0 returns the mean of the
            likeliest component.
        scale_as_variance: take the scale as a variance, as the original does.
    """
    if temperature < _SURE:
        chosen = mixture.logits.argmax(-1)
    else:
        weights = F.softmax(mixture.logits / temperature, -1)
        flat = weights.reshape(-1, weights.shape[-1])
        chosen = torch.multinomial(flat, 1, generator=generator).view(weights.shape[:-1])
    index = chosen[..., None, None].expand(*chosen.shape, 1, mixture.means.shape[-1])
    mean = mixture.means.gather(-2, index)[..., 0, :]
    if temperature < _SURE:
        return mean
    scale = mixture.scales.gather(-2, index)[..., 0, :]
    deviation = (scale * temperature).sqrt() if scale_as_variance else scale * temperature**0.5
    noise = torch.randn(mean.shape, generator=generator, device=mean.device)
    return mean + deviation * noise
