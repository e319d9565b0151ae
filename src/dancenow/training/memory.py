"""Memory: what a training step needs, and reuse of large blocks."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, cast

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

Precision = Literal["32-true", "bf16-mixed"]
"""Precision of networks, as Lightning Fabric names it."""

_FLOAT32: Final = 4  # bytes

_TRIM_THRESHOLD: Final = -1  # glibc's parameters of mallopt
_MMAP_MAX: Final = -4


@lru_cache(maxsize=1)
def keep_freed_memory() -> bool:
    """Let this process keep freed memory instead of returning large blocks to the system.

    By default glibc maps every block above 32 MB anew and the system clears it page by page, which
    for the gradients of a large network takes longer than computing them.  No effect without glibc.

    Returns:
        Whether anything was changed.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, 2**31 - 1))


def return_freed_memory() -> None:
    """Give back to the system what `keep_freed_memory` kept.  No effect without glibc."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function of glibc's; None where another C library is used."""
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, AttributeError):
        return cast(Callable[..., int], getattr(ctypes.CDLL(None), name))
    return None


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
