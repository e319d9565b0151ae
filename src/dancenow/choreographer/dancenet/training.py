"""Both trainings of a choreographer of pictures: the autoencoder, then the sequence network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.dancenet.choreographer import LearnedLatents, draw
from dancenow.choreographer.dancenet.codec import FrameCodec, Latents, LatentScaler
from dancenow.choreographer.dancenet.config import ENOUGH_STEPS, FrameChoreographerConfig
from dancenow.choreographer.dancenet.frames import FrameSet, as_rgb
from dancenow.choreographer.dancenet.sequence_training import SequenceTraining
from dancenow.choreographer.dancenet.vae_training import VAETraining
from dancenow.choreographer.job import TrainingJob
from dancenow.progress import Progress
from dancenow.training import Budget, Clock
from dancenow.training.budget import budget_of
from dancenow.training.session import Session, Training

CODEC: Final = "codec"
SEQUENCE: Final = "sequence"


@dataclass(frozen=True)
class PictureTrainings:
    """The trainings, in the order in which they are called.

    Attributes:
        session: the folder they run in.
        job: what is trained; background and stride are decided in its configuration.
        frames: the pictures.
        pictures_key: names the pictures by their content.
    """

    session: Session
    job: TrainingJob[FrameChoreographerConfig]
    frames: FrameSet
    pictures_key: str

    @property
    def made_of(self) -> dict[str, Any]:
        """What must be the same to resume a training."""
        return {"clips": self.pictures_key, "config": self.job.config.model_dump(mode="json")}

    def train_codec(self) -> tuple[FrameCodec, Clock, float]:
        """The autoencoder, its clock, and its last loss in nats a picture."""
        config, job = self.job.config, self.job
        training = VAETraining(config, self.frames, job.device, job.options.seed)
        epochs = _steps(config.vae.epochs, training.steps_per_epoch)
        enough = epochs or ENOUGH_STEPS.get(config.preset, (0, 0))[0]
        clock = self.session.train(
            training,
            Training(
                CODEC,
                "learning the pictures",
                self._budget(config.codec_share, epochs, enough),
                self.made_of,
                enough_steps=enough,
                tune_threads=job.device.kind == "cpu",
                learns="the pictures",
            ),
        )
        return FrameCodec(training.vae, job.device), clock, training.loss

    def encode(self, codec: FrameCodec) -> LearnedLatents:
        """All pictures as latents."""
        total, frames = len(self.frames), self.frames
        means, log_variances = codec.encode(
            frames,
            lambda done: self.job.progress(Progress("encoding the pictures", done, total)),
        )
        scaler = LatentScaler.fit(
            self._to_learn(means, log_variances),
            principal_axes=self.job.config.sequence.principal_axes,
        )
        return LearnedLatents(
            means,
            log_variances,
            frames.lengths,
            frames.fps,
            frames.stride,
            frames.background,
            scaler,
        )

    def train_sequence(
        self, codec: FrameCodec, learned: LearnedLatents, codec_steps: int
    ) -> tuple[SequenceTraining, Clock]:
        """The sequence network; it starts over if the autoencoder was trained further."""
        config, job, scaler = self.job.config, self.job, learned.scaler
        latents = self._to_learn(learned.means, learned.log_variances)

        def show(scaled: Latents) -> NDArray[np.uint8]:
            pictures = codec.decode(scaler.unscale(scaled))
            return np.hstack([as_rgb(picture) for picture in pictures])

        training = SequenceTraining(
            config.sequence,
            [scaler.scale(clip) for clip in learned.split(latents)],
            job.device,
            job.options.seed,
            reference=config.reference,
            show=show,
        )
        epochs = _steps(config.sequence.epochs, training.steps_per_epoch)
        enough = epochs or ENOUGH_STEPS.get(config.preset, (0, 0))[1]
        clock = self.session.train(
            training,
            Training(
                SEQUENCE,
                "learning the dance",
                self._budget(1 - config.codec_share, epochs, enough),
                {**self.made_of, "codec_steps": codec_steps},
                starts_over=True,
                enough_steps=enough,
                tune_threads=job.device.kind == "cpu",
                learns="their sequence",
            ),
        )
        return training, clock

    def _to_learn(self, means: Latents, log_variances: Latents) -> Latents:
        """What the sequence network learns: the means, or draws, as in the original."""
        if self.job.config.reference:
            return draw(means, log_variances, self.job.options.seed)
        return means

    def _budget(self, share: float, epochs: int | None, enough_steps: int) -> Budget:
        """A training's share of the requested budget, else the preset's epochs or minutes."""
        default = Budget(minutes=share * self.job.config.minutes, steps=None)
        if epochs is not None:
            default = Budget(steps=epochs)
        return budget_of(self.job.options, default, enough_steps=enough_steps, share=share)


def _steps(epochs: int | None, steps_per_epoch: int) -> int | None:
    return None if epochs is None else epochs * steps_per_epoch
