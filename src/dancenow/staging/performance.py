"""Writing a performance: the motion is staged in the performer's room, painted and filmed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow.credentials import Claim
from dancenow.errors import InputError
from dancenow.options import Formation, ShowOptions
from dancenow.performer import Performer
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.sources.load import Source
from dancenow.staging.backdrop import Backdrop
from dancenow.staging.ensemble import Ensemble
from dancenow.staging.result import ResultWriter, open_result
from dancenow.staging.room import stage, steady_track
from dancenow.video.lossless import read_lossless
from dancenow.video.prefetch import prefetch


def write_performance(
    performer: Performer,
    source: Source,
    output: Path,
    show: ShowOptions | None = None,
    *,
    audio: Path | None = None,
    painted: Sequence[Path] = (),
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
        painted: its frames, where its segments were painted before; see `write_lossless`.
        claim: the statement of the clip's credentials; None for no credentials.
        progress: called for every frame.

    Returns:
        The result's writer, with its number of frames and whether it was signed.
    """
    show = show or ShowOptions()
    painting = Painting(performer, source, show, progress=progress)
    clip = source.clip
    if audio is None and clip is not None and clip.has_audio:
        audio = clip.path
    frames = prefetch(read_lossless(painted) if painted else painting.frames())
    with open_result(
        output,
        claim,
        fps=painting.fps,
        size=painting.staged.track.size,
        alpha=painting.backdrop.transparent,
        audio_from=audio,
    ) as result:
        for frame in frames:
            result.write(frame)
            progress(Progress("dancing", result.frames, painting.count, picture=frame))
        if result.frames != painting.count:
            raise InputError(f"{output}: its segments lack frames; call the same again.")
    return result


class Painting:
    """A performance that is staged and ready to be painted, the whole of it or a segment.

    Args:
        performer: who dances.
        source: the motion.
        show: how the motion is shown.
        progress: called for every frame of the source that is looked at.
    """

    def __init__(
        self,
        performer: Performer,
        source: Source,
        show: ShowOptions,
        *,
        progress: ProgressCallback = silent,
    ) -> None:
        self.staged = stage(performer, source, show, progress=progress)
        self.backdrop = Backdrop(show.background, performer, source, progress=progress)
        self.fps = (
            source.clip.fps
            if source.clip
            else Fraction(self.staged.track.fps).limit_denominator(1001)
        )
        self._performer = performer

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.staged.track)

    def frames(self, within: range | None = None) -> Iterator[NDArray[np.uint8]]:
        """The frames as seen by the camera, uint8 `(H, W, 3)` RGB or `(H, W, 4)` RGBA.

        Args:
            within: the frames that are wanted, of a performer who paints them apart.
        """
        performer, track = self._performer, self.staged.track
        frames: Iterator[NDArray[np.uint8]]
        if not performer.paints_layers:
            frames = performer.perform(track)
        elif self.backdrop.transparent:
            frames = (layer.alone() for layer in performer.layers(track, within=within))
        else:
            first = 0 if within is None else within.start
            behind = islice(self.backdrop.frames(float(self.fps)), first, None)
            layers = zip(performer.layers(track, within=within), behind, strict=False)
            frames = (layer.over(background) for layer, background in layers)
        view = self.staged.view
        for index, frame in enumerate(frames, start=within.start if within else 0):
            yield frame if view is None else view.shown(frame, index)


def write_cast(
    performers: Sequence[Performer],
    sources: Sequence[Source],
    output: Path,
    show: ShowOptions,
    formation: Formation,
    *,
    painted: Sequence[Path] = (),
    claim: Claim | None = None,
    progress: ProgressCallback = silent,
) -> ResultWriter:
    """Write a performance of one or several performers, each of whom dances a motion.

    Several share a picture; otherwise as `write_performance`.
    """
    if len(performers) == 1:
        return write_performance(
            performers[0],
            sources[0],
            output,
            show,
            painted=painted,
            claim=claim,
            progress=progress,
        )
    ensemble = _ensemble(performers, show, formation)
    motion: PoseTrack | list[PoseTrack] = steady_track(sources[0], progress)
    if any(source is not sources[0] for source in sources):
        motion = [steady_track(source, progress) for source in sources]
    clip = sources[0].clip
    return write_ensemble(
        ensemble,
        motion,
        output,
        fps=clip.fps if clip else None,
        audio=clip.path if clip is not None and clip.has_audio else None,
        claim=claim,
        progress=progress,
    )


def check_ensemble(
    performers: Sequence[Performer], show: ShowOptions, formation: Formation
) -> None:
    """Raise `InputError` if several performers cannot share a picture as the options want."""
    if len(performers) > 1:
        _ensemble(performers, show, formation).check()


def _ensemble(performers: Sequence[Performer], show: ShowOptions, formation: Formation) -> Ensemble:
    return Ensemble(
        tuple(performers), formation, background=show.background, retarget=show.retarget
    )


def write_ensemble(
    ensemble: Ensemble,
    motion: PoseTrack | Sequence[PoseTrack],
    output: Path,
    *,
    fps: Fraction | None = None,
    audio: Path | None = None,
    claim: Claim | None = None,
    progress: ProgressCallback = silent,
) -> ResultWriter:
    """Write what several performers dance.

    Args:
        ensemble: who dances.
        motion: what all dance, or a track for each; see `Ensemble.frames`.
        output: the clip to write.
        fps: frames per second; by default the motion's.
        audio: a file whose sound is added.
        claim: the statement of the clip's credentials; None for no credentials.
        progress: called for every frame.
    """
    first = motion if isinstance(motion, PoseTrack) else motion[0]
    size, frames = ensemble.frames(motion)
    rate = fps or Fraction(first.fps).limit_denominator(1001)
    with open_result(output, claim, fps=rate, size=size, audio_from=audio) as result:
        for frame in prefetch(frames):
            result.write(frame)
            progress(Progress("dancing", result.frames, len(first), picture=frame))
    return result


def write_drawn(
    tracks: Sequence[PoseTrack],
    output: Path,
    *,
    audio: Path | None = None,
    claim: Claim | None = None,
    progress: ProgressCallback = silent,
) -> ResultWriter:
    """Write dancers as stick figures.

    Args:
        tracks: of one or several dancers in one frame, as long as each other.
        output: the clip to write.
        audio: a file whose sound is added.
        claim: the statement of the clip's credentials; None for no credentials.
        progress: called for every frame.
    """
    first = tracks[0]
    fps = Fraction(first.fps).limit_denominator(1001)
    with open_result(output, claim, fps=fps, size=first.size, audio_from=audio) as result:
        for poses in zip(*(each.keypoints for each in tracks), strict=True):
            frame = np.maximum.reduce([draw_pose(pose, first.size) for pose in poses])
            result.write(frame)
            progress(Progress("dancing", result.frames, len(first), picture=frame))
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
