"""Frames kept for a while without loss: FFV1 (RFC 9043) in Matroska."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from dancenow.errors import InputError
from dancenow.files import atomic_path
from dancenow.video.convert import Frame
from dancenow.video.timing import as_rate

_STORED: Final = {3: ("rgb24", "bgr0"), 4: ("rgba", "bgra")}  # by channels


def write_lossless(path: Path, frames: Iterable[Frame], fps: float | Fraction = 25) -> None:
    """Write frames into a Matroska file that holds them exactly; the same frames, the same file.

    Args:
        path: the file.
        frames: uint8 `(H, W, 3)` RGB or `(H, W, 4)` RGBA.
        fps: frames a second.

    Raises:
        OutputError: it cannot be written.
    """
    rate = as_rate(fps)
    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), "w", "matroska", options={"fflags": "+bitexact"}) as container,
    ):
        stream: Any = None
        for number, frame in enumerate(frames):
            given, stored = _STORED[frame.shape[2]]
            if stream is None:
                stream = container.add_stream("ffv1", rate=rate)
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = stored
                stream.options = {"level": "3", "slices": "4", "slicecrc": "1"}
                stream.codec_context.thread_type = "SLICE"
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), given)
            picture = picture.reformat(format=stored)
            picture.pts, picture.time_base = number, 1 / rate
            container.mux(stream.encode(picture))
        if stream is not None:
            container.mux(stream.encode(None))


def read_lossless(paths: Sequence[Path]) -> Iterator[Frame]:
    """The frames of such files, one file after the other.

    Raises:
        InputError: one is missing or damaged.
    """
    for path in paths:
        try:
            with av.open(str(path)) as container:
                container.streams.video[0].thread_type = "AUTO"
                for picture in container.decode(video=0):
                    given = "rgba" if picture.format.name == "bgra" else "rgb24"
                    yield np.asarray(picture.to_ndarray(format=given), np.uint8)
        except (OSError, av.FFmpegError, IndexError) as error:
            raise InputError(f"{path}: is missing or damaged; call the same again.") from error
