"""The denoiser of motion, its noise, and how it learns."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from dancenow.choreographer.motion.body import LIMB_NAMES
from dancenow.choreographer.motion.codec import RATE, Moves
from dancenow.choreographer.motion.config import MotionConfig
from dancenow.choreographer.motion.diffusion import MotionDenoiser, noise_levels
from dancenow.choreographer.motion.scaler import MoveScaler, speed_of
from dancenow.choreographer.motion.training import MotionData, MotionTraining
from dancenow.errors import InputError
from dancenow.training import TrainingState, load_state
from dancenow.training.checkpoint import save_state
from motions import CPU, SMALL

VALUES = 4 + 2 * len(LIMB_NAMES) + 5  # a root, limbs and states: enough for an energy
JOINTS = np.random.default_rng(0).standard_normal((VALUES, 3, 2)).astype(np.float32)


def denoiser(*, learned: bool = True, seed: int = 0) -> MotionDenoiser:
    """A denoiser that answers something, or, as it begins, nothing."""
    torch.manual_seed(seed)
    network = MotionDenoiser(VALUES, SMALL).eval()
    if learned:
        with torch.no_grad():
            for weight in network.parameters():
                weight.add_(0.05 * torch.randn_like(weight))
    return network


def windows(count: int = 3, length: int = SMALL.window, seed: int = 0) -> Tensor:
    return torch.randn(count, length, VALUES, generator=torch.Generator().manual_seed(seed))


def asked(
    network: MotionDenoiser,
    noisy: Tensor,
    level: float = 1.0,
    energy: float = math.nan,
    known: Tensor | None = None,
) -> Tensor:
    known = torch.zeros(noisy.shape[:2]) if known is None else known
    levels, energies = torch.full((len(noisy),), level), torch.full((len(noisy),), energy)
    with torch.no_grad():
        answer = network(noisy, levels, energies, known)
    assert isinstance(answer, Tensor)
    return answer


# The network.


@pytest.mark.parametrize("length", [1, 2, SMALL.window - 1, SMALL.window])
def test_windows_up_to_its_own_length_come_out_in_their_shape(length: int) -> None:
    noisy = windows(2, length)
    answer = asked(denoiser(), noisy)
    assert answer.shape == noisy.shape and answer.dtype == torch.float32
    assert answer.isfinite().all()


def test_without_noise_a_dance_is_what_it_is() -> None:
    noisy = windows()
    assert torch.allclose(asked(denoiser(), noisy, level=1e-5), noisy, atol=1e-4)


@pytest.mark.parametrize("level", [1e2, 1e4])
def test_what_noise_hides_wholly_is_not_copied(level: float) -> None:
    noisy = level * windows()
    answer = asked(denoiser(), noisy, level)
    skipped = noisy / (1 + level**2)  # equation 7 of Karras et al. with a deviation of 1
    assert skipped.abs().max() < 5 / level
    assert answer.abs().max() < 50  # of the size of a scaled dance


@pytest.mark.parametrize("level", [0.03, 0.5, 20.0])
def test_who_has_learned_nothing_expects_the_mean(level: float) -> None:
    noisy = windows()
    answer = asked(denoiser(learned=False), noisy, level)
    assert torch.allclose(answer, noisy / (1 + level**2), atol=1e-6)


@given(seed=st.integers(0, 999), level=st.floats(1e-3, 50), given_=st.integers(0, SMALL.window))
def test_what_is_known_is_answered_as_it_is(seed: int, level: float, given_: int) -> None:
    noisy, known = windows(seed=seed), torch.zeros(3, SMALL.window)
    known[:, :given_] = 1
    answer = asked(denoiser(), noisy, level, known=known)
    assert torch.equal(answer[:, :given_], noisy[:, :given_])
    assert given_ == SMALL.window or not torch.equal(answer[:, given_:], noisy[:, given_:])


def test_what_is_known_is_told_apart_from_what_is_not() -> None:
    noisy, known = windows(), torch.zeros(3, SMALL.window)
    known[:, :5] = 1
    free = asked(denoiser(), noisy, 2.0)
    led = asked(denoiser(), noisy, 2.0, known=known)
    assert not torch.allclose(free[:, 5:], led[:, 5:], atol=1e-4)


def test_energy_is_heard_and_its_absence_is_no_zero() -> None:
    network, noisy = denoiser(), windows()
    answers = [asked(network, noisy, energy=energy) for energy in (math.nan, 0.0, 1.0)]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert not torch.allclose(answers[one], answers[other], atol=1e-4)


def test_windows_know_nothing_of_each_other() -> None:
    network, noisy = denoiser(), windows(4)
    together = asked(network, noisy)
    for number in range(4):
        alone = asked(network, noisy[number : number + 1])
        assert torch.allclose(together[number : number + 1], alone, atol=1e-5)


def test_every_frame_sees_every_other_and_its_place() -> None:
    network, noisy = denoiser(), windows(1)
    changed = noisy.clone()
    changed[:, -1] += 3
    assert not torch.allclose(asked(network, noisy)[:, 0], asked(network, changed)[:, 0], atol=1e-5)
    still = noisy[:, :1].expand(1, SMALL.window, VALUES)
    answer = asked(network, still)
    assert not torch.allclose(answer[:, 0], answer[:, 1], atol=1e-5)


# The noise.


@given(
    steps=st.integers(2, 60),
    highest=st.floats(1, 100),
    lowest=st.floats(1e-3, 0.5),
    bend=st.floats(1, 10),
)
def test_levels_are_those_of_karras(steps: int, highest: float, lowest: float, bend: float) -> None:
    levels = noise_levels(steps, highest, lowest, bend)
    by_hand = [
        (highest ** (1 / bend) + i / (steps - 1) * (lowest ** (1 / bend) - highest ** (1 / bend)))
        ** bend
        for i in range(steps)
    ]
    assert levels == pytest.approx([*by_hand, 0.0])
    assert levels[0] == pytest.approx(highest) and levels[-2] == pytest.approx(lowest)
    assert all(a > b for a, b in pairwise(levels))


def test_a_single_level_is_the_highest() -> None:
    assert noise_levels(1, 20.0, 0.03) == [pytest.approx(20.0), 0.0]


# The vectors that are learned.


def circling(count: int, turns: float = 1.0, seed: int = 0) -> Moves:
    """A dance whose limbs turn so often a second, with some values that never change."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * turns * np.arange(count)[:, None] / RATE + rng.uniform(0, 6, (1, 20))
    limbs = 0.8 * np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(count, -1)
    root = 0.1 * np.sin(angle[:, :4])
    return np.concatenate([root, limbs, np.ones((count, 5))], axis=1).astype(np.float32)


