"""Drawn latents become blends of the learned ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dancenow.choreographer.dancenet.codebook import Codebook

RNG = np.random.default_rng(0)
TURNS = np.linspace(0, 2 * np.pi, 100, endpoint=False)
CIRCLE = np.stack((np.cos(TURNS), np.sin(TURNS)), 1).astype(np.float32)


def test_a_learned_latent_stays_itself() -> None:
    learned = RNG.standard_normal((50, 8)).astype(np.float32)
    for latent in learned[:10]:
        assert np.allclose(Codebook([learned], 4)(latent), latent, atol=1e-3)


@given(angle=st.floats(0, 6.28), radius=st.floats(0.5, 3), neighbours=st.integers(1, 8))
def test_what_lies_beside_the_dance_is_brought_back_to_it(
    angle: float, radius: float, neighbours: int
) -> None:
    beside = np.array([radius * np.cos(angle), radius * np.sin(angle)], np.float32)
    moved = Codebook([CIRCLE], neighbours)(beside)
    assert moved.dtype == np.float32 and moved.shape == (2,)
    assert abs(np.linalg.norm(moved) - 1) < 0.03
    assert np.linalg.norm(moved - beside / radius) < 0.15  # at the nearest place


def test_small_steps_remain_small() -> None:
    book = Codebook([CIRCLE], 4)
    way = np.linspace(0.2, 1.4, 400)
    moved = np.array([book(1.3 * np.array([np.cos(t), np.sin(t)], np.float32)) for t in way])
    steps = np.linalg.norm(np.diff(moved, axis=0), axis=1)
    assert steps.max() < 0.03 and len(np.unique(moved.round(4), axis=0)) > 200


def test_the_last_latent_decides_between_equals() -> None:
    """A figure of eight: at the crossing, the way goes on as it came."""
    turns = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    eight = np.stack((np.sin(turns), np.sin(2 * turns)), 1).astype(np.float32)
    for direction in (1, -1):
        book = Codebook([eight[::direction]], 4)
        way = eight[::direction][60 if direction == 1 else 61 :][:80]
        shown = np.array([book(latent) for latent in way])
        assert np.abs(shown - way).max() < 0.1


def test_the_first_of_a_clip_does_not_follow_the_last_of_another() -> None:
    clips = [np.zeros((5, 2), np.float32), np.ones((5, 2), np.float32)]
    book = Codebook(clips, 2)
    for corner in (clips[0][0], clips[1][0]):
        assert np.allclose([book(corner) for _ in range(3)][-1], corner, atol=1e-3)


def test_fewer_latents_than_neighbours_are_enough() -> None:
    learned = np.eye(3, dtype=np.float32)[:2]
    assert np.allclose(
        Codebook([learned], 4)(np.full(3, 0.5, np.float32)), [0.5, 0.5, 0], atol=1e-3
    )
