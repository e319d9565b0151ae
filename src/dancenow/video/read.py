"""Reading the frames of a clip: upright, with square pixels, at a constant rate."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError
from dancenow.video.animation import is_animation, scan_animation
from dancenow.video.containers import decodable_packets, open_video
from dancenow.video.convert import Frame, ToRGB
from dancenow.video.dynamic_range import standard_range
from dancenow.video.images import open_folder, read_image
from dancenow.video.interlace import deinterlaced
from dancenow.video.probe import ClipInfo, Scan, probe, scan_video
from dancenow.video.timing import as_rate, hold, nearest_slot

_SEEK_MARGIN: Final = Fraction(1, 2)  # seconds


def read_frames(
    clip: str | Path | ClipInfo,
    *,
    fps: float | Fraction | None = None,
    size: tuple[int, int] | None = None,
    start: int = 0,
    stop: int | None = None,
) -> Iterator[Frame]:
    """Read the frames of a clip one by one; memory does not grow with its length.

    A clip of constant rate yields its own frames.  A clip of variable rate or of more than 60
    frames a second, or any clip if `fps` is given, is resampled by its timestamps: frame k is the
    one shown at k / fps seconds.  What is interlaced is deinterlaced, HDR is tone-mapped, and
    black stands behind what is transparent.

    Args:
        clip: a video file, an animated picture or a folder of pictures; or what `probe` tells of
            one, which is then read at the rate stated there.
        fps: frames a second to resample to.
        size: `(width, height)` px to resize to: by area where it shrinks, by cubic interpolation
            where it grows.
        start: the first frame, counted at the rate of the result.
        stop: the frame before which to end; by default, or beyond the end, the end.

    Yields:
        uint8 `(H, W, 3)` RGB; each a new array.

    Raises:
        InputError: the clip cannot be read, or `start` lies behind its end.

    Warns:
        DanceNowWarning: something is changed in reading it, such as its rate or its colours; or,
            at the end, the file is cut off or damaged: how many of its frames were decoded.
    """
    info = clip if isinstance(clip, ClipInfo) else probe(clip)
    info.tell()
    shown = info if fps is None else info.at(as_rate(fps))
    if not 0 <= start < shown.frames:
        raise InputError(
            f"{info.path}: has {shown.frames} frames; it cannot be read from frame {start}."
        )
    stop = shown.frames if stop is None else min(stop, shown.frames)
    if size is not None and min(size) < 1:
        raise InputError(f"{info.path}: cannot be resized to {size[0]} x {size[1]}.")
    return (_fit(frame, size) for frame in _frames(info, shown.fps, start, stop))


def can_begin_anywhere(clip: ClipInfo) -> bool:
    """Whether reading in the middle of a clip is quick and gives the frames that are there.

    Raises:
        InputError: the clip cannot be read.
    """
    if clip.is_folder or is_animation(clip.path):
        return clip.is_folder
    scan = scan_video(clip.path)
    return scan.searchable and scan.origin is not None and not scan.lost


def stored_frames(clip: ClipInfo) -> tuple[NDArray[np.int64], int]:
    """Which of the frames stored in a clip each frame that is read shows; and how many are stored.

    Returns:
        int64 `(T,)`, and their number.

    Raises:
        InputError: the clip cannot be read.
    """
    if clip.is_folder:
        return np.arange(clip.frames), clip.frames
    if is_animation(clip.path):
        seconds = list(scan_animation(clip.path).seconds)
    else:
        scan = scan_video(clip.path)
        ticks = scan.stamps - scan.stamps[:1]
        seconds = [int(tick) * scan.time_base for tick in ticks]
        if not seconds:
            seconds = [index / scan.info.fps for index in range(scan.packets)]
    slots = ((nearest_slot(when, clip.fps), index) for index, when in enumerate(seconds))
    return np.fromiter(hold(slots, 0, clip.frames), np.int64), len(seconds)


def _frames(info: ClipInfo, rate: Fraction, start: int, stop: int) -> Iterator[Frame]:
    """The frames from `start` to `stop` at a rate."""
    if info.is_folder:
        return _folder_frames(info, rate, start, stop)
    if is_animation(info.path):
        pictures = scan_animation(info.path).pictures(rate)
        return (picture.copy() for picture in hold(pictures, start, stop))
    return _video_frames(scan_video(info.path), rate, start, stop)


def _fit(frame: Frame, size: tuple[int, int] | None) -> Frame:
    if size is not None and size != (frame.shape[1], frame.shape[0]):
        shrinks = size[0] <= frame.shape[1] and size[1] <= frame.shape[0]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(frame, size, interpolation=how), dtype=np.uint8)
    return np.ascontiguousarray(frame, dtype=np.uint8)


def _folder_frames(info: ClipInfo, rate: Fraction, start: int, stop: int) -> Iterator[Frame]:
    files = open_folder(info.path).files
    slots = ((nearest_slot(i / info.fps, rate), file) for i, file in enumerate(files))
    for file in hold(slots, start, stop):
        frame = read_image(file)
        if frame.shape[1::-1] != info.size:
            raise InputError(f"{file}: changed its size while the folder was being read.")
        yield frame


def _video_frames(scan: Scan, rate: Fraction, start: int, stop: int) -> Iterator[Frame]:
    tones = standard_range(scan.transfer, scan.primaries)
    convert = ToRGB(scan.info.size, scan.orientation, tones)
    # A frame shown again is converted again: that is cheap, and the caller may modify its frames.
    frame = None
    for frame in hold(_stamped(scan, rate, start), start, stop):
        yield convert(frame)
    if frame is None and start < stop:  # who reads a clip counts on a frame
        raise InputError(
            f"{scan.info.path}: none of its frames can be decoded: it is damaged; copy or record "
            "it again."
        )


def _stamped(scan: Scan, rate: Fraction, start: int) -> Iterator[tuple[int, VideoFrame]]:
    """Decode the frames of a video, each with the output frame at which it is first shown."""
    frames = _decode(scan)
    if start and scan.searchable and scan.origin is not None:
        wanted = scan.origin + int(start / rate / scan.time_base)
        # Files are indexed by decoding time, a few frames before presentation time.
        sought = _decode(scan, seek_to=wanted - int(_SEEK_MARGIN / scan.time_base))
        first = next(sought, None)
        if first is not None and first.pts is not None and first.pts <= wanted:
            frames = chain((first,), sought)
    whole = deinterlaced(frames) if scan.interlaced else frames
    for index, frame in enumerate(whole):
        if frame.pts is None or scan.origin is None:
            seconds = index / scan.info.fps
        else:
            seconds = (frame.pts - scan.origin) * scan.time_base
        yield nearest_slot(seconds, rate), frame


def _decode(scan: Scan, seek_to: int | None = None) -> Iterator[VideoFrame]:
    """Decode a video from the beginning, or from a key frame before `seek_to` (ticks).

    Warns at the end if frames are missing; ends at once if the file cannot be searched.
    """
    decoded = failed = 0
    with open_video(scan.info.path) as (container, stream):
        stream.thread_type = "AUTO"
        if seek_to is not None:
            try:
                container.seek(seek_to, stream=stream)
            except av.FFmpegError:
                return
        for packet in decodable_packets(container, stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                failed += 1
                continue
            for frame in frames:
                decoded += 1
                yield frame
    if seek_to is None and (scan.lost or failed):
        told = f"{decoded} of its {scan.packets + scan.lost} frames were decoded."
    elif failed:
        told = f"{failed} of its frames could not be decoded."
    else:
        return
    warnings.warn(f"{scan.info.path}: is cut off or damaged; {told}", DanceNowWarning, stacklevel=2)
