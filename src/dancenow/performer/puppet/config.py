"""Settings of a puppet."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class PuppetConfig(BaseModel):
    """How a puppet is made.  Each field is described below it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str = "puppet"
    """The method."""
    preset: str = "puppet"
    most_px: int = 1280
    """Longer side of the picture at most, in pixels."""
    minutes: float = 0.0
    """Nothing is learned."""


PRESETS: dict[str, PuppetConfig] = {"puppet": PuppetConfig()}
