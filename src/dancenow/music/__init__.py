"""Music: its beats, how its sections differ, and dances timed to it."""

from dancenow.music.alignment import align_to_beats, beat_alignment, find_accents
from dancenow.music.analysis import Music, analyze_music
from dancenow.music.wav import write_wav

__all__ = [
    "Music",
    "align_to_beats",
    "analyze_music",
    "beat_alignment",
    "find_accents",
    "write_wav",
]
