"""How near a picture comes to the true one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class PictureScores:
    """Scores of one picture.

    Attributes:
        psnr: peak signal to noise ratio, dB; at most 100, where the pictures are equal.
        ssim: structural similarity (Wang et al., 2004), at most 1.
        sharpness: mean gradient magnitude against the true picture's; 1 is as sharp.
    """

    psnr: float
    ssim: float
    sharpness: float


def picture_scores(made: Frame, truth: Frame) -> PictureScores:
    """Compare two pictures of one size.

    Args:
        made: uint8 `(H, W, 3)` RGB.
        truth: uint8 `(H, W, 3)` RGB.
    """
    if made.shape != truth.shape:
        raise ValueError(f"pictures of different sizes: {made.shape} and {truth.shape}")
    a, b = _tensor(made), _tensor(truth)
    psnr = float(peak_signal_noise_ratio(a, b, data_range=1.0))
    ssim = structural_similarity_index_measure(a, b, data_range=1.0)
    assert isinstance(ssim, Tensor)
    sharpness = gradient_magnitude(made) / max(gradient_magnitude(truth), 1e-6)
    return PictureScores(min(psnr, 100.0), float(ssim), sharpness)


def gradient_magnitude(picture: Frame) -> float:
    """Mean length of the gradient of the picture's grey values, per px, 0..255."""
    grey = picture.astype(np.float32).mean(axis=2)
    down, across = np.gradient(grey)
    return float(np.hypot(down, across).mean())


def _tensor(picture: Frame) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255
