"""The outline of a new dance: passages of the learned one, joined where they are alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancenow.choreographer.motion.codec import LIMBS, RATE, Moves
from dancenow.choreographer.motion.passages import PHRASE, Passages
from dancenow.choreographer.motion.scaler import MoveScaler

VALUES = LIMBS.stop
WINDOW = 16
NOTHING = np.zeros((0, VALUES), np.float32)


def circling(count: int, speed: float = 0.3, phase: float = 0.0) -> Moves:
    angle = phase + speed * np.arange(count)[:, None] + np.arange(VALUES)
    return np.sin(angle).astype(np.float32)


def passages(*pieces: Moves) -> tuple[Passages, MoveScaler]:
    scaler = MoveScaler.fit(pieces, WINDOW)
    return Passages(pieces, scaler, np.ones(VALUES, np.float32)), scaler


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(before=st.integers(0, 30), after=st.integers(0, 30), count=st.integers(1, 300))
def test_an_outline_is_as_long_as_asked_for(before: int, after: int, count: int) -> None:
    piece = circling(80)
    learned, scaler = passages(piece)
    scaled = scaler.scale(piece)
    drawn = learned.outline(rng(), count, scaled[:before], scaled[:after])
    assert drawn.shape == (count, VALUES) and np.isfinite(drawn).all()


def test_what_fits_to_the_end_of_the_dance_goes_on() -> None:
    piece = rng(1).standard_normal((300, VALUES)).astype(np.float32)
    learned, scaler = passages(piece)
    drawn = learned.outline(rng(), 8, scaler.scale(piece[120:126]), NOTHING)
    assert drawn == pytest.approx(scaler.scale(piece[126:134]), abs=1e-5)


def test_what_leads_to_the_beginning_of_a_loop_is_drawn() -> None:
    piece = rng(2).standard_normal((300, VALUES)).astype(np.float32)
    learned, scaler = passages(piece)
    drawn = learned.outline(rng(), 8, NOTHING, scaler.scale(piece[200:203]))
    assert drawn == pytest.approx(scaler.scale(piece[192:200]), abs=1e-5)


def test_passages_meet_what_is_before_and_after_them() -> None:
    piece = circling(400, 0.2)
    learned, scaler = passages(piece)
    before, after = scaler.scale(piece[:20]) + 0.5, scaler.scale(piece[100:120]) - 0.5
    drawn = learned.outline(rng(), 40, before, after)
    steps = np.abs(np.diff(np.concatenate([before[-1:], drawn, after[:1]]), axis=0)).max(axis=1)
    usual = np.abs(np.diff(scaler.scale(piece), axis=0)).max()
    assert steps.max() < usual + 0.5 * np.pi / RATE  # the difference fades in a second


def test_passages_never_reach_over_the_end_of_a_piece() -> None:
    low, high = np.zeros((60, VALUES), np.float32), np.ones((60, VALUES), np.float32)
    low += 0.01 * circling(60)
    high += 0.01 * circling(60)
    learned, scaler = passages(low, high)
    for seed in range(20):
        drawn = scaler.unscale(learned.outline(rng(seed), WINDOW, NOTHING, NOTHING))
        assert np.abs(np.diff(drawn, axis=0)).max() < 0.5


def test_phrases_are_neither_short_nor_long() -> None:
    # A new piece begins with every phrase, as none continues another.
    pieces = [np.full((200, VALUES), k, np.float32) + 0.01 * circling(200) for k in range(40)]
    learned, scaler = passages(*pieces)
    drawn = scaler.unscale(learned.outline(rng(), 3000, NOTHING, NOTHING))[:, 0]
    jumps = np.flatnonzero(np.abs(drawn - np.round(drawn)) > 0.2)
    starts = jumps[np.diff(jumps, prepend=-100) > 20]
    lengths = np.diff(starts) / RATE
    assert len(lengths) > 10
    assert lengths.min() > PHRASE[0] - 1.5 and lengths.max() < 3 * PHRASE[1]


def test_all_of_the_dance_is_used() -> None:
    pieces = [np.full((200, VALUES), k / 10, np.float32) + circling(200, 0.3) for k in range(8)]
    learned, scaler = passages(*pieces)
    drawn = scaler.unscale(learned.outline(rng(), 3000, NOTHING, NOTHING))
    level = np.convolve(drawn.mean(axis=1), np.ones(21) / 21, "same")
    counts = np.bincount((10 * level).round().astype(int).clip(0, 7), minlength=8)
    assert counts.min() > 3000 / 8 / 4


@pytest.mark.parametrize("asked", [-1.0, 1.0])
def test_passages_are_as_lively_as_asked_for(asked: float) -> None:
    learned, scaler = passages(circling(120, 0.05), circling(120, 0.8))
    energy = np.full(WINDOW, asked, np.float32)
    drawn = learned.outline(rng(), WINDOW, NOTHING, NOTHING, energy)
    assert scaler.energy(scaler.unscale(drawn)) * asked > 0


def test_calm_follows_lively() -> None:
    """Half of the dance is calm and half lively, and each goes on as such best; both come."""
    learned, scaler = passages(circling(900, 0.15), circling(900, 0.4))
    drawn = scaler.unscale(learned.outline(rng(), 3000, NOTHING, NOTHING))
    minutes = [scaler.energy(part) for part in np.array_split(drawn, 5)]
    assert np.abs(minutes).max() < 0.8


def test_chance_decides_where_nothing_else_does() -> None:
    learned, _ = passages(circling(400, 0.013))
    drawn = [learned.outline(rng(seed), WINDOW, NOTHING, NOTHING) for seed in range(5)]
    assert len({passage.tobytes() for passage in drawn}) == 5
    assert np.array_equal(learned.outline(rng(3), WINDOW, NOTHING, NOTHING), drawn[3])


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_styles_have_their_shares(share: float) -> None:
    low, high = np.zeros((300, VALUES), np.float32), np.ones((300, VALUES), np.float32)
    pieces = [each + 0.01 * circling(300) for each in (low, high, high)]
    scaler = MoveScaler.fit(pieces, WINDOW)
    mix = {name: part for name, part in (("low", share), ("high", 1 - share)) if part}
    weights = np.ones(VALUES, np.float32)
    learned = Passages(pieces, scaler, weights, ("low", "high", "high"), mix)
    drawn = scaler.unscale(learned.outline(rng(), 3000, NOTHING, NOTHING)).mean(axis=1)
    assert (drawn < 0.5).mean() == pytest.approx(share, abs=0.05)
