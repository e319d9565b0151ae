"""Training a performer: prepare the clip, run the budget, leave a performer in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dancenow.cache import cache_dir, content_hash
from dancenow.errors import InputError, OutputError
from dancenow.performer import Performer, PerformerConfig, performer_preset
from dancenow.performer.performer import is_performer
from dancenow.performer.training import FastTraining
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.training import Budget, Clock, choose_device, load_state
from dancenow.training.loop import run_training
from dancenow.video import probe
from dancenow.workflows.prepare import prepare_target


@dataclass(frozen=True)
class TrainOptions:
    """How a performer is trained.

    Attributes:
        preset: name of the configuration.
        minutes: budget; the preset's own where neither this nor `steps` is given.
        steps: budget.
        estimator: which estimator finds the poses.
        device: "auto", "cpu", "cuda" or "mps".
        seed: of the weights and of the order of pictures.
    """

    preset: str = "fast"
    minutes: float | None = None
    steps: int | None = None
    estimator: str = "mediapipe"
    device: str = "auto"
    seed: int = 0

    def config(self) -> PerformerConfig:
        """The preset's configuration."""
        return performer_preset(self.preset)

    def budget(self) -> Budget:
        """What may be used in all."""
        if self.minutes is None and self.steps is None:
            return Budget(minutes=self.config().minutes)
        return Budget(self.minutes, self.steps)


@dataclass(frozen=True)
class Trained:
    """A performer that was trained now, or had been before.

    Attributes:
        performer: the performer.
        folder: where it lies.
        steps: steps of training in all.
        seconds: seconds of training in all.
        times: seconds of each stage, now.
    """

    performer: Performer
    folder: Path
    steps: int
    seconds: float
    times: StageTimes

    def report(self) -> TrainReport:
        """The figures, without the performer."""
        return TrainReport(self.folder, self.steps, self.seconds, self.times)


@dataclass(frozen=True)
class TrainReport:
    """The figures of a training; as in `Trained`."""

    folder: Path
    steps: int
    seconds: float
    times: StageTimes


def train_performer(
    target: str | Path,
    out: str | Path | None = None,
    options: TrainOptions | None = None,
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
        TrainingError: the loss is no number.
    """
    times = StageTimes() if times is None else times
    options = options or TrainOptions()
    target = Path(target)
    config, budget, device = options.config(), options.budget(), choose_device(options.device)
    probe(target)  # what is no clip is told before anything is made
    out = _cached_folder(target, config, options) if out is None else Path(out)
    _check_folder(out)
    stride = 2 ** len(config.generator.widths)
    with times.stage("prepare"):
        prepared = prepare_target(
            target, config.crop, stride, estimator=options.estimator, progress=progress
        )
    state = load_state(out / "checkpoint")
    made_of = {"target": prepared.key, "config": config.model_dump(mode="json")}
    if state is not None and {key: state.values.get(key) for key in made_of} != made_of:
        raise InputError(
            f"{out}: holds a performer of another clip, preset or version; choose another folder."
        )
    if state is None and is_performer(out):
        raise InputError(
            f"{out}: holds a finished performer without its checkpoint; choose another folder."
        )
    with times.stage("train"):
        training = FastTraining(config, prepared.crops, device, options.seed)
        training.notes.update(made_of)
        clock = Clock(budget)
        if state is not None:
            training.restore(state, out)
            clock = Clock(budget, int(state.values["step"]), float(state.values["seconds"]))
        if not clock.over:
            run_training(
                training,
                clock,
                out / "checkpoint",
                stage=f"learning the person of {target.name}",
                progress=progress,
            )
        training.close()
    figures = {"steps": clock.step, "seconds": round(clock.seconds, 1), "clip": target.name}
    figures |= {"frames": len(prepared.crops), "precision": device.precision}
    performer = Performer(config, prepared.scene, training.average.module, device, figures)
    performer.save(out)
    return Trained(performer, out, clock.step, clock.seconds, times)


def load_or_train(
    target: Path,
    options: TrainOptions,
    *,
    progress: ProgressCallback = silent,
    times: StageTimes | None = None,
) -> Trained:
    """The performer in a folder, or a performer of a clip, trained in the cache."""
    if not is_performer(target):
        return train_performer(target, None, options, progress=progress, times=times)
    performer = Performer.load(target, choose_device(options.device))
    figures = performer.training
    steps, seconds = int(figures.get("steps", 0)), float(figures.get("seconds", 0.0))
    return Trained(performer, target, steps, seconds, StageTimes() if times is None else times)


def check_target(target: Path, options: TrainOptions) -> None:
    """Raise now what would be wrong with a target or with the options after other long work.

    Raises:
        InputError: neither a clip nor a performer's folder, or an option that cannot be used.
    """
    options.budget()
    choose_device(options.device)
    if not is_performer(target):
        probe(target)


def _cached_folder(target: Path, config: PerformerConfig, options: TrainOptions) -> Path:
    key = content_hash(target, config.model_dump(), options.estimator, options.seed)
    return cache_dir("performers") / key


def _check_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: is a file; a performer needs a folder.")
    ours = is_performer(out) or (out / "checkpoint" / "state.json").is_file()
    if out.is_dir() and any(out.iterdir()) and not ours:
        raise OutputError(f"{out}: holds other files; choose a new or empty folder.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: cannot be made ({error.strerror}).") from error
