"""DanceNet's autoencoder: its size, its distributions, its loss by hand and in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from dancenow.choreographer.dancenet.config import PRESETS, Background, PictureConfig, VAEConfig
from dancenow.choreographer.dancenet.vae import FrameVAE, Posterior, vae_loss

SMALL = VAEConfig(latent=5, filters=(4, 6, 8), dense=7)


def small(picture: PictureConfig) -> FrameVAE:
    torch.manual_seed(0)
    return FrameVAE(picture, SMALL)


def test_networks_of_dancenets_size_have_dancenets_parameters() -> None:
    config = PRESETS["dancenet"]
    vae = FrameVAE(config.picture, config.vae)
    assert (config.picture.height, config.picture.width, config.vae.latent) == (120, 208, 128)
    assert sum(weight.numel() for weight in vae.encoder.parameters()) == 1_724_128
    assert sum(weight.numel() for weight in vae.decoder.parameters()) == 1_744_545


@pytest.mark.parametrize("background", ["threshold", "colour"])
@given(rows=st.integers(1, 4), columns=st.integers(1, 4))
def test_every_picture_size_that_can_be_pooled_thrice_comes_back(
    background: Background, rows: int, columns: int
) -> None:
    picture = PictureConfig(height=8 * rows, width=8 * columns, background=background)
    pictures = torch.rand(2, picture.channels, 8 * rows, 8 * columns)
    logits, posterior = small(picture)(pictures)
    assert picture.channels == (3 if background == "colour" else 1)
    assert logits.shape == pictures.shape and logits.dtype == torch.float32
    assert posterior.mean.shape == posterior.log_variance.shape == (2, 5)


def test_strided_layers_make_pictures_of_the_same_size() -> None:
    picture = PictureConfig(height=16, width=24, background="person", colour=True)
    vae = FrameVAE(picture, SMALL.model_copy(update={"strided": True}))
    logits, _ = vae(pictures := torch.rand(2, 4, 16, 24))
    assert logits.shape == pictures.shape


def test_in_bf16_latents_and_logits_stay_near_and_are_float32() -> None:
    picture = PictureConfig(height=16, width=24)
    vae, pictures = small(picture), torch.rand(3, 1, 16, 24)
    exact = vae.encoder(pictures)
    with torch.autocast("cpu", torch.bfloat16):
        rough = vae.encoder(pictures)
        logits = vae.decoder(exact.mean)
    for a, b in zip(rough, exact, strict=True):
        assert a.dtype == torch.float32 and (a - b).abs().max() < 0.05 * b.abs().max()
    decoded = vae.decoder(exact.mean)
    assert logits.dtype == torch.float32
    assert (logits - decoded).abs().max() < 0.05 * decoded.abs().max()


def test_a_picture_is_encoded_and_decoded_alike_in_every_company() -> None:
    vae, pictures = small(PictureConfig(height=16, width=24)), torch.rand(5, 1, 16, 24)
    means = vae.encoder(pictures).mean
    for index in range(5):
        alone = vae.encoder(pictures[index : index + 1]).mean
        torch.testing.assert_close(alone[0], means[index], rtol=1e-4, atol=1e-5)
        decoded = vae.decoder(means[index : index + 1])[0]
        torch.testing.assert_close(decoded, vae.decoder(means)[index], rtol=1e-4, atol=1e-5)


def test_latents_are_drawn_from_the_distribution() -> None:
    mean, deviation = torch.tensor([1.0, -2.0, 0.0]), torch.tensor([0.1, 1.0, 3.0])
    posterior = Posterior(mean.repeat(40_000, 1), (2 * deviation.log()).repeat(40_000, 1))
    drawn = posterior.sample(torch.Generator().manual_seed(0))
    torch.testing.assert_close(drawn.mean(0), mean, rtol=0, atol=0.05)
    torch.testing.assert_close(drawn.std(0), deviation, rtol=0.02, atol=0)
    assert torch.equal(drawn, posterior.sample(torch.Generator().manual_seed(0)))


def test_the_gradient_passes_through_what_is_drawn() -> None:
    mean = torch.zeros(1, 3, requires_grad=True)
    log_variance = torch.zeros(1, 3, requires_grad=True)
    drawn = Posterior(mean, log_variance).sample(torch.Generator().manual_seed(0))
    drawn.sum().backward()
    assert mean.grad is not None and log_variance.grad is not None
    torch.testing.assert_close(mean.grad, torch.ones(1, 3))
    torch.testing.assert_close(log_variance.grad, 0.5 * drawn.detach())  # d(e^(v/2) n)/dv at v = 0


def loss_of(logits: Tensor, pictures: Tensor, mean: Tensor, log_variance: Tensor) -> list[float]:
    loss = vae_loss(logits, pictures, Posterior(mean, log_variance))
    assert float(loss.total) == pytest.approx(float(loss.reconstruction + loss.divergence))
    return [float(loss.reconstruction), float(loss.divergence)]


def test_the_loss_of_a_picture_by_hand() -> None:
    # Two px said to be white with 3/4 and 1/2; the first is white, the second a quarter lit:
    # ln(4/3) + ln 2.  Latents of mean 2 and 0, variance 1 and 4: 2 and (4 - 1 - ln 4) / 2.
    logits = torch.tensor([3.0, 1.0]).log().view(1, 1, 1, 2)
    pictures = torch.tensor([1.0, 0.25]).view(1, 1, 1, 2)
    mean, log_variance = torch.tensor([[2.0, 0.0]]), torch.tensor([[1.0, 4.0]]).log()
    expected = [np.log(4 / 3) + np.log(2), 2 + (3 - np.log(4)) / 2]
    assert loss_of(logits, pictures, mean, log_variance) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("absolute", [0.0, 3.0])
def test_colours_count_where_the_figure_is(absolute: float) -> None:
    zeros, pictures = torch.zeros(1, 2), torch.rand(1, 4, 1, 2)
    pictures[0, 3, 0] = torch.tensor([1.0, 0.0])  # the figure is on the left
    posterior = Posterior(zeros, zeros)
    logits = torch.randn(1, 4, 1, 2)
    left, right = logits.clone(), logits.clone()
    left[:, :3, :, 0] += 1
    right[:, :3, :, 1] += 1
    losses = [
        float(vae_loss(seen, pictures, posterior, absolute).total) for seen in (logits, left, right)
    ]
    assert losses[1] != losses[0] and losses[2] == losses[0]
    right[:, 3] += 1  # the silhouette counts everywhere
    assert float(vae_loss(right, pictures, posterior, absolute).total) != losses[0]


def test_an_undecided_decoder_and_the_prior_cost_a_bit_a_px() -> None:
    pictures, zeros = torch.rand(4, 3, 16, 8), torch.zeros(4, 6)
    costs = loss_of(torch.zeros_like(pictures), pictures, zeros, zeros)
    assert costs == pytest.approx([4 * 3 * 16 * 8 * np.log(2), 0])


def test_both_terms_are_the_textbooks_summed_over_px_and_latents() -> None:
    torch.manual_seed(0)
    logits, pictures = 3 * torch.randn(4, 1, 8, 16), torch.rand(4, 1, 8, 16)
    mean, log_variance = torch.randn(4, 5), torch.randn(4, 5)
    x, p = pictures.double(), logits.double().sigmoid()
    cross_entropy = -(x * p.log() + (1 - x) * (1 - p).log()).sum()
    posterior = Normal(mean, (0.5 * log_variance).exp())
    divergence = kl_divergence(posterior, Normal(0.0, 1.0)).sum()
    costs = loss_of(logits, pictures, mean, log_variance)
    assert costs == pytest.approx([float(cross_entropy), float(divergence)], rel=1e-5)


def test_a_batch_costs_what_its_pictures_cost() -> None:
    torch.manual_seed(0)
    logits, pictures = torch.randn(4, 1, 8, 8), torch.rand(4, 1, 8, 8)
    mean, log_variance = torch.randn(4, 5), torch.randn(4, 5)
    parts = [
        loss_of(logits[i : i + 1], pictures[i : i + 1], mean[i : i + 1], log_variance[i : i + 1])
        for i in range(4)
    ]
    whole = loss_of(logits, pictures, mean, log_variance)
    assert whole == pytest.approx(np.sum(parts, axis=0).tolist(), rel=1e-5)


@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_a_decoder_that_is_sure_and_wrong_has_a_finite_loss(logit: float) -> None:
    pictures = torch.full((1, 1, 2, 2), float(logit < 0))
    zeros = torch.zeros(1, 2)
    costs = loss_of(torch.full_like(pictures, logit), pictures, zeros, zeros)
    assert costs == pytest.approx([4e4, 0])
