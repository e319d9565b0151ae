"""Performing: writing a clip of a trained performer that dances a source's motion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dancenow.credentials import Made
from dancenow.errors import counted
from dancenow.files import check_not_read
from dancenow.options import PerformOptions
from dancenow.performer import Performer
from dancenow.pose.dancers import check_person
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.sources.load import check_rate, load_source
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.staging.performance import write_figures, write_performance
from dancenow.staging.result import ResultWriter
from dancenow.staging.show import (
    check_performer,
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
        performer: folder of the performer.
        steps: its training steps.
        perceptual: whether it was trained with the perceptual loss; None if its preset has none.
        credentials: whether the clip carries Content Credentials.
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

    @staticmethod
    def of(
        output: Path, result: ResultWriter, fps: float, trained: Trained, times: StageTimes
    ) -> Performed:
        """The clip that `result` wrote into `output`, danced by the trained performer."""
        performer = trained.performer
        return Performed(
            output,
            result.frames,
            fps,
            performer.scene.size,
            times,
            trained.folder,
            trained.steps,
            trained.perceptual,
            result.credentials,
        )

    def summary(self) -> str:
        """One line for the user."""
        width, height = self.size
        spent = ", ".join(f"{name} {s:.0f} s" for name, s in self.times.rounded().items())
        without = ", which learned without the perceptual loss" if self.perceptual is False else ""
        return (
            f"{self.output}: {counted(self.frames, 'frame')} of {width} x {height} at "
            f"{self.fps:.4g} a second ({spent}); the performer is in {self.performer}{without}"
        )


def perform(
    folder: str | Path,
    source: str | Path,
    output: str | Path,
    options: PerformOptions | None = None,
    *,
    progress: ProgressCallback = silent,
    times: StageTimes | None = None,
) -> Performed:
    """Make a trained performer dance a source's motion.

    Args:
        folder: the performer.
        source: a clip, a track, a motion capture, pose files, or a folder of drawn stick figures.
        output: the clip to write.
        options: see `PerformOptions`.
        progress: called for every frame.
        times: the seconds of each stage are added to it.

    Raises:
        InputError: an input or option cannot be used.
    """
    options = options or PerformOptions()
    folder, source, output = Path(folder), Path(source), Path(output)
    check_show(options, output)
    check_not_read(output, source, folder)
    times = StageTimes() if times is None else times
    performer = Performer.load(folder, choose_device(options.device))
    check_source(options, source)
    check_rate(options.fps)
    check_person(options.person)
    check_performer(options, performer, source)
    claim = None
    if options.credentials:
        made = Made.performance
        claim = performance_claim(made, performer, options.background, source, folder)
    if is_authors_folder(source):
        fps = performer.scene.fps
        with times.stage("perform"):
            result = write_figures(performer, source, output, claim=claim, progress=progress)
    else:
        with times.stage("detect"):
            motion = load_source(
                source,
                fps=options.fps,
                person=options.person,
                estimator=options.estimator,
                device=options.device,
                azimuth=options.azimuth,
                progress=progress,
            )
        fps = motion.track.fps
        with times.stage("perform"):
            result = write_performance(
                performer, motion, output, options, claim=claim, progress=progress
            )
    return Performed.of(output, result, fps, Trained.of(folder, performer, times), times)
