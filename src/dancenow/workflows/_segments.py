"""Segments of a long performance, painted by several processes and joined by `perform`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow.options import PerformOptions
from dancenow.performer import Performer
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.sources.load import load_source
from dancenow.staging.performance import Painting
from dancenow.training import choose_device
from dancenow.video.lossless import write_lossless
from dancenow.workflows.perform import loading


def paint_segment(
    folder: Path,
    source: Path,
    output: Path,
    segment: range,
    options: PerformOptions,
    *,
    progress: ProgressCallback = silent,
) -> None:
    """Paint some frames of a performance, as `perform` paints them, and keep them without loss.

    Args:
        folder: a performer who `paints_apart`.
        source: as for `perform`.
        output: the file; see `write_lossless`.
        segment: the frames.
        options: of the whole performance.
        progress: called for every frame.
    """
    performer = Performer.load(folder, choose_device(options.device))
    motion = load_source(source, progress=progress, **loading(options))
    painting = Painting(performer, motion, options, progress=progress)

    def told() -> Iterator[NDArray[np.uint8]]:
        for done, frame in enumerate(painting.frames(segment), start=1):
            yield frame
            progress(Progress("dancing", done, len(segment)))

    output.parent.mkdir(parents=True, exist_ok=True)
    write_lossless(output, told())
