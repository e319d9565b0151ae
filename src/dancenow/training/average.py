"""An exponential moving average of a network's weights."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


class WeightAverage(Generic[Network]):
    """Keeps a smoothed copy of a network's weights, which is used after training.

    The decay is min(decay, (1 + step) / (10 + step)): it starts low, so the random initial weights
    are soon forgotten.
    """

    def __init__(self, module: Network, decay: float) -> None:
        self.decay = decay
        self.module: Network = copy.deepcopy(module).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Move the average towards `module`'s weights; `step` steps are done."""
        decay = min(self.decay, (1 + step) / (10 + step))
        ours, theirs = self.module.state_dict(), module.state_dict()
        floating = [k for k, v in ours.items() if v.dtype.is_floating_point]
        torch._foreach_lerp_([ours[k] for k in floating], [theirs[k] for k in floating], 1 - decay)
        for key in ours.keys() - set(floating):
            ours[key].copy_(theirs[key])
