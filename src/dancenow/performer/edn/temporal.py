"""Temporal smoothing: painting a frame given the previous one (Chan et al., 2019, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dancenow.performer.edn.layers import shared_casts


class TemporalPair(nn.Module):
    """Paints two consecutive frames, the second given the first (section 3.2).

    Args:
        generator: from a stick figure and the previous output, `(B, 6, H, W)`, to a frame.
        temporal: if False, the second frame is painted as if there were no first.
    """

    def __init__(self, generator: nn.Module, *, temporal: bool) -> None:
        super().__init__()
        self.generator, self.temporal = generator, temporal

    def forward(self, figures: Tensor) -> tuple[Tensor, Tensor]:
        """The last two frames, `(B, 3, H, W)`, of figures `(B, 2 or more, 3, H, W)`.

        Gradients flow through these two only; earlier frames are painted without.
        """
        nothing = previous = torch.zeros_like(figures[:, 0])
        *earlier, first, second = figures.unbind(dim=1)
        with shared_casts():
            if self.temporal:
                with torch.no_grad():
                    for figure in earlier:
                        previous = self._paint(figure, previous)
                # Do not reuse weights that autocast converted without gradients.
                torch.clear_autocast_cache()
            before = self._paint(first, previous)
            return before, self._paint(second, before if self.temporal else nothing)

    def _paint(self, figure: Tensor, previous: Tensor) -> Tensor:
        seen = torch.cat((figure, previous), dim=1)
        picture: Tensor = self.generator(seen.contiguous(memory_format=torch.channels_last))
        return picture
