"""What identifies a clip in the cache."""

from __future__ import annotations

from dancenow.cache import content_hash
from dancenow.video import ClipInfo


def clip_hash(clip: ClipInfo, *details: object) -> str:
    """A hash of a clip's content, of the rate at which it is read, and of some details."""
    return content_hash(clip.path, str(clip.fps), *details)
