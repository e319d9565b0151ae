"""From frames to the pictures that are learned: the original's rule, and the person found."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dancenow.choreographer.dancenet.config import Background, PictureConfig
from dancenow.choreographer.dancenet.silhouettes import (
    PersonSegmenter,
    fit,
    make_pictures,
    suggest_background,
    threshold_silhouette,
)
from dancenow.sample import PERFORMERS, SampleStage

Frame = NDArray[np.uint8]


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (32, 24)) -> Frame:
    """A frame of one colour; size is width and height."""
    return np.full((size[1], size[0], 3), colour, np.uint8)


def grey_of(red: float, green: float, blue: float) -> float:
    """Luma, Rec. 601."""
    return 0.299 * red + 0.587 * green + 0.114 * blue


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0, 0, 0), 0),
        ((20, 20, 20), 20),  # not over 20
        ((5, 0, 18), grey_of(5, 0, 18)),
        ((21, 21, 21), 255),
        ((255, 255, 255), 255),
        ((21, 0, 0), grey_of(255, 0, 0)),  # every channel by itself
        ((20, 21, 0), grey_of(20, 255, 0)),
        ((0, 200, 30), grey_of(0, 255, 255)),
    ],
)
def test_every_channel_over_20_is_255_and_then_comes_grey(
    colour: tuple[int, int, int], expected: float
) -> None:
    picture = threshold_silhouette(plain(colour), (32, 24))
    assert picture.shape == (24, 32, 1) and picture.dtype == np.uint8
    assert (picture == picture[0, 0]).all()
    assert abs(int(picture[0, 0, 0]) - expected) <= 1


@given(seed=st.integers(0, 1000))
def test_the_rule_holds_px_by_px(seed: int) -> None:
    frame = np.random.default_rng(seed).integers(0, 60, (8, 16, 3), np.uint8)
    before = frame.copy()
    picture = threshold_silhouette(frame, (16, 8))
    lit = np.where(frame > 20, 255, frame)
    assert np.abs(picture[..., 0] - (lit @ [0.299, 0.587, 0.114])).max() <= 1
    assert np.array_equal(frame, before)


def test_the_original_stretches_a_frame_to_the_picture() -> None:
    frame = plain((0, 0, 0), (40, 40))
    frame[10:30, 20:] = 200  # the right half, between a quarter and three quarters of the height
    picture = threshold_silhouette(frame, (208, 120))[..., 0]
    assert picture.shape == (120, 208)
    assert (picture[35:85, 110:] == 255).all()
    assert (picture[:, :98] == 0).all()
    assert (picture[:25] == 0).all() and (picture[95:] == 0).all()


@given(
    width=st.integers(1, 300), height=st.integers(1, 300), channels=st.sampled_from([1, 3])
)  # fmt: skip
def test_fitting_keeps_the_shape_and_leaves_black_around(
    width: int, height: int, channels: int
) -> None:
    picture = fit(np.full((height, width, channels), 200, np.uint8), (48, 32))
    assert picture.shape == (32, 48, channels) and picture.dtype == np.uint8
    rows, columns = (np.flatnonzero(picture[..., 0].any(axis=axis)) for axis in (1, 0))
    inner = len(columns), len(rows)
    scale = min(48 / width, 32 / height)
    assert abs(inner[0] - scale * width) <= 1 and abs(inner[1] - scale * height) <= 1
    assert inner[0] == 48 or inner[1] == 32
    assert abs(rows[0] - (31 - rows[-1])) <= 1 and abs(columns[0] - (47 - columns[-1])) <= 1
    assert (picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == 200).all()


def test_a_frame_of_the_pictures_size_is_fitted_as_it_is() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)
    assert np.array_equal(fit(frame, (48, 32)), frame)


def lit(part: float) -> Frame:
    frame = plain((5, 10, 15), (40, 20))
    frame[:, : round(part * 40), 1] = 120
    return frame


def test_a_dancer_before_black_is_cut_out_by_the_threshold_and_others_by_segmentation() -> None:
    assert suggest_background([lit(0.2), lit(0.3)]) == "threshold"
    assert suggest_background([lit(1.0)] * 3) == "person"
    assert suggest_background([lit(0.2), lit(1.0), lit(0.2)]) == "threshold"  # one flash of light
    assert suggest_background([lit(0.0)]) == "threshold"
    assert suggest_background([]) == "person"


@pytest.mark.parametrize("background", ["threshold", "grey", "colour"])
def test_pictures_have_the_configured_size_and_channels(background: Background) -> None:
    config = PictureConfig(height=16, width=40, background=background)
    frames = [lit(0.5)] * 3
    pictures = list(make_pictures(iter(frames), config))
    assert len(pictures) == 3
    for picture in pictures:
        assert picture.shape == (16, 40, config.channels) and picture.dtype == np.uint8


def test_grey_and_colour_keep_what_is_seen() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)
    config = PictureConfig(height=32, width=48, background="colour")
    (colour,) = make_pictures([frame], config)
    assert np.array_equal(colour, frame)
    (grey,) = make_pictures([frame], config.model_copy(update={"background": "grey"}))
    assert np.abs(grey[..., 0] - frame @ [0.299, 0.587, 0.114]).max() <= 1


def test_grey_and_colour_keep_shapes() -> None:
    frame = plain((0, 0, 0), (96, 96))
    frame[24:72, 24:72] = 255
    for background in ("grey", "colour"):
        config = PictureConfig(height=48, width=96, background=background)
        (picture,) = make_pictures([frame], config)
        rows, columns = (np.flatnonzero(picture[..., 0].any(axis=axis)) for axis in (1, 0))
        assert len(rows) == len(columns) == 24  # a square remains one
        assert columns[0] == 36 and rows[0] == 12


def test_frames_are_taken_one_by_one() -> None:
    taken = []

    def frames() -> Iterator[Frame]:
        while True:
            taken.append(1)
            yield lit(0.3)

    pictures = make_pictures(frames(), PictureConfig(height=16, width=24, background="grey"))
    for _ in range(3):
        next(pictures)
    assert len(taken) == 3


@pytest.fixture(scope="module")
def dance() -> tuple[list[Frame], list[NDArray[np.bool_]]]:
    """A sample performer's frames, and where each differs from the empty room."""
    stage = SampleStage(PERFORMERS["zola"], (160, 120))
    frames = [stage.draw(pose) for pose in stage.poses("groove", seconds=1, fps=6)]
    others = [stage.draw(pose) for pose in stage.poses("house", seconds=8, fps=1, seed=2)]
    room = np.median(frames + others, axis=0)
    return frames, [np.abs(frame - room).max(axis=2) > 25 for frame in frames]


