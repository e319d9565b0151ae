"""The mixture density network against PyTorch's own distributions, and what is drawn from it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from dancenow.choreographer.dancenet.mdn import (
    Mixture,
    MixtureDensity,
    negative_log_likelihood,
    sample,
)

MANY = 40_000


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def mixture(*leading: int, components: int = 4, dimensions: int = 3, seed: int = 0) -> Mixture:
    torch.manual_seed(seed)
    return Mixture(
        torch.randn(*leading, components, dimensions),
        torch.rand(*leading, components, dimensions) + 0.1,
        2 * torch.randn(*leading, components),
    )


def distribution(of: Mixture) -> MixtureSameFamily:
    components = Independent(Normal(of.means, of.scales), 1)
    return MixtureSameFamily(Categorical(logits=of.logits), components)


def many(of: Mixture) -> Mixture:
    return Mixture(*(part.expand(MANY, *part.shape) for part in of))


@pytest.mark.parametrize("leading", [(), (7,), (2, 5)])
def test_the_likelihood_is_that_of_pytorchs_mixture(leading: tuple[int, ...]) -> None:
    of, target = mixture(*leading), torch.randn(*leading, 3)
    ours = negative_log_likelihood(of, target)
    assert ours.shape == leading
    torch.testing.assert_close(ours, -distribution(of).log_prob(target), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("leading", [(), (1,), (70,), (3, 40)])
def test_its_gradients_are_those_of_pytorchs_mixture(leading: tuple[int, ...]) -> None:
    of, target = mixture(*leading), torch.randn(*leading, 3)
    for part in of:
        part.requires_grad_()
    weight = torch.rand(leading)  # of each row in the loss
    ours = torch.autograd.grad((weight * negative_log_likelihood(of, target)).sum(), of)
    theirs = torch.autograd.grad(-(weight * distribution(of).log_prob(target)).sum(), of)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("part", ["means", "scales", "logits"])
def test_one_part_of_a_mixture_may_learn_alone(part: str) -> None:
    of, target = mixture(40), torch.randn(40, 3)
    learning = getattr(of, part).requires_grad_()
    ours, theirs = (
        torch.autograd.grad(nats.mean(), learning)[0]
        for nats in (negative_log_likelihood(of, target), -distribution(of).log_prob(target))
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)
    with torch.no_grad():
        assert not negative_log_likelihood(of, target).requires_grad


def test_the_likelihood_of_one_standard_gaussian_at_its_mean() -> None:
    of = Mixture(torch.zeros(1, 6), torch.ones(1, 6), torch.zeros(1))
    nats = float(negative_log_likelihood(of, torch.zeros(6)))
    assert nats == pytest.approx(3 * np.log(2 * np.pi))


@given(shift=st.floats(-50, 50))
def test_only_the_differences_of_the_logits_count(shift: float) -> None:
    of, target = mixture(), torch.zeros(3)
    shifted = of._replace(logits=of.logits + shift)
    a, b = (float(negative_log_likelihood(one, target)) for one in (of, shifted))
    assert a == pytest.approx(b, abs=1e-4)


def test_a_target_that_no_component_explains_has_a_finite_likelihood_and_gradient() -> None:
    of = mixture()
    means = of.means.requires_grad_()
    nats = negative_log_likelihood(of, torch.full((3,), 1e4))
    nats.backward()
    assert 1e6 < float(nats.detach()) < float("inf")
    assert means.grad is not None and means.grad.isfinite().all() and means.grad.abs().max() > 0


def test_scales_are_the_elu_plus_one_and_above_zero() -> None:
    head = MixtureDensity(1, dimensions=7, mixtures=3)
    raw = torch.linspace(-30, 30, 21)
    with torch.no_grad():
        head.scales.weight.copy_(raw[:, None])
    scales = head(torch.ones(1)).scales.detach().numpy().ravel()
    expected = np.where(raw > 0, raw + 1, np.exp(np.minimum(raw, 0))) + 1e-8
    np.testing.assert_allclose(scales, expected, rtol=1e-5, atol=1e-7)
    least = head(torch.full((1,), 1e6))
    assert (least.scales > 0).all()
    assert negative_log_likelihood(least, torch.zeros(7)).isfinite()


def test_what_three_layers_give_is_told_apart() -> None:
    head = MixtureDensity(5, dimensions=3, mixtures=2)
    features = torch.randn(2, 7, 5)
    of = head(features)
    assert of.means.shape == of.scales.shape == (2, 7, 2, 3) and of.logits.shape == (2, 7, 2)
    torch.testing.assert_close(of.means.flatten(-2), head.means(features))
    torch.testing.assert_close(of.logits, head.logits(features))
    expected = torch.nn.functional.elu(head.scales(features)) + 1
    torch.testing.assert_close(of.scales.flatten(-2), expected)


def test_a_head_in_bf16_gives_float32() -> None:
    head = MixtureDensity(5, dimensions=3, mixtures=2)
    features = torch.randn(4, 5)
    exact = head(features)
    with torch.autocast("cpu", torch.bfloat16):
        rough = head(features)
    for a, b in zip(rough, exact, strict=True):
        assert a.dtype == torch.float32
        torch.testing.assert_close(a, b, rtol=0.05, atol=0.05)


def test_at_temperature_0_it_is_the_mean_of_the_likeliest_component() -> None:
    of = mixture(2, 5)
    drawn = sample(of, generator(), temperature=0)
    assert drawn.shape == (2, 5, 3)
    for row, column in np.ndindex(2, 5):
        likeliest = int(of.logits[row, column].argmax())
        assert torch.equal(drawn[row, column], of.means[row, column, likeliest])
    assert torch.equal(drawn, sample(of, generator(1), temperature=0))
    assert torch.equal(drawn, sample(of, generator(), temperature=0, scale_as_variance=True))


def test_at_temperature_1_the_statistics_are_those_of_the_mixture() -> None:
    of = mixture()
    drawn = sample(many(of), generator())
    exact = distribution(of)
    torch.testing.assert_close(drawn.mean(0), exact.mean, rtol=0, atol=0.03)
    torch.testing.assert_close(drawn.var(0), exact.variance, rtol=0.05, atol=0)
    # Not only the moments: the likelihood of what is drawn is the mixture's entropy.
    own = negative_log_likelihood(many(of), drawn).mean()
    theirs = -exact.log_prob(exact.sample((MANY,))).mean()
    assert float(own) == pytest.approx(float(theirs), abs=0.05)


@pytest.mark.parametrize("temperature", [0.25, 1.0, 3.0])
def test_the_temperature_divides_the_logits(temperature: float) -> None:
    logits = torch.tensor([1.0, 0.0, -1.5, 0.5])
    of = Mixture(10 * torch.arange(4.0)[:, None], torch.full((4, 1), 1e-3), logits)
    chosen = (sample(many(of), generator(), temperature)[:, 0] / 10).round().long()
    frequencies = torch.bincount(chosen, minlength=4) / MANY
    expected = (logits / temperature).softmax(0)
    torch.testing.assert_close(frequencies, expected, rtol=0, atol=0.01)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 4.0])
@pytest.mark.parametrize("scale_as_variance", [False, True])
def test_the_temperature_multiplies_the_variance(
    temperature: float, scale_as_variance: bool
) -> None:
    scales = torch.tensor([0.5, 1.0, 2.0])
    of = Mixture(torch.tensor([[1.0, 2.0, 3.0]]), scales[None], torch.zeros(1))
    drawn = sample(many(of), generator(), temperature, scale_as_variance=scale_as_variance)
    variance = temperature * (scales if scale_as_variance else scales**2)
    torch.testing.assert_close(drawn.var(0), variance, rtol=0.05, atol=0)
    torch.testing.assert_close(drawn.mean(0), of.means[0], rtol=0, atol=0.08)


def test_what_is_drawn_depends_on_the_generator_alone() -> None:
    of = mixture(6)
    torch.manual_seed(1)
    first = sample(of, generator(3))
    torch.manual_seed(2)
    assert torch.equal(first, sample(of, generator(3)))
    assert not torch.equal(first, sample(of, generator(4)))
