"""The last part of learning: a small network that tells real pictures from painted ones.

Differences of px alone make what is uncertain by a few px a blur.  A patch discriminator (Isola et
al., "Image-to-image translation with conditional adversarial networks", 2017, section 3.2.2) does
not forgive blur; matching its features (Wang et al., "High-resolution image synthesis and semantic
manipulation with conditional GANs", 2018, equation 4) keeps the picture near the real one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from dancenow.performer.fast.config import AdversaryConfig
from dancenow.performer.fast.networks import SLOPE

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Verdict(NamedTuple):
    """What a discriminator says of pictures.

    Attributes:
        scores: `(B, 1, h, w)`, above 0 for what looks real.
        features: of its layers, the finest first.
    """

    scores: Tensor
    features: list[Tensor]


class PatchDiscriminator(nn.Module):
    """Judges patches of about 40 px of a picture, given the pose.

    Spectral normalisation (Miyato et al., 2018) keeps it from running ahead of the generator.

    Args:
        pose_channels: channels of the drawn pose.
        widths: channels at 1/2, 1/4 and 1/8 of the picture's resolution.
    """

    def __init__(self, pose_channels: int, widths: tuple[int, int, int]) -> None:
        super().__init__()
        self.fold = nn.PixelUnshuffle(2)
        first, second, third = widths
        self.layers = nn.ModuleList(
            [
                spectral_norm(nn.Conv2d(12 + pose_channels, first, 3, padding=1)),
                spectral_norm(nn.Conv2d(first, second, 4, stride=2, padding=1)),
                spectral_norm(nn.Conv2d(second, third, 4, stride=2, padding=1)),
            ]
        )
        self.last = spectral_norm(nn.Conv2d(third, 1, 3, padding=1))

    def forward(self, picture: Tensor, pose: Tensor) -> Verdict:
        """Judge pictures.

        Args:
            picture: `(B, 3, H, W)`, RGB in -1..1.
            pose: the drawn pose at half the resolution, `(B, pose_channels, H/2, W/2)`, 0..1.
        """
        x, features = torch.cat((self.fold(picture), pose), dim=1), []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), SLOPE)
            features.append(x)
        return Verdict(self.last(x).float(), features)


class Adversary:
    """A discriminator that learns beside a generator.

    Attributes:
        network: the discriminator.
        optimizer: its own.
    """

    def __init__(self, config: AdversaryConfig, pose_channels: int, fabric: Fabric) -> None:
        self._fabric = fabric
        network = PatchDiscriminator(pose_channels, config.widths)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.Adam(
            network.parameters(), lr=config.learning_rate, betas=(0.5, 0.99)
        )
        self.network, self.optimizer = fabric.setup(network, optimizer)

    def learn(self, real: Tensor, painted: Tensor, pose: Tensor) -> Verdict:
        """Improve the discriminator by a batch; gives its verdict on the real pictures."""
        verdict: Verdict = self.network(real, pose)
        fake: Verdict = self.network(painted.detach(), pose)
        self.optimizer.zero_grad(set_to_none=True)
        self._fabric.backward(hinge(verdict.scores, fake.scores))
        self.optimizer.step()
        return verdict

    def judge(self, painted: Tensor, pose: Tensor, real: Verdict) -> tuple[Tensor, Tensor]:
        """What the generator minimises: how unreal it looks, and how unlike in its features."""
        self.network.requires_grad_(False)
        verdict: Verdict = self.network(painted, pose)
        self.network.requires_grad_(True)
        return -verdict.scores.mean(), feature_distance(verdict.features, real.features)


def hinge(real: Tensor, painted: Tensor) -> Tensor:
    """What the discriminator minimises (Lim & Ye, "Geometric GAN", 2017): scores of both."""
    return functional.relu(1 - real).mean() + functional.relu(1 + painted).mean()


def feature_distance(painted: list[Tensor], real: list[Tensor]) -> Tensor:
    """Mean absolute difference of features, each layer counting alike."""
    pairs = zip(painted, real, strict=True)
    distances = [(a.float() - b.detach().float()).abs().mean() for a, b in pairs]
    return torch.stack(distances).mean()
