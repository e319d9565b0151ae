"""Choreographers: a dance learned from video, and new ones composed."""

from dancenow.choreographer.choreographer import METHODS, Choreographer, find_method
from dancenow.choreographer.folder import is_choreographer, learned_codec

__all__ = [
    "METHODS",
    "Choreographer",
    "find_method",
    "is_choreographer",
    "learned_codec",
]
