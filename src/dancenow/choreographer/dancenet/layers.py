"""DanceNet's two pairs of layers, each computed as one where that is faster.

Each gives exactly what its pair gives.  On a CPU the full-resolution picture between the two
layers is what costs time: it is never written.
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
            pooled: Tensor = _FirstConvReluPool.apply(x, *_cast(self.weight, self.bias))  # type: ignore[no-untyped-call]
            return pooled
        # ReLU commutes with the maximum, and is cheaper after it.
        return F.relu(F.max_pool2d(super().forward(x), 2))


class UpsampleConv(nn.Conv2d):
    """Nearest-neighbour upsampling to twice the height and width, then a 3 x 3 convolution.

    Args:
        inputs: channels of the picture.
        outputs: channels of the result.
        relu: apply ReLU to the result.
    """

    def __init__(self, inputs: int, outputs: int, *, relu: bool = False) -> None:
        super().__init__(inputs, outputs, 3, padding=1)
        self.relu = relu
        keras_initialization(self)

    def forward(self, x: Tensor) -> Tensor:
        """From `(B, inputs, H, W)` to `(B, outputs, 2 H, 2 W)`."""
        assert self.bias is not None
        if x.device.type != "cpu":
            result = super().forward(F.interpolate(x, scale_factor=2, mode="nearest"))
        elif self.out_channels <= 3:
            result = _fold_transposed(x, _spread(self.weight), self.bias)
        else:
            weight, bias = _cast(self.weight, self.bias)
            parts: Tensor = _UpsampleConv.apply(x.to(weight.dtype), weight, bias, self.relu)  # type: ignore[no-untyped-call]
            return parts
        return F.relu(result) if self.relu else result


def keras_initialization(layer: nn.Conv2d | nn.Linear) -> None:
    """Glorot's uniform weights and no bias, as Keras starts with (Glorot & Bengio 2010, eq. 16)."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _cast(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The weights as autocast would convert them."""
    if not torch.is_autocast_enabled("cpu"):
        return weight, bias
    dtype = torch.get_autocast_dtype("cpu")
    return weight.to(dtype), bias.to(dtype)


def _spread(weight: Tensor) -> Tensor:
    """The kernel `(inputs, outputs, 4, 4)` of the equivalent transposed convolution of stride 2.

    Each of the 4 x 4 weights from one input pixel to an output pixel is a sum of 3 x 3 ones.
    """
    outputs, inputs = weight.shape[:2]
    with torch.autocast(weight.device.type, enabled=False):
        flat = weight.flip(2, 3).flatten(0, 1)[:, None]
        spread = F.conv_transpose2d(flat, weight.new_ones(1, 1, 2, 2))
    return spread.view(outputs, inputs, 4, 4).transpose(0, 1)


