"""Between the stored frames of a video and RGB arrays, with the right colour matrix and range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Filters = Sequence[tuple[str, str]]  # FFmpeg filters: name and arguments

# FFmpeg's numbers for the YUV matrices (ITU-T H.273, table 4), and their names in its scale filter.
_MATRICES: Final = {
    1: "bt709",
    4: "fcc",
    5: "bt601",
    6: "bt601",
    7: "smpte240m",
    9: "bt2020",
    10: "bt2020",
}
_FULL_RANGE: Final = 2
# 8-bit 4:2:0 takes FFmpeg's fast path, which is exact to one level and 15 times as fast as its
# exact path; other formats would come out two levels too dark without full chroma.
_FLAGS: Final = "flags=bilinear+full_chroma_int"

# Rows that give Y, then U and V, from R, G, B and 1, all in 0..255 (ITU-R BT.709-6, section 3).
_RED, _BLUE = 0.2126, 0.0722
_WEIGHTS: Final = np.array([_RED, 1 - _RED - _BLUE, _BLUE])
_YUV: Final = np.array(
    [
        [*(219 / 255 * _WEIGHTS), 16.0],
        [*(224 / 255 * (np.array([0, 0, 1]) - _WEIGHTS) / (2 - 2 * _BLUE)), 128.0],
        [*(224 / 255 * (np.array([1, 0, 0]) - _WEIGHTS) / (2 - 2 * _RED)), 128.0],
    ]
)


class FilterChain:
    """A chain of FFmpeg filters: a frame in, a frame out."""

    def __init__(self, filters: Filters, width: int, height: int, pixels: str) -> None:
        self._graph = Graph()
        # The times of frames pass through untouched, so any time base will do.
        source = self._graph.add(
            "buffer", f"video_size={width}x{height}:pix_fmt={pixels}:time_base=1/1000"
        )
        nodes = [self._graph.add(name, arguments or None) for name, arguments in filters]
        self._source, self._sink = source, self._graph.add("buffersink")
        self._graph.link_nodes(source, *nodes, self._sink)
        self._graph.configure()

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        self._source.push(frame)
        result = self._sink.pull()
        assert isinstance(result, VideoFrame)
        return result


class ToRGB:
    """Converts decoded frames to upright RGB of one size.

    Args:
        size: `(width, height)` pixels of the result.
        orientation: FFmpeg filters that turn a stored frame upright.
        tones: FFmpeg filters from its RGB to that of an ordinary screen.
    """

    def __init__(self, size: tuple[int, int], orientation: Filters, tones: Filters = ()) -> None:
        self._size = size
        self._orientation, self._tones = tuple(orientation), tuple(tones)
        self._chain: FilterChain | None = None
        self._made_for: tuple[Any, ...] = ()

    def __call__(self, frame: VideoFrame) -> Frame:
        """Convert one frame to uint8 `(H, W, 3)` RGB."""
        wanted = (frame.width, frame.height, frame.format.name, *_colours(frame))
        if self._chain is None or wanted != self._made_for:  # a stream may change midway
            width, height, pixels, matrix, levels = wanted
            scale = f"{self._size[0]}:{self._size[1]}:{_FLAGS}"
            if not frame.format.is_rgb:
                scale += f":in_color_matrix={matrix}:in_range={levels}"
            onto_black: Filters = ()
            if any(part.is_alpha for part in frame.format.components):
                onto_black = (("format", "gbrap"), ("premultiply", "inplace=1"))
            filters = (
                *self._orientation,
                ("scale", scale),
                *self._tones,
                *onto_black,
                ("format", "rgb24"),
            )
            self._chain, self._made_for = FilterChain(filters, width, height, pixels), wanted
        return np.asarray(self._chain(frame).to_ndarray(), dtype=np.uint8)


def _colours(frame: VideoFrame) -> tuple[str, str]:
    """The YUV matrix and the range of a frame, as the scale filter calls them.

    If the file does not state the matrix, it is guessed as players do: BT.709 for high definition,
    BT.601 below.
    """
    high_definition = frame.width >= 1280 or frame.height > 576
    guess = "bt709" if high_definition else "bt601"
    full = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
    return _MATRICES.get(int(frame.colorspace), guess), "pc" if full else "tv"


def to_yuv420(frame: Frame) -> VideoFrame:
    """Convert RGB to YUV 4:2:0, BT.709 in limited range, to within a level.

    FFmpeg's scaler does the same but takes many times as long; OpenCV is quick with three channels
    alone, so luma comes with chroma that nobody wants.

    Args:
        frame: uint8 `(H, W, 3)` RGB, H and W even.
    """
    height, width = frame.shape[:2]
    planes = np.empty((height * 3 // 2, width), np.uint8)
    cv2.extractChannel(cv2.transform(frame, _YUV), 0, planes[:height])
    half = cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    _, *chroma = cv2.split(cv2.transform(half, _YUV))
    planes[height:].reshape(2, *half.shape[:2])[:] = chroma
    return VideoFrame.from_ndarray(planes, format="yuv420p")
