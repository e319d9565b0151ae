"""Laying pieces on a time line: where they meet, where the dancer stands, poses that are struck."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.choreographer.motion.codec import PLACE, RATE
from dancenow.choreographer.motion.laying import Curve, Laid, Piece, lay

D = 8
OTHERS = [column for column in range(D) if column not in PLACE]


def level(value: float, seconds: float = 4, place: float = 0) -> NDArray[np.float64]:
    """Vectors that stay as they are."""
    vectors = np.full((round(seconds * RATE) + 1, D), value)
    vectors[:, PLACE] = place
    return vectors


def piece(vectors: NDArray[np.float64], begins: float, ends: float, fade: float = 1) -> Piece:
    return Piece(begins, ends, fade, Curve(vectors, 0, len(vectors) - 1))


def at(laid: Laid, seconds: float) -> NDArray[np.float32]:
    found: NDArray[np.float32] = laid.moves[round(seconds * RATE)]
    return found


def test_a_curve_passes_through_its_vectors_and_between_them() -> None:
    vectors = np.sin(np.arange(30)[:, None] / 5 + np.arange(D))
    curve = Curve(vectors, 4.5, 20.5)
    assert np.allclose(curve(np.array([0.5])), vectors[12] / 2 + vectors[13] / 2, atol=0.01)
    assert np.allclose(curve(np.array([0.5 / 16])), vectors[5])
    assert np.allclose(curve(np.array([2.0])), curve(np.array([1.0])))
    assert Curve(vectors, 3, 3)(np.array([0.2, 0.7])).shape == (2, D)


def test_pieces_give_way_to_each_other_around_where_they_meet() -> None:
    laid = lay([piece(level(0), 0, 4), piece(level(1), 4, 8, fade=0)], [], 8, D)
    assert laid.known.all()
    assert at(laid, 3.4)[1] == 0 and at(laid, 4.6)[1] == 1
    assert at(laid, 4)[1] == pytest.approx(0.5, abs=0.05)
    steps = np.abs(np.diff(laid.moves[:, 1]))
    assert steps.max() < 0.12
    joint = np.flatnonzero(laid.joints) / RATE
    assert 3.5 <= joint.min() <= 3.6 and 4.4 <= joint.max() <= 4.5


def test_a_fade_is_never_longer_than_the_pieces() -> None:
    pieces = [piece(level(0), 0, 4, 9), piece(level(1), 4, 4.4, 9), piece(level(2), 4.4, 8)]
    laid = lay(pieces, [], 8, D)
    assert np.isfinite(laid.moves).all()
    assert at(laid, 1.9)[1] == 0 and at(laid, 6.3)[1] == 2
    assert np.abs(np.diff(laid.moves[:, 1])).max() < 0.35  # the long ones give way


def test_without_a_fade_pieces_are_cut_hard() -> None:
    laid = lay([piece(level(0), 0, 4, fade=0), piece(level(1), 4, 8)], [], 8, D)
    assert not laid.joints.any()
    assert set(laid.moves[:, 1]) == {0, 1}


def test_the_dancer_goes_on_from_where_the_piece_before_left_them() -> None:
    pieces = [piece(level(0, place=1), 0, 4), piece(level(0, seconds=8, place=3), 4, 12)]
    laid = lay(pieces, [], 12, D)
    for column in PLACE:
        assert at(laid, 4)[column] == pytest.approx(1, abs=0.02)
        assert at(laid, 5.5)[column] == pytest.approx(2, abs=0.05)
        assert at(laid, 8)[column] == pytest.approx(3)
    held = Piece(4, 12, 1, Curve(level(0, place=3)[:1], 0, 0))
    assert (lay([pieces[0], held], [], 12, D).moves[:, PLACE] == 1).all()  # a pose stays there


def test_what_is_not_said_is_not_known() -> None:
    laid = lay([piece(level(0), 1, 3), piece(level(1), 5, 7)], [], 9, D)
    unknown = np.flatnonzero(~laid.known) / RATE
    assert unknown.min() == 0 and unknown.max() == 9
    assert not laid.joints.any()
    assert at(laid, 0)[1] == 0 and at(laid, 9)[1] == 1
    assert at(laid, 4)[1] == pytest.approx(0.5, abs=0.02)


def test_a_pinned_pose_is_struck_where_the_dancer_stands() -> None:
    struck, second = np.full(D, 5.0), np.full(D, -5.0)
    laid = lay([piece(level(0, 8, place=2), 0, 8)], [(4.03, struck), (4.4, second)], 8, D)
    around = laid.moves[[int(4.03 * RATE), int(4.03 * RATE) + 1]]
    assert (around[:, OTHERS] == 5).all() and (around[:, PLACE] == 2).all()
    assert (laid.moves[[66], OTHERS] == -5).all()
    assert not laid.joints[[60, 61, 66]].any() and laid.joints[[58, 63]].all()
    assert at(laid, 3)[1] == 0 == at(laid, 5.2)[1]


def test_a_pose_in_a_gap_is_known() -> None:
    laid = lay([piece(level(0), 0, 2)], [(4.0, np.full(D, 5.0))], 6, D)
    assert laid.known[60] and not laid.known[[59, 61]].any()
    assert (laid.moves[60, OTHERS] == 5).all()
