"""Passages of the learned dance that windows begin as."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancenow.choreographer.motion.codec import LIMBS, Moves
from dancenow.choreographer.motion.passages import Passages
from dancenow.choreographer.motion.scaler import MoveScaler

VALUES = LIMBS.stop
WINDOW = 16
NOTHING = np.zeros((0, VALUES), np.float32)


def circling(count: int, speed: float = 0.3, phase: float = 0.0) -> Moves:
    angle = phase + speed * np.arange(count)[:, None] + np.arange(VALUES)
    return np.sin(angle).astype(np.float32)


def passages(*pieces: Moves) -> tuple[Passages, MoveScaler]:
    scaler = MoveScaler.fit(pieces, WINDOW)
    return Passages(pieces, WINDOW, scaler, np.ones(VALUES, np.float32)), scaler


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(before=st.integers(0, 6), after=st.integers(0, 4), room=st.integers(1, 6))
def test_a_passage_is_as_long_as_the_window_and_was_learned(
    before: int, after: int, room: int
) -> None:
    piece = circling(80)
    learned, scaler = passages(piece)
    drawn = learned.draw(rng(), scaler.scale(piece[:before]), scaler.scale(piece[:after]), room)
    assert drawn.shape == (before + room + after, VALUES)
    everywhere = np.lib.stride_tricks.sliding_window_view(scaler.scale(piece), len(drawn), axis=0)
    assert np.isclose(everywhere.transpose(0, 2, 1), drawn, atol=1e-5).all(axis=(1, 2)).any()


def test_what_fits_to_the_end_of_the_dance_is_drawn() -> None:
    piece = rng(1).standard_normal((300, VALUES)).astype(np.float32)
    learned, scaler = passages(piece)
    before = scaler.scale(piece[120:126])
    drawn = learned.draw(rng(), before, NOTHING, 8)
    assert drawn[:6] == pytest.approx(before)
    assert drawn[6:] == pytest.approx(scaler.scale(piece[126:134]))


def test_what_leads_to_the_beginning_of_a_loop_is_drawn() -> None:
    piece = rng(2).standard_normal((300, VALUES)).astype(np.float32)
    learned, scaler = passages(piece)
    drawn = learned.draw(rng(), NOTHING, scaler.scale(piece[200:203]), 8)
    assert drawn[-3:] == pytest.approx(scaler.scale(piece[200:203]))


def test_passages_never_reach_over_the_end_of_a_piece() -> None:
    low, high = np.zeros((40, VALUES), np.float32), np.ones((40, VALUES), np.float32)
    low += 0.01 * circling(40)
    high += 0.01 * circling(40)
    learned, _ = passages(low, high)
    for seed in range(20):
        drawn = learned.draw(rng(seed), NOTHING, NOTHING, WINDOW)
        assert np.abs(np.diff(drawn, axis=0)).max() < 0.5


def test_pieces_shorter_than_a_window_are_passed_over() -> None:
    learned, _ = passages(circling(40), np.full((WINDOW - 1, VALUES), 50, np.float32))
    assert all(learned.draw(rng(s), NOTHING, NOTHING, WINDOW).max() < 10 for s in range(10))
    with pytest.raises(ValueError, match="window"):
        passages(circling(WINDOW - 1))


def test_a_lively_passage_is_drawn_where_it_is_asked_for() -> None:
    calm, lively = circling(120, 0.05), circling(120, 0.8)
    learned, scaler = passages(calm, lively)

    def energy(asked: float) -> float:
        drawn = learned.draw(rng(), NOTHING, NOTHING, WINDOW, asked)
        return scaler.energy(scaler.unscale(drawn))

    assert energy(-1.0) < 0 < energy(1.0)


def test_chance_decides_where_nothing_else_does() -> None:
    learned, _ = passages(circling(400, 0.013))
    drawn = [learned.draw(rng(seed), NOTHING, NOTHING, WINDOW) for seed in range(5)]
    assert len({passage.tobytes() for passage in drawn}) == 5
    again = learned.draw(rng(3), NOTHING, NOTHING, WINDOW)
    assert np.array_equal(again, drawn[3])
