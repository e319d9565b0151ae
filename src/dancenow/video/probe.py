"""What a clip is: its size, rate, length, and whether it can be read at all."""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from dancenow import limits
from dancenow.errors import DanceNowWarning, InputError
from dancenow.video.animation import Animation, is_animation, scan_animation
from dancenow.video.containers import PICTURE_CODECS, decodable_packets, open_video, sound_stream
from dancenow.video.convert import Filters
from dancenow.video.dynamic_range import HDR
from dancenow.video.images import SEE_THROUGH, ImageFolder, open_folder, open_picture, see_through
from dancenow.video.timing import (
    DEFAULT_RATE,
    FASTEST,
    Timeline,
    as_rate,
    fit_timeline,
    nearest_slot,
)

_SILENT: Final = "has a sound that cannot be decoded here, so it counts as silent"

# Programme streams have no index, and FFmpeg's search in them misses by a few frames.
_UNINDEXED: Final = ("mpeg", "mpegts")

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
        path: the video file, the animated picture or the folder of pictures.
        size: `(width, height)` in pixels of the upright frame with square pixels.
        fps: frames a second, exact: the constant rate at which `read_frames` reads it.
        frames: how many frames `read_frames` yields at that rate.
        duration: seconds, `frames / fps`.
        has_audio: whether it has a sound track that can be decoded.
        rotation: degrees clockwise by which the stored frames are turned to be upright.
        variable_rate: whether its own frames come at a variable rate.
        is_folder: whether it is a folder of pictures.
        start: when its first frame is shown, in seconds of the file's own clock.
        notes: what is changed in reading it, each a clause for the user whose subject is the clip.
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
    notes: tuple[str, ...] = ()

    def tell(self) -> None:
        """Warn of what is changed in reading it."""
        for note in self.notes:
            warnings.warn(f"{self.path}: {note}.", DanceNowWarning, stacklevel=3)

    def at(self, rate: Fraction) -> ClipInfo:
        """The same clip, resampled to `rate` frames a second."""
        if rate == self.fps:
            return self
        frames = max(1, nearest_slot(self.frames / self.fps, rate))
        return replace(self, fps=rate, frames=frames, duration=float(frames / rate))


@dataclass(frozen=True)
class Scan:
    """What one pass over a video file, without decoding it, found: for the user and for reading.

    Attributes:
        info: the public part, at the file's own rate.
        orientation: FFmpeg filters that turn a stored frame upright.
        stamps: presentation times of the frames, in ticks, in order; empty if frames have no times
            and are counted instead.
        time_base: seconds a tick.
        packets: how many whole frames the file holds.
        lost: how many more its index promises; above 0 if the file was cut off.
        transfer: number of the transfer function in ITU-T H.273, table 3.
        primaries: number of the primaries in ITU-T H.273, table 2.
        interlaced: whether frames are.
        searchable: whether reading can begin in the middle and still know where it is.
    """

    info: ClipInfo
    orientation: Filters
    stamps: NDArray[np.int64]
    time_base: Fraction
    packets: int
    lost: int
    transfer: int
    primaries: int
    interlaced: bool
    searchable: bool

    @property
    def origin(self) -> int | None:
        """Presentation time of the first frame, in ticks; None if frames have no times."""
        return int(self.stamps[0]) if len(self.stamps) else None


def probe(path: str | Path, *, fps: float | Fraction | None = None) -> ClipInfo:
    """Find out what a clip is.

    A video file is read once without decoding, so that the number of frames and the rate are
    exact; this takes about as long as copying the file.

    Args:
        path: a video file that FFmpeg reads, an animated picture, or a folder of pictures.
        fps: at which rate it is read: videos and animated pictures are resampled, pictures of a
            folder come at this rate.  By default the clip's own rate, at most 60; that of a folder
            is the one that DanceNow wrote it with, otherwise 25.

    Raises:
        InputError: there is no such file, or it cannot be used as a clip; the message says why.
    """
    path = Path(path)
    wanted = None if fps is None else as_rate(fps)
    if path.is_dir():
        return _folder_info(path, open_folder(path), wanted)
    own = scan_animation(path) if is_animation(path) else scan_video(path)
    info = _animation_info(own) if isinstance(own, Animation) else own.info
    if wanted is not None:
        return info.at(wanted)
    if info.fps <= FASTEST:
        return info
    told = (
        f"has {float(info.fps):.4g} frames a second, of which {FASTEST} are used; "
        f"`fps={float(info.fps):.4g}` uses all of them"
    )
    return replace(info.at(Fraction(FASTEST)), notes=(*info.notes, told))


def _folder_info(path: Path, folder: ImageFolder, rate: Fraction | None) -> ClipInfo:
    count, rate = len(folder.files), rate or folder.rate
    with open_picture(folder.files[0]) as first:
        notes = (SEE_THROUGH,) if see_through(first) else ()
    length = float(count / rate)
    return ClipInfo(path, folder.size, rate, count, length, False, 0, False, True, 0.0, notes)


def _animation_info(animation: Animation) -> ClipInfo:
    line = animation.timeline
    length = float(line.frames / line.rate)
    return ClipInfo(
        path=animation.path,
        size=animation.size,
        fps=line.rate,
        frames=line.frames,
        duration=length,
        has_audio=False,
        rotation=0,
        variable_rate=line.variable,
        is_folder=False,
        start=0.0,
        notes=(SEE_THROUGH,) if animation.transparent else (),
    )


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
    try:
        state = path.stat()
    except OSError:
        return _scan(path)
    return _scan_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _scan_once(path: Path, _changed: int, _size: int) -> Scan:
    return _scan(path)


