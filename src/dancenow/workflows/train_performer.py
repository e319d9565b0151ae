"""Training a performer: prepare the clip, use the budget, leave a performer in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from dancenow.cache import cache_dir, content_hash
from dancenow.errors import InputError
from dancenow.performer import Performer, PresetOptions, TargetRequest, is_performer, method_of
from dancenow.performer.page import performer_page
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.training import Budget, Device, choose_device
from dancenow.training.logs import LoggerName
from dancenow.training.session import Session, Training


@dataclass(frozen=True)
class TrainOptions:
    """How a performer is trained.

    Attributes:
        preset: name of the configuration.
        minutes: budget; the preset's own where neither this nor `steps` is given.
        steps: budget.
        estimator: which estimator finds the poses.
        device: "auto", "cpu", "cuda" or "mps".
        seed: of the weights and of the order of frames.
        poses: poses of the target that are known already: a track or OpenPose files.
        hold_out: the part of the clip's end that is not learned, to measure with, 0..1.
        paper: changes to the preset that only the paper's presets have.
        logger: where losses and previews are logged.
    """

    preset: str = "fast"
    minutes: float | None = None
    steps: int | None = None
    estimator: str = "mediapipe"
    device: str = "auto"
    seed: int = 0
    poses: Path | None = None
    hold_out: float = 0.0
    paper: PresetOptions = field(default_factory=PresetOptions)
    logger: LoggerName = "tensorboard"

    def config(self) -> Any:
        """The preset's configuration with the options in it.

        Raises:
            InputError: an unknown preset, or an option that it does not have.
        """
        if not 0.0 <= self.hold_out < 1.0:
            raise InputError(f"--hold-out {self.hold_out:g}: must be at least 0 and below 1.")
        return method_of(self.preset).configure(self.preset, self.paper)

    def budget(self) -> Budget:
        """What may be used in all."""
        if self.minutes is None and self.steps is None:
            return Budget(minutes=self.config().minutes)
        return Budget(self.minutes, self.steps)

    def chosen_device(self) -> Device:
        """The device, or devices, to compute on.

        Raises:
            InputError: there is none of that name, or there are fewer.
        """
        return choose_device(self.device, self.paper.devices, self.paper.nodes)


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
        perceptual = self.performer.training.get("perceptual")
        return TrainReport(
            self.folder, self.steps, self.seconds, self.times, self.performer.preset, perceptual
        )


@dataclass(frozen=True)
class TrainReport:
    """The figures of a training; as in `Trained`.

    Attributes:
        preset: name of the configuration.
        perceptual: whether the perceptual loss was used; None where the preset has none.
    """

    folder: Path
    steps: int
    seconds: float
    times: StageTimes
    preset: str
    perceptual: bool | None

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
        TrainingError: the loss is NaN or infinite.
    """
    times = StageTimes() if times is None else times
    options = options or TrainOptions()
    target = Path(target)
    method, config, budget = method_of(options.preset), options.config(), options.budget()
    device = options.chosen_device()
    method.check_target(target, config)  # what is no clip is told before anything is made
    out = _cached_folder(target, config, options) if out is None else Path(out)
    made_of = {"config": config.model_dump(mode="json")}
    with Session(
        out, "performer", finished=is_performer(out), logger=options.logger, progress=progress
    ) as session:
        session.check(made_of)  # before the clip is looked at
        request = TargetRequest(
            target,
            device,
            options.estimator,
            options.poses,
            options.hold_out,
            options.paper,
            progress,
        )
        with times.stage("prepare"):
            prepared = method.prepare(config, request)
        session.page = lambda: performer_page(
            out, prepared, request, config, budget, options.seed, times.seconds
        )
        training = Training(
            name="",
            label=f"learning the person of {target.name}",
            budget=budget,
            made_of={"target": prepared.key, **made_of},
            enough_steps=method.enough_steps(config),
            tune_threads=device.kind == "cpu",
        )
        try:
            with times.stage("train"), _memory_advice(method.memory_advice(config), out):
                trainable = prepared.trainable(options.seed)
                clock = session.train(trainable, training, prepared.team)
            figures = {
                "steps": clock.step,
                "seconds": round(clock.seconds, 1),
                "clip": target.name,
                "frames": prepared.frames,
                "precision": device.precision,
                "learned": prepared.learned,
            }
            performer = prepared.performer(trainable, figures)
            if prepared.team.first:
                performer.save(out)
                session.finish(figures)
        finally:
            prepared.team.close()
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
    return load_trained(target, options.chosen_device(), times or StageTimes())


def load_trained(folder: Path, device: Device, times: StageTimes) -> Trained:
    """The performer in a folder, with the figures of its training."""
    performer = Performer.load(folder, device)
    figures = performer.training
    steps, seconds = int(figures.get("steps", 0)), float(figures.get("seconds", 0.0))
    return Trained(performer, folder, steps, seconds, times)


def check_target(target: Path, options: TrainOptions) -> None:
    """Raise now what would be wrong with a target or with the options after other long work.

    Raises:
        InputError: neither a clip nor a performer's folder, or an option that cannot be used.
    """
    config = options.config()
    options.budget()
    options.chosen_device()
    if not is_performer(target):
        method_of(options.preset).check_target(target, config)


@contextmanager
def _memory_advice(advice: str, out: Path) -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise InputError(f"{advice} What was learned is kept in {out}.") from error


def _cached_folder(target: Path, config: Any, options: TrainOptions) -> Path:
    poses = None if options.poses is None else content_hash(options.poses)
    key = content_hash(
        method_of(options.preset).content(target),
        config.model_dump(),
        poses or options.estimator,
        options.seed,
        options.hold_out,
    )
    return cache_dir("performers") / key
