"""The sequence network: its size, its LSTM against PyTorch's and by hand, its linear start."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dancenow.choreographer.dancenet.config import PRESETS, SequenceConfig
from dancenow.choreographer.dancenet.sequence import DanceSequence, LSTMLayer, dropout

LATENT, HIDDEN = 5, 7
SMALL = SequenceConfig(hidden=HIDDEN, layers=2, dropout=0.3, dense=9, mixtures=3)
gates = pytest.mark.parametrize("hard", [False, True], ids=["sigmoid", "hard_sigmoid"])


def lstm(*, hard: bool = False) -> LSTMLayer:
    """A layer whose gates go beyond both ends of the hard sigmoid."""
    torch.manual_seed(0)
    layer = LSTMLayer(LATENT, HIDDEN, hard=hard)
    for weight in layer.parameters():
        nn.init.normal_(weight, std=1.5)
    return layer


def sequence(**update: object) -> DanceSequence:
    torch.manual_seed(0)
    return DanceSequence(LATENT, SMALL.model_copy(update=update)).eval()


def dances(batch: int = 3, length: int = 6) -> Tensor:
    torch.manual_seed(1)
    return torch.rand(batch, length, LATENT)


def some_state(batch: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(2)
    return torch.randn(batch, HIDDEN).tanh(), torch.randn(batch, HIDDEN)


def test_a_network_of_dancenets_size_has_dancenets_parameters() -> None:
    config = PRESETS["dancenet"]
    network = DanceSequence(config.vae.latent, config.sequence)
    assert sum(weight.numel() for weight in network.parameters()) == 12_198_336
    assert len(network.layers) == 3 and network.mixture.shape == (24, 128)


def test_a_layer_is_pytorchs_with_one_bias() -> None:
    layer, x, state = lstm(), dances(), some_state(3)
    theirs = nn.LSTM(LATENT, HIDDEN, batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(layer.input_weight)
        theirs.weight_hh_l0.copy_(layer.hidden_weight)
        theirs.bias_ih_l0.copy_(layer.bias)
        theirs.bias_hh_l0.zero_()
    result, (hidden, cell) = layer(x, state)
    expected, (last, left) = theirs(x, (state[0][None], state[1][None]))
    torch.testing.assert_close(result, expected)
    torch.testing.assert_close((hidden, cell), (last[0], left[0]))
    ours, torchs = (
        torch.autograd.grad(of.square().sum(), [a, b, c])
        for of, (a, b, c) in (
            (result, tuple(layer.parameters())),
            (expected, (theirs.weight_ih_l0, theirs.weight_hh_l0, theirs.bias_ih_l0)),
        )
    )
    torch.testing.assert_close(ours, torchs, rtol=1e-4, atol=1e-4)


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-x))


def hard_sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(0.2 * x + 0.5, 0, 1)


@gates
def test_a_layer_computes_the_formula(hard: bool) -> None:
    layer, x, state = lstm(hard=hard), dances(), some_state(3)
    gate: Callable[..., NDArray[np.float64]] = hard_sigmoid if hard else sigmoid
    weights = [w.detach().double().numpy() for w in layer.parameters()]
    hidden, cell = (part.double().numpy() for part in state)
    expected = []
    for now in x.double().numpy().swapaxes(0, 1):
        sums = now @ weights[0].T + hidden @ weights[1].T + weights[2]
        assert sums.min() < -2.5 and sums.max() > 2.5
        into, forget, new, out = np.split(sums, 4, axis=1)
        cell = gate(forget) * cell + gate(into) * np.tanh(new)
        hidden = gate(out) * np.tanh(cell)
        expected.append(hidden)
    result, (last, left) = layer(x, state)
    np.testing.assert_allclose(result.detach(), np.stack(expected, 1), atol=1e-5)
    np.testing.assert_allclose(last.detach(), hidden, atol=1e-5)
    np.testing.assert_allclose(left.detach(), cell, atol=1e-5)


@gates
def test_one_step_is_the_gates_alone(hard: bool) -> None:
    layer, x, (hidden, cell) = lstm(hard=hard), dances(length=1), some_state(3)
    result, state = layer(x, (hidden, cell))
    sums = x[:, 0] @ layer.input_weight.T + hidden @ layer.hidden_weight.T + layer.bias
    torch.testing.assert_close(layer.gated(sums, cell), state, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(result[:, 0], state[0])


@gates
def test_a_layer_in_bf16_stays_near_and_keeps_its_state_in_float32(hard: bool) -> None:
    torch.manual_seed(0)
    layer, x, state = LSTMLayer(LATENT, HIDDEN, hard=hard), dances(), some_state(3)
    exact, _ = layer(x, state)
    with torch.autocast("cpu", torch.bfloat16):
        rough, left = layer(x, state)
    assert (rough - exact).abs().max() < 0.02
    assert all(part.dtype == torch.float32 for part in left)


def test_a_layer_remembers_at_first() -> None:
    layer = LSTMLayer(LATENT, HIDDEN)
    into, forget, new, out = layer.bias.chunk(4)
    assert (forget == 1).all() and not torch.cat((into, new, out)).any()
    recurrent = layer.hidden_weight.view(4 * HIDDEN, HIDDEN)
    torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(HIDDEN), atol=1e-5, rtol=0)


gate_names = pytest.mark.parametrize("gate", ["sigmoid", "hard_sigmoid"])
starts = pytest.mark.parametrize("residual", [False, True], ids=["plain", "residual"])


@gate_names
@starts
def test_two_halves_with_the_state_between_are_the_whole(gate: str, residual: bool) -> None:
    network, x = sequence(gate=gate, residual=residual), dances()
    whole, end = network(x, network.start(3))
    first, between = network(x[:, :4], network.start(3))
    second, last = network(x[:, 4:], between)
    for a, b, c in zip(whole, first, second, strict=True):
        torch.testing.assert_close(a, torch.cat((b, c), 1))
    torch.testing.assert_close(end, last)
    forgotten, _ = network(x[:, 4:], network.start(3))
    assert (forgotten.means - second.means).abs().max() > 1e-4


def test_what_follows_a_latent_depends_on_those_before_it_alone() -> None:
    network, x = sequence(), dances()
    changed = x.clone()
    changed[:, 3] += 1
    a, b = (network(latents, network.start(3))[0] for latents in (x, changed))
    for one, other in zip(a, b, strict=True):
        assert torch.equal(one[:, :3], other[:, :3])
        assert not torch.isclose(one[:, 3:], other[:, 3:]).all(1).any()


def test_dances_side_by_side_do_not_mix() -> None:
    network, x = sequence(), dances()
    together, _ = network(x, network.start(3))
    alone = [network(dance[None], network.start(1))[0] for dance in x]
    for part, parts in zip(together, zip(*alone, strict=True), strict=True):
        torch.testing.assert_close(part, torch.cat(parts))


def test_only_a_network_that_learns_drops_out() -> None:
    network, x = sequence(), dances()
    state = network.start(3)
    assert torch.equal(network(x, state)[0].means, network(x, state)[0].means)
    network.train()
    assert not torch.equal(network(x, state)[0].means, network(x, state)[0].means)


@pytest.mark.parametrize("rate", [0.1, 0.4, 0.75])
@pytest.mark.parametrize("shape", [(64, 33, 47), (3, 33001)])
def test_dropping_out_takes_its_part_and_makes_up_for_it(
    rate: float, shape: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    x = torch.rand(shape) + 1
    dropped = dropout(x, rate)
    kept = dropped != 0
    assert kept.float().mean().item() == pytest.approx(1 - rate, abs=0.006)
    torch.testing.assert_close(dropped[kept], x[kept] / (1 - rate), rtol=1e-4, atol=0)
    centred = kept.float().flatten() - kept.float().mean()
    for apart in (1, 2, 3, 4, 47):  # values that share a draw are as independent as others
        assert (centred[apart:] * centred[:-apart]).mean().abs() < 0.005
    torch.manual_seed(0)
    torch.rand(shape)
    assert torch.equal(dropout(x, rate), dropped)
    assert not torch.equal(dropout(x, rate), dropped)


def test_what_was_dropped_out_learns_nothing() -> None:
    x = torch.ones(1000, requires_grad=True)
    dropped = dropout(x, 0.4)
    dropped.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, dropped.detach())
    assert torch.equal(dropout(x, 0.0), x)


def walk(carry: float, noise: float, length: int = 4000, seed: int = 0) -> Tensor:
    """An autoregressive process about 0.4, the same in every dimension."""
    rng = np.random.default_rng(seed)
    values = np.empty((length, LATENT), np.float32)
    values[0] = 0.4
    for now, before in zip(values[1:], values, strict=False):
        now[:] = 0.4 + carry * (before - 0.4) + noise * rng.standard_normal(LATENT)
    return torch.from_numpy(values)


@starts
def test_means_count_from_what_the_linear_model_expects(residual: bool) -> None:
    network, x = sequence(residual=residual), dances()
    raw, _ = network(x, network.start(3))
    network.carry.uniform_(0, 1)
    network.rest.uniform_(0, 1)
    moved, _ = network(x, network.start(3))
    assert torch.equal(moved.scales, raw.scales) and torch.equal(moved.logits, raw.logits)
    expected = network.rest + network.carry * (x - network.rest)
    shift = expected[..., None, :] if residual else torch.zeros(1)
    torch.testing.assert_close(moved.means - raw.means, shift.expand_as(raw.means), atol=1e-5,
                               rtol=0)  # fmt: skip


def test_clips_in_the_cpus_memory_begin_a_network_on_another_device() -> None:
    network = sequence(residual=True).to("meta")  # as a GPU, it takes no tensor of the CPU
    network.begin_with([walk(0.5, 0.05)])
    assert network.rest.device.type == "meta"


@pytest.mark.parametrize(("carry", "noise"), [(0.0, 0.1), (0.5, 0.05), (0.95, 0.02)])
def test_it_begins_as_the_linear_model_that_fits_the_dance(carry: float, noise: float) -> None:
    network = sequence(residual=True)
    clips = [walk(carry, noise), walk(carry, noise, seed=1)]
    network.begin_with(clips)
    assert (network.carry - carry).abs().max() < 0.05
    assert (network.rest - 0.4).abs().max() < 0.1
    latents = clips[0][None, :500]
    mixture, _ = network(latents, network.start(1))
    expected = 0.4 + carry * (latents - 0.4)
    off = (mixture.means - expected[..., None, :]).abs()
    assert off.mean() < 0.1 and (mixture.scales / noise - 1).abs().mean() < 0.1


def test_no_step_leads_from_one_clip_into_another() -> None:
    """Two clips that stand still, far apart: a step between them would be seen as motion."""
    network = sequence(residual=True)
    low, high = torch.zeros(50, LATENT), torch.ones(50, LATENT)
    network.begin_with([low, high])
    torch.testing.assert_close(network.carry, torch.ones(LATENT))
    assert (network.mixture.scales.bias.exp() < 0.002).all()


def test_a_dimension_that_does_not_move_stays() -> None:
    network = sequence(residual=True)
    dance = walk(0.9, 0.05)
    dance[:, 2] = 0.7
    network.begin_with([dance])
    assert all(part.isfinite().all() for part in network.state_dict().values())
    mixture, _ = network(dance[None, :50], network.start(1))
    expected = network.expect(mixture._replace(means=torch.zeros(1, 1, 1, LATENT)), dance[:50])
    torch.testing.assert_close(expected.means[..., 2], torch.full((1, 50, 1), 0.7))
    assert (mixture.scales[..., 2] < 0.002).all()
