"""Performers: learned people, after "Everybody Dance Now" (Chan et al., ICCV 2019)."""

from dancenow.performer.layer import Layer
from dancenow.performer.method import Method, PreparedTarget, TargetRequest, method_for
from dancenow.performer.performer import Performer, Scene, is_performer, learned_apart

__all__ = [
    "Layer",
    "Method",
    "Performer",
    "PreparedTarget",
    "Scene",
    "TargetRequest",
    "is_performer",
    "learned_apart",
    "method_for",
]
