"""Choreographers: a dance learned from video, and new ones dreamt up (DanceNet)."""

from dancenow.choreographer.config import ChoreographerConfig, choreographer_preset
from dancenow.choreographer.dancenet.choreographer import Choreographer, is_choreographer

__all__ = ["Choreographer", "ChoreographerConfig", "choreographer_preset", "is_choreographer"]
