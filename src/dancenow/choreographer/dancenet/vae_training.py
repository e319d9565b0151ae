"""How the autoencoder learns: one step, to be read with Kingma & Welling's section 2.4."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dancenow.choreographer.dancenet.config import FrameChoreographerConfig, VAEConfig
from dancenow.choreographer.dancenet.frames import FrameSet, as_rgb
from dancenow.choreographer.dancenet.vae import FrameVAE, vae_loss
from dancenow.training import Device, TrainingState
from dancenow.training.budget import cosine_rate
from dancenow.training.checkpoint import (
    optimizer_tensors,
    prefixed,
    restore_module,
    restore_optimizer,
    unprefixed,
)

_MICRO_BATCH = 12  # pictures at once: what lies between the layers then fits the processor's cache


def make_optimizer(vae: FrameVAE, config: VAEConfig) -> torch.optim.Optimizer:
    """The optimiser that a configuration names."""
    weights, rate = vae.parameters(), config.learning_rate
    if config.optimizer == "adam":
        return torch.optim.Adam(weights, lr=rate, eps=config.epsilon)
    # The same as Keras's: it adds epsilon after the root, and begins with mean squares of 0.
    return torch.optim.RMSprop(weights, lr=rate, alpha=config.decay, eps=config.epsilon)


class VAETraining:
    """FrameVAE and its optimiser over a set of pictures.

    Epoch e is shuffled by the seed and e alone: a resumed training sees the same pictures as an
    uninterrupted one.

    Attributes:
        loss: of the latest step, in nats a picture.
    """

    def __init__(
        self, config: FrameChoreographerConfig, frames: FrameSet, device: Device, seed: int
    ) -> None:
        self.config, self.frames, self.device, self.seed = config.vae, frames, device, seed
        torch.manual_seed(seed)
        self.vae = FrameVAE(config.picture, config.vae).to(device.torch)
        self.vae.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = make_optimizer(self.vae, config.vae)
        self.batch = min(config.vae.batch, len(frames))
        self.loss = float("nan")
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which every picture is seen once."""
        return -(-len(self.frames) // self.batch)

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        """Encode a batch, draw its latents, decode them, improve the bound."""
        batch = self._batch(number)
        if self.config.anneal:
            factor = cosine_rate(fraction, number, warmup_steps=1)
            for group in self.optimizer.param_groups:
                group["lr"] = self.config.learning_rate * factor
        torch.manual_seed(hash((self.seed, number)))
        self.optimizer.zero_grad(set_to_none=True)
        reconstruction = divergence = 0.0
        for indices in np.array_split(batch, -(-len(batch) // _MICRO_BATCH)):
            pictures = self.frames.tensor(indices).to(self.device.torch).float() / 255
            with self.device.autocast():
                logits, posterior = self.vae(pictures)
            loss = vae_loss(logits, pictures, posterior, self.config.absolute)
            (loss.total / len(batch)).backward()  # type: ignore[no-untyped-call]
            reconstruction += float(loss.reconstruction.detach()) / len(batch)
            divergence += float(loss.divergence.detach()) / len(batch)
        if np.isfinite(reconstruction + divergence):
            self.optimizer.step()
        self.loss = reconstruction + divergence
        return {
            "loss": self.loss,
            "reconstruction": reconstruction,
            "divergence": divergence,
        }

    def state(self) -> TrainingState:
        """Weights and the optimiser's mean squares."""
        return TrainingState(
            {
                **prefixed("vae", self.vae.state_dict()),
                **prefixed("optimizer", optimizer_tensors(self.optimizer)),
            },
            {"seed": self.seed, "loss": self.loss},
        )

    def restore(self, state: TrainingState, where: Path) -> None:
        """Resume from a state that was read from the folder `where`.

        Raises:
            InputError: it belongs to another network.
        """
        restore_module(self.vae, unprefixed("vae", state.tensors), where)
        restore_optimizer(self.optimizer, unprefixed("optimizer", state.tensors))
        self.loss = float(state.values["loss"])

    @torch.no_grad()
    def preview(self) -> NDArray[np.uint8]:
        """Six pictures above their reconstructions, uint8 `(2 H, 6 W, 3)` RGB."""
        indices = np.linspace(0, len(self.frames) - 1, 6).astype(np.int64)
        pictures = self.frames.tensor(indices)
        self.vae.eval()
        with self.device.autocast():
            mean = self.vae.encoder(pictures.to(self.device.torch).float() / 255).mean
            logits = self.vae.decoder(mean)
        self.vae.train()
        decoded = (255 * logits.sigmoid()).round().byte().cpu()
        rows = [
            np.hstack([as_rgb(picture) for picture in row.permute(0, 2, 3, 1).numpy()])
            for row in (pictures, decoded)
        ]
        return np.vstack(rows)

    def close(self) -> None:
        """Nothing to close: it has no threads."""

    def _batch(self, number: int) -> NDArray[np.int64]:
        """The pictures of step `number`, in ascending order."""
        epoch, place = divmod(number, self.steps_per_epoch)
        if self._order[0] != epoch:
            rng = np.random.default_rng((self.seed, epoch))
            self._order = (epoch, rng.permutation(len(self.frames)))
        return np.sort(self._order[1][place * self.batch : (place + 1) * self.batch])
