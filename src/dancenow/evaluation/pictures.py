"""Comparing a picture with the true one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dancenow.video.flow import smooth_flow

Frame = NDArray[np.uint8]

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
    # Imports ONNX Runtime and more if installed, which takes seconds.
    from torchmetrics.functional.image import (
        peak_signal_noise_ratio,
        structural_similarity_index_measure,
    )

    if made.shape != truth.shape:
        raise ValueError(f"pictures of different sizes: {made.shape} and {truth.shape}")
    a, b = _tensor(made), _tensor(truth)
    psnr = float(peak_signal_noise_ratio(a, b, data_range=1.0))
    ssim = structural_similarity_index_measure(a, b, data_range=1.0)
    assert isinstance(ssim, Tensor)
    sharpness = gradient_magnitude(made) / max(gradient_magnitude(truth), 1e-6)
    energy = gradient_energy(made) / max(gradient_energy(truth), 1e-6)
    perceived = None if lpips is None else lpips(made, truth)
    return PictureScores(min(psnr, 100.0), float(ssim), sharpness, energy, perceived)


def gradient_magnitude(picture: Frame, inside: NDArray[np.bool_] | None = None) -> float:
    """Mean length of the gradient of the picture's grey values, per pixel, 0..255.

    Args:
        picture: uint8 `(H, W, 3)` RGB.
        inside: bool `(H, W)`, the pixels that count; by default all.
    """
    length = np.hypot(*_gradient(picture))
    return float(length.mean() if inside is None else length[inside].mean())


def gradient_energy(picture: Frame) -> float:
    """Mean squared length of the gradient of the picture's grey values, per pixel."""
    down, across = _gradient(picture)
    return float((down**2 + across**2).mean())


def _gradient(picture: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Change of the grey values per pixel, downwards and to the right, float32 `(H, W)` each."""
    down, across = np.gradient(picture.astype(np.float32).mean(axis=2))
    return down, across


def _tensor(picture: Frame) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255


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