def test_scaled_vectors_have_mean_0_and_variance_1_and_come_back() -> None:
    pieces = [circling(150), circling(60, 2.0, 1)]
    scaler = MoveScaler.fit(pieces, SMALL.window)
    scaled = np.concatenate([scaler.scale(piece) for piece in pieces])
    assert scaled.dtype == np.float32
    assert np.allclose(scaled.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(scaled[:, :-5].std(axis=0), 1, atol=1e-2)
    assert np.allclose(scaled[:, -5:], 0, atol=1e-4)  # what never changes is not blown up
    assert np.allclose(scaler.unscale(scaled), np.concatenate(pieces), atol=1e-4)


def test_speed_is_the_way_of_the_limbs_ends_a_second() -> None:
    step = 2 * 0.8 * math.sin(math.pi / RATE)  # the chord of a step on the circle
    assert speed_of(circling(100)) == pytest.approx(step * RATE, rel=1e-4)
    assert speed_of(circling(1)) == 0.0


def test_energy_counts_from_the_usual_in_standard_deviations() -> None:
    pieces = [circling(150, turns) for turns in (0.5, 1.0, 2.0)]
    scaler = MoveScaler.fit(pieces, SMALL.window)
    calm, usual, lively = (scaler.energy(piece) for piece in pieces)
    assert calm < usual < lively
    assert np.mean([calm, usual, lively]) == pytest.approx(0, abs=0.05)
    assert np.std([calm, usual, lively]) == pytest.approx(1, abs=0.05)
    still = np.repeat(pieces[0][:1], 50, axis=0)
    assert np.isfinite(scaler.energy(still)) and scaler.energy(still) < calm


def test_a_dance_that_stands_still_has_a_scaler_too() -> None:
    scaler = MoveScaler.fit([np.ones((60, VALUES), np.float32)], SMALL.window)
    assert np.isfinite(scaler.scale(np.ones((5, VALUES), np.float32))).all()
    assert np.isfinite([scaler.calm, scaler.lively]).all() and scaler.lively > 0


# Learning.


def training(
    pieces: list[Moves] | None = None,
    held_out: list[Moves] | None = None,
    seed: int = 0,
    config: MotionConfig = SMALL,
) -> MotionTraining:
    pieces = [circling(120), circling(40, 2.0, 1)] if pieces is None else pieces
    scaler = MoveScaler.fit(pieces, SMALL.window)
    weights = np.ones(VALUES, np.float32)
    data = MotionData(pieces, held_out or [], scaler, weights, JOINTS)
    return MotionTraining(config, data, CPU, seed)


def weights_of(work: MotionTraining) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in work.state().tensors.items()}


