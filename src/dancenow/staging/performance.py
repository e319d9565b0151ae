"""Writing a performance: the motion is staged in the performer's room, painted and filmed."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow.credentials import Claim
from dancenow.options import ShowOptions
from dancenow.performer import Performer
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.sources.load import Source
from dancenow.staging.backdrop import Backdrop
from dancenow.staging.result import ResultWriter, open_result
from dancenow.staging.room import Staged, stage
from dancenow.video.prefetch import prefetch


def write_performance(
    performer: Performer,
    source: Source,
    output: Path,
    show: ShowOptions | None = None,
    *,
    audio: Path | None = None,
    claim: Claim | None = None,
    progress: ProgressCallback = silent,
) -> ResultWriter:
    """Write a performance with the source's rate and audio.

    Args:
        performer: who dances.
        source: the motion.
        output: the clip to write.
        show: how the motion is shown.
        audio: a file whose sound replaces the source's.
        claim: the statement of the clip's credentials; None for no credentials.
        progress: called for every frame.

    Returns:
        The result's writer, with its number of frames and whether it was signed.
    """
    show = show or ShowOptions()
    staged = stage(performer, source, show, progress=progress)
    backdrop = Backdrop(show.background, performer, source, progress=progress)
    clip = source.clip
    fps = clip.fps if clip else Fraction(staged.track.fps).limit_denominator(1001)
    if audio is None and clip is not None and clip.has_audio:
        audio = clip.path
    frames = prefetch(_filmed(performer, staged, backdrop, float(fps)))
    with open_result(
        output,
        claim,
        fps=fps,
        size=staged.track.size,
        alpha=backdrop.transparent,
        audio_from=audio,
    ) as result:
        for frame in frames:
            result.write(frame)
            progress(Progress("dancing", result.frames, len(staged.track)))
    return result


def write_figures(
    performer: Performer,
    folder: Path,
    output: Path,
    *,
    claim: Claim | None = None,
    progress: ProgressCallback = silent,
) -> ResultWriter:
    """Write a performance of drawn stick figures; otherwise as `write_performance`.

    Raises:
        InputError: the performer needs poses, or the folder cannot be read.
    """
    count, frames = performer.perform_figures(folder)
    fps = Fraction(performer.scene.fps).limit_denominator(1001)
    with open_result(output, claim, fps=fps, size=performer.scene.size) as result:
        for frame in prefetch(frames):
            result.write(frame)
            progress(Progress("dancing", result.frames, count))
    return result


def _filmed(
    performer: Performer, staged: Staged, backdrop: Backdrop, fps: float
) -> Iterator[NDArray[np.uint8]]:
    """The frames of a performance, as seen by its camera."""
    frames: Iterator[NDArray[np.uint8]]
    if not performer.paints_layers:
        frames = performer.perform(staged.track)
    elif backdrop.transparent:
        frames = (layer.alone() for layer in performer.layers(staged.track))
    else:
        layers = zip(performer.layers(staged.track), backdrop.frames(fps), strict=False)
        frames = (layer.over(background) for layer, background in layers)
    for index, frame in enumerate(frames):
        yield frame if staged.view is None else staged.view.shown(frame, index)
