"""Which device computes, and in which precision: asked for or measured, never assumed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, cast

import torch
from torch import Tensor

from dancenow.errors import InputError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Precision = Literal["32-true", "bf16-mixed"]


@dataclass(frozen=True)
class Device:
    """A device and the precision in which networks run on it.

    Attributes:
        kind: "cpu", "cuda" or "mps".
        precision: "32-true" or "bf16-mixed", as Lightning Fabric names them.
    """

    kind: str
    precision: Precision

    @property
    def torch(self) -> torch.device:
        """The device as PyTorch knows it."""
        return torch.device(self.kind)

    def autocast(self) -> AbstractContextManager[None]:
        """A context in which networks run in the chosen precision."""
        return cast(
            AbstractContextManager[None],
            torch.autocast(self.kind, torch.bfloat16, enabled=self.precision == "bf16-mixed"),
        )

    def fabric(self) -> Fabric:
        """Lightning Fabric on this device."""
        from lightning_fabric import Fabric  # slow to import, and needed for training alone

        return Fabric(accelerator=self.kind, devices=1, precision=self.precision)


def choose_device(name: str = "auto") -> Device:
    """The device of that name, or the best there is.

    Raises:
        InputError: an unknown name, or the device is not there.
    """
    available: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
        "cpu": lambda: True,
    }
    if name == "auto":
        name = next(kind for kind, there in available.items() if there())
    if name not in available:
        raise InputError(f"--device {name}: unknown; choose auto, cpu, cuda or mps.")
    if not available[name]():
        raise InputError(f"--device {name}: there is none here; choose auto or cpu.")
    if name == "cuda":
        precision: Precision = "bf16-mixed" if torch.cuda.is_bf16_supported(False) else "32-true"
    elif name == "mps":
        precision = "32-true"
    else:
        precision = measure_precision()
    return Device(name, precision)


def _seconds(work: Callable[[], object], repeats: int = 5) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


@lru_cache(maxsize=1)
def measure_precision() -> Precision:
    """The faster precision on this CPU, by a convolution like those of the networks.

    Takes about a tenth of a second; bf16 must win by a tenth to be chosen, since it rounds.
    Without the processor's own bf16 instructions it is emulated and many times slower.
    """
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(4, 96, 64, 64, generator=generator)
    kernel = torch.randn(96, 96, 3, 3, generator=generator)

    def run(dtype: torch.dtype) -> Callable[[], Tensor]:
        x = image.to(dtype, memory_format=torch.channels_last)
        weight = kernel.to(dtype, memory_format=torch.channels_last)
        return lambda: torch.conv2d(x, weight, padding=1)

    with torch.inference_mode():
        float32 = _seconds(run(torch.float32))
        bf16 = _seconds(run(torch.bfloat16))
    return "bf16-mixed" if bf16 < 0.9 * float32 else "32-true"