def steps(work: MotionTraining, first: int, last: int, budget: int = 8) -> list[float]:
    return [work.step(number, number / budget)["loss"] for number in range(first, last)]


def test_the_dance_is_learned() -> None:
    quick = {"learning_rate": 5e-3, "average_decay": 0.9, "batch": 8}
    work = training(held_out=[circling(48)], config=SMALL.model_copy(update=quick))
    before = work.held_out_loss()
    losses = steps(work, 0, 120, 120)
    assert np.mean(losses[-20:]) < 0.8 * np.mean(losses[:20])
    assert work.held_out_loss() < 0.8 * before
    assert work.held_out_loss() == work.held_out_loss()  # at fixed noise


def test_losses_have_names_and_the_first_is_the_whole() -> None:
    losses = training().step(0, 0.0)
    assert list(losses) == ["loss", "vectors", "pace", "joints"]
    whole = losses["vectors"] + SMALL.pace * losses["pace"] + SMALL.joints * losses["joints"]
    assert losses["loss"] == pytest.approx(whole)


def test_a_seed_decides_what_is_learned() -> None:
    one, same, other = training(), training(), training(seed=1)
    assert steps(one, 0, 3) == steps(same, 0, 3) != steps(other, 0, 3)
    for name, value in weights_of(one).items():
        assert torch.equal(value, weights_of(same)[name]), name


def test_a_resumed_training_equals_one_that_was_not_interrupted(tmp_path: Path) -> None:
    whole, first, second = training(), training(), training(seed=5)
    steps(whole, 0, 8)
    steps(first, 0, 3)
    state = first.state()
    save_state(tmp_path, TrainingState(state.tensors, {**state.values, "step": 3}))
    read = load_state(tmp_path)
    assert read is not None and read.values["seed"] == 0
    second.restore(read, tmp_path)
    second.seed = 0
    steps(second, 3, 8)
    expected, resumed = weights_of(whole), weights_of(second)
    assert expected.keys() == resumed.keys()
    for name, value in expected.items():
        assert torch.equal(value, resumed[name]), name


def test_another_networks_state_is_refused(tmp_path: Path) -> None:
    tensors = {name: value[:1] for name, value in weights_of(training()).items() if value.ndim}
    with pytest.raises(InputError, match="another preset"):
        training().restore(TrainingState(tensors, {}), tmp_path)


def test_a_loss_that_is_no_number_changes_nothing() -> None:
    work = training()
    steps(work, 0, 2)
    work._weights[:] = float("nan")
    before = weights_of(work)
    assert math.isnan(work.step(2, 0.5)["loss"])
    for name, value in weights_of(work).items():
        assert torch.equal(value, before[name]), name


def test_the_average_follows_the_network() -> None:
    work = training()
    begun = {k: v.clone() for k, v in work.average.module.state_dict().items()}
    steps(work, 0, 4)
    name = "exit.weight"
    now, network = work.average.module.state_dict()[name], work.network.state_dict()[name]
    assert not torch.equal(now, begun[name]) and not torch.equal(now, network)
    assert (now - network).abs().mean() < (begun[name] - network).abs().mean()


def test_pieces_shorter_than_a_window_are_not_drawn_from() -> None:
    long, short = circling(60), np.full((SMALL.window - 1, VALUES), 1e6, np.float32)
    scaler = MoveScaler.fit([long], SMALL.window)
    weights = np.ones(VALUES, np.float32)
    data = MotionData([long, short], [], scaler, weights, JOINTS)
    work = MotionTraining(SMALL, data, CPU, 0)
    assert np.isfinite(steps(work, 0, 3)).all() and max(steps(work, 3, 5)) < 100


def test_where_nothing_is_held_out_no_loss_is_told() -> None:
    assert math.isnan(training().held_out_loss())
    assert math.isnan(training(held_out=[circling(SMALL.window - 1)]).held_out_loss())


def test_a_preview_shows_the_averaged_network() -> None:
    shown: list[MotionDenoiser] = []

    def show(network: MotionDenoiser) -> NDArray[np.uint8]:
        shown.append(network)
        return np.zeros((2, 3, 3), np.uint8)

    pieces = [circling(60)]
    scaler, weights = MoveScaler.fit(pieces, SMALL.window), np.ones(VALUES, np.float32)
    data = MotionData(pieces, [], scaler, weights, JOINTS)
    work = MotionTraining(SMALL, data, CPU, 0, show=show)
    assert work.preview().shape == (2, 3, 3) and shown == [work.average.module]
    assert training().preview().dtype == np.uint8
