"""Dreaming: one latent after the other, with memory and without, and the ways between them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from dancenow.choreographer.dancenet.codec import LatentScaler
from dancenow.choreographer.dancenet.config import SequenceConfig
from dancenow.choreographer.dancenet.mdn import Mixture
from dancenow.choreographer.dancenet.sampling import Stepper, dream, dream_as_original, in_between
from dancenow.choreographer.dancenet.sequence import DanceSequence
from dancenow.training import Device

Latents = NDArray[np.float32]

CPU = Device("cpu", "32-true")
ROUGH = Device("cpu", "bf16-mixed")
LATENT = 5
SMALL = SequenceConfig(hidden=16, layers=2, dense=12, mixtures=3)


def sequence(**update: object) -> DanceSequence:
    """A network that dances wildly: its gates saturate, its components differ."""
    torch.manual_seed(0)
    network = DanceSequence(LATENT, SMALL.model_copy(update=update)).eval()
    for layer in network.layers:
        for weight in layer.parameters():
            nn.init.normal_(weight, std=0.7)
    network.carry.uniform_(0, 1)
    network.rest.uniform_(0, 1)
    nn.init.constant_(network.mixture.scales.bias, -1.5)
    return network


def dance(length: int = 7) -> Latents:
    return np.random.default_rng(1).random((length, LATENT), np.float32)


kinds = pytest.mark.parametrize(
    "kind",
    [{}, {"gate": "hard_sigmoid"}, {"residual": True}, {"layers": 1}],
    ids=["plain", "hard gates", "residual", "one layer"],
)


@torch.no_grad()
def expected_after(network: DanceSequence, latents: Latents) -> Mixture:
    """What may follow the last of latents, in the whole network's eyes."""
    seen, _ = network(torch.from_numpy(latents)[None], network.start(1))
    return Mixture(*(part[0, -1] for part in seen))


def likeliest(mixture: Mixture) -> Tensor:
    return mixture.means[mixture.logits.argmax()]


@kinds
def test_step_by_step_it_is_what_the_network_computes_at_once(kind: dict[str, object]) -> None:
    network, latents = sequence(**kind), torch.from_numpy(dance())
    whole, _ = network(latents[None], network.start(1))
    stepper = Stepper(network, CPU)
    for number, latent in enumerate(latents):
        for a, b in zip(stepper(latent), whole, strict=True):
            torch.testing.assert_close(a, b[0, number], rtol=1e-4, atol=1e-5)


@kinds
def test_after_forgetting_it_is_as_it_was_in_the_beginning(kind: dict[str, object]) -> None:
    stepper, latents = Stepper(sequence(**kind), CPU), torch.from_numpy(dance())
    first = [stepper(latent) for latent in latents]
    remembering = stepper(latents[0])
    stepper.forget()
    again = [stepper(latent) for latent in latents]
    for a, b in zip(first, again, strict=True):
        assert all(torch.equal(one, other) for one, other in zip(a, b, strict=True))
    assert (remembering.means - first[0].means).abs().max() > 1e-3


def test_in_bf16_steps_stay_near() -> None:
    network, latents = sequence(), torch.from_numpy(dance())
    steppers = Stepper(network, CPU), Stepper(network, ROUGH)
    for latent in latents:
        exact, rough = (stepper(latent) for stepper in steppers)
        for a, b in zip(exact, rough, strict=True):
            assert b.dtype == torch.float32 and (a - b).abs().max() < 0.05 * a.abs().max()


def dreamt(network: DanceSequence, length: int, **how: object) -> Latents:
    settings: dict[str, object] = {"temperature": 1.0, "seed": 0, "warm_up": dance(), **how}
    return np.stack(list(islice(dream(network, device=CPU, **settings), length)))  # type: ignore[arg-type]


def test_at_temperature_0_each_latent_is_the_likeliest_after_all_before() -> None:
    network = sequence(residual=True)
    seen = dance()
    for latent in dreamt(network, 6, temperature=0.0):
        expected = likeliest(expected_after(network, seen)).clamp(-0.05, 1.05).numpy()
        np.testing.assert_allclose(latent, expected, rtol=1e-3, atol=1e-4)
        seen = np.vstack([seen, latent])


def test_the_seed_decides_what_is_drawn() -> None:
    network = sequence()
    first = dreamt(network, 8, seed=3)
    torch.manual_seed(99)
    assert np.array_equal(first, dreamt(network, 8, seed=3))
    assert not np.array_equal(first, dreamt(network, 8, seed=4))
    calm = [dreamt(network, 8, seed=seed, temperature=0.0) for seed in (3, 4)]
    assert np.array_equal(*calm)


def test_a_dream_remembers_how_it_began() -> None:
    network = sequence()
    other = dance()
    other[0] += 1  # six latents before the first that is drawn
    ways = [dreamt(network, 3, warm_up=warm_up, temperature=0.0) for warm_up in (dance(), other)]
    assert not np.array_equal(*ways)


def test_a_dream_stays_in_the_learned_range() -> None:
    network = sequence()
    nn.init.constant_(network.mixture.scales.bias, 3.0)
    latents = dreamt(network, 200, temperature=2.0)
    assert latents.dtype == np.float32
    assert latents.min() == pytest.approx(-0.05) and latents.max() == pytest.approx(1.05)


