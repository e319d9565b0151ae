"""Learning a dance as motion, and the page of such a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from dancenow.choreographer.arrangement import Arranged, Arrangement
from dancenow.choreographer.choreographer import DanceRequest, Method
from dancenow.choreographer.config import find_preset
from dancenow.choreographer.job import TrainingJob
from dancenow.choreographer.motion.arranging import arrange
from dancenow.choreographer.motion.choreographer import LearnedMoves, PoseChoreographer
from dancenow.choreographer.motion.config import ENOUGH_STEPS, PRESETS, PoseChoreographerConfig
from dancenow.choreographer.motion.evaluation import evaluate_moves
from dancenow.choreographer.motion.prepare import (
    VERSION,
    PreparedDance,
    made_of,
    read_tracks,
)
from dancenow.choreographer.motion.refilling import refill
from dancenow.choreographer.motion.to_music import check_request
from dancenow.choreographer.motion.training import MotionTraining
from dancenow.choreographer.page import (
    clip_facts,
    named_seconds,
    next_commands,
    page_title,
    training_facts,
)
from dancenow.errors import InputError
from dancenow.evaluation.dance import DanceScores
from dancenow.files import write_bytes
from dancenow.options import TrainChoreographerOptions
from dancenow.pose import PoseTrack
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.training import Budget, Device
from dancenow.training.budget import budget_of
from dancenow.training.page import TrainingPage, TrainingPart
from dancenow.training.session import Session, Training
from dancenow.video.png import encode_png

_TRAINING: Final = "motion"
_STAGES: Final = {"prepare": "reading the dance", "motion": "learning the motion"}


@dataclass(frozen=True)
class PoseTrainingResult:
    """The figures of a training.

    Attributes:
        folder: where the choreographer lies.
        clips: how many clips and tracks were learned.
        dance_seconds: length of the dance that was learned, without mirrored copies.
        steps: steps in all.
        seconds: seconds of them.
        held_out: loss of the held-out part; NaN where the dance was too short to hold any out.
        times: seconds of each stage, now.
    """

    folder: Path
    clips: int
    dance_seconds: float
    steps: int
    seconds: float
    held_out: float
    times: StageTimes

    def summary(self) -> str:
        """For people."""
        return (
            f"{self.folder}: learned {self.dance_seconds:.0f} s of dance from {self.clips} "
            f"clip{'s' if self.clips > 1 else ''} in {self.steps} steps ({self.seconds:.0f} s)\n"
            f"a new dance: dancenow generate {self.folder} -o dance.mp4; how it moves so far: "
            f"{self.folder / 'preview.png'}"
        )


class PoseMethod(Method[PoseChoreographerConfig, PoseChoreographer]):
    """Tracks, their vectors, and a diffusion model of their motion."""

    composes_tracks: ClassVar[bool] = True
    version: ClassVar[int] = VERSION
    trainings: ClassVar[tuple[str, ...]] = (_TRAINING,)

    def configure(self, options: TrainChoreographerOptions) -> PoseChoreographerConfig:
        """See `Method`."""
        for name in ("background", "stride", "crop", "colour", "reference"):
            if getattr(options, name):
                raise InputError(
                    f"`{name}`: belongs to `codec=frame`; leave it out or change `codec`."
                )
        return find_preset(PRESETS, options.preset)

    def train(
        self, session: Session, job: TrainingJob[PoseChoreographerConfig]
    ) -> tuple[PoseChoreographer, PoseTrainingResult]:
        """See `Method`; clips can also be tracks, motion captures and pose files."""
        config, folder = job.config, session.folder
        with job.times.stage("prepare"):
            begun_with = made_of(job.clips, config, job.styles)
            session.check(begun_with, _TRAINING)
            tracks, origins, fps = read_tracks(job.clips, job.progress)
            dance = PreparedDance.of(
                tracks,
                [job.clips[number] for number in origins],
                config.motion,
                [job.styles[number] for number in origins] if job.styles else None,
            )
            training = MotionTraining(
                config.motion,
                dance.data,
                job.device,
                job.options.seed,
                show=lambda network: dance.preview(network, job.device),
            )
        enough = self.enough_steps(config)
        default = Budget(minutes=config.minutes)
        budget = budget_of(job.options, default, enough_steps=enough)
        figures: dict[str, Any] = {}
        session.page = lambda: training_page(folder, job, figures)
        with job.times.stage("motion"):
            clock = session.train(
                training,
                Training(
                    _TRAINING,
                    "learning the dance",
                    budget,
                    begun_with,
                    enough_steps=enough,
                    tune_threads=job.device.kind == "cpu",
                ),
            )
        held_out = training.held_out_loss()
        figures |= {
            "clips": [path.name for path in job.clips],
            "precision": job.device.precision,
            "budget": job.budget,
            "steps": clock.step,
            "seconds": round(clock.seconds, 1),
            "held_out": round(held_out, 4) if np.isfinite(held_out) else None,
        }
        data = dance.data
        learned = LearnedMoves(
            tuple(dance.danced), data.scaler, fps, tuple(data.held_out), tuple(dance.styles)
        )
        choreographer = PoseChoreographer(
            config, dance.codec, training.average.module, learned, job.device, figures
        )
        choreographer.save(folder)
        write_bytes(folder / "preview.png", encode_png(training.preview()))
        session.finish(figures)
        result = PoseTrainingResult(
            folder,
            len(job.clips),
            learned.seconds,
            clock.step,
            clock.seconds,
            held_out,
            job.times,
        )
        return choreographer, result

    def enough_steps(self, config: PoseChoreographerConfig) -> int:
        """See `Method`."""
        return ENOUGH_STEPS.get(config.preset, 0)

    def load(self, folder: Path, device: Device | None = None) -> PoseChoreographer:
        """See `Method`."""
        return PoseChoreographer.load(folder, device)

    def evaluate(
        self,
        choreographer: PoseChoreographer,
        request: DanceRequest,
        *,
        reference: bool | None = None,
        report: Path | None = None,
        progress: ProgressCallback = silent,
    ) -> DanceScores:
        """See `Method`."""
        if reference:
            raise InputError("`reference`: belongs to `codec=frame`; leave it out.")
        return evaluate_moves(choreographer, request, report, progress)

    def arrange(
        self,
        arrangement: Arrangement,
        choreographer: PoseChoreographer | None,
        progress: ProgressCallback = silent,
    ) -> Arranged:
        """See `Method`."""
        return arrange(arrangement, choreographer, progress)

    def refill(
        self,
        choreographer: PoseChoreographer,
        track: PoseTrack,
        spans: Sequence[tuple[float, float]],
        seed: int = 0,
    ) -> PoseTrack:
        """See `Method`."""
        return refill(choreographer, track, spans, seed)

    def check_request(self, request: DanceRequest) -> None:
        """See `Method`."""
        check_request(request)


def training_page(
    folder: Path, job: TrainingJob[PoseChoreographerConfig], figures: Mapping[str, Any]
) -> TrainingPage:
    """The page of a training.

    Args:
        folder: the choreographer's.
        job: what was trained.
        figures: what the choreographer keeps of the training; empty until it is over.
    """
    return TrainingPage(
        page_title(job.clips),
        "A choreographer: it composes new dances as motion, for any performer.",
        clip_facts(job) | training_facts(job, job.config.preset),
        (
            TrainingPart(
                "The motion",
                folder / "checkpoint" / _TRAINING,
                "Stick figures of a dance composed at that time, half a second apart.",
            ),
        ),
        named_seconds(job.times.seconds, _STAGES),
        next_commands(folder),
        {"held_out_moves": figures.get("held_out")},
        (folder / "preview.png", "Stick figures of a composed dance, half a second apart."),
    )


METHOD: Final = PoseMethod()
