"""Grey and pieces, measured on drawn silhouettes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.evaluation.motion import MotionScores
from dancenow.evaluation.silhouettes import (
    SilhouetteScores,
    grey_share,
    pieces_of,
    ratio,
    silhouette_scores,
)


def body(*boxes: tuple[int, int, int, int, int]) -> NDArray[np.uint8]:
    """Boxes of a shade on black, each left, top, right, bottom and shade, uint8 `(60, 40, 1)`."""
    picture = np.zeros((60, 40, 1), np.uint8)
    for left, top, right, bottom, shade in boxes:
        picture[top:bottom, left:right] = shade
    return picture


TORSO = (10, 10, 30, 50, 255)  # 800 pixels


@pytest.mark.parametrize(
    ("shade", "grey"), [(0, 0.0), (50, 0.0), (51, 0.2), (128, 0.2), (204, 0.2), (205, 0.0)]
)
def test_grey_is_from_a_fifth_to_four_fifths_of_white(shade: int, grey: float) -> None:
    assert grey_share(body(TORSO, (30, 10, 35, 50, shade))) == pytest.approx(grey)


def test_a_ghost_beside_the_figure_counts_as_one_on_it_does() -> None:
    on, beside = (12, 12, 20, 20, 100), (0, 52, 8, 60, 100)
    assert grey_share(body(TORSO, on)) == pytest.approx(64 / 800)
    assert grey_share(body(TORSO, beside)) == pytest.approx(64 / 864)
    assert math.isnan(grey_share(body()))


@pytest.mark.parametrize(
    ("parts", "pieces"),
    [
        ((), 0),
        ((TORSO,), 1),
        ((TORSO, (32, 10, 36, 20, 255)), 2),  # an arm that came off
        ((TORSO, (32, 10, 36, 14, 255)), 1),  # a speck: 16 of 816
        ((TORSO, (32, 10, 36, 20, 120)), 1),  # a ghost
        ((TORSO, (30, 6, 34, 10, 255)), 1),  # touches at a corner
        (((10, 0, 30, 25, 255), (10, 30, 30, 55, 255)), 2),
    ],
)
def test_a_body_comes_apart_into_pieces(
    parts: tuple[tuple[int, int, int, int, int], ...], pieces: int
) -> None:
    assert pieces_of(body(*parts)) == pieces


def test_scores_are_means_over_the_pictures_that_show_something() -> None:
    clean = body(TORSO)
    apart = body(TORSO, (32, 10, 36, 20, 255), (0, 0, 10, 8, 100))
    scores = silhouette_scores([clean, clean, body(), apart, clean])
    assert scores.grey == pytest.approx(80 / 920 / 4) and scores.pieces == 0.25
    nothing = silhouette_scores([body()])
    assert math.isnan(nothing.grey) and math.isnan(nothing.pieces)


def test_a_ratio_knows_nothing_from_none() -> None:
    assert ratio(0.3, 0.2) == pytest.approx(1.5)
    assert ratio(0.0, 0.0) == 1 and ratio(0.1, 0.0) == math.inf
    assert math.isnan(ratio(0.1, float("nan")))


def test_a_dance_of_silhouettes_tells_how_clean_it_is() -> None:
    plain = MotionScores(600, 0.91, 0.62, 1.25, 2.5, 0.0123, 0.87, 0.31)
    assert "grey" not in plain.summary()
    scores = plain.with_silhouettes(SilhouetteScores(0.12, 0.03), SilhouetteScores(0.1, 0.04))
    assert (scores.grey_ratio, scores.pieces_ratio) == pytest.approx((1.2, 0.75))
    for told in ("12.0 %", "10.0 %", "1.20 times", "3.0 % of the frames", "0.75 times"):
        assert told in scores.summary()
    unknown = plain.with_silhouettes(SilhouetteScores(0.12, 0.03), SilhouetteScores())
    assert "not known" in unknown.summary() and math.isnan(unknown.grey_ratio)
