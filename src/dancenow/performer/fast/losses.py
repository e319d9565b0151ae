"""Losses of the fast preset: functions of pictures, `(B, C, H, W)`."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

_AROUND = 4  # pixels at half the resolution; faces and hands extend beyond their keypoints


def face_and_hands(pose: Tensor) -> Tensor:
    """Mask of the face and hands, which viewers notice first: `(B, 1, H, W)` in 0..1.

    Args:
        pose: the drawn pose at half the resolution, `(B, POSE_CHANNELS, H/2, W/2)`; its last
            channels are the face and the hands.
    """
    drawn = pose[:, -3:].amax(dim=1, keepdim=True).contiguous()
    around = functional.max_pool2d(drawn, 2 * _AROUND + 1, stride=1, padding=_AROUND)
    return functional.interpolate(around, scale_factor=2, mode="nearest")


def weighted_l1(picture: Tensor, real: Tensor, weight: Tensor) -> Tensor:
    """Mean absolute difference; `weight`, `(B, 1, H, W)`, has mean 1."""
    return ((picture - real).abs() * weight).mean()


def gradient_l1(picture: Tensor, real: Tensor, weight: Tensor) -> Tensor:
    """Mean absolute difference of image gradients.

    Mathieu, Couprie & LeCun, "Deep multi-scale video prediction beyond mean square error", 2016,
    equation 6, with exponent 1.
    """
    error = picture - real
    down = (error[..., 1:, :] - error[..., :-1, :]).abs() * weight[..., 1:, :]
    across = (error[..., 1:] - error[..., :-1]).abs() * weight[..., 1:]
    return down.mean() + across.mean()


def structure(
    picture: Tensor, real: Tensor, weight: Tensor, window: int = 8, stride: int = 2
) -> Tensor:
    """1 - SSIM (Wang et al., 2004, equation 13) over square windows; pictures in -1..1."""
    # Pooling few channels is several times faster if the channels do not come last.
    picture, real = picture.contiguous(), real.contiguous()
    c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2

    def mean(x: Tensor) -> Tensor:
        return functional.avg_pool2d(x, window, stride)

    mean_a, mean_b = mean(picture), mean(real)
    var_a = mean(picture * picture) - mean_a * mean_a
    var_b = mean(real * real) - mean_b * mean_b
    cov = mean(picture * real) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + c1) / (mean_a * mean_a + mean_b * mean_b + c1)
    contrast = (2 * cov + c2) / (var_a + var_b + c2)
    return ((1 - luminance * contrast) * mean(weight)).mean()


def coverage(alpha: Tensor, mask: Tensor, inside: Tensor) -> Tensor:
    """Binary cross-entropy of alpha against the person's mask where `inside` is 1.

    All are `(B, 1, H, W)` in 0..1.
    """
    # Not clamped: the gradient must still be able to raise an alpha of 0.
    return functional.binary_cross_entropy(alpha, mask, weight=inside)
