"""Training a performer: prepare the clip, use the budget, leave a performer in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dancenow.options import TrainPerformerOptions
from dancenow.performer import Performer, is_performer
from dancenow.performer.plan import TrainingPlan
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.training.session import Session


@dataclass(frozen=True)
class Trained:
    """A performer that was trained now, or had been before.

    Attributes:
        folder: where it lies.
        steps: steps of training in all.
        seconds: seconds of training in all.
        times: seconds of each stage, now.
        preset: name of the configuration.
        perceptual: whether the perceptual loss was used; None where the preset has none.
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
        """A performer and the figures that it keeps of its training."""
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
        """One line for people."""
        without = ", without the perceptual loss" if self.perceptual is False else ""
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

    A folder that holds a performer of the same clip and preset is resumed; nothing is done where
    its budget was used before.

    Args:
        target: the clip.
        out: where the performer goes; by default a folder of the cache.
        options: how.
        progress: told about every frame and step.
        times: the seconds of each stage are added to it.

    Raises:
        InputError: the clip or an option cannot be used, or `out` holds something else.
        TrainingError: the loss is NaN or infinite.
    """
    times = StageTimes() if times is None else times
    options = options or TrainPerformerOptions()
    target = Path(target)
    plan = TrainingPlan.of(options)
    plan.method.check_target(target, plan.config)  # before anything is made
    folder = plan.cached_folder(target) if out is None else Path(out)
    with Session(
        folder,
        "performer",
        finished=is_performer(folder),
        logger=options.logger,
        progress=progress,
    ) as session:
        performer = plan.train(session, target, progress, times)
    return Trained.of(folder, performer, times)


def load_or_train(
    target: Path,
    options: TrainPerformerOptions,
    *,
    progress: ProgressCallback = silent,
    times: StageTimes | None = None,
) -> Trained:
    """The performer in a folder, or a performer of a clip, trained in the cache."""
    if not is_performer(target):
        return train_performer(target, None, options, progress=progress, times=times)
    device = TrainingPlan.of(options).device
    return Trained.of(target, Performer.load(target, device), times or StageTimes())


def check_target(target: Path, options: TrainPerformerOptions) -> None:
    """Raise now what would be wrong with a target or with the options after other long work.

    Raises:
        InputError: neither a clip nor a performer's folder, or an option that cannot be used.
    """
    plan = TrainingPlan.of(options)
    if not is_performer(target):
        plan.method.check_target(target, plan.config)
