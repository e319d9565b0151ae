"""Writing animated GIFs with one good palette for the whole clip."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Final

import av
from av.container import OutputContainer
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dancenow.files import scratch_folder
from dancenow.video.convert import Frame
from dancenow.video.encode import open_output

# Browsers show a frame that asks for less than 20 ms for 100 ms.
_FASTEST: Final = 50
# Dither only what moves: less flicker, smaller files.
_DITHER: Final = "dither=sierra2_4a:diff_mode=rectangle"
_KEPT_PIXELS: Final = "bgr0"
_HEADER: Final = 13  # bytes before the colours (GIF89a, sections 17 and 18)
_COMMENT: Final = b"!\xfe"  # section 24


@contextmanager
def open_gif(path: Path, rate: Fraction, comment: str | None = None) -> Iterator[GifWriter]:
    """Open a GIF that loops forever.

    Above 50 frames a second, only every second (third, ...) frame is written, and shown longer.
    The palette is made from all frames, so these are kept losslessly in a temporary file until
    the block ends.
    """
    with scratch_folder(path.parent, path.name) as folder:
        kept = folder / "frames.mkv"
        step = max(1, ceil(rate / _FASTEST))
        with open_output(kept, "matroska") as output:
            writer = GifWriter(output, rate / step, step)
            yield writer
            writer.finish()
        encoded = path if comment is None else folder / "plain.gif"
        _encode(kept, encoded, rate / step)
        if comment is not None:
            _copy_with_comment(encoded, path, comment)


class GifWriter:
    """Writes frames into the temporary file of a GIF."""

    def __init__(self, output: OutputContainer, rate: Fraction, step: int) -> None:
        self._output = output
        self._rate = rate
        self._step = step
        self._stream: VideoStream | None = None
        self._given = 0

    def write(self, frame: Frame) -> None:
        """Append one frame, uint8 `(H, W, 3)` RGB."""
        if self._given % self._step == 0:
            if self._stream is None:
                self._stream = self._output.add_stream("ffv1", rate=self._rate)
                self._stream.height, self._stream.width = frame.shape[:2]
                self._stream.pix_fmt = _KEPT_PIXELS
            picture = VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = self._given // self._step, 1 / self._rate
            self._output.mux(self._stream.encode(picture))
        self._given += 1

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if self._stream is not None:
            self._output.mux(self._stream.encode(None))


def _encode(kept: Path, path: Path, rate: Fraction) -> None:
    with av.open(str(kept)) as source, open_output(path, "gif") as output:
        video = source.streams.video[0]
        palette_use = _PaletteUse(_best_palette(kept), video.width, video.height)
        stream = output.add_stream("gif", rate=rate)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "pal8"
        for count, frame in enumerate(source.decode(video)):
            picture = palette_use(frame)
            picture.pts, picture.time_base = count, 1 / rate
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))


def _copy_with_comment(plain: Path, path: Path, comment: str) -> None:
    """Insert a comment of up to 255 bytes before the first frame of a GIF: FFmpeg cannot."""
    text = comment.encode()[:255]
    with plain.open("rb") as source, path.open("wb") as output:
        header = source.read(_HEADER)
        colours = 2 << (header[10] & 7) if header[10] & 0x80 else 0
        output.write(header + source.read(3 * colours))
        output.write(_COMMENT + bytes([len(text)]) + text + b"\0")
        shutil.copyfileobj(source, output)


def _best_palette(kept: Path) -> VideoFrame:
    """A picture of the (at most 255) colours that fit all frames best."""
    with av.open(str(kept)) as source:
        video = source.streams.video[0]
        graph = Graph()
        frames, generator = _source(graph, video.width, video.height), graph.add("palettegen")
        sink = graph.add("buffersink")
        graph.link_nodes(frames, generator, sink)
        graph.configure()
        for frame in source.decode(video):
            frames.push(frame)
        frames.push(None)
        palette = sink.pull()
        assert isinstance(palette, VideoFrame)
        return palette


class _PaletteUse:
    """Maps frames to a palette, dithered."""

    def __init__(self, palette: VideoFrame, width: int, height: int) -> None:
        self._graph = Graph()
        self._frames = _source(self._graph, width, height)
        colours = _source(self._graph, palette.width, palette.height, palette.format.name)
        mapper, self._sink = self._graph.add("paletteuse", _DITHER), self._graph.add("buffersink")
        self._frames.link_to(mapper, 0, 0)
        colours.link_to(mapper, 0, 1)
        mapper.link_to(self._sink)
        self._graph.configure()
        colours.push(palette)
        colours.push(None)

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        self._frames.push(frame)
        mapped = self._sink.pull()
        assert isinstance(mapped, VideoFrame)
        return mapped


def _source(graph: Graph, width: int, height: int, pixels: str = _KEPT_PIXELS) -> FilterContext:
    return graph.add("buffer", f"video_size={width}x{height}:pix_fmt={pixels}:time_base=1/1000")
