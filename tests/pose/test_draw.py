"""Stick figures: what is drawn, where, how wide, and what is left out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from dancers import standing
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dancenow.pose.draw import DrawConfig, draw_pose, overlay
from dancenow.pose.layout import (
    BODY_COLOURS,
    BODY_LIMBS,
    FACE,
    INDEX,
    LEFT_HAND,
    NUM_KEYPOINTS,
)

Keypoints = NDArray[np.float32]


def figure(size: float = 256) -> Keypoints:
    """A standing body with face and hands in a square of some px."""
    xy = standing() * 0.85 * size + (0.5 * size, 0.93 * size)
    return np.concatenate([xy, np.ones((NUM_KEYPOINTS, 1))], axis=1).astype(np.float32)


def only(keypoints: Keypoints, *names: str) -> Keypoints:
    kept = np.zeros_like(keypoints)
    for name in names:
        kept[INDEX[name]] = keypoints[INDEX[name]]
    return kept


def test_a_picture_has_the_size_asked_for_and_is_black_without_a_pose() -> None:
    picture = draw_pose(np.zeros((137, 3)), (320, 200))
    assert picture.shape == (200, 320, 3)
    assert picture.dtype == np.uint8
    assert not picture.any()


@pytest.mark.parametrize("limb", range(len(BODY_LIMBS)))
def test_each_body_limb_is_drawn_in_its_colour(limb: int) -> None:
    keypoints = np.zeros((137, 3))
    a, b = BODY_LIMBS[limb]
    keypoints[a], keypoints[b] = (40, 60, 1), (200, 60, 1)
    picture = draw_pose(keypoints, (256, 256))
    assert tuple(picture[60, 120]) == BODY_COLOURS[limb]
    assert not picture[100:].any()


def test_the_line_lies_where_the_keypoints_are_to_a_fraction_of_a_pixel() -> None:
    """Pixel centres are at .5: the line's centre of mass must be its y."""
    for y in (100.0, 100.25, 100.5, 100.9):
        keypoints = np.zeros((137, 3))
        keypoints[INDEX["neck"]], keypoints[INDEX["mid_hip"]] = (50.5, y, 1), (200.5, y, 1)
        column = draw_pose(keypoints, (256, 256))[:, 125, 0].astype(float)
        assert (column * (np.arange(256) + 0.5)).sum() / column.sum() == pytest.approx(y, abs=0.2)


def test_both_ends_must_be_certain() -> None:
    keypoints = only(figure(), "left_hip", "left_knee")
    assert draw_pose(keypoints, (256, 256)).any()
    keypoints[INDEX["left_knee"], 2] = 0.3
    assert draw_pose(keypoints, (256, 256)).any()
    assert not draw_pose(keypoints, (256, 256), config=DrawConfig(min_confidence=0.4)).any()
    keypoints[INDEX["left_knee"], 2] = 0
    assert not draw_pose(keypoints, (256, 256), config=DrawConfig(min_confidence=0)).any()


def test_a_region_fills_the_picture() -> None:
    """The same body elsewhere in a larger frame, cut out by its region, is the same picture."""
    keypoints = figure()
    elsewhere = keypoints * (4, 4, 1) + (1000, 300, 0)
    picture = draw_pose(elsewhere, (256, 256), region=(1000, 300, 1024, 1024))
    difference = picture.astype(int) - draw_pose(keypoints, (256, 256))
    assert np.abs(difference).mean() < 0.1


@pytest.mark.parametrize("size", [256, 512, 1024])
def test_a_figure_looks_the_same_at_any_size(size: int) -> None:
    large = draw_pose(figure(size), (size, size))
    reduced = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA).astype(float)
    small = draw_pose(figure(2048), (2048, 2048))
    small = cv2.resize(small, (128, 128), interpolation=cv2.INTER_AREA).astype(float)
    assert np.corrcoef(reduced.ravel(), small.ravel())[0, 1] > 0.95


