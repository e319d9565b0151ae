"""Composing: dances of any length, that go on, that come round, as lively as asked."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from dancenow.choreographer.motion.codec import Moves
from dancenow.choreographer.motion.composing import LearnedMotion, MotionRequest, compose
from dancenow.choreographer.motion.scaler import MoveScaler
from motions import CPU, SMALL, SmoothDance, steps_of

VALUES = 12
WINDOW = SMALL.window


def composed(wanted: MotionRequest, network: SmoothDance | None = None) -> Moves:
    network = network or SmoothDance(WINDOW)
    return compose(network, LEARNED, wanted, CPU)  # type: ignore[arg-type]


def smooth(count: int, seed: int = 0) -> Moves:
    """A dance of the kind that the smooth one composes, made without it."""
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count))) / 4
    root = np.linalg.cholesky((1 + apart) * np.exp(-apart) + 1e-8 * np.eye(count))
    drawn = root @ np.random.default_rng(seed).standard_normal((count, VALUES))
    return np.asarray(drawn, np.float32)


PIECE = smooth(900, 77)
SCALER = MoveScaler.fit([PIECE], WINDOW)
LEARNED = LearnedMotion([PIECE], SCALER, np.ones(VALUES, np.float32))
USUAL = float(np.median(steps_of(smooth(400))))


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("count", [1, 2, 5, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW + 7])
def test_a_dance_has_the_length_that_was_asked_for(count: int, loop: bool) -> None:
    dance = composed(MotionRequest(count, loop=loop))
    assert dance.shape == (count, VALUES) and dance.dtype == np.float32
    assert np.isfinite(dance).all()


def test_a_seed_decides_everything() -> None:
    one, same, other = (composed(MotionRequest(50, seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert np.sqrt(((one - other) ** 2).mean()) > 0.5


def test_dances_are_as_varied_and_as_smooth_as_what_was_learned() -> None:
    dance = composed(MotionRequest(800, 1, temperature=4))
    assert dance.mean() == pytest.approx(0, abs=0.1)
    assert dance.std() == pytest.approx(1, abs=0.1)
    ahead = [(dance[lag:] * dance[:-lag]).mean() / dance.var() for lag in (1, 4, 8)]
    expected = [(1 + lag / 4) * math.exp(-lag / 4) for lag in (1, 4, 8)]
    assert ahead == pytest.approx(expected, abs=0.1)


def test_nothing_shows_where_a_window_ends() -> None:
    steps = steps_of(composed(MotionRequest(10 * WINDOW, 2)))
    assert steps.max() < 2.5 * np.median(steps)


def far_from_learned(dance: Moves, length: int = 8) -> float:
    """How far its passages lie from the nearest learned ones."""
    learned = SCALER.scale(PIECE)
    passages = np.stack([learned[i : i + length].ravel() for i in range(len(learned) - length)])
    new = np.stack([dance[i : i + length].ravel() for i in range(0, len(dance) - length, length)])
    return float(np.median(cdist(new, passages).min(axis=1)))


def test_temperature_says_how_far_a_dance_lies_from_the_learned_one() -> None:
    far = [far_from_learned(composed(MotionRequest(200, 0, t))) for t in (0.0, 0.5, 1.0, 3.0)]
    assert far == sorted(far) and far[0] < 0.5 * far[-1]


# Going on.


@given(lead=st.integers(1, 2 * WINDOW), seed=st.integers(0, 99))
def test_a_dance_goes_on_from_its_lead_without_a_jump(lead: int, seed: int) -> None:
    before = smooth(lead, seed)
    dance = composed(MotionRequest(20, seed, lead=before))
    assert len(dance) == 20  # the lead is not part of it
    joint = steps_of(np.concatenate([before[-1:], dance]))
    assert joint[0] < 2.5 * USUAL


def test_the_same_lead_goes_on_in_many_ways() -> None:
    before = smooth(8)
    one, other = (composed(MotionRequest(40, seed, lead=before)) for seed in (0, 1))
    apart = np.sqrt(((one - other) ** 2).mean(axis=1))
    assert apart[0] < 0.5 * apart[10:].mean()


def test_only_the_end_of_a_lead_decides() -> None:
    before = smooth(3 * WINDOW)
    short, long = (composed(MotionRequest(30, lead=b)) for b in (before[-WINDOW:], before))
    assert np.array_equal(short, long)


# Coming round.


@given(count=st.integers(2, 4 * WINDOW), seed=st.integers(0, 99))
@example(count=WINDOW, seed=0)
@example(count=WINDOW + 1, seed=0)
def test_a_loops_last_vector_leads_to_its_first(count: int, seed: int) -> None:
    dance = composed(MotionRequest(count, seed, loop=True))
    round_ = steps_of(np.concatenate([dance, dance[:1]]))
    assert round_[-1] < 3 * USUAL


def test_what_is_no_loop_does_not_come_back() -> None:
    ends = [steps_of(composed(MotionRequest(3 * WINDOW, seed))[[-1, 0]])[0] for seed in range(6)]
    assert np.median(ends) > 3 * USUAL


# Energy.


def asked_for(count: int, energy: NDArray[np.float32] | None, lead: int = 0) -> list[float]:
    """The energies that the network was asked for at one noise level, window by window."""
    network = SmoothDance(WINDOW)
    wanted = MotionRequest(count, energy=energy, lead=smooth(lead) if lead else None)
    composed(wanted, network)
    again = len(network.asked) // EVALUATIONS
    asked = [network.asked[start : start + again] for start in range(0, again * EVALUATIONS, again)]
    assert all(each == pytest.approx(asked[0], nan_ok=True) for each in asked)
    return asked[0]


EVALUATIONS = 7  # of the network: five levels, at two of them a second one


def test_every_window_is_asked_for_the_energy_of_its_frames() -> None:
    heard = asked_for(3 * WINDOW, np.repeat([-1.0, 0.5, 1.5], WINDOW).astype(np.float32))
    assert heard[0] == pytest.approx(-1.0) and heard[-1] == pytest.approx(1.5)
    assert heard == sorted(heard) and len(heard) >= 3


def test_a_lead_does_not_shift_the_energy() -> None:
    heard = asked_for(63, np.repeat([-1.0, 1.0], [3, 60]).astype(np.float32), lead=WINDOW)
    assert -1.0 < heard[0] < 1.0 and heard[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("length", [1, 30])
def test_an_energy_that_ends_early_goes_on_as_it_ended(length: int) -> None:
    assert set(asked_for(100, np.full(length, 0.75, np.float32))) == {0.75}


def test_without_an_energy_none_is_asked_for() -> None:
    assert np.isnan(asked_for(60, None)).all()


# Progress.


@pytest.mark.parametrize("lead", [0, 10])
@pytest.mark.parametrize("count", [3, 70])
def test_progress_counts_up_to_the_dances_length(count: int, lead: int) -> None:
    told: list[int] = []
    wanted = MotionRequest(count, lead=smooth(lead) if lead else None)
    compose(SmoothDance(WINDOW), LEARNED, wanted, CPU, told.append)  # type: ignore[arg-type]
    assert told == sorted(told) and told[-1] == count and told[0] > 0
