"""Picture scores against values computed by hand."""

from __future__ import annotations

import socket
from importlib.util import find_spec
from pickle import UnpicklingError
from urllib.error import URLError

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from dancenow.evaluation import picture_scores
from dancenow.evaluation.perceptual import MISSING, Lpips, Network, load_lpips
from dancenow.evaluation.pictures import Frame, gradient_magnitude, structural_similarity


@pytest.fixture
def picture() -> Frame:
    return np.random.default_rng(0).integers(0, 256, (32, 40, 3), np.uint8)


def test_equal_pictures_score_perfectly(picture: Frame) -> None:
    scores = picture_scores(picture, picture)
    assert scores.psnr == 100
    assert scores.ssim == pytest.approx(1, abs=1e-5)
    assert scores.sharpness == pytest.approx(1) and scores.energy == pytest.approx(1)
    assert scores.lpips is None


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


@pytest.mark.parametrize("size", [(32, 40), (65, 40), (180, 120), (19, 12)])
@pytest.mark.parametrize("level", [4, 60])
def test_ssim_is_the_one_of_torchmetrics(size: tuple[int, int], level: int) -> None:
    from torchmetrics.functional.image import structural_similarity_index_measure

    rng = np.random.default_rng(level)
    truth = cv2.GaussianBlur(rng.integers(0, 256, (*size, 3), np.uint8), (0, 0), 1.2)
    made = (truth + rng.normal(0, level, truth.shape)).clip(0, 255).astype(np.uint8)
    a, b = (torch.from_numpy(each).permute(2, 0, 1)[None] / 255 for each in (made, truth))
    expected = float(structural_similarity_index_measure(a, b, data_range=1.0))
    assert structural_similarity(made, truth) == pytest.approx(expected, abs=2e-5)


def test_ssim_takes_pictures_smaller_than_its_windows() -> None:
    grey = np.full((3, 8, 3), 100, np.uint8)
    assert structural_similarity(grey, grey) == pytest.approx(1)


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


def test_gradient_energy_is_the_ratio_of_squared_gradients() -> None:
    ramp = np.repeat(np.arange(0, 128, 4, dtype=np.uint8)[None, :, None], 32, axis=0)
    ramp = np.repeat(ramp, 3, axis=2)
    assert picture_scores(ramp >> np.uint8(1), ramp).energy == pytest.approx(0.25)


def test_an_edge_and_a_ramp_of_the_same_rise_differ_in_energy_alone() -> None:
    edge, ramp = np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32, 3), np.uint8)
    edge[:, 16:] = 80
    ramp[:, 6:27] = np.arange(0, 84, 4, dtype=np.uint8)[:, None]
    ramp[:, 27:] = 80
    scores = picture_scores(ramp, edge)
    assert scores.sharpness == pytest.approx(1)
    assert scores.energy < 0.15


def mean_difference(made: Tensor, truth: Tensor) -> Tensor:
    """Stands in for the network."""
    return (made - truth).abs().mean()


def test_a_network_that_is_there_compares_pictures_in_0_to_1(picture: Frame) -> None:
    large = np.tile(picture, (3, 2, 1))
    darker = (large // 2).astype(np.uint8)
    lpips, missing = load_lpips(lambda: mean_difference)
    assert lpips is not None and missing is None
    expected = float((large.astype(float) - darker).mean()) / 255
    assert picture_scores(darker, large, lpips).lpips == pytest.approx(expected, rel=1e-4)
    assert picture_scores(large, large, lpips).lpips == 0


@pytest.mark.parametrize(
    ("size", "seen"),
    [((32, 40), (64, 80)), ((40, 16), (160, 64)), ((64, 64), (64, 64)), ((65, 200), (65, 200))],
)
def test_pictures_too_small_for_the_network_are_enlarged(
    size: tuple[int, int], seen: tuple[int, int]
) -> None:
    shapes = []

    def network(made: Tensor, truth: Tensor) -> Tensor:
        shapes.extend([tuple(made.shape), tuple(truth.shape)])
        return mean_difference(made, truth)

    grey = np.full((*size, 3), 51, np.uint8)
    assert Lpips(network)(grey + grey, grey) == pytest.approx(0.2)
    assert shapes == [(1, 3, *seen)] * 2


@pytest.mark.parametrize(
    "error",
    [ModuleNotFoundError("torchvision"), URLError("no route"), TimeoutError("timed out"),
     RuntimeError("failed reading zip archive:\nTraceback"), EOFError(), UnpicklingError()],
)  # fmt: skip
def test_a_network_that_cannot_be_had_is_told_in_one_line(error: Exception) -> None:
    def make() -> Network:
        raise error

    lpips, missing = load_lpips(make)
    assert lpips is None and missing is not None
    assert missing.startswith("LPIPS: not measured; needs torchvision") and "\n" not in missing


def test_an_error_that_is_no_lack_of_the_network_is_not_hidden() -> None:
    def make() -> Network:
        raise ValueError("net_type")

    with pytest.raises(ValueError, match="net_type"):
        load_lpips(make)


def test_servers_that_do_not_answer_are_given_up_soon_and_only_then() -> None:
    limits = []

    def make() -> Network:
        limits.append(socket.getdefaulttimeout())
        raise URLError("timed out")

    before = socket.getdefaulttimeout()
    load_lpips(make)
    assert limits[0] is not None and limits[0] <= 10
    assert socket.getdefaulttimeout() == before


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is installed here")
def test_without_torchvision_the_reason_says_what_to_install() -> None:
    assert load_lpips() == (None, MISSING)
    assert "pip install torchvision" in MISSING


def test_pictures_of_different_sizes_are_refused(picture: Frame) -> None:
    with pytest.raises(ValueError, match="different sizes"):
        picture_scores(picture, picture[1:])
