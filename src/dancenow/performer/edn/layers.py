"""Layers of the networks."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class ReflectConv2d(nn.Conv2d):
    """A convolution of stride 1 that keeps the picture's size by reflecting it at its border."""

    def __init__(self, channels_in: int, channels: int, kernel: int) -> None:
        super().__init__(channels_in, channels, kernel, padding=kernel // 2, padding_mode="reflect")


class InstanceNorm(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return functional.instance_norm(x)
