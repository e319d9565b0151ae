"""Picture scores against values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dancenow.evaluation import picture_scores
from dancenow.evaluation.pictures import Frame, gradient_magnitude


@pytest.fixture
def picture() -> Frame:
    return np.random.default_rng(0).integers(0, 256, (32, 40, 3), np.uint8)


def test_equal_pictures_score_perfectly(picture: Frame) -> None:
    scores = picture_scores(picture, picture)
    assert scores.psnr == 100
    assert scores.ssim == pytest.approx(1, abs=1e-5)
    assert scores.sharpness == pytest.approx(1)


def test_psnr_follows_its_formula() -> None:
    grey = np.full((32, 32, 3), 100, np.uint8)
    assert picture_scores(grey + np.uint8(5), grey).psnr == pytest.approx(
        20 * np.log10(255 / 5), abs=1e-3
    )


def test_ssim_of_two_even_pictures_is_its_luminance_term() -> None:
    # No variance: (2ab + c1) / (a² + b² + c1) is left, with c1 = (0.01 L)² and L = 255.
    a, b, c1 = 100.0, 140.0, 2.55**2
    scores = picture_scores(
        np.full((32, 32, 3), 100, np.uint8), np.full((32, 32, 3), 140, np.uint8)
    )
    assert scores.ssim == pytest.approx((2 * a * b + c1) / (a * a + b * b + c1), abs=1e-4)


def test_more_noise_scores_lower(picture: Frame) -> None:
    noise = np.random.default_rng(1).normal(size=picture.shape)
    worse = [
        picture_scores((picture + s * noise).clip(0, 255).astype(np.uint8), picture)
        for s in (5, 20, 80)
    ]
    assert worse[0].psnr > worse[1].psnr > worse[2].psnr
    assert worse[0].ssim > worse[1].ssim > worse[2].ssim


def test_sharpness_is_the_ratio_of_gradients() -> None:
    ramp = np.repeat(np.arange(0, 128, 4, dtype=np.uint8)[None, :, None], 32, axis=0)
    ramp = np.repeat(ramp, 3, axis=2)
    assert gradient_magnitude(ramp) == pytest.approx(4)
    assert picture_scores(ramp // 2, ramp).sharpness == pytest.approx(0.5)
    assert picture_scores(np.zeros_like(ramp), ramp).sharpness == 0


def test_pictures_of_different_sizes_are_refused(picture: Frame) -> None:
    with pytest.raises(ValueError, match="different sizes"):
        picture_scores(picture, picture[1:])
