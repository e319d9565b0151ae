"""Training a performer: prepare the clip, use the budget, leave a performer in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from dancenow.cache import cache_dir, content_hash
from dancenow.errors import InputError
from dancenow.options import TrainPerformerOptions
from dancenow.performer import Method, Performer, TargetRequest, is_performer, method_of
from dancenow.performer.page import performer_page
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.training import Budget, Device, choose_device
from dancenow.training.budget import budget_of
from dancenow.training.session import Session, Training


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
    plan = _Plan.of(options)
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
    device = _Plan.of(options).device
    return Trained.of(target, Performer.load(target, device), times or StageTimes())


def check_target(target: Path, options: TrainPerformerOptions) -> None:
    """Raise now what would be wrong with a target or with the options after other long work.

    Raises:
        InputError: neither a clip nor a performer's folder, or an option that cannot be used.
    """
    plan = _Plan.of(options)
    if not is_performer(target):
        plan.method.check_target(target, plan.config)


@dataclass(frozen=True)
class _Plan:
    """Options, and what they come to."""

    options: TrainPerformerOptions
    method: Method
    config: Any
    budget: Budget
    device: Device

    @staticmethod
    def of(options: TrainPerformerOptions) -> _Plan:
        """Read options.

        Raises:
            InputError: one of them cannot be used.
        """
        if not 0.0 <= options.hold_out < 1.0:
            raise InputError(f"`hold_out={options.hold_out:g}`: must be at least 0 and below 1.")
        method = method_of(options.preset)
        config = method.configure(options.preset, options)
        default, enough = Budget(minutes=config.minutes), method.enough_steps(config)
        budget = budget_of(options, default, enough_steps=enough)
        device = choose_device(options.device, options.devices, options.nodes)
        return _Plan(options, method, config, budget, device)

    def train(
        self, session: Session, target: Path, progress: ProgressCallback, times: StageTimes
    ) -> Performer:
        """Prepare the target, learn it in the session's folder, and leave the performer there."""
        made_of = {"config": self.config.model_dump(mode="json")}
        session.check(made_of)  # before the clip is looked at
        request = TargetRequest(target, self.device, self.options, progress)
        with times.stage("prepare"):
            prepared = self.method.prepare(self.config, request)
        session.page = lambda: performer_page(
            session.folder, prepared, request, self.config, times.seconds
        )
        training = Training(
            name="",
            label=f"learning the person of {target.name}",
            budget=self.budget,
            made_of={"target": prepared.key, **made_of},
            enough_steps=self.method.enough_steps(self.config),
            tune_threads=self.device.kind == "cpu",
        )
        try:
            with times.stage("train"), self._memory_advice(session.folder):
                trainable = prepared.trainable(self.options.seed)
                clock = session.train(trainable, training, prepared.team)
            figures = {
                "steps": clock.step,
                "seconds": round(clock.seconds, 1),
                "clip": target.name,
                "frames": prepared.frames,
                "precision": self.device.precision,
                "learned": prepared.learned,
            }
            performer: Performer = prepared.performer(trainable, figures)
            if prepared.team.first:
                performer.save(session.folder)
                session.finish(figures)
        finally:
            prepared.team.close()
        return performer

    def cached_folder(self, target: Path) -> Path:
        """Where a performer goes that nobody asked to keep."""
        options = self.options
        poses = None if options.poses is None else content_hash(options.poses)
        key = content_hash(
            self.method.content(target),
            self.config.model_dump(),
            poses or options.estimator,
            options.seed,
            options.hold_out,
        )
        return cache_dir("performers") / key

    @contextmanager
    def _memory_advice(self, folder: Path) -> Iterator[None]:
        try:
            yield
        except torch.OutOfMemoryError as error:
            advice = self.method.memory_advice(self.config)
            raise InputError(f"{advice} What was learned is kept in {folder}.") from error
