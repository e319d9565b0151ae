"""Bringing a motion to a performer, and the performance out as a clip."""
