"""What a clip is: its size, rate, length, and whether it can be read at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dancenow.errors import InputError
from dancenow.video.convert import Filters
from dancenow.video.images import open_folder
from dancenow.video.timing import DEFAULT_RATE, Timeline, fit_timeline

# FFmpeg reads single pictures and text files (as ANSI art) as videos; neither is a clip.
_NO_CLIPS: Final = ("_pipe", "image2", "tty")
_PICTURE_CODECS: Final = frozenset({"mjpeg", "png", "bmp", "webp", "gif", "tiff"})

# The display matrix maps the stored picture's right and down axes to the shown picture's.  Keyed
# by the signs of its entries (a, b, c, d): degrees clockwise, and the FFmpeg filters that do it.
_ORIENTATIONS: Final = {
    (1, 0, 0, 1): (0, ()),
    (0, 1, -1, 0): (90, (("transpose", "clock"),)),
    (-1, 0, 0, -1): (180, (("hflip", ""), ("vflip", ""))),
    (0, -1, 1, 0): (270, (("transpose", "cclock"),)),
    (-1, 0, 0, 1): (0, (("hflip", ""),)),
    (1, 0, 0, -1): (180, (("vflip", ""),)),
    (0, 1, 1, 0): (90, (("transpose", "cclock_flip"),)),
    (0, -1, -1, 0): (270, (("transpose", "clock_flip"),)),
}


@dataclass(frozen=True)
class ClipInfo:
    """What is known of a clip before its frames are read.

    Attributes:
        path: the video file or the folder of pictures.
        size: `(width, height)` in pixels of the upright frame with square pixels.
        fps: frames a second, exact.  For a clip of variable rate, the constant rate to which
            `read_frames` resamples it.
        frames: how many frames `read_frames` yields at that rate.
        duration: seconds, `frames / fps`.
        has_audio: whether it has a sound track.
        rotation: degrees clockwise by which the stored frames are turned to be upright.
        variable_rate: whether its own frames come at a variable rate.
        is_folder: whether it is a folder of pictures.
        start: when its first frame is shown, in seconds of the file's own clock.
    """

    path: Path
    size: tuple[int, int]
    fps: Fraction
    frames: int
    duration: float
    has_audio: bool
    rotation: int
    variable_rate: bool
    is_folder: bool
    start: float


@dataclass(frozen=True)
class Scan:
    """What one pass over a video file, without decoding it, found: for the user and for reading.

    Attributes:
        info: the public part.
        orientation: FFmpeg filters that turn a stored frame upright.
        origin: presentation time of the first frame, in ticks; None if frames have no times and
            are counted instead.
        time_base: seconds a tick.
        packets: how many whole frames the file holds.
        lost: how many more its index promises; above 0 if the file was cut off.
    """

    info: ClipInfo
    orientation: Filters
    origin: int | None
    time_base: Fraction
    packets: int
    lost: int


def probe(path: str | Path) -> ClipInfo:
    """Find out what a clip is.

    A video file is read once without decoding, so that the number of frames and the rate are
    exact; this takes about as long as copying the file.

    Args:
        path: a video file that FFmpeg reads, or a folder of pictures; its rate is the one that
            DanceNow wrote it with, otherwise 25.

    Raises:
        InputError: there is no such file, or it cannot be used as a clip; the message says why.
    """
    path = Path(path)
    if not path.is_dir():
        return scan_video(path).info
    folder = open_folder(path)
    count = len(folder.files)
    return ClipInfo(
        path=path,
        size=folder.size,
        fps=folder.rate,
        frames=count,
        duration=float(count / folder.rate),
        has_audio=False,
        rotation=0,
        variable_rate=False,
        is_folder=True,
        start=0.0,
    )


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
            raise InputError(
                f"{path}: is not a video; give a video file or a folder of numbered pictures."
            )
        stream = container.streams.best("video")
        if stream is None:
            what = "only sound" if container.streams.audio else "no video stream"
            raise InputError(f"{path}: holds {what}; give a video.")
        assert isinstance(stream, VideoStream)
        if getattr(stream, "codec_context", None) is None:
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


@dataclass
class _Demuxed:
    """What the packets of a stream tell."""

    first: VideoFrame | None = None  # the first frame that can be decoded
    stamps: list[int | None] = field(default_factory=list)  # of whole frames that are shown
    last_duration: int = 0  # ticks that the last frame is shown, 0 if unknown
    seen: int = 0  # whole packets, shown or not


def scan_video(path: Path) -> Scan:
    """Read a video file once and find its timeline; only the first frame is decoded.

    Raises:
        InputError: it cannot be used as a clip.
    """
    with open_video(path) as (container, stream):
        demuxed = _demux(container, stream)
        has_audio = bool(container.streams.audio)
        first, count = demuxed.first, len(demuxed.stamps)
        if has_audio and count == 1 and stream.codec_context.name in _PICTURE_CODECS:
            raise InputError(f"{path}: holds only sound and a cover picture; give a video.")
        if first is None or not count:
            raise InputError(
                f"{path}: holds no frames that can be decoded: it is damaged or cut off; copy or "
                "record it again."
            )
        time_base = stream.time_base or Fraction(1, 1000)
        timeline, origin = _lay(demuxed, time_base, container, stream)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        rotation, orientation = _orientation(first)
        info = ClipInfo(
            path=path,
            size=_upright_size(first.width, first.height, aspect, rotation),
            fps=timeline.rate,
            frames=timeline.frames,
            duration=float(timeline.frames / timeline.rate),
            has_audio=has_audio,
            rotation=rotation,
            variable_rate=timeline.variable,
            is_folder=False,
            start=float((origin or 0) * time_base),
        )
        end = info.start + info.duration
        lost = _lost(stream, demuxed.seen, end, timeline.rate)
        return Scan(info, orientation, origin, time_base, count, lost)


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


def _demux(container: InputContainer, stream: VideoStream) -> _Demuxed:
    demuxed = _Demuxed()
    latest: int | None = None
    for packet in decodable_packets(container, stream):
        if demuxed.first is None:
            with suppress(av.FFmpegError):
                demuxed.first = next(iter(packet.decode()), None)
        if not packet.size:
            continue
        demuxed.seen += 1
        if packet.is_discard:  # before the start that the file's edit list sets
            continue
        demuxed.stamps.append(packet.pts)
        if packet.pts is not None and (latest is None or packet.pts > latest):
            latest, demuxed.last_duration = packet.pts, packet.duration or 0
    return demuxed


def _lay(
    demuxed: _Demuxed, time_base: Fraction, container: InputContainer, stream: VideoStream
) -> tuple[Timeline, int | None]:
    """The timeline, and the time of the first frame (None: the frames carry no times)."""
    declared = [rate for rate in (stream.guessed_rate, stream.average_rate) if rate]
    stamps = [stamp for stamp in demuxed.stamps if stamp is not None]
    # AVI stores the decoding order only, which says nothing if frames are reordered.
    reordered = container.format.name == "avi" and stream.codec_context.has_b_frames
    if reordered or len(stamps) < len(demuxed.stamps):
        rate = declared[0] if declared else DEFAULT_RATE
        return Timeline(rate, len(demuxed.stamps), variable=False), None
    ordered = np.sort(np.array(stamps, dtype=np.int64))
    return fit_timeline(ordered, time_base, declared, demuxed.last_duration), int(ordered[0])


def _upright_size(width: int, height: int, aspect: Fraction, rotation: int) -> tuple[int, int]:
    if aspect >= 1:  # stretch one side, never shrink the other: nothing is lost
        width = round(width * aspect)
    else:
        height = round(height / aspect)
    return (height, width) if rotation in (90, 270) else (width, height)


def _orientation(frame: VideoFrame) -> tuple[int, Filters]:
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return 0, ()
    matrix = np.frombuffer(bytes(data), dtype=np.int32).reshape(3, 3)[:2, :2] / 65536.0
    a, b, c, d = (int(sign) for sign in np.sign(np.round(matrix, 3)).ravel())
    return _ORIENTATIONS.get((a, b, c, d), (0, ()))


def _lost(stream: VideoStream, seen: int, end: float, rate: Fraction) -> int:
    """How many frames are missing, by the file's index or, without one, by its stated length."""
    if stream.frames > 0:
        return max(0, stream.frames - seen)
    hours, _, rest = stream.metadata.get("DURATION", "").partition(":")  # Matroska and WebM
    minutes, _, seconds = rest.partition(":")
    try:
        length = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return 0
    missing = round((length - end) * float(rate))
    return missing if missing > 2 else 0  # lengths are rounded, and some count from before 0
