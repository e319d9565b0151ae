"""Learning a dance as pictures: their autoencoder, then the network of their sequence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer import ChoreographerConfig
from dancenow.choreographer.dancenet.choreographer import Learned, draw, is_choreographer
from dancenow.choreographer.dancenet.codec import FrameCodec, Latents, LatentScaler
from dancenow.choreographer.dancenet.frames import FrameSet, as_rgb
from dancenow.choreographer.dancenet.sequence_training import SequenceTraining
from dancenow.choreographer.dancenet.vae_training import VAETraining
from dancenow.errors import InputError
from dancenow.progress import Progress, ProgressCallback
from dancenow.training import Budget, Clock, Device, load_state
from dancenow.training.loop import run_training

if TYPE_CHECKING:
    from dancenow.workflows.choreograph import ChoreographyOptions


@dataclass
class PictureJob:
    """The two trainings of a choreographer of pictures, each with its checkpoint below `out`.

    Attributes:
        config: of the choreographer.
        frames: the pictures.
        device: where the networks compute.
        options: budget, seed and logger.
        out: the choreographer's folder.
        made_of: what a training that is gone on with must agree in.
        progress: told about every step.
        went_on: whether anything was left to learn.
    """

    config: ChoreographerConfig
    frames: FrameSet
    device: Device
    options: ChoreographyOptions
    out: Path
    made_of: dict[str, Any]
    progress: ProgressCallback
    went_on: bool = False

    def __post_init__(self) -> None:
        config = self.config.model_dump(mode="json")
        self.made_of = {**self.made_of, "config": config}

    @property
    def sequence(self) -> Path:
        """Where the state of the sequence network's training lies."""
        return self.out / "checkpoint" / "sequence"

    def check_resumable(self) -> None:
        """Raise where the folder's training is of something else."""
        state = load_state(self.out / "checkpoint" / "codec")
        if (self.out / "checkpoint" / "motion").is_dir():
            raise InputError(f"{self.out}: was learned with --codec pose; add that to go on.")
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
        training = VAETraining(self.config, self.frames, self.device, self.options.seed)
        training.notes.update(self.made_of)
        share, epochs = self.config.codec_share, self.config.vae.epochs
        own = None if epochs is None else Budget(steps=epochs * training.steps_per_epoch)
        budget = self._budget(share, own)
        checkpoint = self.out / "checkpoint" / "codec"
        clock = self._clock(training, budget, checkpoint)
        self._train(training, clock, checkpoint, "learning the pictures")
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
        clock = self._clock(training, budget, self.sequence)
        self._train(training, clock, self.sequence, "learning the dance")
        return training, clock

    def _train(
        self,
        training: VAETraining | SequenceTraining,
        clock: Clock,
        checkpoint: Path,
        stage: str,
    ) -> None:
        if clock.over:
            return
        self.went_on = True
        run_training(
            training,
            clock,
            checkpoint,
            stage=stage,
            progress=self.progress,
            logger=self.options.logger,
        )

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
