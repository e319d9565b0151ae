"""A codebook of the learned latents: what is drawn between them becomes a blend of the nearest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from dancenow.choreographer.dancenet.codec import Latents

_PAST: Final = 0.3  # weight of the latent before, against the one that was drawn
_LEAST: Final = 1e-6  # a distance that counts as none


class Codebook:
    """Moves latents to where the decoder was taught, one after the other.

    The sequence network draws from wide Gaussians, and most of what it draws lies beside the thin
    surface on which the latents of a dance are.  The decoder knows only that: beside it, it shows
    several poses at once, in grey.

    A learned latent is near if it resembles what was drawn, and if what came before it resembles
    what this returned last: poses then follow each other as in the dance, instead of by leaps that
    no picture in between can show.

    Args:
        clips: the learned latents of every clip, float32 `(T, D)`.
        neighbours: how many latents are blended at most.
    """

    def __init__(self, clips: Sequence[Latents], neighbours: int) -> None:
        self._latents = np.concatenate(clips)
        self._earlier = np.concatenate([clip[[0, *range(len(clip) - 1)]] for clip in clips])
        self._neighbours = min(neighbours, len(self._latents) - 1)
        self._last: Latents | None = None

    def __call__(self, latent: Latents) -> Latents:
        """The blend of the nearest learned latents, float32 `(D,)`.

        With d the distance of one and R that of the nearest which has no part any more, weights are
        ((R - d) / (R d))^2 (Franke & Nielson 1980): they change without a jump.
        """
        squares = np.square(self._latents - latent).sum(axis=1)
        if self._last is not None:
            squares += _PAST * np.square(self._earlier - self._last).sum(axis=1)
        nearest = np.argpartition(squares, self._neighbours)[: self._neighbours + 1]
        far = np.sqrt(squares[nearest].astype(np.float64))
        reach = max(float(far.max()), _LEAST)
        weights = np.square(np.maximum(reach - far, _LEAST * reach) / np.maximum(far, _LEAST))
        weights /= weights.sum()
        # No matrix product: NumPy's threads would get in the way of PyTorch's.
        blend: Latents = (weights[:, None] * self._latents[nearest]).sum(axis=0).astype(np.float32)
        self._last = blend
        return blend
