"""The discriminator.

Pixel differences alone blur whatever is uncertain by a few pixels.  A patch discriminator (Isola et
al., "Image-to-image translation with conditional adversarial networks", 2017, section 3.2.2)
penalises blur; matching its features (Wang et al., "High-resolution image synthesis and semantic
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
    """Output of a discriminator.

    Attributes:
        scores: `(B, 1, h, w)`, above 0 where the picture looks real.
        features: of its layers, finest first.
    """

    scores: Tensor
    features: list[Tensor]


class PoseDiscriminator(nn.Module):
    """Judges patches of about 40 pixels, given the pose.

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
    """A discriminator trained alongside a generator.

    Attributes:
        network: the discriminator.
        optimizer: the discriminator's.
    """

    def __init__(self, config: AdversaryConfig, pose_channels: int, fabric: Fabric) -> None:
        self._fabric = fabric
        network = PoseDiscriminator(pose_channels, config.widths)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.Adam(
            network.parameters(), lr=config.learning_rate, betas=(0.5, 0.99)
        )
        self.network, self.optimizer = fabric.setup(network, optimizer)

    def learn(self, real: Tensor, painted: Tensor, pose: Tensor) -> Verdict:
        """Update the discriminator with a batch; returns its verdict on the real pictures."""
        verdict: Verdict = self.network(real, pose)
        fake: Verdict = self.network(painted.detach(), pose)
        self.optimizer.zero_grad(set_to_none=True)
        self._fabric.backward(hinge(verdict.scores, fake.scores))
        self.optimizer.step()
        return verdict

    def judge(self, painted: Tensor, pose: Tensor, real: Verdict) -> tuple[Tensor, Tensor]:
        """Losses of the generator: how unreal the picture looks, and its feature distance."""
        self.network.requires_grad_(False)
        verdict: Verdict = self.network(painted, pose)
        self.network.requires_grad_(True)
        return -verdict.scores.mean(), feature_distance(verdict.features, real.features)


def hinge(real: Tensor, painted: Tensor) -> Tensor:
    """The discriminator's loss, of both scores (Lim & Ye, "Geometric GAN", 2017)."""
    return functional.relu(1 - real).mean() + functional.relu(1 + painted).mean()


def feature_distance(painted: list[Tensor], real: list[Tensor]) -> Tensor:
    """Mean absolute difference of features, with equal weight for each layer."""
    pairs = zip(painted, real, strict=True)
    distances = [(a.float() - b.detach().float()).abs().mean() for a, b in pairs]
    return torch.stack(distances).mean()
