"""The processes that train together: one a device, on one machine or several."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from lightning_fabric import Fabric


_GRACE_SECONDS: Final = 20.0  # for the processes that this one started, to end by themselves


class Team:
    """What training needs to know of its fellow processes; a team of one costs nothing.

    Attributes:
        rank: this process's number, from 0.
        size: how many processes train.
    """

    def __init__(self, fabric: Fabric | None = None) -> None:
        self._fabric = fabric
        self.rank = 0 if fabric is None else fabric.global_rank
        self.size = 1 if fabric is None else fabric.world_size

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and tells of progress."""
        return self.rank == 0

    def agreed(self, value: float) -> float:
        """The first process's value, in every process."""
        if self._fabric is None or self.size == 1:
            return value
        mine = torch.tensor(value if self.first else 0.0, dtype=torch.float64)
        total = self._fabric.all_reduce(mine.to(self._fabric.device), reduce_op="sum")
        return float(total)  # type: ignore[arg-type]

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in one of the processes."""
        if self._fabric is None or self.size == 1:
            return flag
        mine = torch.tensor(float(flag), device=self._fabric.device)
        return float(self._fabric.all_reduce(mine, reduce_op="sum")) > 0  # type: ignore[arg-type]

    def means(self, values: Mapping[str, torch.Tensor]) -> dict[str, float]:
        """Means over the processes of some scalars; one transfer from the device for all."""
        together = torch.stack([value.detach().float() for value in values.values()])
        if self._fabric is not None and self.size > 1:
            together = self._fabric.all_reduce(together, reduce_op="mean")  # type: ignore[assignment]
        return dict(zip(values, together.tolist(), strict=True))

    def same(self, value: float) -> bool:
        """Whether every process has the first one's value."""
        return not self.any(value != self.agreed(value))

    def close(self) -> None:
        """Leave the others: to be called when all is done, or when this process has failed."""
        if self._fabric is None or self.size == 1:
            return
        launcher = self._fabric.strategy.launcher
        for process in getattr(launcher, "procs", []):
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
            process.kill()  # what still waits for this process would do so for hours
        torch.distributed.destroy_process_group()

    def wait(self) -> None:
        """Go on when every process has come here."""
        if self._fabric is not None and self.size > 1:
            self._fabric.barrier()
