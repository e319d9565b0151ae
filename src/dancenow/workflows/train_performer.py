"""Training a performer: prepare the clip, train, save the performer in a folder."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dancenow import consent
from dancenow.errors import OutputError
from dancenow.hashing import content_hash
from dancenow.options import TrainPerformerOptions
from dancenow.performer import Performer, is_performer
from dancenow.performer.plan import TrainingPlan
from dancenow.pose.dancers import check_person
from dancenow.processes import is_secondary_process
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.training.session import Session
from dancenow.workflows.sample import is_sample


@dataclass(frozen=True)
class Trained:
    """A trained performer.

    Attributes:
        folder: its path.
        steps: total training steps.
        seconds: total training time.
        times: seconds of each stage of this run.
        preset: name of the configuration.
        perceptual: whether the perceptual loss was used; None if the preset has none.
    """

    folder: Path
    steps: int
    seconds: float
    times: StageTimes
    preset: str
    perceptual: bool | None
    _performer: Performer

    @staticmethod
    def of(folder: Path, performer: Performer, times: StageTimes) -> Trained:
        """A performer with the figures of its training."""
        figures = performer.training
        return Trained(
            folder,
            int(figures.get("steps", 0)),
            float(figures.get("seconds", 0.0)),
            times,
            performer.preset,
            figures.get("perceptual"),
            performer,
        )

    @property
    def performer(self) -> Performer:
        """The performer."""
        return self._performer

    def summary(self) -> str:
        """One line for the user."""
        without = ", without the perceptual loss" if self.perceptual is False else ""
        if not self.steps:
            return f"{self.folder}: made without training (preset {self.preset})"
        return (
            f"{self.folder}: {self.steps} steps in {self.seconds:.0f} s of training "
            f"(preset {self.preset}{without})"
        )


def train_performer(
    target: str | Path,
    out: str | Path | None = None,
    options: TrainPerformerOptions | None = None,
    *,
    progress: ProgressCallback = silent,
    times: StageTimes | None = None,
) -> Trained:
    """Learn the person of a clip.

    A folder that holds a performer of the same clip and preset is resumed; nothing is done if its
    budget is used up.

    Args:
        target: the clip.
        out: the performer's folder; by default in the cache.
        options: see `TrainPerformerOptions`.
        progress: called for every frame and step.
        times: the seconds of each stage are added to it.

    Raises:
        InputError: the clip or an option cannot be used, or `out` holds other files.
        TrainingError: the loss is NaN or infinite.
    """
    times = StageTimes() if times is None else times
    options = options or TrainPerformerOptions()
    target = Path(target)
    check_person(options.target_person, "target_person")
    plan = TrainingPlan.of(options, target)
    plan.method.check_target(target, plan.config)  # before writing anything
    cached = plan.cached(target)
    folder = cached.path if out is None else Path(out)
    if not is_sample(target):
        consent.check(folder, options.consent)
    if out is None:
        cached.begin()
    with Session(
        folder,
        "performer",
        finished=is_performer(folder),
        contents=[content_hash(each) for each in plan.method.contents(target)],
        logger=options.logger,
        progress=progress,
    ) as session:
        try:
            performer = plan.make(session, target, progress, times)
        finally:
            if session.trained or is_performer(folder):
                _record_consent(folder, target, options.consent)
    return Trained.of(folder, performer, times)


def _record_consent(folder: Path, target: Path, answer: str | None) -> None:
    if not consent.is_settled(folder) and not is_secondary_process():
        if folder != target and is_sample(target):
            consent.record(folder, consent.OF_SAMPLES)
        elif answer == "yes":
            consent.record(folder)


def load_or_train(
    target: Path,
    options: TrainPerformerOptions,
    *,
    progress: ProgressCallback = silent,
    times: StageTimes | None = None,
) -> Trained:
    """The performer in a folder, or one trained on a clip in the cache."""
    if not is_performer(target):
        return train_performer(target, None, options, progress=progress, times=times)
    with suppress(OutputError):  # where nothing can be written, it is asked again
        _record_consent(target, target, options.consent)
    device = TrainingPlan.of(options, target).device
    return Trained.of(target, Performer.load(target, device), times or StageTimes())


def check_target(target: Path, options: TrainPerformerOptions) -> None:
    """Check a target and the options now, before long work.

    Raises:
        InputError: it is neither a clip nor a performer's folder, or an option cannot be used.
    """
    check_person(options.target_person, "target_person")
    plan = TrainingPlan.of(options, target)
    learned = is_performer(target)
    if not learned:
        plan.method.check_target(target, plan.config)
    if learned or not is_sample(target):
        consent.check(target if learned else plan.cached(target).path, options.consent)
