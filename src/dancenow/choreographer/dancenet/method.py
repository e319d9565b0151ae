"""Learning a dance as pictures, and the page of such a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from dancenow.choreographer.choreographer import DanceRequest, Method
from dancenow.choreographer.config import find_preset
from dancenow.choreographer.dancenet.choreographer import FrameChoreographer
from dancenow.choreographer.dancenet.config import (
    ENOUGH_STEPS,
    PRESETS,
    UNCUT,
    FrameChoreographerConfig,
    PictureConfig,
    in_colours,
)
from dancenow.choreographer.dancenet.evaluation import evaluate_pictures
from dancenow.choreographer.dancenet.frames import FrameSet, contact_sheet
from dancenow.choreographer.dancenet.prepare import VERSION, prepare_pictures
from dancenow.choreographer.dancenet.training import CODEC, SEQUENCE, PictureTrainings
from dancenow.choreographer.job import TrainingJob
from dancenow.choreographer.page import (
    clip_facts,
    named_seconds,
    next_commands,
    page_title,
    training_facts,
)
from dancenow.errors import InputError
from dancenow.evaluation.motion import MotionScores
from dancenow.evaluation.silhouettes import silhouette_scores
from dancenow.files import write_bytes
from dancenow.options import TrainChoreographerOptions
from dancenow.options.verbs import BACKGROUNDS, CROPS
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.training import Device
from dancenow.training.page import TrainingPage, TrainingPart
from dancenow.training.session import Session
from dancenow.video.png import encode_png

_MEASURED: Final = 2000  # pictures at most, to see how clean they are
_REFERENCE_STRIDE: Final = 4  # the original's
_STAGES: Final = {
    "prepare": "reading the dance",
    "codec": "learning the pictures",
    "encode": "encoding the pictures",
    "sequence": "learning their sequence",
    "calibrate": "finding the temperature",
}


@dataclass(frozen=True)
class FrameTrainingResult:
    """The figures of a training.

    Attributes:
        folder: where the choreographer lies.
        pictures: how many were learned.
        background: how the background was removed.
        stride: one of this many frames was learned.
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

    @staticmethod
    def of(
        choreographer: FrameChoreographer, folder: Path, times: StageTimes
    ) -> FrameTrainingResult:
        """The figures that a choreographer keeps of its training."""
        figures, learned = choreographer.training, choreographer.learned
        return FrameTrainingResult(
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


class FrameMethod(Method[FrameChoreographerConfig, FrameChoreographer]):
    """DanceNet: pictures, an autoencoder for them, a network for their sequence."""

    composes_tracks: ClassVar[bool] = False
    version: ClassVar[int] = VERSION
    trainings: ClassVar[tuple[str, ...]] = (CODEC, SEQUENCE)

    def configure(self, options: TrainChoreographerOptions) -> FrameChoreographerConfig:
        """See `Method`."""
        # The original's own networks belong to its own way.
        original = options.reference and options.preset == "fast"
        config = find_preset(PRESETS, "dancenet" if original else options.preset)
        if options.colour:
            config = in_colours(config)
        chosen = _chosen(options)
        sequence = config.sequence
        if options.reference:
            # The original ran on Keras 2.2.0, whose gates are hard.
            plain = {"principal_axes": False, "residual": False, "gate": "hard_sigmoid"}
            sequence = sequence.model_copy(update=plain)
        return config.model_copy(
            update={
                "picture": config.picture.model_copy(update=chosen),
                "sequence": sequence,
                "reference": options.reference,
            }
        )

    def train(
        self, session: Session, job: TrainingJob[FrameChoreographerConfig]
    ) -> tuple[FrameChoreographer, FrameTrainingResult]:
        """See `Method`."""
        folder, times = session.folder, job.times
        with times.stage("prepare"):
            trainings = _prepared(session, job)
            job, frames = trainings.job, trainings.frames
        if (made := _up_to_date(folder, job)) is not None:
            return made, FrameTrainingResult.of(made, folder, times)
        figures: dict[str, Any] = {
            "clips": [path.name for path in job.clips],
            "pictures": len(frames),
            "precision": job.device.precision,
            "budget": job.budget,
            "silhouettes": learned_silhouettes(frames, job.config.picture),
        }
        session.page = lambda: training_page(folder, job, figures)
        with times.stage("codec"):
            codec, clock, loss = trainings.train_codec()
        figures |= {
            "codec_steps": clock.step,
            "codec_seconds": round(clock.seconds, 1),
            "codec_loss": round(loss, 2),
        }
        with times.stage("encode"):
            learned = trainings.encode(codec)
        with times.stage("sequence"):
            training, clock = trainings.train_sequence(codec, learned, clock.step)
        held_out = training.held_out_loss() + learned.scaler.log_volume
        figures |= {
            "steps": clock.step,
            "seconds": round(clock.seconds, 1),
            "held_out": round(held_out, 3) if np.isfinite(held_out) else None,
        }
        choreographer = FrameChoreographer(
            job.config, codec.vae, training.network, learned, job.device, figures
        )
        if not job.config.reference:
            with times.stage("calibrate"):
                figures["temperature"] = choreographer.calibrate(job.options.seed)
        choreographer.save(folder)
        session.finish(figures)
        return choreographer, FrameTrainingResult.of(choreographer, folder, times)

    def enough_steps(self, config: FrameChoreographerConfig) -> int:
        """See `Method`; of the autoencoder, or its epochs."""
        return config.vae.epochs or ENOUGH_STEPS.get(config.preset, (0, 0))[0]

    def load(self, folder: Path, device: Device | None = None) -> FrameChoreographer:
        """See `Method`."""
        return FrameChoreographer.load(folder, device)

    def evaluate(
        self,
        choreographer: FrameChoreographer,
        request: DanceRequest,
        *,
        reference: bool | None = None,
        report: Path | None = None,
        progress: ProgressCallback = silent,
    ) -> MotionScores:
        """See `Method`."""
        return evaluate_pictures(choreographer, request, reference, report, progress)

    def check_request(self, request: DanceRequest) -> None:
        """See `Method`."""
        request.check()


def _chosen(options: TrainChoreographerOptions) -> dict[str, Any]:
    """What the options say of the pictures, checked."""
    chosen: dict[str, Any] = {}
    for name, known in (("background", BACKGROUNDS), ("crop", CROPS)):
        if (value := getattr(options, name)) is None:
            continue
        if value not in known:
            raise InputError(f"`{name}={value}`: unknown; choose one of {', '.join(known)}.")
        chosen[name] = value
    if options.background in UNCUT and (options.colour or options.crop == "auto"):
        name = "colour" if options.colour else "crop=auto"
        raise InputError(
            f"`{name}`: with `background={options.background}` no dancer is cut out; choose "
            "another `background` (auto, person, threshold)."
        )
    if options.reference and options.colour:
        raise InputError("`colour`: the original dreams silhouettes; leave out `reference`.")
    if options.reference:
        chosen.setdefault("crop", "off")
    if chosen.get("crop") == "off" and not options.colour:
        chosen["reshape"] = False
    if options.stride is not None:
        if options.stride < 1:
            raise InputError(f"`stride` must be at least 1, not {options.stride}.")
        chosen["stride"] = options.stride
    return chosen


def _prepared(session: Session, job: TrainingJob[FrameChoreographerConfig]) -> PictureTrainings:
    """The pictures, made or found; their preview lies in the folder before anything is learned."""
    asked = job.config.picture
    if job.config.reference and asked.stride is None and not all(p.is_dir() for p in job.clips):
        asked = asked.model_copy(update={"stride": _REFERENCE_STRIDE})
    frames, picture, key = prepare_pictures(job.clips, asked, progress=job.progress)
    job = replace(job, config=job.config.model_copy(update={"picture": picture}))
    _check_length(frames, job.config, job.clips[0])
    trainings = PictureTrainings(session, job, frames, key)
    session.check(trainings.made_of, CODEC)
    write_bytes(session.folder / "preview.png", encode_png(contact_sheet(frames.pictures)))
    return trainings


def learned_silhouettes(frames: FrameSet, picture: PictureConfig) -> dict[str, float] | None:
    """How clean the pictures are, as JSON; None if these are no silhouettes."""
    if not picture.silhouettes:
        return None
    some = np.unique(np.linspace(0, len(frames) - 1, min(_MEASURED, len(frames))).astype(int))
    scores = silhouette_scores(frames.pictures[index] for index in some)
    return {name: round(value, 5) for name, value in asdict(scores).items() if np.isfinite(value)}


def _check_length(frames: FrameSet, config: FrameChoreographerConfig, clip: Path) -> None:
    window = 1 if config.reference else config.sequence.window
    part = 1 - config.sequence.held_out
    needed = int(np.ceil((window + 2) / part))
    if max(frames.lengths) < needed:
        raise InputError(
            f"{clip}: gives {max(frames.lengths)} pictures (one of {frames.stride} frames), and "
            f"the preset {config.preset} needs {needed} of one clip; give a longer clip"
            f"{', or a smaller `stride`.' if frames.stride > 1 else '.'}"
        )


def _up_to_date(
    folder: Path, job: TrainingJob[FrameChoreographerConfig]
) -> FrameChoreographer | None:
    """The folder's choreographer, where the same was asked for before; calibrating takes long.

    None where it is damaged: its checkpoint mends it.
    """
    try:
        made = FrameChoreographer.load(folder, job.device)
    except InputError:
        return None
    same = made.config == job.config and made.training.get("budget") == job.budget
    return made if same else None


def training_page(
    folder: Path, job: TrainingJob[FrameChoreographerConfig], figures: Mapping[str, Any]
) -> TrainingPage:
    """The page of a training.

    Args:
        folder: the choreographer's.
        job: what was trained.
        figures: what is known of the training so far.
    """
    config = job.config
    picture, stride = config.picture, config.picture.stride
    pictures = {
        "pictures": f"{figures['pictures']:,}",
        "picture": f"{picture.width} x {picture.height} pixels",
        "background": picture.background,
        "crop": "what the dancer reaches" if picture.crop == "auto" else "off",
        "frames": "every one" if stride == 1 else f"one of {stride}",
    }
    preset = f"{config.preset}{' (as the original)' if config.reference else ''}"
    checkpoint = folder / "checkpoint"
    return TrainingPage(
        page_title(job.clips),
        "A choreographer: it dreams new dances, picture by picture.",
        clip_facts(job) | pictures | training_facts(job, preset),
        (
            TrainingPart(
                "The pictures",
                checkpoint / CODEC,
                "Above: pictures of the dance. Below: their reconstructions.",
                "nats",
            ),
            TrainingPart(
                "Their sequence",
                checkpoint / SEQUENCE,
                "A dance dreamt at that time, every fourth picture.",
                "nats",
            ),
        ),
        named_seconds(job.times.seconds, _STAGES),
        next_commands(folder),
        {name: figures.get(name) for name in ("codec_loss", "held_out", "temperature")},
        (folder / "preview.png", "Some of the pictures that were learned from."),
    )


METHOD: Final = FrameMethod()
