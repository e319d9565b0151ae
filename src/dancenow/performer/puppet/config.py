"""Settings of a puppet."""

from __future__ import annotations

from dancenow.schema import Minutes, Schema, Width


class PuppetConfig(Schema):
    """How a puppet is made.  Each field is described below it."""

    family: str = "puppet"
    """The method."""
    preset: str = "puppet"
    most_px: Width = 1280
    """Longer side of the picture at most, in pixels."""
    minutes: Minutes = 0.0
    """Nothing is learned."""


PRESETS: dict[str, PuppetConfig] = {"puppet": PuppetConfig()}
