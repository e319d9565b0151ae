"""Cuts are found, and pans, flashes and dances are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.pose.cuts import with_cuts
from dancenow.video import read_frames

Frame = NDArray[np.uint8]


def cuts_in(frames: list[Frame]) -> list[int]:
    return [index for index, (_, cut) in enumerate(with_cuts(frames)) if cut]


def room(seed: int, shift: int = 0) -> Frame:
    """A wall of coloured patches, 90 x 160 px, seen from further to the right."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 255, (9, 60, 3)).astype(np.uint8)
    wall = np.kron(patches, np.ones((10, 10, 1), np.uint8))
    return np.ascontiguousarray(wall[:, shift : shift + 160])


def test_cuts_are_found() -> None:
    frames = [room(1)] * 20 + [room(2)] * 20 + [np.zeros((90, 160, 3), np.uint8)] * 20
    assert cuts_in(frames) == [20, 40]


def test_a_pan_is_no_cut() -> None:
    assert cuts_in([room(1, 3 * index) for index in range(60)]) == []


def test_light_that_flashes_is_no_cut() -> None:
    frames = [room(1)] * 100
    for index in range(20, 100, 25):
        frames[index] = np.full((90, 160, 3), 255, np.uint8)
    frames[60:62] = [np.asarray(np.minimum(room(1), 215) + 40, np.uint8)] * 2
    assert cuts_in(frames) == []


@pytest.mark.parametrize("shots", [(40, 3, 40), (3, 40), (7, 40), (8, 8, 8)])
def test_short_shots_end_with_a_cut_too(shots: tuple[int, ...]) -> None:
    frames = [room(seed) for seed, count in enumerate(shots) for _ in range(count)]
    assert cuts_in(frames) == np.cumsum(shots)[:-1].tolist()


def test_frames_come_in_order_and_at_once_where_that_is_asked() -> None:
    frames = [room(seed // 10) for seed in range(30)]
    assert all(a is b for a, (b, _) in zip(frames, with_cuts(iter(frames)), strict=True))
    read: list[int] = []
    waiting = (read.append(index) or frame for index, frame in enumerate(frames))
    found = [cut for count, (_, cut) in enumerate(with_cuts(waiting, at_once=True), start=1)
             if len(read) == count]  # fmt: skip
    assert np.flatnonzero(found).tolist() == [10, 20] and len(found) == 30


@pytest.mark.parametrize("name", ["taiji.mp4", "studio_dance.mp4"])
def test_real_dances_of_one_shot_have_none(clips: Path, name: str) -> None:
    assert cuts_in(list(read_frames(clips / name, size=(160, 90)))) == []


def test_sample_dances_have_none(cases: Path) -> None:
    for name in ("two_crossing.mp4", "upside_down_source.mp4", "240fps.mp4"):
        assert cuts_in(list(read_frames(cases / name))) == []


def test_an_end_card_is_a_cut(cases: Path) -> None:
    assert cuts_in(list(read_frames(cases / "end_card_target.mp4"))) == [48]
