"""From pictures to scaled latents and back, and the set of pictures itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dancenow.choreographer.dancenet.codec import FrameCodec, Latents, LatentScaler
from dancenow.choreographer.dancenet.config import PictureConfig, VAEConfig
from dancenow.choreographer.dancenet.frames import FrameSet, as_rgb, contact_sheet
from dancenow.choreographer.dancenet.vae import FrameVAE
from dancenow.files import new_pictures
from dancenow.training import Device

LATENT = 5
axes = pytest.mark.parametrize("principal_axes", [False, True], ids=["as they are", "principal"])


def latents(length: int = 60, size: int = LATENT) -> Latents:
    """Latents that lie aslant: their dimensions go together."""
    rng = np.random.default_rng(0)
    aslant = rng.normal(size=(length, size)) @ rng.normal(size=(size, size)) / np.sqrt(size)
    return (3 * aslant + 1).astype(np.float32)


@axes
def test_what_was_learned_is_scaled_to_0_to_1_and_comes_back(principal_axes: bool) -> None:
    learned = latents()
    scaler = LatentScaler.fit(learned, principal_axes=principal_axes)
    scaled = scaler.scale(learned)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.min(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.max(axis=0), 1, atol=1e-6)
    np.testing.assert_allclose(scaler.unscale(scaled), learned, atol=1e-4)
    np.testing.assert_allclose(scaler.unscale(scaled[3]), learned[3], atol=1e-4)


@axes
@given(scaled=st.lists(st.floats(-2, 3, width=32), min_size=LATENT, max_size=LATENT))
def test_every_scaled_latent_comes_back(principal_axes: bool, scaled: list[float]) -> None:
    scaler = LatentScaler.fit(latents(), principal_axes=principal_axes)
    there = scaler.unscale(np.array(scaled, np.float32))
    np.testing.assert_allclose(scaler.scale(there), scaled, atol=1e-4)


def test_along_the_principal_axes_nothing_goes_together_and_most_comes_first() -> None:
    learned = latents(400)
    scaler = LatentScaler.fit(learned, principal_axes=True)
    np.testing.assert_allclose(scaler.axes.T @ scaler.axes, np.eye(LATENT), atol=1e-5)
    covariance = np.cov(learned @ scaler.axes, rowvar=False)
    variances = np.diag(covariance)
    assert (np.diff(variances) < 0).all()
    assert np.abs(covariance - np.diag(variances)).max() < 1e-3 * variances.max()
    assert variances.sum() == pytest.approx(learned.var(axis=0, ddof=1).sum(), rel=1e-4)


@axes
def test_a_likelihood_changes_by_the_volume(principal_axes: bool) -> None:
    """-log p(latent) = -log p(scaled) + log |d latent / d scaled|."""
    scaler = LatentScaler.fit(latents(), principal_axes=principal_axes)
    eye = np.eye(LATENT, dtype=np.float32)
    jacobian = scaler.unscale(eye) - scaler.unscale(np.zeros(LATENT, np.float32))
    _, log_volume = np.linalg.slogdet(jacobian.astype(np.float64))
    assert scaler.log_volume == pytest.approx(log_volume, abs=1e-3)


def test_a_dimension_that_does_not_move_is_left_in_peace() -> None:
    learned = latents()
    learned[:, 2] = 4.0
    scaler = LatentScaler.fit(learned)
    scaled = scaler.scale(learned)
    assert (scaled[:, 2] == 0).all() and np.isfinite(scaled).all()
    np.testing.assert_allclose(scaler.unscale(scaled), learned, atol=1e-4)
    others = LatentScaler.fit(np.delete(learned, 2, axis=1))
    assert scaler.log_volume == pytest.approx(others.log_volume, rel=1e-5)


@pytest.mark.parametrize(("length", "size"), [(20, 32), (60, 128)])
def test_fewer_latents_than_dimensions_leave_axes_along_which_nothing_moves(
    length: int, size: int
) -> None:
    """Rounding along those axes must not be taken for a dance and stretched to 0..1."""
    learned = latents(length, size)
    scaler = LatentScaler.fit(learned, principal_axes=True)
    scaled = scaler.scale(learned)
    assert np.abs(scaled[:, length - 1 :]).max() < 0.01
    np.testing.assert_allclose(scaler.unscale(scaled), learned, atol=1e-3)
    spread = np.ptp(learned @ scaler.axes, axis=0)[: length - 1]
    assert scaler.log_volume == pytest.approx(np.log(spread).sum(), rel=1e-3)


def frame_set(count: int = 19, channels: int = 1) -> FrameSet:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (count, 16, 24, channels), np.uint8)
    return FrameSet(pictures, (count,), Fraction(25), 1, "colour" if channels == 3 else "grey")


def codec(channels: int = 1, device: Device | None = None) -> FrameCodec:
    torch.manual_seed(0)
    picture = PictureConfig(height=16, width=24, background="colour" if channels == 3 else "grey")
    vae = FrameVAE(picture, VAEConfig(latent=LATENT, filters=(4, 6, 8), dense=7))
    return FrameCodec(vae, device or Device("cpu", "32-true"))


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_encoded_in_order_whatever_is_encoded_with_them(channels: int) -> None:
    frames, told = frame_set(19, channels), []
    means, log_variances = codec(channels).encode(frames, told.append)
    assert means.shape == log_variances.shape == (19, LATENT) and means.dtype == np.float32
    assert told == sorted(told) and told[-1] == 19
    for index in range(19):
        one = FrameSet(frames.pictures[index : index + 1], (1,), frames.fps, 1, "grey")
        mean, log_variance = codec(channels).encode(one)
        np.testing.assert_allclose(mean[0], means[index], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(log_variance[0], log_variances[index], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_latents_are_decoded_in_order_whatever_is_decoded_with_them(channels: int) -> None:
    all_at_once = list(codec(channels).decode(latents(19)))
    assert len(all_at_once) == 19
    for latent, picture in zip(latents(19), all_at_once, strict=True):
        assert picture.shape == (16, 24, channels) and picture.dtype == np.uint8
        (alone,) = codec(channels).decode([latent])
        assert np.abs(alone.astype(int) - picture).max() <= 1
    assert list(codec(channels).decode([])) == []


def test_a_picture_is_the_decoders_opinion_of_every_px() -> None:
    made = codec()
    (picture,) = made.decode([latents()[0]])
    with torch.no_grad():
        logits = made.vae.decoder(torch.from_numpy(latents()[:1]))
    expected = 255 / (1 + np.exp(-logits[0].permute(1, 2, 0).double().numpy()))
    assert np.abs(picture - expected).max() <= 0.51


def test_in_bf16_pictures_stay_near() -> None:
    rough = codec(device=Device("cpu", "bf16-mixed"))
    for a, b in zip(codec().decode(latents(9)), rough.decode(latents(9)), strict=True):
        assert np.abs(a.astype(int) - b).mean() < 2
    a, b = codec().encode(frame_set())[0], rough.encode(frame_set())[0]
    assert b.dtype == np.float32 and np.abs(a - b).max() < 0.05 * np.abs(a).max()


def test_decoding_looks_a_batch_ahead_and_no_further() -> None:
    taken = []

    def endless() -> Iterator[Latents]:
        while True:
            taken.append(1)
            yield latents()[0]

    assert len(list(islice(codec().decode(endless()), 3))) == 3
    assert len(taken) <= 8


def test_a_set_is_found_again_as_it_was_described(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    content = rng.integers(0, 256, (9, 16, 8, 1), np.uint8)
    pictures = new_pictures(tmp_path / "pictures.npy", (11, 16, 8, 1))  # room for two more
    pictures[:9] = content
    pictures.flush()
    FrameSet(pictures, (4, 5), Fraction(30000, 1001), 4, "person").describe(tmp_path)
    found = FrameSet.open(tmp_path)
    assert np.array_equal(found.pictures, content) and len(found) == 9
    assert (found.lengths, found.fps, found.stride) == ((4, 5), Fraction(30000, 1001), 4)
    assert found.background == "person"
    assert found.rate == pytest.approx(30000 / 1001 / 4)
    assert isinstance(found.pictures, np.memmap)  # memory does not grow with the clip
    assert list(found.clips()) == [slice(0, 4), slice(4, 9)]


@pytest.mark.parametrize("indices", [slice(2, 5), np.array([4, 0, 4])])
def test_pictures_are_given_as_tensors_without_a_warning(
    tmp_path: Path, indices: slice | NDArray[np.int64]
) -> None:
    pictures = new_pictures(tmp_path / "pictures.npy", (6, 16, 8, 3))
    pictures[:] = np.random.default_rng(0).integers(0, 256, (6, 16, 8, 3), np.uint8)
    pictures.flush()
    FrameSet(pictures, (6,), Fraction(25), 1, "colour").describe(tmp_path)
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tensor = FrameSet.open(tmp_path).tensor(indices)
    finally:
        torch.set_warn_always(False)
    assert tensor.dtype == torch.uint8 and tensor.shape == (3, 3, 16, 8)
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    assert np.array_equal(tensor.permute(0, 2, 3, 1), pictures[indices])


def sheet_of(count: int, channels: int = 1, **how: int) -> tuple[NDArray[np.uint8], list[int]]:
    """A contact sheet of pictures whose shade is their number, and the numbers on it in order."""
    pictures = np.empty((count, 8, 16, channels), np.uint8)
    pictures[:] = np.arange(count, dtype=np.uint8)[:, None, None, None]
    sheet = contact_sheet(pictures, **how)
    step = how.get("gap", 2)
    tops, lefts = range(0, sheet.shape[0], 8 + step), range(0, sheet.shape[1], 16 + step)
    cells = [sheet[top : top + 8, left : left + 16] for top in tops for left in lefts]
    assert all((cell == cell[0, 0]).all() for cell in cells)
    return sheet, [int(cell[0, 0, 0]) for cell in cells]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_sheet_shows_pictures_spread_over_the_set_in_reading_order(channels: int) -> None:
    sheet, shown = sheet_of(200, channels, columns=4, rows=3)
    assert sheet.shape == (3 * 8 + 2 * 2, 4 * 16 + 3 * 2, 3) and sheet.dtype == np.uint8
    assert shown[0] == 0 and shown[-1] == 199 and shown == sorted(shown)
    assert np.ptp(np.diff(shown)) <= 1  # evenly


def test_a_sheet_of_few_pictures_shows_each_once() -> None:
    sheet, shown = sheet_of(7, columns=4, rows=3, gap=0)
    assert sheet.shape == (2 * 8, 4 * 16, 3)
    assert shown == [*range(7), 64]  # the last place is empty


def test_colours_are_decoded_as_they_are_shown() -> None:
    picture = PictureConfig(height=16, width=24, background="person", colour=True)
    config = VAEConfig(latent=LATENT, filters=(4, 6, 8), dense=7, strided=True)
    vae = FrameVAE(picture, config)
    with torch.no_grad():
        assert isinstance(vae.decoder.upsample3, torch.nn.ConvTranspose2d)
        assert vae.decoder.upsample3.bias is not None
        vae.decoder.upsample3.weight.zero_()
        vae.decoder.upsample3.bias.copy_(torch.tensor([40.0, -40, -40, 0]))  # red, half there
    shown = np.stack(list(FrameCodec(vae, Device("cpu", "32-true")).decode(latents(3))))
    assert shown.shape == (3, 16, 24, 3)
    assert np.abs(shown.astype(int) - (235.5, 108, 108)).max() < 1


def test_grey_is_shown_as_rgb_and_rgb_stays() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    assert np.array_equal(as_rgb(grey), np.repeat(grey, 3, axis=2))
    colour = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    assert np.array_equal(as_rgb(colour), colour)


def test_colours_with_a_silhouette_are_shown_before_a_light_grey() -> None:
    picture = np.array([[[9, 90, 200, 255], [9, 90, 200, 0], [0, 0, 0, 51]]], np.uint8)
    shown = [[(9, 90, 200), (216, 216, 216), (173, 173, 173)]]
    assert np.array_equal(as_rgb(picture), shown)