def row_width(picture: NDArray[np.uint8], y: int) -> float:
    """How wide what is drawn in a row is, px, by its brightness."""
    row = picture[y].astype(float).max(axis=-1)
    return float(row.sum() / row.max())


@pytest.mark.parametrize("size", [128, 256, 300, 700])
def test_widths_are_parts_of_the_regions_height(size: int) -> None:
    picture = draw_pose(only(figure(size), "neck", "mid_hip"), (size, size))
    assert row_width(picture, int(0.4 * size)) == pytest.approx(0.020 * size, abs=0.4)


def test_at_256_px_hands_and_face_are_thin_and_there() -> None:
    keypoints = figure()
    for part, most in ((LEFT_HAND, 3.0), (FACE, 1.6)):
        line = np.zeros_like(keypoints)
        line[part.start], line[part.start + 1] = (100.5, 50, 1), (100.5, 150, 1)
        assert 1.0 < row_width(draw_pose(line, (256, 256)), 100) < most
        alone = np.zeros_like(keypoints)
        alone[part] = keypoints[part]
        assert (draw_pose(alone, (256, 256)) > 128).any(axis=2).sum() > 50


def test_lines_are_anti_aliased() -> None:
    keypoints = only(figure(), "neck", "left_shoulder", "left_elbow")
    levels = np.unique(draw_pose(keypoints, (256, 256)))
    assert len(levels) > 10


def test_the_face_is_painted_over_the_head_and_the_hands_over_the_body() -> None:
    keypoints = figure()
    alone = np.zeros_like(keypoints)
    alone[LEFT_HAND] = keypoints[LEFT_HAND]
    hand = draw_pose(alone, (256, 256))
    full = draw_pose(keypoints, (256, 256))
    core = hand.max(axis=2) > 200
    assert (full[core] == hand[core]).mean() > 0.95


bad = st.sampled_from([np.nan, np.inf, -np.inf, 1e30, -1e30, 1e9, -5e4, 3e4])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 136), st.integers(0, 2), bad), min_size=1, max_size=20))
def test_impossible_coordinates_are_safe(values: list[tuple[int, int, float]]) -> None:
    keypoints = figure()
    for index, column, value in values:
        keypoints[index, column] = value
    assert draw_pose(keypoints, (64, 48)).shape == (48, 64, 3)
    assert overlay(np.zeros((48, 64, 3), np.uint8), keypoints).shape == (48, 64, 3)


def test_a_limb_that_leaves_the_picture_is_cut_at_its_edge() -> None:
    keypoints = np.zeros((137, 3))
    keypoints[INDEX["neck"]], keypoints[INDEX["mid_hip"]] = (128, 128, 1), (5000, 128, 1)
    row = draw_pose(keypoints, (256, 256))[128].any(axis=1)
    assert row[130:].all()
    assert not row[:120].any()


def test_an_overlay_keeps_the_frame_and_its_argument() -> None:
    frame = np.full((256, 256, 3), 90, np.uint8)
    result = overlay(frame, figure())
    assert (frame == 90).all()
    assert (result[:, :20] == 90).all()
    assert (result != 90).any()


def test_an_overlay_without_a_pose_is_the_frame() -> None:
    frame = np.full((40, 60, 3), 90, np.uint8)
    assert (overlay(frame, np.zeros((137, 3))) == frame).all()


def test_an_overlay_is_thin_on_a_small_person() -> None:
    frame = np.zeros((1080, 1920, 3), np.uint8)
    small = overlay(frame, figure(128))
    large = overlay(frame, figure(1024))
    assert small.any(axis=2).sum() < large.any(axis=2).sum() / 30


@pytest.mark.parametrize("region", [(0, 0, 0, 10), (0, 0, 10, -1), (0, np.nan, 10, 10)])
def test_a_region_without_area_is_refused(region: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="region"):
        draw_pose(figure(), (64, 64), region=region)


def test_keypoints_of_another_layout_are_refused() -> None:
    with pytest.raises(ValueError, match="137"):
        draw_pose(np.zeros((17, 3)), (64, 64))
