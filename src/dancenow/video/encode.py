"""Encoding frames and sound into media files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dancenow.video.audio import SoundTrack
from dancenow.video.convert import FilterChain, Frame, to_yuv420

AddSound = Callable[[OutputContainer], SoundTrack | None]

FORMATS: Final = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
TRANSPARENT: Final = (".mov", ".webm")
"""Formats that hold an alpha channel; a folder of pictures does too."""

_BT709: Final = 1  # FFmpeg's number for the BT.709 matrix, primaries and transfer (ITU-T H.273)
_LIMITED_RANGE: Final = 1
# x264's default takes twice as long for about the same quality and size; VP9's best takes minutes.
_X264: Final = {"preset": "veryfast"}
_VP9: Final = {"deadline": "realtime", "cpu-used": "6", "row-mt": "1", "b": "0"}


@dataclass(frozen=True)
class _Encoding:
    """How frames become a stream.

    Attributes:
        codec: FFmpeg's name of the encoder.
        pixels: FFmpeg's name of the pixel format.
        options: the encoder's.
    """

    codec: str
    pixels: str
    options: dict[str, str]


def _encoding(suffix: str, crf: int, alpha: bool) -> _Encoding:
    if suffix == ".webm":
        # VP9's scale goes to 63; about 12 more gives the quality of H.264.
        options = {**_VP9, "crf": str(min(63, crf + 12))}
        return _Encoding("libvpx-vp9", "yuva420p" if alpha else "yuv420p", options)
    if alpha:
        return _Encoding("prores_ks", "yuva444p10le", {"profile": "4444"})
    return _Encoding("libx264", "yuv420p", {**_X264, "crf": str(crf)})


@contextmanager
def open_output(
    path: Path, format_name: str, comment: str | None = None
) -> Iterator[OutputContainer]:
    """Open a media file for writing; its index is written if the block ends without an error.

    Players show `comment` in the file's details.
    """
    options = {"movflags": "+faststart"} if format_name in ("mp4", "mov") else {}
    output = av.open(str(path.absolute()), "w", format=format_name, options=options)
    if comment is not None:
        output.metadata["comment"] = comment
    try:
        yield output
    except BaseException:
        with suppress(av.FFmpegError):  # the file is thrown away; the first error is what counts
            output.close()
        raise
    output.close()


@contextmanager
def open_media_writer(
    path: Path,
    rate: Fraction,
    crf: int,
    alpha: bool,
    add_sound: AddSound,
    comment: str | None = None,
) -> Iterator[MediaWriter]:
    """Open a media file of the format its suffix names: H.264 in `.mp4`, `.mov` and `.mkv`, VP9
    in `.webm`, all BT.709.  With alpha, `.mov` becomes ProRes 4444.

    Args:
        path: the file.
        rate: frames a second.
        crf: constant rate factor of H.264, 0 (lossless) to 51.
        alpha: whether frames have an alpha channel.
        add_sound: adds the sound track, if any, to the file before the first frame is written.
        comment: shown by players in the file's details.
    """
    suffix = path.suffix.lower()
    with open_output(path, FORMATS[suffix], comment) as output:
        writer = MediaWriter(output, rate, _encoding(suffix, crf, alpha), add_sound)
        yield writer
        writer.finish()


class MediaWriter:
    """Writes frames into an open media file."""

    def __init__(
        self, output: OutputContainer, rate: Fraction, encoding: _Encoding, add_sound: AddSound
    ) -> None:
        self._output = output
        self._rate = rate
        self._encoding = encoding
        self._add_sound = add_sound
        self._stream: VideoStream | None = None
        self._sound: SoundTrack | None = None
        self._filters: FilterChain | None = None
        self._count = 0

    def write(self, frame: Frame) -> None:
        """Append one frame, uint8 RGB or RGBA; an odd side repeats its last row or column."""
        height, width = frame.shape[:2]
        if height % 2 or width % 2:
            frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        if self._stream is None:
            self._stream = self._add_stream(frame.shape[1], frame.shape[0])
            self._sound = self._add_sound(self._output)
        picture = self._converted(frame)
        picture.pts, picture.time_base = self._count, 1 / self._rate
        self._output.mux(self._stream.encode(picture))
        self._count += 1
        if self._sound is not None:
            self._sound.feed(self._count / self._rate)

    def _converted(self, frame: Frame) -> VideoFrame:
        if self._encoding.pixels == "yuv420p":
            return to_yuv420(frame)
        if self._filters is None:
            scale = "out_color_matrix=bt709:out_range=tv:flags=bilinear+full_chroma_int"
            filters = (("scale", scale), ("format", self._encoding.pixels))
            self._filters = FilterChain(filters, frame.shape[1], frame.shape[0], "rgba")
        return self._filters(VideoFrame.from_ndarray(frame, format="rgba"))

    def _add_stream(self, width: int, height: int) -> VideoStream:
        encoding = self._encoding
        stream = self._output.add_stream(encoding.codec, rate=self._rate, options=encoding.options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, encoding.pixels
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
