"""Training a choreographer: pictures, an autoencoder for them, a network for their sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.cache import cache_dir, content_hash
from dancenow.choreographer import Choreographer, ChoreographerConfig, choreographer_preset
from dancenow.choreographer.config import BACKGROUNDS
from dancenow.choreographer.dancenet.choreographer import is_choreographer
from dancenow.choreographer.dancenet.frames import FrameSet, contact_sheet
from dancenow.choreographer.dancenet.prepare import prepare_pictures
from dancenow.choreographer.dancenet.training import PictureJob
from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.motion.prepare import ChoreographedPoses, train_on_poses
from dancenow.errors import InputError
from dancenow.files import check_folder, make_folder, write_bytes
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.report import PAGE
from dancenow.training import Budget, Device, choose_device
from dancenow.training.logs import LoggerName, log_figures
from dancenow.training.page import Story, page_when_stopped, write_training_page
from dancenow.video.png import encode_png
from dancenow.workflows.training_stories import choreographer_story


@dataclass(frozen=True)
class ChoreographyOptions:
    """How a choreographer is trained.

    Attributes:
        preset: name of the configuration.
        codec: "frame", DanceNet's, or "pose".
        minutes: budget of both networks together; the preset's own where neither this nor `steps`
            is given.
        steps: likewise, in steps.
        background: how the background is removed: auto, threshold, person, grey or colour.
        stride: every so many-th frame is learned; None: what suits the clip.
        reference: train as the original does.
        device: "auto", "cpu", "cuda" or "mps".
        seed: of the weights and of the order of pictures.
        logger: where losses and previews are logged.
    """

    preset: str = "fast"
    codec: str = "frame"
    minutes: float | None = None
    steps: int | None = None
    background: str | None = None
    stride: int | None = None
    reference: bool = False
    device: str = "auto"
    seed: int = 0
    logger: LoggerName = "tensorboard"

    def config(self) -> ChoreographerConfig:
        """The preset's configuration, with what was asked for.

        Raises:
            InputError: a value that there is not.
        """
        if self.codec == "pose":
            return self._of_poses()
        if self.codec != "frame":
            raise InputError(f"--codec {self.codec}: unknown; choose frame or pose.")
        if self.preset == "fast" and self.reference:
            config = choreographer_preset("dancenet")  # the original's own networks
        else:
            config = choreographer_preset(self.preset)
        update: dict[str, Any] = {}
        if self.background is not None:
            if self.background not in BACKGROUNDS:
                raise InputError(
                    f"--background {self.background}: unknown; choose one of "
                    f"{', '.join(BACKGROUNDS)}."
                )
            update["background"] = self.background
        if self.stride is not None:
            if self.stride < 1:
                raise InputError(f"--stride must be at least 1, not {self.stride}.")
            update["stride"] = self.stride
        picture = config.picture.model_copy(update=update)
        sequence = config.sequence
        if self.reference:
            # The original ran on Keras 2.2.0, whose gates are hard.
            plain = {"principal_axes": False, "residual": False, "gate": "hard_sigmoid"}
            sequence = sequence.model_copy(update=plain)
        return config.model_copy(
            update={"picture": picture, "sequence": sequence, "reference": self.reference}
        )

    def _of_poses(self) -> ChoreographerConfig:
        for name in ("background", "stride", "reference"):
            if getattr(self, name):
                raise InputError(f"--{name}: belongs to --codec frame; leave one of them out.")
        config = choreographer_preset(self.preset)
        return config.model_copy(update={"codec": "pose", "minutes": max(config.minutes - 1, 0.5)})


@dataclass(frozen=True)
class Choreographed:
    """The figures of a training.

    Attributes:
        folder: where the choreographer lies.
        pictures: how many were learned.
        background: how the background was removed.
        stride: every so many-th frame was learned.
        codec_steps: steps of the autoencoder in all.
        codec_seconds: seconds of them.
        codec_loss: its last loss, in nats a picture.
        steps: steps of the sequence network in all.
        seconds: seconds of them.
        held_out: its negative log likelihood on the held-out part, in nats a latent.
        times: seconds of each stage, now.
    """

    folder: Path
    pictures: int
    background: str
    stride: int
    codec_steps: int
    codec_seconds: float
    codec_loss: float
    steps: int
    seconds: float
    held_out: float
    times: StageTimes

    def summary(self) -> str:
        """Two lines for people."""
        every = "" if self.stride == 1 else f", one of {self.stride} frames"
        return (
            f"{self.folder}: {self.pictures} pictures (background: {self.background}{every}), "
            f"{self.codec_steps} steps of the autoencoder in {self.codec_seconds:.0f} s, "
            f"{self.steps} of the sequence network in {self.seconds:.0f} s\n"
            f"held-out part of the dance: {self.held_out:.1f} nats a latent (less is better); "
            f"what was learned from: {self.folder / 'preview.png'}"
        )


def train_choreographer(
    clips: Sequence[Path | str] | Path | str,
    out: str | Path | None = None,
    options: ChoreographyOptions | None = None,
    *,
    progress: ProgressCallback = silent,
    times: StageTimes | None = None,
) -> tuple[Choreographer, Choreographed]:
    """Learn the dance of some clips.

    A folder that holds a choreographer of the same clips and preset is resumed; nothing is done
    where its budget was used before.

    Args:
        clips: video files or folders of numbered pictures.
        out: where the choreographer goes; by default a folder of the cache.
        options: how.
        progress: told about every frame and step.
        times: the seconds of each stage are added to it.

    Raises:
        InputError: a clip or an option cannot be used, or `out` holds something else.
        TrainingError: the loss is no number.
    """
    times = StageTimes() if times is None else times
    options = options or ChoreographyOptions()
    paths, config, device, out = _checked(clips, out, options)
    if config.codec == "pose":
        raise InputError("--codec pose: is learned by train_pose_choreographer.")
    _check_folder(out)
    if config.reference and config.picture.stride is None and not all(p.is_dir() for p in paths):
        every_fourth = config.picture.model_copy(update={"stride": 4})
        config = config.model_copy(update={"picture": every_fourth})
    with times.stage("prepare"):
        frames, picture, key = prepare_pictures(paths, config.picture, progress=progress)
        config = config.model_copy(update={"picture": picture})
        _check_length(frames, config, paths[0])
        job = PictureJob(config, frames, device, options, out, {"clips": key}, progress)
        job.check_resumable()
        make_folder(out)
        write_bytes(out / "preview.png", encode_png(contact_sheet(frames.pictures)))
    budget = [options.minutes, options.steps]
    made = _whole(out, device)
    if made and made.config == config and made.training.get("budget") == budget:
        return made, report(made, out, times)

    def story() -> Story:
        asked, kept = (options.minutes, options.steps), {"pictures": len(frames), **figures}
        spent = times.seconds
        return choreographer_story(out, paths, config, device, asked, options.seed, kept, spent)

    figures: dict[str, Any] = {}
    with page_when_stopped(out, story):
        with times.stage("codec"):
            codec, codec_clock, codec_loss = job.train_codec()
            codec_seconds = codec_clock.seconds
        with times.stage("encode"):
            learned = job.encode(codec)
        with times.stage("sequence"):
            training, clock = job.train_sequence(codec, learned, codec_clock.step)
            seconds = clock.seconds
        held_out = training.held_out_loss() + learned.scaler.log_volume
    figures |= {
        "clips": [path.name for path in paths],
        "pictures": len(frames),
        "precision": device.precision,
        "codec_steps": codec_clock.step,
        "codec_seconds": round(codec_seconds, 1),
        "codec_loss": round(codec_loss, 2),
        "budget": budget,
        "steps": clock.step,
        "seconds": round(seconds, 1),
        "held_out": round(held_out, 3) if np.isfinite(held_out) else None,
    }
    choreographer = Choreographer(config, codec.vae, training.network, learned, device, figures)
    if not config.reference:
        with times.stage("calibrate"):
            figures["temperature"] = choreographer.calibrate(options.seed)
    choreographer.save(out)
    if job.went_on:
        log_figures(options.logger, job.sequence, clock.step, figures)
    if job.went_on or not (out / PAGE).is_file():
        write_training_page(out, story())
    return choreographer, report(choreographer, out, times)


def train_pose_choreographer(
    clips: Sequence[Path | str] | Path | str,
    out: str | Path | None = None,
    options: ChoreographyOptions | None = None,
    *,
    progress: ProgressCallback = silent,
    times: StageTimes | None = None,
) -> tuple[PoseChoreographer, ChoreographedPoses]:
    """Learn the motion of some clips, tracks, motion captures or OpenPose folders.

    Arguments and errors as of `train_choreographer`; the codec is "pose".
    """
    options = replace(options or ChoreographyOptions(), codec="pose")
    paths, config, device, out = _checked(clips, out, options)
    return train_on_poses(
        paths,
        out,
        config,
        device,
        minutes=options.minutes,
        steps=options.steps,
        seed=options.seed,
        progress=progress,
        logger=options.logger,
        times=StageTimes() if times is None else times,
    )


def _checked(
    clips: Sequence[Path | str] | Path | str, out: str | Path | None, options: ChoreographyOptions
) -> tuple[list[Path], ChoreographerConfig, Device, Path]:
    given = [clips] if isinstance(clips, str | Path) else list(clips)
    paths = [Path(clip) for clip in given]
    if not paths:
        raise InputError("give at least one clip to learn from.")
    config, device = options.config(), choose_device(options.device)
    if options.minutes is not None or options.steps is not None:
        Budget(options.minutes, options.steps)  # tells of wrong values now
    out = _cached_folder(paths, config, options) if out is None else Path(out)
    return paths, config, device, out


def _whole(folder: Path, device: Device) -> Choreographer | None:
    """The choreographer in a folder; None where it is damaged: its checkpoint mends it."""
    try:
        return Choreographer.load(folder, device)
    except InputError:
        return None


def report(choreographer: Choreographer, folder: Path, times: StageTimes) -> Choreographed:
    """The figures that a choreographer keeps of its training."""
    figures, learned = choreographer.training, choreographer.learned
    return Choreographed(
        folder,
        len(learned.means),
        learned.background,
        learned.stride,
        int(figures.get("codec_steps", 0)),
        float(figures.get("codec_seconds", 0.0)),
        float(figures.get("codec_loss", float("nan"))),
        int(figures.get("steps", 0)),
        float(figures.get("seconds", 0.0)),
        float(figures.get("held_out") or float("nan")),
        times,
    )


def _cached_folder(
    clips: list[Path], config: ChoreographerConfig, options: ChoreographyOptions
) -> Path:
    contents = [content_hash(clip) for clip in clips if clip.exists()]
    if len(contents) < len(clips):
        missing = next(clip for clip in clips if not clip.exists())
        raise InputError(f"{missing}: no such file or folder.")
    budget = (options.minutes, options.steps)
    key = content_hash(clips[0], config.model_dump(), contents, options.seed, budget)
    return cache_dir("choreographers") / key


def _check_length(frames: FrameSet, config: ChoreographerConfig, clip: Path) -> None:
    window = 1 if config.reference else config.sequence.window
    part = 1 - config.sequence.held_out
    needed = int(np.ceil((window + 2) / part))
    if max(frames.lengths) < needed:
        raise InputError(
            f"{clip}: gives {max(frames.lengths)} pictures (one of {frames.stride} frames), and "
            f"the preset {config.preset} needs {needed} of one clip; give a longer clip"
            f"{', or a smaller --stride.' if frames.stride > 1 else '.'}"
        )


def _check_folder(out: Path) -> None:
    ours = is_choreographer(out) or (out / "checkpoint" / "codec").is_dir()
    only_preview = out.is_dir() and {path.name for path in out.iterdir()} <= {"preview.png"}
    check_folder(out, "choreographer", ours=ours or only_preview)
