"""What stands still is steadied; what moves is not delayed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.performer.fast import steadying as steadying_module
from dancenow.performer.fast.steadying import Steadying
from dancenow.performer.layer import Layer

SIZE = (64, 48)


def layer(pixels: NDArray[np.uint8], left: int = 0, top: int = 0) -> Layer:
    return Layer(pixels, left, top, SIZE)


def noisy(rng: np.random.Generator, height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """A grey person that covers everything, with noise."""
    pixels = np.full((height, width, 4), 128, np.uint8)
    pixels[..., :3] += rng.integers(-6, 7, (height, width, 3)).astype(np.uint8)
    return pixels


def test_noise_becomes_a_third() -> None:
    rng = np.random.default_rng(0)
    steadying = Steadying()
    shown = [steadying.steady(layer(noisy(rng)), 24.0).pixels.astype(int) for _ in range(60)]
    given = [noisy(rng).astype(int) for _ in range(2)]
    change = np.abs(shown[-1] - shown[-2])[..., :3].mean()
    assert change < np.abs(given[1] - given[0])[..., :3].mean() / 3


def test_what_moves_is_not_delayed() -> None:
    steadying = Steadying()
    for x in range(0, 40, 4):
        pixels = np.zeros((48, 64, 4), np.uint8)
        pixels[10:30, x : x + 12] = 255
        shown = steadying.steady(layer(pixels), 24.0)
    assert np.abs(shown.pixels.astype(int) - pixels).max() < 12


def test_a_faint_edge_that_moves_leaves_hardly_a_trail() -> None:
    """As the neckline of a white shirt, which hardly differs from it."""
    steadying = Steadying()
    for x in range(0, 40, 4):
        pixels = np.full((48, 64, 4), 240, np.uint8)
        pixels[:, x : x + 6, :3] -= 14
        shown = steadying.steady(layer(pixels), 24.0)
    assert np.abs(shown.pixels.astype(int) - pixels).max() <= 4


def test_the_frame_rate_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small change arrives in the same time, whatever the frame rate."""
    monkeypatch.setattr(steadying_module, "_ALIKE", 20.0)  # for a change of many steps to be small
    arrived = []
    for fps in (12, 24, 60):
        steadying = Steadying()
        steadying.steady(layer(np.full((48, 64, 4), 128, np.uint8)), fps)
        for _ in range(fps // 2):
            shown = steadying.steady(layer(np.full((48, 64, 4), 136, np.uint8)), fps)
        arrived.append(int(shown.pixels[24, 32, 0]))
    assert max(arrived) - min(arrived) <= 1
    assert 133 <= arrived[0] < 136


def test_a_layer_that_moves_in_the_frame_is_compared_where_it_lies() -> None:
    """The same picture, cut out by another box, is the same picture."""
    rng = np.random.default_rng(1)
    whole = noisy(rng)
    steadying = Steadying()
    steadying.steady(layer(whole), 24.0)
    part = steadying.steady(layer(whole[8:40, 10:50], 10, 8), 24.0)
    assert np.array_equal(part.pixels, whole[8:40, 10:50])
    beyond = steadying.steady(layer(whole), 24.0)  # new where the last box did not reach
    assert np.abs(beyond.pixels.astype(int) - whole).max() < 30
    assert np.array_equal(beyond.pixels[:4], whole[:4])


def test_after_a_frame_without_a_person_nothing_is_remembered() -> None:
    steadying = Steadying()
    steadying.steady(layer(np.full((48, 64, 4), 120, np.uint8)), 24.0)
    nobody = layer(np.zeros((0, 0, 4), np.uint8))
    assert steadying.steady(nobody, 24.0) is nobody
    back = steadying.steady(layer(np.full((48, 64, 4), 128, np.uint8)), 24.0)
    assert (back.pixels == 128).all()
    steadying.reset()
    again = steadying.steady(layer(np.full((48, 64, 4), 136, np.uint8)), 24.0)
    assert (again.pixels == 136).all()
