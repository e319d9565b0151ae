"""Performers: learned people, after "Everybody Dance Now" (Chan et al., ICCV 2019)."""

from dancenow.performer.fast import FastPerformer, PlatedScene
from dancenow.performer.performer import Performer
from dancenow.performer.presets import PRESETS, PerformerConfig, performer_preset

__all__ = [
    "PRESETS",
    "FastPerformer",
    "Performer",
    "PerformerConfig",
    "PlatedScene",
    "performer_preset",
]
