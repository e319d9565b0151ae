"""Choreographers: a dance learned from video, and new ones dreamt up (DanceNet)."""

from dancenow.choreographer.choreographer import Choreographer, is_choreographer
from dancenow.choreographer.presets import ChoreographerConfig, choreographer_preset

__all__ = ["Choreographer", "ChoreographerConfig", "choreographer_preset", "is_choreographer"]
