"""Interlaced films: whole frames from the two halves that were filmed one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import av
from av.filter import Graph
from av.video.frame import VideoFrame


def deinterlaced(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """As many frames, at the same times; those that are interlaced are put together by bwdif."""
    first = next(frames, None)
    if first is None:
        return
    graph = Graph()
    shape = f"video_size={first.width}x{first.height}:pix_fmt={first.format.name}"
    source = graph.add("buffer", f"{shape}:time_base=1/1000")
    sink = graph.add("buffersink")
    graph.link_nodes(source, graph.add("bwdif", "mode=send_frame:deint=interlaced"), sink)
    graph.configure()
    times: deque[tuple[int | None, Any]] = deque()
    given = _with_end(first, frames)
    for frame in given:
        if frame is not None:
            times.append((frame.pts, frame.time_base))
            frame.pts = None if frame.pts is None else len(times)
        source.push(frame)
        yield from _ready(sink, times)


def _with_end(first: VideoFrame, rest: Iterator[VideoFrame]) -> Iterator[VideoFrame | None]:
    yield first
    yield from rest
    yield None


def _ready(sink: Any, times: deque[tuple[int | None, Any]]) -> Iterator[VideoFrame]:
    while times:
        try:
            frame = sink.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        frame.pts, frame.time_base = times.popleft()
        yield frame
