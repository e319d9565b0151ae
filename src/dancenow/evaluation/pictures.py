"""Comparing a picture with the true one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Frame = NDArray[np.uint8]


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
    """

    psnr: float
    ssim: float
    sharpness: float
    energy: float = math.nan
    lpips: float | None = None


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


def gradient_magnitude(picture: Frame) -> float:
    """Mean length of the gradient of the picture's grey values, per pixel, 0..255."""
    return float(np.hypot(*_gradient(picture)).mean())


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
