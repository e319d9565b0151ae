"""Training a performer: prepare the clip, run the budget, leave a performer in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from dancenow.cache import cache_dir, content_hash
from dancenow.errors import InputError
from dancenow.files import check_folder, make_folder
from dancenow.performer import Performer, PerformerConfig, performer_preset
from dancenow.performer.edn.config import EDNConfig
from dancenow.performer.edn.folders import is_authors_folder
from dancenow.performer.edn.options import PaperOptions
from dancenow.performer.performer import is_performer
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.report import PAGE
from dancenow.training import Budget, Clock, Device, choose_device, load_state
from dancenow.training.history import FILE as HISTORY
from dancenow.training.logs import LoggerName, log_figures
from dancenow.training.loop import run_training
from dancenow.training.page import Story, page_when_stopped, write_training_page
from dancenow.video import probe
from dancenow.workflows.recipes import EDNRecipe, FastRecipe, Learning, Recipe
from dancenow.workflows.training_stories import performer_story

_ANOTHER = (
    "{}: holds a performer of another clip, preset or version, or of other options; choose "
    "another folder."
)


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
        poses: poses of the target that are known already: a track or OpenPose files.
        hold_out: the part of the clip's end that is not learned, to measure with, 0..1.
        paper: what only the paper's presets know.
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
    paper: PaperOptions = field(default_factory=PaperOptions)
    logger: LoggerName = "tensorboard"

    def config(self) -> PerformerConfig | EDNConfig:
        """The preset's configuration with the options in it.

        Raises:
            InputError: an unknown preset, or an option that it does not have.
        """
        if not 0.0 <= self.hold_out < 1.0:
            raise InputError(f"--hold-out {self.hold_out:g}: must be at least 0 and below 1.")
        config = performer_preset(self.preset)
        if isinstance(config, EDNConfig):
            return self.paper.applied(config)
        self.paper.refuse(self.preset)
        return config

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
        TrainingError: the loss is no number.
    """
    times = StageTimes() if times is None else times
    options = options or TrainOptions()
    target = Path(target)
    config, budget, device = options.config(), options.budget(), options.chosen_device()
    if isinstance(config, PerformerConfig) and device.devices * device.nodes > 1:
        raise InputError(
            f"--preset {config.preset}: trains in one process; start it without torchrun."
        )
    check_clip(target, config)  # what is no clip is told before anything is made
    out = _cached_folder(target, config, options) if out is None else Path(out)
    begun = (out / "checkpoint" / name for name in ("state.json", HISTORY))
    ours = is_performer(out) or any(path.is_file() for path in begun)
    check_folder(out, "performer", ours=ours)
    _check_config(out, config)
    make_folder(out)
    try:
        with times.stage("prepare"):
            recipe = _recipe(target, config, device, options, progress)
    except BaseException:
        with suppress(OSError):
            out.rmdir()  # it is empty where nothing was trained before
        raise

    def story() -> Story:
        return performer_story(out, target, config, device, options, recipe, times.seconds)

    stopped = page_when_stopped(out, story) if recipe.team.first else nullcontext()
    try:
        with stopped, times.stage("train"), _memory_told(config, out):
            learning, clock, went_on = _learn(
                recipe, config, budget, out, target, options, progress
            )
        figures: dict[str, Any] = {
            "steps": clock.step,
            "seconds": round(clock.seconds, 1),
            "clip": target.name,
            "frames": recipe.frames,
            "precision": device.precision,
            "learned": recipe.learned,
        }
        performer = recipe.performer(learning, figures)
        if recipe.team.first:
            performer.save(out)
            if went_on:
                log_figures(options.logger, out / "checkpoint", clock.step, figures)
            if went_on or not (out / PAGE).is_file():
                write_training_page(out, story())
    finally:
        recipe.team.close()
    return Trained(performer, out, clock.step, clock.seconds, times)


