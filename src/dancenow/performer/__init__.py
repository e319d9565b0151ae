"""Performers: learned people, after "Everybody Dance Now" (Chan et al., ICCV 2019)."""

from dancenow.performer.performer import Performer, Scene
from dancenow.performer.presets import PRESETS, PerformerConfig, performer_preset

__all__ = ["PRESETS", "Performer", "PerformerConfig", "Scene", "performer_preset"]
