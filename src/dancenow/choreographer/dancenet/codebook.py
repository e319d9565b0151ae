"""A codebook of the learned latents: what is drawn between them becomes a blend of the nearest."""

from __future__ import annotations

from typing import Final

import numpy as np

from dancenow.choreographer.dancenet.codec import Latents

_LEAST: Final = 1e-6  # a distance that counts as none


class Codebook:
    """Moves latents to where the decoder was taught.

    The sequence network draws from wide Gaussians, and most of what it draws lies beside the thin
    surface on which the latents of a dance are.  The decoder knows only that: beside it, it shows
    several poses at once, in grey.

    Args:
        latents: the learned ones, float32 `(N, D)`.
        neighbours: how many of them are blended at most.
    """

    def __init__(self, latents: Latents, neighbours: int) -> None:
        self._latents = latents
        self._squares = np.square(latents).sum(axis=1)
        self._neighbours = min(neighbours, len(latents) - 1)

    def __call__(self, latent: Latents) -> Latents:
        """The blend of the nearest learned latents, float32 `(D,)`; a learned one stays itself.

        With d the distance of one and R that of the nearest which has no part any more, weights are
        ((R - d) / (R d))^2 (Franke & Nielson 1980): they change without a jump.
        """
        # No matrix product: NumPy's threads would get in the way of PyTorch's.
        cross = np.einsum("nd,d->n", self._latents, latent)
        squares = np.maximum(self._squares - 2 * cross + np.square(latent).sum(), 0)
        nearest = np.argpartition(squares, self._neighbours)[: self._neighbours + 1]
        far = np.sqrt(squares[nearest].astype(np.float64))
        reach = max(float(far.max()), _LEAST)
        weights = np.square(np.maximum(reach - far, _LEAST * reach) / np.maximum(far, _LEAST))
        blend: Latents = (weights / weights.sum()) @ self._latents[nearest]
        return blend.astype(np.float32)
