"""Comparing a picture with the true one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.video.flow import smooth_flow

Frame = NDArray[np.uint8]

_WINDOW: Final = 11  # pixels of SSIM's Gaussian windows
_WINDOW_SIGMA: Final = 1.5
_SSIM: Final = (0.01 * 255) ** 2, (0.03 * 255) ** 2  # its constants, of 8 bits
_STRIP: Final = 32  # rows
_MOST_PX: Final = 4.0  # movement of an alignment, in pixels


@dataclass(frozen=True)
class PictureScores:
    """Scores of one picture.

    Attributes:
        psnr: peak signal-to-noise ratio, dB; at most 100, if the pictures are equal.
        ssim: structural similarity (Wang et al., 2004), at most 1.
        sharpness: mean gradient magnitude relative to the true picture's; 1 is as sharp.
        energy: mean squared gradient magnitude relative to the true picture's ("gradient energy"):
            1 is as sharp, with more weight on strong edges; NaN if not measured.
        lpips: distance by a network that judges much as people do (Zhang et al., 2018), 0 if the
            pictures are equal; None if not measured.
        st_lpips: the same by one that forgives a shift by a pixel or two (Ghildyal & Liu, 2022).
        psnr_aligned: as `psnr`, after the picture was moved onto the true one (see `aligned`).
        ssim_aligned: as `ssim`, likewise.
    """

    psnr: float
    ssim: float
    sharpness: float
    energy: float = math.nan
    lpips: float | None = None
    st_lpips: float | None = None
    psnr_aligned: float | None = None
    ssim_aligned: float | None = None

    @staticmethod
    def mean(scores: Iterable[PictureScores | None]) -> PictureScores | None:
        """The means over all that were measured; None if nothing was."""
        measured = [score for score in scores if score is not None]
        if not measured:
            return None
        means: dict[str, float | None] = {}
        for field in fields(PictureScores):
            values = [getattr(score, field.name) for score in measured]
            known = [value for value in values if value is not None]
            means[field.name] = float(np.mean(known)) if known else None
        return PictureScores(**means)  # type: ignore[arg-type]


def picture_scores(
    made: Frame, truth: Frame, lpips: Callable[[Frame, Frame], float] | None = None
) -> PictureScores:
    """Compare two pictures of equal size.

    Args:
        made: uint8 `(H, W, 3)` RGB.
        truth: uint8 `(H, W, 3)` RGB.
        lpips: returns the LPIPS of two pictures (see `dancenow.evaluation.perceptual`).
    """
    if made.shape != truth.shape:
        raise ValueError(f"pictures of different sizes: {made.shape} and {truth.shape}")
    slopes, true_slopes = _slopes(made), _slopes(truth)
    return PictureScores(
        psnr=min(float(cv2.PSNR(made, truth)), 100.0),
        ssim=structural_similarity(made, truth),
        sharpness=float(slopes.mean() / max(true_slopes.mean(), 1e-6)),
        energy=float((slopes**2).mean() / max((true_slopes**2).mean(), 1e-6)),
        lpips=None if lpips is None else lpips(made, truth),
    )


def structural_similarity(made: Frame, truth: Frame) -> float:
    """SSIM (Wang et al., 2004): in Gaussian windows of 11 pixels, the mean over all.

    torchmetrics finds the same, but does not filter rows and columns apart, which takes many times
    as long.  Strips of rows stay in the processor's cache.

    Args:
        made: uint8 `(H, W, 3)` RGB.
        truth: uint8 `(H, W, 3)` RGB.
    """
    height, halo, total = len(made), _WINDOW // 2, 0.0
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        rows = slice(max(0, top - halo), bottom + halo)
        inside = slice(top - rows.start, bottom - rows.start)
        total += float(_likeness(made[rows], truth[rows])[inside].sum(dtype=np.float64))
    return total / made.size


def _likeness(made: Frame, truth: Frame) -> NDArray[np.float32]:
    """SSIM of the window around each pixel, `(H, W, 3)`."""
    a, b = made.astype(np.float32), truth.astype(np.float32)
    mean_a, mean_b = _windowed(a), _windowed(b)
    both, squares = mean_a * mean_b, mean_a * mean_a + mean_b * mean_b
    together = _windowed(a * b) - both
    apart = _windowed(a * a + b * b) - squares
    likeness = (2 * both + _SSIM[0]) / (squares + _SSIM[0])
    likeness *= (2 * together + _SSIM[1]) / (apart + _SSIM[1])
    return likeness


def _windowed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weighted means over SSIM's window around each pixel; pictures are mirrored at the border."""
    return np.asarray(cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _WINDOW_SIGMA), np.float32)


def gradient_magnitude(picture: Frame, inside: NDArray[np.bool_] | None = None) -> float:
    """Mean length of the gradient of the picture's grey values, per pixel, 0..255.

    Args:
        picture: uint8 `(H, W, 3)` RGB.
        inside: bool `(H, W)`, the pixels that count; by default all.
    """
    slopes = _slopes(picture)
    return float(slopes.mean() if inside is None else slopes[inside].mean())


def _slopes(picture: Frame) -> NDArray[np.float32]:
    """Length of the gradient of the grey values, per pixel, float32 `(H, W)`."""
    grey = cv2.transform(picture.astype(np.float32), np.full((1, 3), 1 / 3, np.float32))
    return np.asarray(cv2.magnitude(*np.gradient(np.asarray(grey, np.float32))), np.float32)


def with_alignment(scores: PictureScores, made: Frame, truth: Frame) -> PictureScores:
    """The scores with those after alignment."""
    moved = picture_scores(aligned(made, truth), truth)
    return replace(scores, psnr_aligned=moved.psnr, ssim_aligned=moved.ssim)


def aligned(made: Frame, truth: Frame, most_px: float = _MOST_PX) -> Frame:
    """A picture moved onto the true one by a smooth flow: is it right, only a little beside?

    Args:
        made: uint8 `(H, W, 3)` RGB.
        truth: uint8 `(H, W, 3)` RGB.
        most_px: the largest movement in pixels.
    """
    there, here = (
        np.asarray(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY), np.uint8) for each in (truth, made)
    )
    flow = smooth_flow(there, here, most_px)
    rows, columns = np.indices(there.shape, dtype=np.float32)
    at = columns + flow[..., 0], rows + flow[..., 1]
    moved = cv2.remap(made, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)
