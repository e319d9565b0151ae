"""The demo: one sample performer dances another's dance, then dances that nobody danced."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dancenow.choreographer import ChoreographyOptions
from dancenow.evaluation.clip import ClipScores
from dancenow.files import make_folder
from dancenow.music import has_music
from dancenow.pose import PoseTrack
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.sources.load import load_source
from dancenow.staging.room import performable
from dancenow.staging.side_by_side import write_beside
from dancenow.training import Budget
from dancenow.workflows._demo_inputs import (
    FULL,
    QUICK,
    DemoSize,
    capture_moves,
    render_clips,
    write_clicks,
)
from dancenow.workflows._demo_page import write_demo_page
from dancenow.workflows.compose import NewDance
from dancenow.workflows.evaluate_clip import evaluate_clip
from dancenow.workflows.generate import Generated, generate
from dancenow.workflows.perform import Performed, perform
from dancenow.workflows.train_choreographer import train_choreographer
from dancenow.workflows.train_performer import TrainOptions, train_performer


@dataclass(frozen=True)
class Demo:
    """What the demo left.

    Attributes:
        folder: where everything lies.
        page: the page that shows it.
        scores: the transfer against the true answer.
        times: seconds of each stage.
        performed: the transfer.
        dance: the generated dance of silhouettes.
        new_dance: the composed dance that the performer dances.
    """

    folder: Path
    page: Path
    scores: ClipScores
    times: StageTimes
    performed: Performed
    dance: Generated
    new_dance: Generated

    def summary(self) -> str:
        """A few lines for people."""
        spent = sum(self.times.seconds.values())
        return "\n".join(
            [
                f"{self.folder / 'transfer.mp4'}: source, poses, result and truth side by side",
                *self.scores.lines(),
                f"{self.dance.output}: a new dance, dreamt up from the target's silhouettes",
                f"{self.new_dance.output}: a new dance to clicks, performed by the target",
                f"{spent:.0f} s in all; open {self.page} to see everything",
            ]
        )


def run_demo(
    folder: Path,
    *,
    quick: bool = False,
    device: str = "auto",
    seed: int = 0,
    credentials: bool = True,
    progress: ProgressCallback = silent,
) -> Demo:
    """Render two sample performers, learn one, let it dance the other's dance, measure, show.

    The learned one's dance is learned too, and a new one is dreamt up from it; and a dance is
    composed from the motion of all sample performers, to a click track, for the learned one.

    Args:
        folder: where everything is left; made where it is missing.
        quick: use the smallest sizes.
        device: where networks compute.
        seed: of dances and training.
        credentials: sign what is made with Content Credentials.
        progress: told about every frame and step.

    Raises:
        OutputError: the folder cannot be written.
    """
    run = _Run(folder, QUICK if quick else FULL, device, seed, credentials, StageTimes(), progress)
    size, times = run.size, run.times
    make_folder(folder)
    with times.stage("render"):
        render_clips(folder, size, seed, progress)
    source, target, truth, result = (
        folder / f"{name}.mp4" for name in ("source", "target", "truth", "result")
    )
    budget, performer = size.performer, folder / f"performer-{size.preset}"
    options = TrainOptions(size.preset, budget.minutes, budget.steps, device=device, seed=seed)
    trained = train_performer(target, performer, options, progress=progress, times=times)
    performed = perform(
        performer,
        source,
        result,
        device=device,
        credentials=credentials,
        times=times,
        progress=progress,
    )
    with times.stage("evaluate"):
        true_track = PoseTrack.load(truth.with_suffix(".pose.npz"))
        scores = evaluate_clip(result, truth, true_track=true_track, progress=progress)
    dance, new_dance = _dream(run, target), _compose(run, performer)
    with times.stage("show"):
        poses = performable(trained.performer, load_source(source).track)
        write_beside(
            [source, poses, result, truth],
            folder / "transfer.mp4",
            sound=source,
            credentials=credentials,
            progress=progress,
        )
        page = write_demo_page(folder, size, seed, scores, times, performed, dance, new_dance)
    return Demo(folder, page, scores, times, performed, dance, new_dance)


@dataclass(frozen=True)
class _Run:
    """What every part of a demo is told."""

    folder: Path
    size: DemoSize
    device: str
    seed: int
    credentials: bool
    times: StageTimes
    progress: ProgressCallback

    def options(self, budget: Budget, codec: str) -> ChoreographyOptions:
        """How a choreographer is trained."""
        return ChoreographyOptions(
            self.size.preset,
            codec,
            minutes=budget.minutes,
            steps=budget.steps,
            device=self.device,
            seed=self.seed,
        )


def _dream(run: _Run, clip: Path) -> Generated:
    """Learn a clip's dance, and write a new one."""
    options = run.options(run.size.dance, "frame")
    learned = run.folder / f"choreographer-{run.size.preset}"
    with run.times.stage("choreograph"):
        train_choreographer(clip, learned, options, progress=run.progress)
    with run.times.stage("generate"):
        return generate(
            learned,
            run.folder / "dance.mp4",
            options,
            seconds=run.size.dance_seconds,
            credentials=run.credentials,
            progress=run.progress,
        )


def _compose(run: _Run, performer: Path) -> Generated:
    """Learn the motion of some dances, and let the performer dance a new one to clicks."""
    options = run.options(run.size.moves, "pose")
    with run.times.stage("motion capture"):
        tracks = capture_moves(run.folder, run.size, run.seed, run.progress)
        clicks = write_clicks(run.folder, run.size, run.seed)
    learned = run.folder / f"moves-{run.size.preset}"
    with run.times.stage("moves"):
        train_choreographer(tracks, learned, options, progress=run.progress)
    with run.times.stage("new dance"):
        return generate(
            learned,
            run.folder / "new_dance.mp4",
            options,
            new=NewDance(performers=(performer,), music=clicks if has_music() else None),
            seconds=run.size.dance_seconds,
            credentials=run.credentials,
            progress=run.progress,
        )