def _learn(
    recipe: Recipe,
    config: PerformerConfig | EDNConfig,
    budget: Budget,
    out: Path,
    target: Path,
    options: TrainOptions,
    progress: ProgressCallback,
) -> tuple[Learning, Clock, bool]:
    """Begin in `out`, or go on from what lies there, until the budget is used.

    The last of what is given says whether anything was left to learn.
    """
    state = load_state(out / "checkpoint")
    if not recipe.team.same(-1 if state is None else int(state.values["step"])):
        raise InputError(f"{out}: the machines see different checkpoints; let them share it.")
    made_of = {"target": recipe.key, "config": config.model_dump(mode="json")}
    if state is not None and {key: state.values.get(key) for key in made_of} != made_of:
        raise InputError(_ANOTHER.format(out))
    if state is None and is_performer(out):
        raise InputError(
            f"{out}: holds a finished performer without its checkpoint; choose another folder."
        )
    learning = recipe.training(options.seed)
    learning.notes.update(made_of)
    clock = Clock(budget)
    if state is not None:
        learning.restore(state, out)
        clock = Clock(budget, int(state.values["step"]), float(state.values["seconds"]))
        del state  # as large as the networks and their moments together
    try:
        if went_on := not clock.over:
            run_training(
                learning,
                clock,
                out / "checkpoint",
                stage=f"learning the person of {target.name}",
                progress=progress,
                logger=options.logger,
                team=recipe.team,
            )
    finally:
        learning.close()
    return learning, clock, went_on


def _check_config(out: Path, config: PerformerConfig | EDNConfig) -> None:
    """Refuse a folder of another configuration before the clip is looked at."""
    state = out / "checkpoint" / "state.json"
    if not state.is_file():
        return
    try:
        before = json.loads(state.read_text("utf-8"))["values"]["config"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # `load_state` tells what is wrong with it
    if before != config.model_dump(mode="json"):
        preset = before.get("preset") if isinstance(before, dict) else None
        if isinstance(preset, str) and preset != config.preset:
            raise InputError(
                f"{out}: was begun with --preset {preset}; add that to go on, or choose another "
                "folder."
            )
        raise InputError(_ANOTHER.format(out))


def _recipe(
    target: Path,
    config: PerformerConfig | EDNConfig,
    device: Device,
    options: TrainOptions,
    progress: ProgressCallback,
) -> Recipe:
    if isinstance(config, EDNConfig):
        return EDNRecipe(
            target,
            config,
            device,
            estimator=options.estimator,
            poses=options.poses,
            hold_out=options.hold_out,
            vgg_weights=options.paper.vgg_weights,
            progress=progress,
        )
    return FastRecipe(
        target,
        config,
        device,
        estimator=options.estimator,
        poses=options.poses,
        hold_out=options.hold_out,
        progress=progress,
    )


@contextmanager
def _memory_told(config: PerformerConfig | EDNConfig, out: Path) -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise InputError(_too_large(config, out)) from error


def _too_large(config: PerformerConfig | EDNConfig, out: Path) -> str:
    """What to say when the GPU's memory is too small."""
    kept = f"what was learned is kept in {out}"
    if not isinstance(config, EDNConfig):
        return f"the GPU's memory is too small for --preset {config.preset}; use --device cpu."
    stride = config.networks.stride
    # Half the px need about half the memory.
    smaller = max(2 * stride, round(config.size / 2**0.5) // stride * stride)
    other = " or --preset edn-512" if config.networks.enhancer else " or --device cpu"
    batch = config.optimizer.batch
    fewer = "--batch 1, " if batch > 1 else ""
    return (
        f"the GPU's memory is too small for {config.size} px with a batch of {batch}; train in "
        f"another folder with {fewer}--size {smaller}{other}; {kept}."
    )


def check_clip(target: Path, config: PerformerConfig | EDNConfig) -> None:
    """Raise `InputError` where a target is no clip, nor anything else that can be learned."""
    if is_authors_folder(target):
        if not isinstance(config, EDNConfig):
            raise InputError(
                f"{target}: holds drawn stick figures; choose --preset edn-512 or edn-1024."
            )
        return
    info = probe(target)
    if isinstance(config, EDNConfig):
        config.canvas(info.size)


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
    performer = Performer.load(target, options.chosen_device())
    figures = performer.training
    steps, seconds = int(figures.get("steps", 0)), float(figures.get("seconds", 0.0))
    return Trained(performer, target, steps, seconds, StageTimes() if times is None else times)


def check_target(target: Path, options: TrainOptions) -> None:
    """Raise now what would be wrong with a target or with the options after other long work.

    Raises:
        InputError: neither a clip nor a performer's folder, or an option that cannot be used.
    """
    config = options.config()
    options.budget()
    options.chosen_device()
    if not is_performer(target):
        check_clip(target, config)


def _cached_folder(
    target: Path, config: PerformerConfig | EDNConfig, options: TrainOptions
) -> Path:
    poses = None if options.poses is None else content_hash(options.poses)
    content = target / "train_img" if is_authors_folder(target) else target
    key = content_hash(
        content,
        config.model_dump(),
        poses or options.estimator,
        options.seed,
        options.hold_out,
    )
    return cache_dir("performers") / key
