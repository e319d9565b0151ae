"""What every file's schema is made of: strict, frozen, and with ranges."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Schema(BaseModel):
    """A frozen document that rejects unknown fields, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Count = Annotated[int, Field(ge=1, le=1_000_000)]
"""Of frames, of steps, of examples."""
Width = Annotated[int, Field(ge=1, le=4096)]
"""Of a layer: its channels or units; or the side of a network's picture in pixels."""
Depth = Annotated[int, Field(ge=1, le=64)]
"""How many layers, blocks or scales."""
Share = Annotated[float, Field(ge=0, le=1)]
"""A fraction; a rate of decay."""
Weight = Annotated[float, Field(ge=0, le=1e6)]
"""Of a term of a loss."""
Step = Annotated[float, Field(gt=0, le=1)]
"""A learning rate."""
Steps = Annotated[int, Field(ge=0, le=10**12)]
"""Of a training that were made."""
Seconds = Annotated[float, Field(ge=0, le=1e10)]
"""That something took."""
Minutes = Annotated[float, Field(ge=0, le=1e6)]
"""Of a training."""
