"""Training a performer by any method: prepare the target, train in a session, save."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from dancenow.cache import Entry, cache_dir
from dancenow.errors import DanceNowWarning, InputError
from dancenow.hashing import content_hash
from dancenow.options import TrainPerformerOptions
from dancenow.performer.method import Method, TargetRequest, method_for, method_of
from dancenow.performer.page import performer_page
from dancenow.performer.performer import Performer
from dancenow.progress import ProgressCallback, StageTimes
from dancenow.training import Budget, Device, choose_device
from dancenow.training.budget import budget_of
from dancenow.training.memory import MemoryNeed
from dancenow.training.session import Session, Training

_OF_TRAINING: Final = ("minutes", "steps", "quality", "hold_out", "target_person", "others")


@dataclass(frozen=True)
class TrainingPlan:
    """The method that the options choose, with its configuration, budget and device."""

    options: TrainPerformerOptions
    method: Method
    config: Any
    budget: Budget
    device: Device

    @staticmethod
    def of(options: TrainPerformerOptions, target: Path | None = None) -> TrainingPlan:
        """The plan that the options describe for a target, by default a clip.

        Raises:
            InputError: an option cannot be used.
        """
        if not 0.0 <= options.hold_out < 1.0:
            raise InputError(f"`hold_out={options.hold_out:g}`: must be at least 0 and below 1.")
        if options.poses is not None and not options.poses.exists():
            raise InputError(f"{options.poses}: no such file or folder.")
        method = method_of(options.preset)
        if target is not None:
            method = method_for(target, options.preset)
        preset = options.preset if options.preset in method.presets else next(iter(method.presets))
        config = method.configure(preset, options)
        default, enough = Budget(minutes=config.minutes), method.enough_steps(config)
        shown = method.shows_untrained
        budget = default
        if method.learns:
            budget = budget_of(options, default, enough_steps=enough, untrained=shown)
        device = choose_device(options.device, options.devices, options.nodes)
        return TrainingPlan(options, method, config, budget, device)

    def make(
        self, session: Session, target: Path, progress: ProgressCallback, times: StageTimes
    ) -> Performer:
        """Train a performer in the session's folder, or make one that learns nothing."""
        if self.method.learns:
            return self.train(session, target, progress, times)
        self._warn_of_unused(target)
        key = content_hash(target, self.method.version, self.config.model_dump(), self._poses())
        if session.finished:
            performer = Performer.load(session.folder, self.device)
            if performer.training.get("key") != key:
                raise InputError(
                    f"{session.folder}: holds a performer of another target, or of other options; "
                    "choose another folder."
                )
            return performer
        request = TargetRequest(target, self.device, self.options, progress)
        with times.stage("prepare"):
            prepared = self.method.prepare(self.config, request)
        figures = {"steps": 0, "seconds": 0.0, "clip": target.name, "key": key}
        performer = prepared.performer(None, {**figures, "frames": prepared.frames})
        performer.save(session.folder)
        return performer

    def train(
        self, session: Session, target: Path, progress: ProgressCallback, times: StageTimes
    ) -> Performer:
        """Prepare the target, train in the session's folder, and save the performer there."""
        made_of = {"config": self.config.model_dump(mode="json")}
        session.check(made_of)  # before reading the clip
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
            if self.device.kind == "cuda":
                total = torch.cuda.get_device_properties(0).total_memory
                self.check_memory(prepared.memory_need(), total)
            with times.stage("train"), self.advice_on_memory(session.folder):
                trainable = prepared.trainable(self.options.seed)
                clock = session.train(trainable, training, prepared.team)
            figures = {
                "steps": clock.step,
                "seconds": round(clock.seconds, 1),
                "clip": target.name,
                "frames": prepared.frames,
                "precision": self.device.precision,
                "learned": prepared.learned | {"target_person": self.options.target_person},
            }
            performer: Performer = prepared.performer(trainable, figures)
            if prepared.team.first:
                performer.save(session.folder)
                session.finish(figures)
        finally:
            prepared.team.close()
        return performer

    def cached(self, target: Path) -> Entry:
        """The cache's entry of a performer trained without an output folder."""
        options = self.options
        first, *others = self.method.contents(target)
        key = content_hash(
            first,
            *map(content_hash, others),
            self.method.version,
            self.config.model_dump(),
            self._poses() or options.estimator,
            options.target_person,
            options.others.value,
            options.seed,
            options.hold_out,
        )
        contents = [content_hash(each) for each in self.method.contents(target)]
        return Entry(cache_dir("performers") / key, tuple(contents))

    def _poses(self) -> str | None:
        """Identifies the poses that are given."""
        return None if self.options.poses is None else content_hash(self.options.poses)

    def _warn_of_unused(self, target: Path) -> None:
        """Warn about options of a training where there is none."""
        usual = TrainPerformerOptions()
        unused = [
            f"`{name}`"
            for name in _OF_TRAINING
            if getattr(self.options, name) != getattr(usual, name)
        ]
        if unused:
            warnings.warn(
                f"{target}: photos make a puppet at once, so {', '.join(unused)} has no effect.",
                DanceNowWarning,
                stacklevel=4,
            )

    def check_memory(self, need: MemoryNeed, total: int) -> None:
        """Raise `InputError` if a GPU with `total` bytes cannot train this, naming what fits."""
        if need.total > total:
            part = max(0.0, (total - need.weights) / need.kept)
            raise InputError(
                f"`preset={self.config.preset}`: needs at least {need.total / 2**30:.1f} GiB of "
                f"the GPU's memory, and it has {total / 2**30:.1f}; "
                f"{self.method.memory_advice(self.config, part)}"
            )

    @contextmanager
    def advice_on_memory(self, folder: Path) -> Iterator[None]:
        """Turn running out of a GPU's memory within into advice."""
        try:
            yield
        except torch.OutOfMemoryError as error:
            raise InputError(
                f"`preset={self.config.preset}`: the GPU's memory is too small; "
                f"{self.method.memory_advice(self.config)} What was learned is kept in {folder}."
            ) from error
