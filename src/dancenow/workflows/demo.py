"""The demo: one sample performer dances another's dance, then new dances."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dancenow import consent
from dancenow.evaluation.clip import ClipScores
from dancenow.files import check_folder, make_folder
from dancenow.options import (
    DemoOptions,
    GenerateOptions,
    PerformOptions,
    TrainChoreographerOptions,
    TrainPerformerOptions,
)
from dancenow.options.field import narrowed
from dancenow.pose import PoseTrack
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sources.load import load_source
from dancenow.staging.room import performable
from dancenow.staging.side_by_side import write_beside
from dancenow.training import Budget
from dancenow.workflows._demo_inputs import (
    CLIPS,
    FULL,
    QUICK,
    DemoSize,
    capture_moves,
    cut_clips,
    trained_target,
    write_clicks,
)
from dancenow.workflows._demo_page import write_demo_page
from dancenow.workflows.evaluate_clip import evaluate_clip
from dancenow.workflows.generate import Generated, generate
from dancenow.workflows.perform import Performed, perform
from dancenow.workflows.train_choreographer import train_choreographer
from dancenow.workflows.train_performer import train_performer


@dataclass(frozen=True)
class Demo:
    """Results of the demo.

    Attributes:
        folder: of all results.
        page: the page that shows it.
        scores: the transfer compared with the true answer.
        times: seconds of each stage.
        first: the transfer to the dancer who is shipped trained.
        performed: the transfer to the dancer who was learned here.
        dance: the generated dance of silhouettes.
        new_dance: the composed dance, performed.
    """

    folder: Path
    page: Path
    scores: ClipScores
    times: StageTimes
    first: Performed
    performed: Performed
    dance: Generated
    new_dance: Generated

    def summary(self) -> str:
        """A few lines for the user."""
        spent = sum(self.times.seconds.values())
        return "\n".join(
            [
                f"{self.first.output}: the source's dance, by a dancer who is shipped trained",
                f"{self.folder / 'transfer.mp4'}: a dancer learned from scratch, between "
                "the source, its poses and the truth",
                *self.scores.lines(),
                f"{self.dance.output}: a new dance, dreamt up from the target's silhouettes",
                f"{self.new_dance.output}: a new dance to clicks, performed by the target",
                f"{spent:.0f} s in total; open {self.page} to see everything",
            ]
        )


def run_demo(options: DemoOptions | None = None, *, progress: ProgressCallback = silent) -> Demo:
    """Make a sample performer dance another's dance, learn one from scratch, measure, show.

    A performer who is shipped trained dances first.  Then the same one is learned from a clip and
    dances again, which is compared with the truth.  The clip's dance is learned too, and dreamt on.
    Finally a dance is composed from the motion of all sample performers, and performed to clicks.

    Args:
        options: the output folder, and the sizes.
        progress: called for every frame and step, and told where the first dance is.

    Raises:
        OutputError: the folder cannot be written.
    """
    options = options or DemoOptions()
    folder, seed = options.out, options.seed
    run = _Run(options, QUICK if options.quick else FULL, progress)
    size, times = run.size, run.times
    check_folder(folder, "demo", ours=(folder / CLIPS).is_file())
    make_folder(folder)
    with times.stage("clips"):
        cut_clips(folder, size, progress)
    source, target, truth, result = (
        folder / f"{name}.mp4" for name in ("source", "target", "truth", "result")
    )
    performing = narrowed(options, PerformOptions)
    first = _first(run, source, performing)
    budget, performer = size.performer, folder / f"performer-{size.preset}"
    training = replace(
        narrowed(options, TrainPerformerOptions),
        preset=size.preset,
        minutes=budget.minutes,
        steps=budget.steps,
    )
    trained = train_performer(target, performer, training, progress=progress, times=times)
    consent.record(performer, consent.OF_SAMPLES)
    performed = perform(performer, source, result, performing, times=times, progress=progress)
    with times.stage("evaluate"):
        true, most = PoseTrack.load(truth.with_suffix(".pose.npz")), size.compared
        scores = evaluate_clip(result, truth, true_track=true, most=most, progress=progress)
    dance, new_dance = _dream(run, target), _compose(run, performer)
    with times.stage("show"):
        poses = performable(trained.performer, load_source(source).track)
        write_beside(
            [source, poses, result, truth],
            folder / "transfer.mp4",
            sound=source,
            credentials=options.credentials,
            progress=progress,
        )
    page = write_demo_page(folder, size, seed, scores, times, first, performed, dance, new_dance)
    return Demo(folder, page, scores, times, first, performed, dance, new_dance)


@dataclass(frozen=True)
class _Run:
    """Settings shared by the parts of a demo."""

    options: DemoOptions
    size: DemoSize
    progress: ProgressCallback
    times: StageTimes = field(default_factory=StageTimes)

    @property
    def folder(self) -> Path:
        """The output folder."""
        return self.options.out

    def train(self, clips: Path | list[Path], name: str, budget: Budget, codec: str) -> Path:
        """Train a choreographer; returns its folder."""
        folder = self.folder / f"{name}-{self.size.preset}"
        options = TrainChoreographerOptions(
            preset=self.size.preset,
            codec=codec,
            minutes=budget.minutes,
            steps=budget.steps,
            device=self.options.device,
            seed=self.options.seed,
        )
        train_choreographer(clips, folder, options, progress=self.progress)
        return folder

    def generate(self, learned: Path, output: str, **further: Any) -> Generated:
        """Write a new dance."""
        shared = narrowed(self.options, GenerateOptions)
        options = replace(shared, seconds=self.size.dance_seconds, **further)
        return generate(learned, self.folder / output, options, progress=self.progress)


def _first(run: _Run, source: Path, options: PerformOptions) -> Performed:
    """The shipped dancer dances the source; the path of the clip is told at once."""
    output = run.folder / "first.mp4"
    with run.times.stage("first"):
        made = perform(trained_target(), source, output, options, progress=run.progress)
    run.progress(Progress(f"the first dance is in {output}", made.frames, made.frames))
    return made


def _dream(run: _Run, clip: Path) -> Generated:
    """Learn a clip's dance, and write a new one."""
    with run.times.stage("choreograph"):
        learned = run.train(clip, "choreographer", run.size.dance, "frame")
    with run.times.stage("generate"):
        return run.generate(learned, "dance.mp4")


def _compose(run: _Run, performer: Path) -> Generated:
    """Learn the motion of some dances, and make the performer dance a new one to clicks."""
    with run.times.stage("motion capture"):
        tracks = capture_moves(run.folder, run.size, run.options.seed, run.progress)
        clicks = write_clicks(run.folder, run.size, run.options.seed)
    with run.times.stage("moves"):
        learned = run.train(tracks, "moves", run.size.moves, "pose")
    with run.times.stage("new dance"):
        return run.generate(learned, "new_dance.mp4", performer=(performer,), music=clicks)
