"""DanceNet's two layer pairs, each computed as one where the processor gains by it.

Both give exactly what the pair gives.  On a CPU the full-resolution picture between the two is
what costs: it is never written.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvReluPool(nn.Conv2d):
    """A 3 x 3 convolution, ReLU, then 2 x 2 max pooling.

    Args:
        inputs: channels of the picture.
        outputs: channels of the result.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)
        keras_initialization(self)

    def forward(self, x: Tensor) -> Tensor:
        """From `(B, inputs, H, W)` to `(B, outputs, H/2, W/2)`; H and W even."""
        if x.device.type == "cpu" and self.in_channels <= 3 and not x.requires_grad:
            assert self.bias is not None
            weight, bias = self.weight, self.bias
            if torch.is_autocast_enabled("cpu"):
                dtype = torch.get_autocast_dtype("cpu")
                weight, bias = weight.to(dtype), bias.to(dtype)
            pooled: Tensor = _FirstConvReluPool.apply(x, weight, bias)  # type: ignore[no-untyped-call]
            return pooled
        # ReLU commutes with the maximum, and is cheaper after it.
        return F.relu(F.max_pool2d(super().forward(x), 2))


class UpsampleConv(nn.Conv2d):
    """A picture of twice the height and width by nearest neighbour, then a 3 x 3 convolution.

    A transposed convolution of stride 2 computes the same: each of the 4 x 4 weights that reach an
    output px from one input px is a sum of the 3 x 3 ones.

    Args:
        inputs: channels of the picture.
        outputs: channels of the result.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)
        keras_initialization(self)

    def forward(self, x: Tensor) -> Tensor:
        """From `(B, inputs, H, W)` to `(B, outputs, 2 H, 2 W)`."""
        if x.device.type != "cpu":
            return super().forward(F.interpolate(x, scale_factor=2, mode="nearest"))
        kernel = self._spread()
        if self.out_channels <= 3:
            return _fold_transposed(x, kernel, self.bias)
        return F.conv_transpose2d(x, kernel, self.bias, stride=2, padding=1)

    def _spread(self) -> Tensor:
        """The equal transposed kernel, `(inputs, outputs, 4, 4)`."""
        ones = self.weight.new_ones(1, 1, 2, 2)
        with torch.autocast(self.weight.device.type, enabled=False):
            flat = self.weight.flip(2, 3).flatten(0, 1)[:, None]
            spread = F.conv_transpose2d(flat, ones)
        return spread.view(self.out_channels, self.in_channels, 4, 4).transpose(0, 1)


def keras_initialization(layer: nn.Conv2d | nn.Linear) -> None:
    """Glorot's uniform weights and no bias, as Keras begins (Glorot & Bengio 2010, eq. 16)."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _fold_transposed(x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    """A transposed convolution of stride 2 to few channels: one matrix product, then the sum."""
    batch, inputs, height, width = x.shape
    flat = x.permute(0, 2, 3, 1).reshape(-1, inputs)
    parts = (flat @ kernel.reshape(inputs, -1)).view(batch, height * width, -1).transpose(1, 2)
    # In float32: fold sums many terms, and has no bf16 kernel that is fast.
    folded = F.fold(parts.float(), (2 * height, 2 * width), 4, padding=1, stride=2)
    return folded if bias is None else folded + bias.float()[:, None, None]


class _FirstConvReluPool(torch.autograd.Function):
    """Convolution, ReLU and pooling of a picture with few channels that needs no gradient.

    The four px of a pooling window see one 4 x 4 patch of the picture: the convolution is four
    small matrix products over the same patches, of which the running maximum is kept, together
    with which of the four it was.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        outputs = weight.shape[0]
        patches = F.unfold(x.float(), 4, padding=1, stride=2).transpose(1, 2)
        patches = patches.reshape(-1, channels * 16).to(weight.dtype).contiguous()
        kernel = [_placed(weight, place).t() for place in range(4)]
        best = patches @ kernel[0]
        winner = torch.zeros(best.shape, dtype=torch.uint8)
        for place in range(1, 4):
            value = patches @ kernel[place]
            winner.masked_fill_(value > best, place)
            torch.maximum(best, value, out=best)
        best.add_(bias).relu_()
        ctx.save_for_backward(patches, winner, best)
        ctx.shape = weight.shape
        return best.view(batch, height // 2, width // 2, outputs).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        patches, winner, best = ctx.saved_tensors
        outputs, channels = ctx.shape[:2]
        gradient = gradients[0].permute(0, 2, 3, 1).reshape(-1, outputs) * (best > 0)
        kernel = torch.zeros(ctx.shape, dtype=torch.float32)
        for place in range(4):
            row, column = divmod(place, 2)
            product = (gradient * (winner == place)).t() @ patches
            part = product.float().view(outputs, channels, 4, 4)
            kernel += part[:, :, row : row + 3, column : column + 3]
        return None, kernel.to(best.dtype), gradient.float().sum(0).to(best.dtype)


def _placed(weight: Tensor, place: int) -> Tensor:
    """The 3 x 3 kernel at one of four places of a 4 x 4 patch, `(outputs, inputs * 16)`."""
    row, column = divmod(place, 2)
    return F.pad(weight, (column, 1 - column, row, 1 - row)).flatten(1)


__all__ = ["ConvReluPool", "UpsampleConv", "keras_initialization"]
