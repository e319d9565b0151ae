"""Losses of the paper's networks (Chan et al., 2019, section 3.4 and appendix).

Verdicts and features come from `MultiscaleDiscriminator`: the outputs of every layer at every
scale; the last layer's is the verdict.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

Judged = list[list[Tensor]]


def adversarial(judged: Judged, *, real: bool) -> Tensor:
    """Least-squares GAN (Mao et al., 2017, equation 2, a = 0, b = c = 1), summed over the scales.

    Args:
        judged: the discriminator's outputs.
        real: what the verdicts should be.
    """
    target = 1.0 if real else 0.0
    return torch.stack([((scale[-1].float() - target) ** 2).mean() for scale in judged]).sum()


def discriminator_loss(real: Judged, fake: Judged) -> Tensor:
    """Half the adversarial loss of real pictures as real plus painted ones as painted."""
    return 0.5 * (adversarial(real, real=True) + adversarial(fake, real=False))


def feature_matching(fake: Judged, real: Judged) -> Tensor:
    """Mean absolute difference of the discriminator's features (Wang et al., 2018, equation 3).

    Each layer is weighted 4 / (layers + 1), where `layers` are the convolutions of stride 2, and
    each scale 1 / scales; the verdict is excluded.  No gradient reaches the real features.
    """
    total = torch.zeros((), device=fake[0][-1].device)
    for fake_scale, real_scale in zip(fake, real, strict=True):
        strided = len(fake_scale) - 2  # the last two convolutions have stride 1
        for painted, true in zip(fake_scale[:-1], real_scale[:-1], strict=True):
            distance = functional.l1_loss(painted.float(), true.detach().float())
            total = total + 4 / (strided + 1) / len(fake) * distance
    return total


def split(judged: Judged) -> tuple[Judged, Judged]:
    """The outputs for the two halves of a batch that was judged at once."""
    halves = [[layer.chunk(2) for layer in scale] for scale in judged]
    first, second = ([[layer[half] for layer in scale] for scale in halves] for half in (0, 1))
    return first, second
