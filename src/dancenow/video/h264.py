"""Writing H.264 into MP4, MOV and Matroska files, frame by frame, with sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from dancenow.video.audio import SoundTrack
from dancenow.video.convert import Frame, to_yuv420

AddSound = Callable[[OutputContainer], SoundTrack | None]

FORMATS: Final = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
_PRESET: Final = "veryfast"  # half the time of x264's default for about the same quality and size
_BT709: Final = 1  # FFmpeg's number of the BT.709 matrix, primaries and transfer (ITU-T H.273)
_LIMITED_RANGE: Final = 1


@contextmanager
def open_output(path: Path, format_name: str) -> Iterator[OutputContainer]:
    """Open a media file for writing; its index is written where the block ends without an error."""
    options = {"movflags": "+faststart"} if format_name in ("mp4", "mov") else {}
    output = av.open(str(path.absolute()), "w", format=format_name, options=options)
    try:
        yield output
    except BaseException:
        with suppress(av.FFmpegError):  # the file is thrown away; the first error is what counts
            output.close()
        raise
    output.close()


@contextmanager
def open_h264(path: Path, rate: Fraction, crf: int, add_sound: AddSound) -> Iterator[H264Writer]:
    """Open a file for H.264, yuv420p, BT.709; its name says which kind of file.

    Args:
        path: the file.
        rate: frames a second.
        crf: constant rate factor, 0 (lossless) to 51.
        add_sound: adds the sound track, if any, to the file before the first frame is written.
    """
    with open_output(path, FORMATS[path.suffix.lower()]) as output:
        writer = H264Writer(output, rate, crf, add_sound)
        yield writer
        writer.finish()


class H264Writer:
    """Frames, one after the other, into an open media file."""

    def __init__(
        self, output: OutputContainer, rate: Fraction, crf: int, add_sound: AddSound
    ) -> None:
        self._output = output
        self._rate = rate
        self._crf = crf
        self._add_sound = add_sound
        self._stream: VideoStream | None = None
        self._sound: SoundTrack | None = None
        self._count = 0

    def write(self, frame: Frame) -> None:
        """Append one frame, uint8 `(H, W, 3)` RGB; an odd side grows by its last row or column."""
        height, width = frame.shape[:2]
        if height % 2 or width % 2:
            frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        if self._stream is None:
            self._stream = self._add_stream(frame.shape[1], frame.shape[0])
            self._sound = self._add_sound(self._output)
        picture = to_yuv420(frame)
        picture.pts, picture.time_base = self._count, 1 / self._rate
        self._output.mux(self._stream.encode(picture))
        self._count += 1
        if self._sound is not None:
            self._sound.feed(self._count / self._rate)

    def _add_stream(self, width: int, height: int) -> VideoStream:
        options = {"crf": str(self._crf), "preset": _PRESET}
        stream = self._output.add_stream("libx264", rate=self._rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / self._rate
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        return stream

    def finish(self) -> None:
        """Write what the encoder still holds, and the sound up to the end of the last frame."""
        if self._stream is not None:
            self._output.mux(self._stream.encode(None))
        if self._sound is not None:
            self._sound.finish(self._count / self._rate)
