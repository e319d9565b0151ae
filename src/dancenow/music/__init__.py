"""Music: where its beats are, how its sections differ, and dances timed to it."""

from dancenow.music.alignment import align, beat_alignment, find_accents
from dancenow.music.beats import Music, has_music, hear
from dancenow.music.wav import write_wav

__all__ = ["Music", "align", "beat_alignment", "find_accents", "has_music", "hear", "write_wav"]