def test_the_person_is_found_before_a_room(
    dance: tuple[list[Frame], list[NDArray[np.bool_]]],
) -> None:
    frames, moved = dance
    config = PictureConfig(height=120, width=160, background="person")
    for picture, truth in zip(make_pictures(frames, config), moved, strict=True):
        found = picture[..., 0] > 127
        assert found[truth].mean() > 0.75  # what differs from the empty room is the person
        rows, columns = np.nonzero(truth)
        box = np.zeros_like(found)
        box[rows.min() - 8 : rows.max() + 9, columns.min() - 8 : columns.max() + 9] = True
        assert found[~box].mean() < 0.02 and found.mean() < 0.3
        edge = ((picture > 0) & (picture < 255)).mean()
        assert edge < 0.1  # a silhouette, not a shade


def test_the_person_is_found_again_after_it_was_lost(
    dance: tuple[list[Frame], list[NDArray[np.bool_]]],
) -> None:
    frames, _ = dance
    empty = plain((90, 90, 90), (160, 120))
    with PersonSegmenter() as segmenter:
        masks = [segmenter.mask(frame) for frame in (empty, frames[0], empty, empty, frames[0])]
    assert all(mask.shape == (120, 160) and mask.dtype == np.uint8 for mask in masks)
    assert not any((masks[index] > 127).any() for index in (0, 3))
    assert (masks[1] > 127).sum() > 300
    overlap = ((masks[1] > 127) & (masks[4] > 127)).sum() / (masks[1] > 127).sum()
    assert overlap > 0.9