def test_between_two_latents_the_callers_own_networks_can_learn() -> None:
    latents = dream(sequence(), dance(), CPU, temperature=1.0, seed=0)
    next(latents)
    assert not torch.is_inference_mode_enabled() and torch.is_grad_enabled()
    weight = torch.ones(1, requires_grad=True)
    (weight * torch.ones(1)).sum().backward()
    assert weight.grad is not None and next(latents).shape == (LATENT,)


def test_a_network_that_learned_nothing_yet_dances_as_the_linear_model_of_the_dance() -> None:
    rng = np.random.default_rng(0)
    real = np.full((4000, LATENT), 0.4, np.float32)
    for now, before in zip(real[1:], real, strict=False):
        now[:] = 0.4 + 0.9 * (before - 0.4) + 0.05 * rng.standard_normal(LATENT)
    torch.manual_seed(0)
    network = DanceSequence(LATENT, SMALL.model_copy(update={"residual": True})).eval()
    network.begin_with([torch.from_numpy(real)])
    new = dreamt(network, 3000, warm_up=real[:8])
    steps = [np.diff(dance, axis=0).std(axis=0) for dance in (new, real)]
    np.testing.assert_allclose(steps[0], steps[1], rtol=0.1)
    np.testing.assert_allclose(new.std(axis=0), real.std(axis=0), rtol=0.35)
    np.testing.assert_allclose(new.mean(axis=0), real.mean(axis=0), atol=0.1)


def scaler() -> LatentScaler:
    return LatentScaler.fit(3 * dance(50) - 1)


def as_original(network: DanceSequence, length: int, **how: object) -> Latents:
    settings: dict[str, object] = {"temperature": 1.0, "seed": 0, "first": dance()[0], **how}
    return np.stack(
        list(islice(dream_as_original(network, scaler(), device=CPU, **settings), length))  # type: ignore[arg-type]
    )


def test_the_original_sees_one_latent_at_a_time_and_feeds_it_back_unscaled() -> None:
    network, before = sequence(), dance()[0]
    for latent in as_original(network, 6, temperature=0.0):
        drawn = likeliest(expected_after(network, before[None])).numpy()
        np.testing.assert_allclose(latent, scaler().unscale(drawn), rtol=1e-3, atol=1e-4)
        before = latent


def test_the_original_takes_the_scale_for_a_variance() -> None:
    network = sequence(mixtures=1)
    for head, bias in ((network.mixture.means, 0.5), (network.mixture.scales, np.log(0.09))):
        nn.init.zeros_(head.weight)  # the same Gaussian whatever was seen
        nn.init.constant_(head.bias, bias)
    drawn = scaler().scale(as_original(network, 2000, temperature=0.25))
    np.testing.assert_allclose(drawn.std(axis=0), 0.3 * 0.5, rtol=0.07)
    drawn = dreamt(network, 2000, temperature=0.25)
    np.testing.assert_allclose(drawn.std(axis=0), 0.09 * 0.5, rtol=0.07)


def test_the_original_too_is_decided_by_its_seed() -> None:
    network = sequence()
    assert np.array_equal(as_original(network, 5, seed=1), as_original(network, 5, seed=1))
    assert not np.array_equal(as_original(network, 5, seed=1), as_original(network, 5, seed=2))


def between(latents: Latents, ways: int) -> Latents:
    return np.stack(list(in_between(iter(latents), ways)))


@given(ways=st.integers(1, 6), length=st.integers(2, 9))
def test_every_so_many_th_is_a_latent_itself(ways: int, length: int) -> None:
    latents = dance(length)
    way = between(latents, ways)
    given_out = length if ways == 1 else length - 1
    assert way.shape == (ways * given_out, LATENT) and way.dtype == np.float32
    assert np.array_equal(way[::ways], latents[:given_out])


def test_a_straight_way_stays_straight_and_even() -> None:
    start, step = dance(2)
    line = start + np.arange(8, dtype=np.float32)[:, None] * step
    way = between(line, 4)[4:-4]  # the ends do not know where they come from or lead to
    np.testing.assert_allclose(np.diff(way, axis=0), np.broadcast_to(step / 4, (19, 5)), atol=1e-4)


def test_a_way_has_no_corners() -> None:
    """Where two stretches meet, the speed before is the speed after (Catmull & Rom 1974)."""
    ways = 1000
    latents = dance(6)
    speed = np.diff(between(latents, ways), axis=0) * ways
    for joint in range(ways, 4 * ways, ways):
        np.testing.assert_allclose(speed[joint - 1], speed[joint], atol=0.05)
        middle = (latents[joint // ways + 1] - latents[joint // ways - 1]) / 2
        np.testing.assert_allclose(speed[joint], middle, atol=0.05)


def test_a_way_without_end_is_walked_as_far_as_one_looks() -> None:
    taken: list[int] = []

    def endless() -> Iterator[Latents]:
        for number in count():
            taken.append(number)
            yield np.full(LATENT, number, np.float32)

    assert len(list(islice(in_between(endless(), 4), 20))) == 20
    assert len(taken) <= 8


@pytest.mark.parametrize("length", [0, 1])
def test_without_two_latents_there_is_no_way(length: int) -> None:
    assert list(in_between(iter(dance(length)), 3)) == []