def _scan(path: Path) -> Scan:
    with open_video(path) as (container, stream):
        demuxed = _demux(container, stream)
        has_audio = sound_stream(container, path) is not None
        first, count = demuxed.first, len(demuxed.stamps)
        if container.streams.audio and count == 1 and stream.codec_context.name in PICTURE_CODECS:
            raise InputError(f"{path}: holds only sound and a cover picture; give a video.")
        if first is None or not count:
            raise InputError(
                f"{path}: holds no frames that can be decoded: it is damaged or cut off; copy or "
                "record it again."
            )
        time_base = stream.time_base or Fraction(1, 1000)
        timeline, stamps = _lay(demuxed, time_base, container, stream)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        rotation, orientation = _orientation(first)
        size = _upright_size(first.width, first.height, aspect, rotation)
        limits.check_picture(path, *size)
        limits.check_rate(path, float(timeline.rate))
        limits.check_length(path, timeline.frames, float(timeline.frames / timeline.rate))
        context = stream.codec_context
        more = [_SILENT] if container.streams.audio and not has_audio else []
        if not len(stamps) and container.format.name != "avi":  # an AVI's rate is all its times
            more.append(
                f"says of no frame when it is shown; {float(timeline.rate):.4g} a second are taken"
            )
        info = ClipInfo(
            path=path,
            size=size,
            fps=timeline.rate,
            frames=timeline.frames,
            duration=float(timeline.frames / timeline.rate),
            has_audio=has_audio,
            rotation=rotation,
            variable_rate=timeline.variable,
            is_folder=False,
            start=float(stamps[0] * time_base) if len(stamps) else 0.0,
            notes=(*_notes(first, stream), *more),
        )
        return Scan(
            info,
            orientation,
            stamps,
            time_base,
            packets=count,
            lost=_lost(path, container, stream, demuxed, info),
            transfer=int(context.color_trc),
            primaries=int(context.color_primaries),
            interlaced=first.interlaced_frame,
            searchable=container.format.name not in _UNINDEXED,
        )


def _notes(first: VideoFrame, stream: VideoStream) -> tuple[str, ...]:
    """What is changed in reading frames like the first of a stream."""
    notes = []
    hdr = HDR.get(int(stream.codec_context.color_trc))
    if hdr:
        notes.append(f"is HDR ({hdr}); it is read as an ordinary screen shows it")
    if first.interlaced_frame:
        notes.append("is interlaced; whole frames are made of its halves")
    if stream.metadata.get("alpha_mode") == "1":  # WebM: FFmpeg's own decoder leaves alpha out
        notes.append("is transparent in parts; what lies there in the file is shown")
    elif any(part.is_alpha for part in first.format.components):
        alpha = first.reformat(format="rgba").to_ndarray()[..., 3]
        if alpha.min() < 255:
            notes.append(SEE_THROUGH)
    return tuple(notes)


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
) -> tuple[Timeline, NDArray[np.int64]]:
    """The timeline, and the times of the frames in order, in ticks; empty if they have none."""
    stated = (stream.guessed_rate, stream.average_rate)
    declared = [rate for rate in stated if rate and limits.SLOWEST <= rate <= limits.FASTEST]
    stamps = [stamp for stamp in demuxed.stamps if stamp is not None]
    # AVI stores the decoding order only, which says nothing if frames are reordered.
    reordered = container.format.name == "avi" and stream.codec_context.has_b_frames
    useless = len(stamps) > 1 and min(stamps) == max(stamps)
    if reordered or useless or len(stamps) < len(demuxed.stamps):
        rate = declared[0] if declared else DEFAULT_RATE
        return Timeline(rate, len(demuxed.stamps), variable=False), np.empty(0, np.int64)
    ordered = np.sort(np.array(stamps, dtype=np.int64))
    if container.format.name == "avi" and len(ordered) > 2:
        # Nothing between the first frame and the second: the sound began earlier.
        ordered[0] = ordered[1] - 1
    return fit_timeline(ordered, time_base, declared, demuxed.last_duration), ordered


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


def _lost(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    demuxed: _Demuxed,
    info: ClipInfo,
) -> int:
    """How many frames are missing, by the file's index or, without one, by its stated length."""
    if stream.frames > 0:
        missing = max(0, stream.frames - demuxed.seen)
        # An AVI counts the frames that were dropped, too.
        whole = container.format.name == "avi" and not _is_cut(path)
        return 0 if whole else missing
    hours, _, rest = stream.metadata.get("DURATION", "").partition(":")  # Matroska and WebM
    minutes, _, seconds = rest.partition(":")
    try:
        length = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return 0
    missing = round((length - info.start - info.duration) * float(info.fps))
    return missing if missing > 2 else 0  # lengths are rounded, and some count from before 0


def _is_cut(avi: Path) -> bool:
    """Whether an AVI is shorter than its first chunk says."""
    with avi.open("rb") as file:
        head = file.read(8)
    return avi.stat().st_size < 8 + int.from_bytes(head[4:8], "little")
