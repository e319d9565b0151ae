"""Music: where its beats are, how its sections differ, and dances timed to it."""

from dancenow.music.alignment import align, beat_alignment, find_accents
from dancenow.music.beats import Music, hear

__all__ = ["Music", "align", "beat_alignment", "find_accents", "hear"]
