"""What kind of media file something is, by its first bytes: names prove nothing.

FFmpeg also reads playlists and lists of files, which name other files and addresses.  Nothing of
that sort is on this list, and a file of the list that FFmpeg would take for something else is
refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

_HEAD: Final = 400  # bytes
_PACKET: Final = 188  # bytes of a packet of an MPEG transport stream


class Sort(str, Enum):
    """What a user may upload."""

    clip = "clip"
    picture = "picture"
    sound = "sound"


@dataclass(frozen=True)
class Content:
    """A kind of media file.

    Attributes:
        demuxer: FFmpeg's name of it, or a part of that; empty for pictures, which Pillow reads.
        suffix: of the file when it is stored.
        mime: as browsers call it.
        sorts: what it may hold.
    """

    demuxer: str
    suffix: str
    mime: str
    sorts: frozenset[Sort]


_MOVING = frozenset({Sort.clip, Sort.sound})
_STILL = frozenset({Sort.picture})
_HEARD = frozenset({Sort.sound})

MP4: Final = Content("mp4", ".mp4", "video/mp4", _MOVING)
MKV: Final = Content("matroska", ".mkv", "video/x-matroska", _MOVING)
WEBM: Final = Content("matroska", ".webm", "video/webm", _MOVING)
AVI: Final = Content("avi", ".avi", "video/x-msvideo", _MOVING)
OGG: Final = Content("ogg", ".ogg", "video/ogg", _MOVING)
FLV: Final = Content("flv", ".flv", "video/x-flv", _MOVING)
ASF: Final = Content("asf", ".wmv", "video/x-ms-wmv", _MOVING)
MPEG: Final = Content("mpeg", ".mpg", "video/mpeg", _MOVING)
MPEGTS: Final = Content("mpegts", ".ts", "video/mp2t", _MOVING)
GIF: Final = Content("gif", ".gif", "image/gif", frozenset({Sort.clip}))
WAV: Final = Content("wav", ".wav", "audio/wav", _HEARD)
FLAC: Final = Content("flac", ".flac", "audio/flac", _HEARD)
MP3: Final = Content("mp3", ".mp3", "audio/mpeg", _HEARD)
AAC: Final = Content("aac", ".aac", "audio/aac", _HEARD)
AIFF: Final = Content("aiff", ".aiff", "audio/aiff", _HEARD)
PNG: Final = Content("", ".png", "image/png", _STILL)
JPEG: Final = Content("", ".jpg", "image/jpeg", _STILL)
WEBP: Final = Content("", ".webp", "image/webp", _STILL)

_BEGINNINGS: Final = (
    (b"\x1aE\xdf\xa3", MKV),
    (b"OggS", OGG),
    (b"FLV\x01", FLV),
    (b"0&\xb2u\x8ef\xcf\x11", ASF),
    (b"\x00\x00\x01\xba", MPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"fLaC", FLAC),
    (b"ID3", MP3),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
)
_RIFF: Final = {b"AVI ": AVI, b"WAVE": WAV, b"WEBP": WEBP}
_ATOMS: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def recognise(path: Path) -> Content | None:
    """What a file is by its first bytes; None where it is nothing that is known here."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for beginning, content in _BEGINNINGS:
        if head.startswith(beginning):
            return WEBM if content is MKV and b"webm" in head[:64] else content
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    if head[4:8] in _ATOMS:
        return MP4
    if len(head) > _PACKET and head[0] == 0x47 and head[_PACKET] == 0x47:
        return MPEGTS
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # a frame of MPEG audio
        return AAC if head[1] & 0xF6 == 0xF0 else MP3
    return None
