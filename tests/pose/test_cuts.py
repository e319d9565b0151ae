"""Cuts are found, and pans, flashes and dances are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.pose.cuts import CutFinder
from dancenow.video import read_frames

Frame = NDArray[np.uint8]


def cuts_in(frames: list[Frame]) -> list[int]:
    finder = CutFinder()
    return [index for index, frame in enumerate(frames) if finder.begins(frame)]


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


def test_a_flash_begins_one_shot_at_most() -> None:
    frames = [room(1)] * 40
    frames[20] = np.full((90, 160, 3), 255, np.uint8)
    assert len(cuts_in(frames)) <= 1


@pytest.mark.parametrize("name", ["taiji.mp4", "studio_dance.mp4"])
def test_real_dances_of_one_shot_have_none(clips: Path, name: str) -> None:
    assert cuts_in(list(read_frames(clips / name, size=(160, 90)))) == []


def test_sample_dances_have_none(cases: Path) -> None:
    for name in ("two_crossing.mp4", "upside_down_source.mp4", "240fps.mp4"):
        assert cuts_in(list(read_frames(cases / name))) == []


def test_an_end_card_is_a_cut(cases: Path) -> None:
    assert cuts_in(list(read_frames(cases / "end_card_target.mp4"))) == [48]
