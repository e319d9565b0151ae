"""How a detector is learned: parts of filmed and made runs, told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate

from dancenow.detector.config import DetectorConfig
from dancenow.detector.examples import Drawing, Example
from dancenow.detector.network import DetectorNetwork, joined
from dancenow.training import Device, TrainingState, WeightAverage
from dancenow.training.budget import cosine_rate
from dancenow.training.checkpoint import averaged_state, restore_averaged
from dancenow.training.prefetch import Prefetch
from dancenow.training.preview import picture_sheet

_SHOWN: Final = 5  # parts of each kind in a preview


class DetectorTraining:
    """A network and its averaged copy.

    Args:
        config: its size and training.
        examples: clips of both kinds.
        device: where it computes.
        seed: of the weights and of all random draws.
    """

    def __init__(
        self, config: DetectorConfig, examples: Sequence[Example], device: Device, seed: int
    ) -> None:
        self.config, self.device, self.seed = config, device, seed
        torch.manual_seed(seed)
        self.network = DetectorNetwork(config).to(device.torch)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = WeightAverage[DetectorNetwork](self.network, config.average_decay)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=device.kind != "mps",
        )
        self._drawing = Drawing(examples, config, seed)
        self._batches = Prefetch(self._drawing.batch)

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        """Judge a batch, and improve."""
        batch = self._batches.get(number)
        for group in self.optimizer.param_groups:
            factor = cosine_rate(fraction, number, warmup_steps=self.config.warmup_steps)
            group["lr"] = self.config.learning_rate * factor
        made = torch.from_numpy(batch.made).to(self.device.torch)
        with self.device.autocast():
            logits = self.network(as_input(batch.runs, self.device))
        verdicts = joined(logits, as_places(batch.places, logits))
        keep = self.config.smoothing
        loss = binary_cross_entropy_with_logits(verdicts, made * (1 - 2 * keep) + keep)
        value = float(loss.detach())
        if np.isfinite(value):
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimizer.step()
            self.average.update(self.network, number)
        wrong = ((verdicts > 0).float() != made).float().mean()
        return {"loss": value, "wrong": float(wrong)}

    def state(self) -> TrainingState:
        """Weights, averaged weights and the optimiser's moments."""
        return averaged_state(self.network, self.average.module, self.optimizer, self.seed)

    def restore(self, state: TrainingState, where: Path) -> None:
        """Resume from a state that was read from the folder `where`.

        Raises:
            InputError: it belongs to another network.
        """
        restore_averaged(self.network, self.average.module, self.optimizer, state, where)

    @torch.no_grad()
    def preview(self) -> NDArray[np.uint8]:
        """Filmed parts above made ones, reddish where it takes them for made; `(H, W, 3)`."""
        batch = self._drawing.batch(0)
        with self.device.autocast():
            logits = self.average.module(as_input(batch.runs, self.device)).float()
        shown = torch.from_numpy(batch.frames).permute(0, 3, 1, 2).float() / 127.5 - 1
        red = torch.tensor([1.0, -1.0, -1.0])[:, None, None]
        part = interpolate(logits.sigmoid()[:, None].cpu(), shown.shape[-2:], mode="bilinear")
        tinted = shown + 0.5 * part * (red - shown)
        few = min(_SHOWN, len(shown) // 2)
        return picture_sheet(torch.stack([tinted[0::2][:few], tinted[1::2][:few]]))

    def close(self) -> None:
        """Stop the threads that draw batches."""
        self._batches.close()


def as_input(runs: NDArray[np.float32], device: Device) -> Tensor:
    """Runs `(B, RUN, H, W)` as the network takes them."""
    tensor = torch.from_numpy(runs).to(device.torch)
    return tensor.contiguous(memory_format=torch.channels_last)


def as_places(places: NDArray[np.uint8], logits: Tensor) -> Tensor:
    """Where the body is, in the places of some logits."""
    whole = torch.from_numpy(places).to(logits.device).float()[:, None] / 255
    return interpolate(whole, logits.shape[-2:], mode="area")[:, 0]
