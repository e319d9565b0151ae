"""Training of the fast preset: one step, to be read beside the losses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dancenow.performer.fast import losses
from dancenow.performer.fast.adversary import Adversary
from dancenow.performer.fast.condition import POSE_CHANNELS
from dancenow.performer.fast.config import PerformerConfig
from dancenow.performer.fast.dataset import Batch, CropSet
from dancenow.performer.fast.networks import FastGenerator
from dancenow.performer.fast.texture import LAYERS, Texture
from dancenow.training import Device, TrainingState, WeightAverage
from dancenow.training.budget import cosine_rate
from dancenow.training.checkpoint import (
    optimizer_tensors,
    prefixed,
    restore_module,
    restore_optimizer,
    unprefixed,
)
from dancenow.training.prefetch import Prefetch
from dancenow.training.preview import picture_sheet
from dancenow.training.threads import spare_cores


class FastTraining:
    """The generator, its averaged copy and its optimiser, over a set of crops.

    The batch of step k depends only on the seed and k: a resumed training sees the same pictures.
    """

    def __init__(self, config: PerformerConfig, crops: CropSet, device: Device, seed: int) -> None:
        self.config, self.crops, self.device, self.seed = config, crops, device, seed
        torch.manual_seed(seed)
        self.texture = Texture(crops.references(config.texture.references))
        generator = FastGenerator(POSE_CHANNELS, config.generator.widths, LAYERS)
        generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        adam = config.optimizer
        optimizer = torch.optim.AdamW(
            generator.parameters(),
            lr=adam.learning_rate,
            betas=adam.betas,
            weight_decay=adam.weight_decay,
        )
        self.fabric = device.fabric()
        self.generator, self.optimizer = self.fabric.setup(generator, optimizer)
        self.adversary = Adversary(config.adversary, POSE_CHANNELS, self.fabric)
        self.average = WeightAverage[FastGenerator](self.generator.module, adam.average_decay)
        # On a CPU, drawing and learning share the cores.
        workers = 1 if device.kind == "cpu" else spare_cores()
        self._batches = Prefetch(self._draw, workers, ahead=workers)

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        """Paint a batch, compare it with the real frames, update."""
        batch = self._batches.get(number).to(self.device.torch)
        self._set_rate(number, fraction)

        painted = self.generator(batch.pose, batch.plate, batch.texture)
        picture = painted.over(batch.plate)

        config = self.config.loss
        if config.forgiven_px > 0:
            real, mask = losses.moved_onto(picture, batch.real, batch.mask, most=config.forgiven_px)
            batch = batch._replace(real=real, mask=mask.clamp(0, 1))
        person = batch.mask * (1 + config.focus * losses.face_and_hands(batch.pose))
        weight = (config.elsewhere + person) * batch.inside
        weight = weight / weight.mean().clamp_min(1e-6)
        terms = {
            "l1": losses.weighted_l1(picture, batch.real, weight),
            "gradient": losses.gradient_l1(picture, batch.real, weight),
            "structure": losses.structure(picture, batch.real, weight),
            "coverage": losses.coverage(painted.alpha, batch.mask, batch.inside),
        }
        loss = (
            terms["l1"]
            + config.gradient * terms["gradient"]
            + config.structure * terms["structure"]
            + config.coverage * max(0.1, 1 - 2 * fraction) * terms["coverage"]
        )
        if fraction >= self.config.adversary.start:
            unreal, unlike = self._judged(batch, picture)
            terms |= {"unreal": unreal, "features": unlike}
            weights = self.config.adversary
            loss = loss + weights.weight * unreal + weights.features * unlike
        terms = {"loss": loss, **terms}
        values = torch.stack([term.detach().float() for term in terms.values()]).tolist()
        figures = dict(zip(terms, values, strict=True))
        if np.isfinite(figures["loss"]):
            self.optimizer.zero_grad(set_to_none=True)
            self.fabric.backward(loss)
            torch.nn.utils.clip_grad_norm_(
                self.generator.parameters(), self.config.optimizer.clip_norm
            )
            self.optimizer.step()
            self.average.update(self.generator.module, number)
        return figures

    def _judged(self, batch: Batch, picture: Tensor) -> tuple[Tensor, Tensor]:
        """The generator's adversarial losses of a batch, after updating the discriminator."""
        shown = batch.real + batch.inside * (picture - batch.real)
        verdict = self.adversary.learn(batch.real, shown, batch.pose)
        return self.adversary.judge(shown, batch.pose, verdict)

    def state(self) -> TrainingState:
        """Weights, averaged weights and the optimisers' moments."""
        return TrainingState(
            {
                **prefixed("generator", self.generator.module.state_dict()),
                **prefixed("average", self.average.module.state_dict()),
                **prefixed("optimizer", optimizer_tensors(self.optimizer)),
                **prefixed("adversary", self.adversary.network.module.state_dict()),
                **prefixed("against", optimizer_tensors(self.adversary.optimizer)),
            },
            {"seed": self.seed},
        )

    def restore(self, state: TrainingState, where: Path) -> None:
        """Resume from a state that was read from the folder `where`.

        Raises:
            InputError: it is of another network.
        """
        restore_module(self.generator.module, unprefixed("generator", state.tensors), where)
        restore_module(self.average.module, unprefixed("average", state.tensors), where)
        restore_optimizer(self.optimizer, unprefixed("optimizer", state.tensors))
        restore_module(self.adversary.network.module, unprefixed("adversary", state.tensors), where)
        restore_optimizer(self.adversary.optimizer, unprefixed("against", state.tensors))

    @torch.no_grad()
    def preview(self) -> NDArray[np.uint8]:
        """Four frames of the clip above what is painted for their poses, uint8 `(H, W, 3)`."""
        indices = np.linspace(0, len(self.crops) - 1, 4).astype(int).tolist()
        batch = self.crops.exactly(indices, self.texture).to(self.device.torch)
        with self.device.autocast():
            painted = self.average.module(batch.pose, batch.plate, batch.texture)
        return picture_sheet(torch.stack((batch.real, painted.over(batch.plate))))

    def close(self) -> None:
        """Stop the threads that draw batches."""
        self._batches.close()

    def _set_rate(self, number: int, fraction: float) -> None:
        options = self.config.optimizer
        factor = cosine_rate(fraction, number, warmup_steps=options.warmup_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = options.learning_rate * factor

    def _draw(self, number: int) -> Batch:
        rng = np.random.default_rng((self.seed, number))
        size, augment = self.config.optimizer.batch, self.config.augment
        batch = self.crops.batch(rng, size, augment, self.texture)
        return batch.pinned() if self.device.kind == "cuda" else batch
