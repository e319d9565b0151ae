"""Media files as FFmpeg opens them, and which of their streams are the clip's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from dancenow.errors import InputError
from dancenow.reading import check_file

# FFmpeg reads single pictures and text files (as ANSI art) as videos; neither is a clip.
_NO_CLIPS: Final = ("_pipe", "image2", "tty")
_TRIED: Final = 200  # packets, until a sound counts as one that cannot be decoded
PICTURE_CODECS: Final = frozenset({"mjpeg", "png", "bmp", "webp", "gif", "tiff"})


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a video file and choose its video stream.

    Raises:
        InputError: it cannot be used as a video; the message says why.
    """
    container = open_media(path)
    with container:
        name = container.format.name
        if any(part in name for part in _NO_CLIPS):
            what = "is one picture" if name.endswith("_pipe") else "is not a video"
            raise InputError(f"{path}: {what}; give a video file or a folder of numbered pictures.")
        if not container.streams.video:
            what = "only sound" if container.streams.audio else "no video stream"
            raise InputError(f"{path}: holds {what}; give a video.")
        stream = _moving(container)
        if stream is None:
            raise InputError(
                f"{path}: its video format cannot be decoded here; convert it to H.264 first."
            )
        yield container, stream


def open_media(path: Path) -> InputContainer:
    """Open a file with FFmpeg, whatever streams it holds.

    Raises:
        InputError: there is no such file, it is empty, or it is not a media file.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give a media file.")
    if not path.exists():
        raise InputError(f"{path}: no such file.")
    check_file(path)
    try:
        with path.open("rb") as file:
            head = file.read(12)
        if not head:
            raise InputError(f"{path}: is empty; copy or record it again.")
        # The absolute name, so that FFmpeg never takes "name:rest.mp4" for a network address.
        return av.open(str(path.absolute()), "r", metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise InputError(f"{path}: no permission to read it.") from error
        if head[4:8] == b"ftyp":
            raise InputError(
                f"{path}: is cut off: its index (the moov box) is missing, so nothing can be "
                "decoded; copy or record it again."
            ) from error
        raise InputError(f"{path}: is not a video or sound that FFmpeg can read.") from error


def sound_stream(container: InputContainer, path: Path) -> AudioStream | None:
    """The sound that can be decoded, the file's own choice first; None if there is none.

    Phones write a second track that only their maker's players understand, sometimes as the
    default.

    Args:
        container: the open file.
        path: the same file, which is opened once more, to try.
    """
    best = container.streams.best("audio")
    tracks = sorted(container.streams.audio, key=lambda track: track is not best)
    return next((track for track in tracks if _decodable(track) and _heard(path, track)), None)


def _heard(path: Path, track: AudioStream) -> bool:
    """Whether one of the first packets of a sound track can be decoded."""
    with open_media(path) as container, suppress(av.FFmpegError):
        for packet in islice(container.demux(container.streams[track.index]), _TRIED):
            with suppress(av.FFmpegError):
                if packet.decode():
                    return True
    return False


def decodable_packets(
    container: InputContainer, stream: VideoStream
) -> Iterator[Packet[VideoStream]]:
    """The packets that can be decoded, then an empty one that ends the decoding.

    Packets before the first key frame, and those that the end of the file cuts, are left out.
    """
    started = False
    try:
        for packet in container.demux(stream):
            started = started or packet.is_keyframe or not packet.size
            if started and not packet.is_corrupt:
                yield packet
    except av.FFmpegError:  # the file ends in the middle: what came before it counts
        end: Any = Packet()
        end.stream = stream
        yield end


def _decodable(stream: Stream) -> bool:
    return getattr(stream, "codec_context", None) is not None


def _moving(container: InputContainer) -> VideoStream | None:
    """The video that moves, the file's own choice first: covers are videos of one picture."""
    best = container.streams.best("video")
    found = [stream for stream in container.streams.video if _decodable(stream)]
    return min(found, key=lambda stream: (_is_cover(stream), stream is not best), default=None)


def _is_cover(stream: VideoStream) -> bool:
    attached = bool(stream.disposition & Disposition.attached_pic)
    return attached or (stream.frames == 1 and stream.codec_context.name in PICTURE_CODECS)
