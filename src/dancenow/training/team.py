"""Processes that train together: one per device, on one machine or several."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from lightning_fabric import Fabric


_GRACE_SECONDS: Final = 20.0  # for child processes to end by themselves


class Team:
    """Communication between the processes of a training; a team of one costs nothing.

    Attributes:
        rank: this process's number, from 0.
        size: number of processes.
    """

    def __init__(self, fabric: Fabric | None = None) -> None:
        self._fabric = fabric
        self.rank = 0 if fabric is None else fabric.global_rank
        self.size = 1 if fabric is None else fabric.world_size

    @property
    def first(self) -> bool:
        """Whether this process writes files and reports progress."""
        return self.rank == 0

    def agreed(self, value: float) -> float:
        """The first process's value, in every process."""
        if self._fabric is None or self.size == 1:
            return value
        mine = torch.tensor(value if self.first else 0.0, dtype=torch.float64)
        total = self._fabric.all_reduce(mine.to(self._fabric.device), reduce_op="sum")
        return float(total)  # type: ignore[arg-type]

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        if self._fabric is None or self.size == 1:
            return flag
        mine = torch.tensor(float(flag), device=self._fabric.device)
        return float(self._fabric.all_reduce(mine, reduce_op="sum")) > 0  # type: ignore[arg-type]

    def means(self, values: Mapping[str, torch.Tensor]) -> dict[str, float]:
        """Means of scalars over the processes, with a single transfer from the device."""
        together = torch.stack([value.detach().float() for value in values.values()])
        if self._fabric is not None and self.size > 1:
            together = self._fabric.all_reduce(together, reduce_op="mean")  # type: ignore[assignment]
        return dict(zip(values, together.tolist(), strict=True))

    def same(self, value: float) -> bool:
        """Whether every process has the first one's value."""
        return not self.any(value != self.agreed(value))

    def close(self) -> None:
        """Leave the team when all is done, or when this process has failed."""
        if self._fabric is None or self.size == 1:
            return
        launcher = self._fabric.strategy.launcher
        for process in getattr(launcher, "procs", []):
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
            process.kill()  # it would wait for this process for hours
        torch.distributed.destroy_process_group()

    def wait(self) -> None:
        """Wait until every process has reached this call."""
        if self._fabric is not None and self.size > 1:
            self._fabric.barrier()
