"""Losses of the fast preset: functions of pictures, `(B, C, H, W)`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from dancenow.training.threads import spare_cores
from dancenow.video.flow import smooth_flow

Frame = NDArray[np.uint8]

_POOL = ThreadPoolExecutor(spare_cores(), thread_name_prefix="finding flow")
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


@torch.no_grad()
def moved_onto(painted: Tensor, *pictures: Tensor, most: float) -> list[Tensor]:
    """`pictures`, the first of them real, moved onto a painting of it by a smooth flow.

    A pose tells where clothes are to within a few pixels.  Compared where it lies, what is painted
    sharply but beside its place costs more than blur.

    Args:
        painted: `(B, 3, H, W)`, RGB in -1..1.
        pictures: `(B, C, H, W)` each, the first RGB in -1..1.
        most: longest motion, in pixels.
    """

    def found(pair: tuple[Frame, Frame]) -> NDArray[np.float32]:
        return smooth_flow(*pair, most, cv2.DISOPTICAL_FLOW_PRESET_FAST)

    flows = _POOL.map(found, zip(_grey(painted), _grey(pictures[0]), strict=True))
    flow = torch.from_numpy(np.stack(list(flows))).to(painted.device)
    height, width = painted.shape[2:]
    steps = torch.tensor([2 / width, 2 / height], device=painted.device)
    still = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], device=painted.device)
    grid = functional.affine_grid(
        still.expand(len(painted), 2, 3), [len(painted), 1, height, width], align_corners=False
    )
    grid = grid + flow * steps
    return [
        functional.grid_sample(
            picture.float(), grid, mode="bicubic", padding_mode="border", align_corners=False
        ).clamp(-1, 1)
        for picture in pictures
    ]


def _grey(pictures: Tensor) -> Frame:
    grey = (pictures.detach().float().mean(dim=1) + 1) * 127.5
    return np.asarray(grey.clamp(0, 255).byte().cpu().numpy())
