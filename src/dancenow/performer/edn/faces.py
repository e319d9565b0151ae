"""Differentiable face regions: cropped by one box per picture, and added back."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def cut_faces(pictures: Tensor, corners: Tensor, side: int) -> Tensor:
    """The square region of every picture.

    Args:
        pictures: `(B, C, H, W)`.
        corners: int64 `(B, 2)`, left and top in pixels; regions must lie inside the pictures.
        side: of the regions, in pixels.

    Returns:
        `(B, C, side, side)`; gradients flow back to the pictures.
    """
    batch, rows, columns = _places(corners, side)
    return pictures[batch, :, rows, columns].permute(0, 3, 1, 2)


def add_to_faces(pictures: Tensor, residuals: Tensor, corners: Tensor) -> Tensor:
    """The pictures with `residuals`, `(B, C, side, side)`, added to their regions; a new tensor.

    Values inside the regions are clamped to -1..1.
    """
    side = residuals.shape[-1]
    batch, rows, columns = _places(corners, side)
    faces = cut_faces(pictures, corners, side) + residuals
    mended = pictures.clone()
    mended[batch, :, rows, columns] = faces.clamp(-1, 1).permute(0, 2, 3, 1).to(pictures.dtype)
    return mended


def paint_faces(
    face: nn.Module, figures: Tensor, pictures: Tensor, corners: Tensor, side: int
) -> Tensor:
    """Painted pictures `(B, 3, H, W)` with the face network's residual added; a new tensor."""
    seen = cut_faces(figures, corners, side), cut_faces(pictures, corners, side)
    residual = face(torch.cat(seen, dim=1))
    return add_to_faces(pictures, residual, corners)


def _places(corners: Tensor, side: int) -> tuple[Tensor, Tensor, Tensor]:
    """Indices `(B, side, side)`, broadcast, of picture, row and column."""
    along = torch.arange(side, device=corners.device)
    batch = torch.arange(len(corners), device=corners.device)[:, None, None]
    rows = (corners[:, 1, None] + along)[:, :, None]
    columns = (corners[:, 0, None] + along)[:, None, :]
    return batch, rows, columns
