"""Networks rebuilt for painting on a CPU: the same results with fewer multiplications."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from dancenow.performer.edn.layers import ReflectConv2d
from dancenow.performer.edn.winograd import convolve, transformed_weight

_WIDE: Final = 256  # channels from which Winograd's transformations pay off
_FEW: Final = 8  # output channels that leave most of a vector unit idle


def quickened(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Convert a network to `dtype` and replace layers by faster ones, in place.  For inference
    only."""
    for name, module in list(network.named_modules()):
        if not isinstance(module, ReflectConv2d):
            continue
        wide = module.kernel_size == (3, 3) and module.in_channels >= _WIDE
        if not wide and module.out_channels > _FEW:
            continue
        parent, _, last = name.rpartition(".")
        quick = WinogradConv(module, dtype) if wide else NarrowConv(module)
        network.get_submodule(parent).add_module(last, quick)
    return network.to(dtype)


class WinogradConv(nn.Module):
    """A 3 x 3 `ReflectConv2d` of many channels by Winograd's algorithm, exact up to rounding."""

    def __init__(self, conv: ReflectConv2d, dtype: torch.dtype) -> None:
        super().__init__()
        self.register_buffer("matrices", transformed_weight(conv.weight).to(dtype))
        self.register_buffer("bias", conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        x = functional.pad(x, [1, 1, 1, 1], mode="reflect")
        x = functional.pad(x, [0, width % 2, 0, height % 2])  # cropped again below
        assert isinstance(self.matrices, Tensor) and isinstance(self.bias, Tensor)
        y = convolve(x, self.matrices)[:, :, :height, :width]
        return y + self.bias[:, None, None]


class NarrowConv(nn.Module):
    """A `ReflectConv2d` to few channels, computed per kernel row and then summed.

    A vector unit computes 16 or more channels at once; k rows of three channels fill it.
    """

    def __init__(self, conv: ReflectConv2d) -> None:
        super().__init__()
        out, channels, self.kernel, _ = conv.weight.shape
        rows = conv.weight.transpose(1, 2).reshape(out * self.kernel, channels, 1, self.kernel)
        self.register_buffer("rows", rows.contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        height = x.shape[2]
        x = functional.pad(x, [self.kernel // 2] * 4, mode="reflect")
        assert isinstance(self.rows, Tensor) and isinstance(self.bias, Tensor)
        parts = functional.conv2d(x, self.rows)
        parts = parts.view(len(x), -1, self.kernel, *parts.shape[2:])
        total = self.bias.float()[:, None, None]
        for row in range(self.kernel):
            total = total + parts[:, :, row, row : row + height]
        return total.to(x.dtype)
