"""Layers of the networks, implemented to be fast on a CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

_FEW: Final = 4  # largest batch whose pictures are normalised one by one
_WIDE: Final = 256  # channels from which a CPU computes the weight gradient as a matrix product

_casts: ContextVar[dict[int, Tensor] | None] = ContextVar("casts", default=None)


@contextmanager
def shared_casts() -> Iterator[None]:
    """A context in which a weight that is used several times is converted to bfloat16 once.

    As autocast does for PyTorch's own functions: gradients of all uses are summed in bfloat16, in
    half the memory, before they are converted back.
    """
    token = _casts.set({})
    try:
        yield
    finally:
        _casts.reset(token)


@contextmanager
def one_size() -> Iterator[None]:
    """A context in which a GPU times its convolutions once: all pictures have one size."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


class InstanceNorm(nn.Module):
    """Instance normalisation without parameters (Ulyanov et al., 2016).

    Small batches are normalised one picture at a time: unlike PyTorch's instance normalisation,
    this keeps channels last and copies nothing.
    """

    def forward(self, x: Tensor) -> Tensor:
        if len(x) == 1:
            return functional.batch_norm(x, None, None, training=True)
        if len(x) <= _FEW:
            return torch.cat(
                [functional.batch_norm(one, None, None, training=True) for one in x.chunk(len(x))]
            )
        return functional.instance_norm(x)


class ReflectConv2d(nn.Conv2d):
    """A convolution of stride 1 with reflection padding that keeps the picture's size."""

    def __init__(self, channels_in: int, channels: int, kernel: int) -> None:
        super().__init__(channels_in, channels, kernel)
        self._border = [kernel // 2] * 4

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, self._border, mode="reflect")
        if x.device.type != "cpu" or self.in_channels < _WIDE or not torch.is_grad_enabled():
            return super().forward(x)
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        return _WideConv.apply(x.to(dtype), _converted(self.weight, dtype), self.bias)  # type: ignore[no-any-return, no-untyped-call]


def _converted(weight: Tensor, dtype: torch.dtype) -> Tensor:
    casts = _casts.get()
    if weight.dtype == dtype or casts is None:
        return weight.to(dtype)
    key = id(weight)
    if key not in casts:
        casts[key] = weight.to(dtype)
    return casts[key]


class _WideConv(torch.autograd.Function):
    """A convolution of many channels over a small picture, with stride 1 and no padding.

    oneDNN's weight gradient is half as fast here as one matrix product.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return functional.conv2d(x, weight, bias.to(x.dtype))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        gradient = gradients[0].contiguous(memory_format=torch.channels_last)
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_x = torch.ops.aten.convolution_backward(
                gradient, x, weight, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1,
                [True, False, False],
            )[0]  # fmt: skip
        if ctx.needs_input_grad[1]:
            of_weight = _weight_gradient(x, gradient, weight.shape[-1])
        if ctx.needs_input_grad[2]:
            of_bias = gradient.float().sum((0, 2, 3))
        return of_x, of_weight, of_bias


def _weight_gradient(x: Tensor, gradient: Tensor, kernel: int) -> Tensor:
    """`(O, I, k, k)`, channels last, from `(B, I, h+k-1, w+k-1)` and `(B, O, h, w)`."""
    batch, channels, height, width = gradient.shape
    last = x.permute(0, 2, 3, 1)
    shifted = [
        last[:, row : row + height, column : column + width]
        for row in range(kernel)
        for column in range(kernel)
    ]
    columns = torch.stack(shifted, dim=3).reshape(batch * height * width, -1)
    product = gradient.permute(0, 2, 3, 1).reshape(-1, channels).t() @ columns
    return product.view(channels, kernel, kernel, -1).permute(0, 3, 1, 2)
