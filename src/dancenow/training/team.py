"""The processes that train together: one a device, on one machine or several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from lightning_fabric import Fabric


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

    def means(self, values: Mapping[str, torch.Tensor]) -> dict[str, float]:
        """Means over the processes of some scalars; one transfer from the device for all."""
        together = torch.stack([value.detach().float() for value in values.values()])
        if self._fabric is not None and self.size > 1:
            together = self._fabric.all_reduce(together, reduce_op="mean")  # type: ignore[assignment]
        return dict(zip(values, together.tolist(), strict=True))

    def wait(self) -> None:
        """Go on when every process has come here."""
        if self._fabric is not None and self.size > 1:
            self._fabric.barrier()
