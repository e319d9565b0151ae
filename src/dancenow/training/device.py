"""The device to compute on and its precision: chosen by the user or measured, never assumed."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

import torch
from torch import Tensor

from dancenow.errors import DanceNowWarning, InputError
from dancenow.processes import keep_freed_memory, return_freed_memory
from dancenow.training.memory import Precision
from dancenow.training.probe import missing_operator

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class Device:
    """A device and the precision of networks on it.

    Attributes:
        kind: "cpu", "cuda", "mps" or "xpu".
        precision: "32-true" or "bf16-mixed", as Lightning Fabric names them.
        devices: number of devices that train together on each machine.
        nodes: number of machines that train together.
    """

    kind: str
    precision: Precision
    devices: int = 1
    nodes: int = 1

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
        from lightning_fabric import Fabric  # slow to import, only needed for training

        # It would print which precision it uses.
        logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.WARNING)
        if self.kind == "cpu":
            return_freed_memory()
            keep_freed_memory()
        if self.kind in ("cpu", "cuda", "mps"):
            return Fabric(accelerator=self.kind, devices=1, precision=self.precision)
        from lightning_fabric.accelerators.cpu import CPUAccelerator
        from lightning_fabric.strategies.single_device import SingleDeviceStrategy

        class OneDevice(CPUAccelerator):
            """Fabric has no accelerator of that name, and one device needs nothing of it."""

            def setup_device(self, device: torch.device) -> None:
                pass

        strategy = SingleDeviceStrategy(device=self.torch)
        return Fabric(accelerator=OneDevice(), strategy=strategy, precision=self.precision)

    def launched_fabric(self) -> Fabric:
        """Lightning Fabric over all devices and machines, with its processes running.

        `torchrun` has started the processes already; without it, Fabric starts this program again
        for every further device.

        Raises:
            InputError: several machines are set, but their addresses are not.
        """
        if self.devices * self.nodes == 1:
            return self.fabric()
        alone = "TORCHELASTIC_RUN_ID" not in os.environ
        if alone and self.nodes > 1 and not {"MASTER_ADDR", "NODE_RANK"} <= os.environ.keys():
            raise InputError(
                f"`nodes={self.nodes}`: set MASTER_ADDR (the first machine's address), MASTER_PORT "
                "and NODE_RANK (0, 1, ...) on every machine, or start with torchrun."
            )
        from lightning_fabric import Fabric
        from lightning_fabric.strategies.ddp import DDPStrategy

        # The first process prepares the clip while the others wait.
        strategy = DDPStrategy(timeout=timedelta(hours=6))
        fabric = Fabric(
            accelerator=self.kind,
            devices=self.devices,
            num_nodes=self.nodes,
            strategy=strategy,
            precision=self.precision,
        )
        fabric.launch()
        return fabric


def choose_device(name: str = "auto", devices: int = 1, nodes: int = 1) -> Device:
    """The device of that name, or the best one available.

    Args:
        name: "auto", "cpu", "cuda", "mps" or "xpu"; "auto" skips a device that lacks an operator
            of ours, and warns of it.
        devices: number of devices to train together on each machine; `torchrun` overrides it.
        nodes: number of machines to train together; `torchrun` overrides it.

    Raises:
        InputError: the name is unknown, or the device is not available.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // devices
    if devices < 1 or nodes < 1:
        raise InputError("`devices` and `nodes` must be at least 1.")
    if name not in _PRESENT and name != "auto":
        raise InputError(f"`device={name}`: unknown; choose auto, {', '.join(_PRESENT)}.")
    if name == "auto":
        name = next(kind for kind in _PRESENT if _usable(kind, warn=True))
    elif not _usable(name, warn=False):
        raise InputError(f"`device={name}`: {_why_not(name)}; choose `device=auto` or cpu.")
    if name == "cuda":
        precision: Precision = "bf16-mixed" if torch.cuda.is_bf16_supported(False) else "32-true"
    elif name == "cpu":
        precision = measure_precision()
    else:
        precision = "32-true"
    there = torch.cuda.device_count() if name == "cuda" else devices if name == "cpu" else 1
    if devices > there:
        raise InputError(f"`devices={devices}`: this machine has {there} of {name}; use fewer.")
    return Device(name, precision, devices, nodes)


_PRESENT: Final[Mapping[str, Callable[[], bool]]] = {
    # By name: looked up anew each time, so that tests can put others in their place.
    "cuda": lambda: torch.cuda.is_available(),
    "mps": lambda: torch.backends.mps.is_available(),
    "xpu": lambda: torch.xpu.is_available(),
    "cpu": lambda: True,
}
"""Whether PyTorch sees a device of each kind; the best one first."""

_PROBED: Final = ("mps", "xpu")  # PyTorch does not have every operator there


def _usable(kind: str, *, warn: bool) -> bool:
    """Whether a device is present and has all our operators.

    Args:
        kind: of device.
        warn: whether to say why a device that is present is left unused.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old drivers: `_why_not` names them
        if not _PRESENT[kind]():
            return False
    if kind not in _PROBED or (missing := missing_operator(kind)) is None:
        return True
    if warn:
        warnings.warn(
            f"computing on the CPU: this machine's {kind} device lacks {missing} in PyTorch "
            f"{torch.__version__}.",
            DanceNowWarning,
            stacklevel=3,
        )
    return False


def _why_not(kind: str) -> str:
    """Why a device cannot be used."""
    version = torch.__version__
    if kind in _PROBED and _PRESENT[kind]():
        return f"it lacks {missing_operator(kind)} in PyTorch {version}"
    if kind != "cuda":
        return f"PyTorch {version} sees none here"
    build = torch.version.cuda or torch.version.hip
    if build is None:
        return f"PyTorch {version} is a build without CUDA"
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        if "too old" in str(error):
            return f"the NVIDIA driver is older than PyTorch {version} needs (CUDA {build})"
    return f"PyTorch {version} (CUDA {build}) sees no GPU here"


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
    """The faster precision on this CPU, measured on a convolution like those of the networks.

    Takes about 0.1 s.  bf16 is chosen only if it is 10 % faster, because it rounds.  Processors
    without bf16 instructions emulate it, which is many times slower.
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