def _fold_transposed(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """A transposed convolution of stride 2 to few channels: one matrix product, then the sum."""
    batch, inputs, height, width = x.shape
    flat = x.permute(0, 2, 3, 1).reshape(-1, inputs)
    parts = (flat @ kernel.reshape(inputs, -1)).view(batch, height * width, -1).transpose(1, 2)
    # In float32: fold sums many terms, and has no bf16 kernel that is fast.
    folded = F.fold(parts.float(), (2 * height, 2 * width), 4, padding=1, stride=2)
    return folded + bias.float()[:, None, None]


# Which rows of the 3 x 3 kernel fall on the upper and on the lower of two neighbouring input rows,
# for even output rows and for odd ones.
_ROWS = ([[1.0, 0, 0], [0, 1, 1]], [[1.0, 1, 0], [0, 0, 1]])


class _UpsampleConv(torch.autograd.Function):
    """Upsampling and convolution: an output pixel sees 2 x 2 input pixels through one of 4 kernels.

    One matrix product over all 2 x 2 patches gives the four pixels of every place: 4/9 of the
    original's work, and the large picture is written once.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, relu: bool) -> Tensor:
        batch, inputs, height, width = x.shape
        outputs = weight.shape[0]
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
        patches = torch.cat(
            [padded[:, r : r + height + 1, c : c + width + 1] for r in (0, 1) for c in (0, 1)], 3
        )
        rows = torch.tensor(_ROWS, dtype=torch.float32)
        kernel = torch.einsum("apr,bqs,oirs->pqiabo", rows, rows, weight.float())
        kernel = kernel.reshape(4 * inputs, 4 * outputs).to(x.dtype)
        parts = (patches.view(-1, 4 * inputs) @ kernel).view(
            batch, height + 1, width + 1, 2, 2, outputs
        )
        result = x.new_empty(batch, height, 2, width, 2, outputs)
        for a in (0, 1):
            for b in (0, 1):
                part = parts[:, a : a + height, b : b + width, a, b]
                torch.add(part, bias, out=result[:, :, a, :, b])
        if relu:
            result.relu_()
        ctx.save_for_backward(patches, kernel, rows, *([result] if relu else []))
        ctx.shape = weight.shape
        return result.view(batch, 2 * height, 2 * width, outputs).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        patches, kernel, rows, *results = ctx.saved_tensors
        outputs, inputs = ctx.shape[:2]
        batch, height, width = patches.shape[0], patches.shape[1] - 1, patches.shape[2] - 1
        gradient = gradients[0].permute(0, 2, 3, 1).reshape(batch, height, 2, width, 2, outputs)
        parts = patches.new_zeros(batch, height + 1, width + 1, 2, 2, outputs)
        for a in (0, 1):
            for b in (0, 1):
                place = parts[:, a : a + height, b : b + width, a, b]
                given = gradient[:, :, a, :, b]
                if results:
                    shown = results[0][:, :, a, :, b]
                    torch.ops.aten.threshold_backward.grad_input(given, shown, 0, grad_input=place)
                else:
                    place.copy_(given)
        flat = parts.view(-1, 4 * outputs)
        sums = flat.new_ones(1, len(flat)) @ flat
        of_kernel = (patches.view(-1, 4 * inputs).t() @ flat).float()
        of_kernel = of_kernel.view(2, 2, inputs, 2, 2, outputs)
        of_weight = torch.einsum("apr,bqs,pqiabo->oirs", rows, rows, of_kernel)
        of_patches = (flat @ kernel.t()).view(batch, height + 1, width + 1, 2, 2, inputs)
        # An input pixel lies in four patches, each time at another place.
        of_x = of_patches[:, 1:, 1:, 0, 0] + of_patches[:, 1:, :-1, 0, 1]
        of_x += of_patches[:, :-1, 1:, 1, 0]
        of_x += of_patches[:, :-1, :-1, 1, 1]
        of_bias = sums.view(4, outputs).sum(0)
        return of_x.permute(0, 3, 1, 2), of_weight.to(patches.dtype), of_bias, None


class _FirstConvReluPool(torch.autograd.Function):
    """Convolution, ReLU and pooling of a picture with few channels that needs no gradient.

    The four pixels of a pooling window see one 4 x 4 patch of the picture: the convolution is four
    small matrix products over the same patches, of which the maximum is kept.  Where a patch has
    one value, as nearly all of a silhouette's do, the four are equal and need only the kernel's
    sum.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        outputs, dtype = weight.shape[0], weight.dtype
        patches = F.unfold(x.float(), 4, padding=1, stride=2).transpose(1, 2)
        patches = patches.reshape(-1, channels, 16)
        rows = (patches.amax(2) != patches.amin(2)).any(1).nonzero()[:, 0]
        value = patches[:, :, 0].to(dtype)
        pooled = torch.addmm(bias, value, weight.sum((2, 3)).t())
        detailed = patches[rows].flatten(1).to(dtype)
        winner = torch.zeros((len(rows), outputs), dtype=torch.uint8)
        if len(rows):
            best = detailed @ _placed(weight, 0).t()
            for place in range(1, 4):
                other = detailed @ _placed(weight, place).t()
                winner[other > best] = place
                torch.maximum(best, other, out=best)
            pooled.index_copy_(0, rows, best.add_(bias))
        pooled.relu_()
        value.index_fill_(0, rows, 0)
        ctx.save_for_backward(value, rows, detailed, winner, pooled)
        ctx.shape = weight.shape
        return pooled.view(batch, height // 2, width // 2, outputs).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        value, rows, detailed, winner, pooled = ctx.saved_tensors
        outputs, channels = ctx.shape[:2]
        gradient = gradients[0].permute(0, 2, 3, 1).reshape(-1, outputs)
        gradient = torch.ops.aten.threshold_backward(gradient, pooled, 0)
        ones = value.new_ones(len(value), 1)
        sums = gradient.t() @ torch.cat((value, ones), 1)  # (outputs, channels + 1)
        kernel = sums[:, :channels, None, None].float().expand(ctx.shape).contiguous()
        chosen = gradient[rows]
        for place in range(4):
            row, column = divmod(place, 2)
            product = (chosen * (winner == place)).t() @ detailed
            part = product.float().view(outputs, channels, 4, 4)
            kernel += part[:, :, row : row + 3, column : column + 3]
        return None, kernel.to(pooled.dtype), sums[:, channels]


def _placed(weight: Tensor, place: int) -> Tensor:
    """The 3 x 3 kernel at one of four places in a 4 x 4 patch, `(outputs, inputs * 16)`."""
    row, column = divmod(place, 2)
    return F.pad(weight, (column, 1 - column, row, 1 - row)).flatten(1)


__all__ = ["ConvReluPool", "UpsampleConv", "keras_initialization"]
