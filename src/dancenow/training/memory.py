"""What memory a training step needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

Precision = Literal["32-true", "bf16-mixed"]
"""Precision of networks, as Lightning Fabric names it."""

_FLOAT32: Final = 4  # bytes


@dataclass(frozen=True)
class MemoryNeed:
    """What a training step needs at least, in bytes.

    Attributes:
        weights: the weights, their gradients and Adam's two moments, all float32.
        kept: what the forward pass keeps for the gradients; proportional to the pixels.
    """

    weights: int
    kept: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.weights + self.kept


def memory_need(forward: Callable[[], Sequence[nn.Module]], precision: Precision) -> MemoryNeed:
    """What a training step needs at least; nothing is computed, and no memory is taken.

    Args:
        forward: makes the networks and runs them, as a training step does; returns the networks.
        precision: "bf16-mixed" or "32-true".
    """
    storages: dict[int, tuple[int, Tensor]] = {}  # the tensors too: else an address is used again

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage._cdata] = storage.nbytes(), tensor
        return tensor

    with (
        FakeTensorMode(),
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"),
    ):
        networks = forward()
        weights = sum(p.numel() for network in networks for p in network.parameters())
    return MemoryNeed(4 * _FLOAT32 * weights, sum(size for size, _ in storages.values()))
