"""Performers: learned people, after "Everybody Dance Now" (Chan et al., ICCV 2019)."""

from dancenow.performer.fast.config import PRESETS, PerformerConfig, performer_preset
from dancenow.performer.fast.performer import FastPerformer, PlatedScene
from dancenow.performer.performer import Performer

__all__ = [
    "PRESETS",
    "FastPerformer",
    "Performer",
    "PerformerConfig",
    "PlatedScene",
    "performer_preset",
]
