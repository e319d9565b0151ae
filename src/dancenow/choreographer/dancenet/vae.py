"""FrameVAE: DanceNet's variational autoencoder of frames (Saji 2018; Kingma & Welling 2014)."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dancenow.choreographer.dancenet.config import PictureConfig, VAEConfig
from dancenow.choreographer.dancenet.layers import ConvReluPool, UpsampleConv, keras_initialization


class Posterior(NamedTuple):
    """A diagonal Gaussian over latents: `mean` and `log_variance`, each `(B, D)`."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw one latent each, by the reparameterisation of Kingma & Welling, section 2.4."""
        noise = torch.randn(
            self.mean.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype
        )
        return self.mean + (0.5 * self.log_variance).exp() * noise


def _linear(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    keras_initialization(layer)
    return layer


class FrameEncoder(nn.Module):
    """Pictures to latents; 1,724,128 parameters at 120 x 208 x 1."""

    def __init__(self, picture: PictureConfig, config: VAEConfig) -> None:
        super().__init__()
        first, second, third = config.filters
        halving: nn.Module = ConvReluPool(picture.channels, first)
        if config.strided:
            convolution = nn.Conv2d(picture.channels, first, 4, stride=2, padding=1)
            halving = nn.Sequential(convolution, nn.ReLU())
        self.convolutions = nn.Sequential(
            halving,
            ConvReluPool(first, second),
            ConvReluPool(second, third),
        )
        cells = (picture.height // 8) * (picture.width // 8)
        self.dense = _linear(cells * third, config.dense)
        self.mean = _linear(config.dense, config.latent)
        self.log_variance = _linear(config.dense, config.latent)

    def forward(self, pictures: Tensor) -> Posterior:
        """From float `(B, C, H, W)` in 0..1 to the latents' distribution."""
        features = self.convolutions(pictures)
        # Keras flattens with the channels last; so do we, so that its weights fit.
        hidden = self.dense(features.permute(0, 2, 3, 1).flatten(1))
        return Posterior(self.mean(hidden).float(), self.log_variance(hidden).float())


class FrameDecoder(nn.Module):
    """Latents to pictures; 1,744,545 parameters at 120 x 208 x 1."""

    def __init__(self, picture: PictureConfig, config: VAEConfig) -> None:
        super().__init__()
        first, second, third = config.filters
        self.grid = (picture.height // 8, picture.width // 8, third)
        self.dense = _linear(config.latent, self.grid[0] * self.grid[1] * third)
        self.channels = _linear(third, config.dense)
        self.convolution = nn.Conv2d(config.dense, third, 3, padding=1)
        keras_initialization(self.convolution)
        self.upsample1 = UpsampleConv(third, second, relu=True)
        self.upsample2 = UpsampleConv(second, first, relu=True)
        self.upsample3: nn.Module = UpsampleConv(first, picture.channels)
        if config.strided:
            self.upsample3 = nn.ConvTranspose2d(first, picture.channels, 4, stride=2, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        """From `(B, D)` to the logits of the pictures, float32 `(B, C, H, W)`."""
        x = F.relu(self.dense(latents)).view(-1, *self.grid)
        x = self.channels(x).permute(0, 3, 1, 2)
        x = F.relu(self.convolution(x))
        logits: Tensor = self.upsample3(self.upsample2(self.upsample1(x))).float()
        return logits


class FrameVAE(nn.Module):
    """Encoder and decoder."""

    def __init__(self, picture: PictureConfig, config: VAEConfig) -> None:
        super().__init__()
        self.encoder = FrameEncoder(picture, config)
        self.decoder = FrameDecoder(picture, config)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Posterior]:
        """Logits of the pictures decoded from sampled latents, and the latents' distribution."""
        posterior = self.encoder(pictures)
        return self.decoder(posterior.sample()), posterior


class VAELoss(NamedTuple):
    """The two terms of the negative evidence lower bound, in nats, summed over the batch."""

    reconstruction: Tensor
    divergence: Tensor

    @property
    def total(self) -> Tensor:
        """Their sum."""
        return self.reconstruction + self.divergence


def vae_loss(
    logits: Tensor, pictures: Tensor, posterior: Posterior, absolute: float = 0.0
) -> VAELoss:
    """Binary cross-entropy summed over pixels, and the divergence from a standard normal.

    Kingma & Welling 2014, equation 10 and appendix B.  Of a pixel that may be black or white, the
    cross-entropy learns the odds, a grey; the absolute difference is least at the likelier of both.
    Of a picture with a silhouette, the fourth channel, colours count where the figure is.

    Args:
        logits: `(B, C, H, W)`.
        pictures: `(B, C, H, W)` in 0..1.
        posterior: of the pictures.
        absolute: weight of the absolute difference, summed over pixels, which is added to the
            cross-entropy.
    """
    weight = None
    if pictures.shape[1] == 4:
        silhouette = pictures[:, 3:]
        weight = torch.cat((silhouette.expand(-1, 3, -1, -1), torch.ones_like(silhouette)), 1)
    reconstruction = F.binary_cross_entropy_with_logits(logits, pictures, weight, reduction="sum")
    if absolute:
        difference = (logits.sigmoid() - pictures).abs()
        if weight is not None:
            difference = difference * weight
        reconstruction = reconstruction + absolute * difference.sum()
    mean, log_variance = posterior
    divergence = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
    return VAELoss(reconstruction, divergence)
