"""3 x 3 convolutions with 4/9 of the multiplications: Winograd's F(2 x 2, 3 x 3).

Lavin & Gray, "Fast algorithms for convolutional neural networks", 2016, section 4.1.  Each 2 x 2
pixels of the output come from 4 x 4 of the input: both are transformed by additions, with one
matrix product for each of the 16 places in between.  Pays off with many channels.  For inference
only: nothing here can be differentiated.
"""

from __future__ import annotations

import torch
from torch import Tensor


def transformed_weight(weight: Tensor) -> Tensor:
    """G w G^T of a weight `(O, I, 3, 3)`, as 16 matrices `(16, I, O)`."""
    w = weight.permute(2, 3, 1, 0)  # (3, 3, I, O)
    half = [(w[0] + w[2]) / 2, w[1] / 2]
    rows = torch.stack((w[0], half[0] + half[1], half[0] - half[1], w[2]))  # (4, 3, I, O)
    half = [(rows[:, 0] + rows[:, 2]) / 2, rows[:, 1] / 2]
    both = torch.stack((rows[:, 0], half[0] + half[1], half[0] - half[1], rows[:, 2]), dim=1)
    return both.flatten(0, 1).contiguous()


def convolve(x: Tensor, matrices: Tensor) -> Tensor:
    """A 3 x 3 convolution without padding.

    Args:
        x: `(B, I, H + 2, W + 2)` with H and W even.
        matrices: the weight, as `transformed_weight` returns it.

    Returns:
        `(B, O, H, W)`, channels last.
    """
    batch, channels, height, width = x.shape
    across, down = (width - 2) // 2, (height - 2) // 2
    products = torch.bmm(_transformed_input(x).view(16, -1, channels), matrices)
    out = _transformed_output(products.view(4, 4, batch, down, across, -1))
    # (2, 2, B, down, across, O) to (B, O, H, W)
    out = out.permute(2, 3, 0, 4, 1, 5).reshape(batch, 2 * down, 2 * across, -1)
    return out.permute(0, 3, 1, 2)


def _transformed_input(x: Tensor) -> Tensor:
    """B^T d B of every tile, `(4, 4, B, down, across, I)`."""
    last = x.permute(0, 2, 3, 1)
    down, across = (
        [slice(k, k + length - 3, 2) for k in range(4)] for length in (x.shape[2], x.shape[3])
    )
    rows = _combined([last[:, places] for places in down])
    columns = [rows[:, :, :, places] for places in across]
    both = columns[0].new_empty((4, 4, *columns[0].shape[1:]))
    return _combined(columns, both.transpose(0, 1)).transpose(0, 1)


def _combined(parts: list[Tensor], out: Tensor | None = None) -> Tensor:
    """B^T over four parts, `(4, ...)`; written in place, without copies."""
    a, b, c, d = parts
    out = a.new_empty((4, *a.shape)) if out is None else out
    torch.sub(a, c, out=out[0])
    torch.add(b, c, out=out[1])
    torch.sub(c, b, out=out[2])
    torch.sub(b, d, out=out[3])
    return out


def _transformed_output(products: Tensor) -> Tensor:
    """A^T m A of every tile, from `(4, 4, ...)` to `(2, 2, ...)`."""
    rows = _gathered(products, products.new_empty((2, *products.shape[1:])))
    both = rows.new_empty((2, 2, *rows.shape[2:]))
    return _gathered(rows.transpose(0, 1), both.transpose(0, 1)).transpose(0, 1)


def _gathered(m: Tensor, out: Tensor) -> Tensor:
    """A^T over the first axis, from `(4, ...)` to `(2, ...)`."""
    torch.add(m[0], m[1], out=out[0]).add_(m[2])
    torch.sub(m[1], m[2], out=out[1]).sub_(m[3])
    return out
