"""Training a choreographer: pictures, an autoencoder for them, a network for their sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dancenow.cache import cache_dir, content_hash
from dancenow.choreographer import Choreographer, ChoreographerConfig, choreographer_preset
from dancenow.choreographer.choreographer import Learned, draw, is_choreographer
from dancenow.choreographer.codec import FrameCodec, Latents, LatentScaler
from dancenow.choreographer.frames import FrameSet, as_rgb, contact_sheet
from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.presets import BACKGROUNDS
from dancenow.choreographer.sequence_training import SequenceTraining
from dancenow.choreographer.vae_training import VAETraining
from dancenow.errors import InputError
from dancenow.files import check_folder, make_folder, write_bytes
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.training import Budget, Clock, Device, choose_device, load_state
from dancenow.video.png import encode_png
from dancenow.workflows.choreograph_poses import ChoreographedPoses, train_on_poses
from dancenow.workflows.pictures import prepare_pictures


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
        job = _Job(config, frames, device, options, out, {"clips": key}, progress)
        job.check_resumable()
        make_folder(out)
        write_bytes(out / "preview.png", encode_png(contact_sheet(frames.pictures)))
    budget = [options.minutes, options.steps]
    made = _whole(out, device)
    if made and made.config == config and made.training.get("budget") == budget:
        return made, report(made, out, times)
    with times.stage("codec"):
        codec, codec_clock, codec_loss = job.train_codec()
        codec_seconds = codec_clock.seconds
    with times.stage("encode"):
        learned = job.encode(codec)
    with times.stage("sequence"):
        training, clock = job.train_sequence(codec, learned, codec_clock.step)
        seconds = clock.seconds
        held_out = training.held_out_loss() + learned.scaler.log_volume
    figures = {
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


@dataclass
class _Job:
    config: ChoreographerConfig
    frames: FrameSet
    device: Device
    options: ChoreographyOptions
    out: Path
    made_of: dict[str, Any]
    progress: ProgressCallback

    def __post_init__(self) -> None:
        config = self.config.model_dump(mode="json")
        self.made_of = {**self.made_of, "config": config}

    def check_resumable(self) -> None:
        """Raise where the folder's training is of something else."""
        state = load_state(self.out / "checkpoint" / "codec")
        if state is None and is_choreographer(self.out):
            raise InputError(
                f"{self.out}: holds a finished choreographer without its checkpoint; choose "
                "another folder."
            )
        if state is not None and any(state.values.get(k) != v for k, v in self.made_of.items()):
            raise InputError(
                f"{self.out}: holds a choreographer of other clips, options or version; choose "
                "another folder."
            )

    def train_codec(self) -> tuple[FrameCodec, Clock, float]:
        """The autoencoder, trained for its part of the budget."""
        from dancenow.training.loop import run_training

        training = VAETraining(self.config, self.frames, self.device, self.options.seed)
        training.notes.update(self.made_of)
        share, epochs = self.config.codec_share, self.config.vae.epochs
        own = None if epochs is None else Budget(steps=epochs * training.steps_per_epoch)
        budget = self._budget(share, own)
        checkpoint = self.out / "checkpoint" / "codec"
        clock = self._clock(training, budget, checkpoint)
        if not clock.over:
            run_training(
                training, clock, checkpoint, stage="learning the pictures", progress=self.progress
            )
        return FrameCodec(training.vae, self.device), clock, training.loss

    def encode(self, codec: FrameCodec) -> Learned:
        """All pictures as latents."""
        total = len(self.frames)
        means, log_variances = codec.encode(
            self.frames, lambda done: self.progress(Progress("encoding the pictures", done, total))
        )
        latents = self._learnable(means, log_variances)
        scaler = LatentScaler.fit(latents, principal_axes=self.config.sequence.principal_axes)
        frames = self.frames
        return Learned(
            means,
            log_variances,
            frames.lengths,
            frames.fps,
            frames.stride,
            frames.background,
            scaler,
        )

    def train_sequence(
        self, codec: FrameCodec, learned: Learned, codec_steps: int
    ) -> tuple[SequenceTraining, Clock]:
        """The sequence network, trained for the rest of the budget."""
        from dancenow.training.loop import run_training

        scaler = learned.scaler
        latents = self._learnable(learned.means, learned.log_variances)

        def show(scaled: Latents) -> NDArray[np.uint8]:
            pictures = codec.decode(scaler.unscale(scaled))
            return np.hstack([as_rgb(picture) for picture in pictures])

        training = SequenceTraining(
            self.config.sequence,
            [scaler.scale(clip) for clip in learned.split(latents)],
            self.device,
            self.options.seed,
            reference=self.config.reference,
            show=show,
        )
        training.notes.update({**self.made_of, "codec_steps": codec_steps})
        epochs = self.config.sequence.epochs
        own = None if epochs is None else Budget(steps=epochs * training.steps_per_epoch)
        budget = self._budget(1 - self.config.codec_share, own)
        checkpoint = self.out / "checkpoint" / "sequence"
        clock = self._clock(training, budget, checkpoint)
        if not clock.over:
            run_training(
                training, clock, checkpoint, stage="learning the dance", progress=self.progress
            )
        return training, clock

    def _learnable(self, means: Latents, log_variances: Latents) -> Latents:
        """What the sequence network learns: the means, or draws, as the original does."""
        if self.config.reference:
            return draw(means, log_variances, self.options.seed)
        return means

    def _budget(self, share: float, own: Budget | None) -> Budget:
        """A stage's part of what was asked for, or what the preset gives it."""
        minutes, steps = self.options.minutes, self.options.steps
        if minutes is None and steps is None:
            return own or Budget(minutes=share * self.config.minutes)
        return Budget(
            None if minutes is None else share * minutes,
            None if steps is None else max(1, round(share * steps)),
        )

    def _clock(
        self, training: VAETraining | SequenceTraining, budget: Budget, checkpoint: Path
    ) -> Clock:
        """Restore a checkpoint of the same work, and say how much of the budget is used."""
        state = load_state(checkpoint)
        if state is None or any(state.values.get(k) != v for k, v in training.notes.items()):
            return Clock(budget)
        training.restore(state, checkpoint)
        return Clock(budget, int(state.values["step"]), float(state.values["seconds"]))


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
