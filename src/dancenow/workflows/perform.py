"""Performing: writing a clip of a trained performer that dances a source's motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dancenow import consent
from dancenow.credentials import Made
from dancenow.errors import InputError, counted
from dancenow.files import check_not_read
from dancenow.options import PerformOptions
from dancenow.performer import Performer
from dancenow.pose.dancers import check_person
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.sources.load import check_rate, load_cast
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.staging.performance import check_ensemble, write_cast, write_figures
from dancenow.staging.result import ResultWriter, marked
from dancenow.staging.show import (
    check_performer,
    check_several,
    check_show,
    check_source,
    performance_claim,
)
from dancenow.training import choose_device
from dancenow.workflows.train_performer import Trained


@dataclass(frozen=True)
class Performed:
    """A performance that was written.

    Attributes:
        output: the clip.
        frames: number of frames.
        fps: frames per second.
        size: width and height in pixels.
        times: seconds of each stage.
        performer: folder of the performer, the first one of several.
        steps: its training steps.
        perceptual: whether it was trained with the perceptual loss; None if its preset has none.
        credentials: whether the clip carries Content Credentials.
        beside: folders of the other performers.
    """

    output: Path
    frames: int
    fps: float
    size: tuple[int, int]
    times: StageTimes
    performer: Path
    steps: int
    perceptual: bool | None = None
    credentials: bool = False
    beside: tuple[Path, ...] = ()

    @staticmethod
    def of(
        output: Path, result: ResultWriter, fps: float, cast: Sequence[Trained], times: StageTimes
    ) -> Performed:
        """The clip that `result` wrote into `output`, danced by trained performers."""
        first, *others = cast
        return Performed(
            output,
            result.frames,
            fps,
            result.size or first.performer.scene.size,
            times,
            first.folder,
            first.steps,
            first.perceptual,
            result.credentials,
            tuple(other.folder for other in others),
        )

    def summary(self) -> str:
        """One line for the user."""
        width, height = self.size
        spent = ", ".join(f"{name} {s:.0f} s" for name, s in self.times.rounded().items())
        without = ", which learned without the perceptual loss" if self.perceptual is False else ""
        performers = f"performer is in {self.performer}"
        if self.beside:
            performers = f"performers are in {', '.join(map(str, (self.performer, *self.beside)))}"
        return (
            f"{self.output}: {counted(self.frames, 'frame')} of {width} x {height} at "
            f"{self.fps:.4g} a second ({spent}); the {performers}{without}"
        )


def several(paths: str | Path | Sequence[str | Path]) -> tuple[Path, ...]:
    """One or several paths."""
    return (Path(paths),) if isinstance(paths, str | Path) else tuple(map(Path, paths))


def loading(options: PerformOptions) -> dict[str, Any]:
    """How a performance loads its source; see `load_source`."""
    return {
        "fps": options.fps,
        "person": options.person,
        "poses": options.source_poses,
        "estimator": options.estimator,
        "device": options.device,
        "view": options.view,
    }


def perform(
    folder: str | Path | Sequence[str | Path],
    source: str | Path,
    output: str | Path,
    options: PerformOptions | None = None,
    *,
    painted: Sequence[Path] = (),
    progress: ProgressCallback = silent,
    times: StageTimes | None = None,
) -> Performed:
    """Make a trained performer dance a source's motion, or several who share a picture.

    Args:
        folder: the performer; of several, each follows a dancer of the source.
        source: a clip, a track, a motion capture, pose files, or a folder of drawn stick figures.
        output: the clip to write.
        options: see `PerformOptions`.
        painted: its frames, where `paint_segment` painted all its segments before.
        progress: called for every frame.
        times: the seconds of each stage are added to it.

    Raises:
        InputError: an input or option cannot be used.
    """
    options = options or PerformOptions()
    folders, source, output = several(folder), Path(source), Path(output)
    check_show(options, output)
    check_not_read(output, source, *folders)
    check_several(options, len(folders), options.formation)
    times = StageTimes() if times is None else times
    device = choose_device(options.device)
    performers = [Performer.load(folder, device) for folder in folders]
    performer = performers[0]
    check_source(options, source)
    check_rate(options.fps)
    check_person(options.person, count=len(folders))
    for each in performers:
        check_performer(options, each, source)
    check_ensemble(performers, options, options.formation)
    consent.tell(*folders)
    claim = marked(
        performance_claim(Made.performance, performers, options.background, source, *folders),
        options,
    )
    if is_authors_folder(source):
        if len(performers) > 1:
            raise InputError(f"{source}: holds drawn stick figures, which one performer dances.")
        fps = performer.scene.fps
        with times.stage("perform"):
            result = write_figures(performer, source, output, claim=claim, progress=progress)
    else:
        with times.stage("detect"):
            motions = load_cast(source, len(performers), progress=progress, **loading(options))
        fps = motions[0].track.fps
        with times.stage("perform"):
            result = write_cast(
                performers,
                motions,
                output,
                options,
                options.formation,
                painted=painted,
                claim=claim,
                progress=progress,
            )
    cast = [Trained.of(*each, times) for each in zip(folders, performers, strict=True)]
    return Performed.of(output, result, fps, cast, times)
