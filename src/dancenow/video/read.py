"""Reading the frames of a clip: upright, with square pixels, at a constant rate."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame

from dancenow.errors import DanceNowWarning, InputError
from dancenow.video.convert import Frame, ToRGB
from dancenow.video.images import ImageFolder, open_folder, read_image
from dancenow.video.probe import Scan, decodable_packets, open_video, scan_video
from dancenow.video.timing import as_rate, hold, nearest_slot

_SEEK_MARGIN: Final = Fraction(1, 2)  # seconds


def read_frames(
    path: str | Path,
    *,
    fps: float | Fraction | None = None,
    size: tuple[int, int] | None = None,
    start: int = 0,
    stop: int | None = None,
) -> Iterator[Frame]:
    """Read the frames of a clip one by one; memory does not grow with its length.

    A clip of constant rate yields its own frames, as many as `probe(path).frames`.  A clip of
    variable rate, or any clip if `fps` is given, is resampled by its timestamps: frame k is the
    one shown at k / fps seconds.

    Args:
        path: a video file, or a folder of pictures.
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
        DanceNowWarning: once, at the end, if the file is cut off or damaged: how many of its
            frames were decoded.
    """
    path = Path(path)
    clip = _open(path)
    rate, frames = clip.rate if fps is None else as_rate(fps), clip.frames
    if rate != clip.rate:
        frames = max(1, nearest_slot(clip.frames / clip.rate, rate))
    if not 0 <= start < frames:
        raise InputError(f"{path}: has {frames} frames; it cannot be read from frame {start}.")
    stop = frames if stop is None else min(stop, frames)
    if size is not None and min(size) < 1:
        raise InputError(f"{path}: cannot be resized to {size[0]} x {size[1]}.")
    return (_fit(frame, size) for frame in clip.read(rate, start, stop))


@dataclass(frozen=True)
class _Clip:
    """A video file or a folder of pictures, alike; `read` takes a rate and a range of frames."""

    rate: Fraction
    frames: int
    read: Callable[[Fraction, int, int], Iterator[Frame]]


def _open(path: Path) -> _Clip:
    if path.is_dir():
        folder = open_folder(path)
        read = partial(_folder_frames, folder)
        return _Clip(folder.rate, len(folder.files), read)
    scan = scan_video(path)
    return _Clip(scan.info.fps, scan.info.frames, partial(_video_frames, scan))


def _fit(frame: Frame, size: tuple[int, int] | None) -> Frame:
    if size is not None and size != (frame.shape[1], frame.shape[0]):
        shrinks = size[0] <= frame.shape[1] and size[1] <= frame.shape[0]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(frame, size, interpolation=how), dtype=np.uint8)
    return np.ascontiguousarray(frame, dtype=np.uint8)


def _folder_frames(folder: ImageFolder, rate: Fraction, start: int, stop: int) -> Iterator[Frame]:
    slots = ((nearest_slot(i / folder.rate, rate), file) for i, file in enumerate(folder.files))
    for file in hold(slots, start, stop):
        frame = read_image(file)
        if frame.shape[1::-1] != folder.size:
            raise InputError(f"{file}: changed its size while the folder was being read.")
        yield frame


def _video_frames(scan: Scan, rate: Fraction, start: int, stop: int) -> Iterator[Frame]:
    convert = ToRGB(scan.info.size, scan.orientation)
    # A frame shown again is converted again: that is cheap, and the caller may modify its frames.
    for frame in hold(_stamped(scan, rate, start), start, stop):
        yield convert(frame)


def _stamped(scan: Scan, rate: Fraction, start: int) -> Iterator[tuple[int, VideoFrame]]:
    """Decode the frames of a video, each with the output frame at which it is first shown."""
    frames = _decode(scan)
    if start and scan.origin is not None:
        wanted = scan.origin + int(start / rate / scan.time_base)
        # Files are indexed by decoding time, a few frames before presentation time.
        sought = _decode(scan, seek_to=wanted - int(_SEEK_MARGIN / scan.time_base))
        first = next(sought, None)
        if first is not None and first.pts is not None and first.pts <= wanted:
            frames = chain((first,), sought)
    for index, frame in enumerate(frames):
        if frame.pts is None or scan.origin is None:
            seconds = index / scan.info.fps
        else:
            seconds = (frame.pts - scan.origin) * scan.time_base
        yield nearest_slot(seconds, rate), frame


def _decode(scan: Scan, seek_to: int | None = None) -> Iterator[VideoFrame]:
    """Decode a video from the beginning, or from a key frame before `seek_to` (ticks).

    Warns at the end if it began at the beginning and frames are missing; ends at once if the file
    cannot be searched.
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
        warnings.warn(
            f"{scan.info.path}: is cut off or damaged; {decoded} of its "
            f"{scan.packets + scan.lost} frames were decoded.",
            DanceNowWarning,
            stacklevel=2,
        )
