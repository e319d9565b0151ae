"""Tells the type of a media file by its first bytes: its name proves nothing.

FFmpeg also reads playlists, which name other files and addresses.  None of those formats is listed
here, and a file that FFmpeg would take for another format than the listed one is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from dancenow.video.animation import is_animation

_HEAD: Final = 400  # bytes that are read
_PACKET: Final = 188  # bytes of a packet of an MPEG transport stream


class UploadKind(str, Enum):
    """What an upload is wanted for."""

    clip = "clip"
    picture = "picture"
    sound = "sound"


@dataclass(frozen=True)
class MediaType:
    """A media file format.

    Attributes:
        demuxer: FFmpeg's name for it, or a part of that; empty for pictures, which Pillow reads.
        suffix: the stored file's suffix.
        mime: the MIME type.
        kinds: what it can be used for.
    """

    demuxer: str
    suffix: str
    mime: str
    kinds: frozenset[UploadKind]


_VIDEO = frozenset({UploadKind.clip, UploadKind.sound})
_PICTURE = frozenset({UploadKind.picture})
_SOUND = frozenset({UploadKind.sound})

MP4: Final = MediaType("mp4", ".mp4", "video/mp4", _VIDEO)
MKV: Final = MediaType("matroska", ".mkv", "video/x-matroska", _VIDEO)
WEBM: Final = MediaType("matroska", ".webm", "video/webm", _VIDEO)
AVI: Final = MediaType("avi", ".avi", "video/x-msvideo", _VIDEO)
OGG: Final = MediaType("ogg", ".ogg", "video/ogg", _VIDEO)
FLV: Final = MediaType("flv", ".flv", "video/x-flv", _VIDEO)
ASF: Final = MediaType("asf", ".wmv", "video/x-ms-wmv", _VIDEO)
MPEG: Final = MediaType("mpeg", ".mpg", "video/mpeg", _VIDEO)
MPEGTS: Final = MediaType("mpegts", ".ts", "video/mp2t", _VIDEO)
GIF: Final = MediaType("gif", ".gif", "image/gif", frozenset({UploadKind.clip}))
WAV: Final = MediaType("wav", ".wav", "audio/wav", _SOUND)
FLAC: Final = MediaType("flac", ".flac", "audio/flac", _SOUND)
MP3: Final = MediaType("mp3", ".mp3", "audio/mpeg", _SOUND)
AAC: Final = MediaType("aac", ".aac", "audio/aac", _SOUND)
AIFF: Final = MediaType("aiff", ".aiff", "audio/aiff", _SOUND)
PNG: Final = MediaType("", ".png", "image/png", _PICTURE)
JPEG: Final = MediaType("", ".jpg", "image/jpeg", _PICTURE)
WEBP: Final = MediaType("", ".webp", "image/webp", _PICTURE)
HEIC: Final = MediaType("", ".heic", "image/heic", _PICTURE)
ANIMATED_PNG: Final = MediaType("", ".png", "image/png", frozenset({UploadKind.clip}))
ANIMATED_WEBP: Final = MediaType("", ".webp", "image/webp", frozenset({UploadKind.clip}))

_ANIMATED: Final = {PNG: ANIMATED_PNG, WEBP: ANIMATED_WEBP}
_SIGNATURES: Final = (
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
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
_ATOMS: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def detect_media_type(path: Path) -> MediaType | None:
    """The type of a file by its first bytes; None where it is not one of those above."""
    with path.open("rb") as file:
        found = _by_head(file.read(_HEAD))
    return _ANIMATED[found] if found in _ANIMATED and is_animation(path) else found


def _by_head(head: bytes) -> MediaType | None:
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return WEBM if media_type is MKV and b"webm" in head[:64] else media_type
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return HEIC
    if head[4:8] in _ATOMS:
        return MP4
    if len(head) > _PACKET and head[0] == 0x47 and head[_PACKET] == 0x47:
        return MPEGTS
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # an MPEG audio frame
        return AAC if head[1] & 0xF6 == 0xF0 else MP3
    return None
