"""What is kept of a clip in the cache."""

from __future__ import annotations

from dancenow.cache import Entry
from dancenow.hashing import content_hash
from dancenow.video import ClipInfo


def clip_entry(kind: str, clip: ClipInfo, *details: object, suffix: str = "") -> Entry:
    """The entry for a clip's content, read at its rate, with those details; see `Entry.named`."""
    of = (content_hash(clip.path),)
    return Entry.named(kind, of, str(clip.fps), *details, suffix=suffix, clip=clip.path)
