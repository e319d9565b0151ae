"""How the dance is learned: windows of latents, with the state carried from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dancenow.choreographer.dancenet.codec import Latents
from dancenow.choreographer.dancenet.config import SequenceConfig
from dancenow.choreographer.dancenet.mdn import negative_log_likelihood
from dancenow.choreographer.dancenet.sampling import dream
from dancenow.choreographer.dancenet.sequence import DanceSequence, State
from dancenow.training import Device, TrainingState
from dancenow.training.checkpoint import (
    optimizer_tensors,
    prefixed,
    restore_module,
    restore_optimizer,
    unprefixed,
)

_MEASURED = 512  # latents, while measuring
_PAIRS = 1024  # latents of a batch of the reference, the original's


class Streams:
    """Windows of latents, side by side; each continues where it ended until its clip is over.

    Args:
        clips: scaled latents `(T, D)` of every clip.
        window: latents in a window.
        batch: windows side by side.
        seed: decides where streams begin.
    """

    def __init__(self, clips: list[Latents], window: int, batch: int, seed: int) -> None:
        self.clips = [clip for clip in clips if len(clip) > window]
        self.window, self.seed, self.begun = window, seed, 0
        room = np.array([len(clip) - window for clip in self.clips], np.float64)
        self._odds = room / room.sum()
        self.places = [self._begin() for _ in range(batch)]

    def next(self) -> tuple[Tensor, Tensor, Tensor]:
        """Windows `(B, T, D)`, what follows each of their latents, and which streams began anew.

        The last is bool `(B,)`.
        """
        began = []
        for number, (clip, start) in enumerate(self.places):
            over = start + self.window >= len(self.clips[clip])
            if over:
                self.places[number] = self._begin()
            began.append(over)
        cut = [self.clips[clip][start : start + self.window + 1] for clip, start in self.places]
        self.places = [(clip, start + self.window) for clip, start in self.places]
        windows = torch.from_numpy(np.stack(cut))
        return windows[:, :-1], windows[:, 1:], torch.tensor(began)

    def _begin(self) -> tuple[int, int]:
        # Of the seed and the count alone, so that a resumed training begins where it would have.
        rng = np.random.default_rng((self.seed, self.begun))
        self.begun += 1
        clip = int(rng.choice(len(self.clips), p=self._odds))
        return clip, int(rng.integers(len(self.clips[clip]) - self.window))


class SequenceTraining:
    """The sequence network and its optimiser over the scaled latents of some clips.

    Args:
        config: its size and training.
        clips: scaled latents `(T, D)` of every clip.
        device: where it computes.
        seed: of the weights and of all random draws.
        reference: train as the original does: pairs of latents, no memory.
        show: makes a preview of scaled latents `(6, D)`.
    """

    def __init__(
        self,
        config: SequenceConfig,
        clips: list[Latents],
        device: Device,
        seed: int,
        *,
        reference: bool = False,
        show: Callable[[Latents], NDArray[np.uint8]] | None = None,
    ) -> None:
        self.config, self.device, self.seed, self.reference = config, device, seed, reference
        self.show = show
        torch.manual_seed(seed)
        parts = [hold_out(clip, config.held_out) for clip in clips]
        self.held_out = [part[1] for part in parts]
        self.network = DanceSequence(clips[0].shape[1], config).to(device.torch)
        if config.residual:
            self.network.begin_with([torch.from_numpy(part[0]) for part in parts])
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=config.learning_rate, fused=device.kind != "mps"
        )
        learned = [part[0] for part in parts]
        if reference:
            self.pairs = _Pairs(learned)
        else:
            self.streams = Streams(learned, config.window, config.batch, seed)
        self._carried: State = self.network.start(config.batch)
        self._count = sum(len(part) for part in learned)
        self._first = max(learned, key=len)

    @property
    def steps_per_epoch(self) -> int:
        """Steps that see as many latents as there are to learn from."""
        a_step = _PAIRS if self.reference else self.config.batch * self.config.window
        return -(-self._count // a_step)

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        """Predict every next latent of some windows, and improve its likelihood."""
        del fraction
        torch.manual_seed(hash((self.seed, number)))
        if self.reference:
            latents, following = (part.to(self.device.torch) for part in self.pairs.batch(number))
            before = self.network.start(len(latents))
        else:
            windows, targets, began = self.streams.next()
            latents, following = windows.to(self.device.torch), targets.to(self.device.torch)
            keep = (~began).to(self.device.torch)[:, None]
            before = tuple((hidden * keep, cell * keep) for hidden, cell in self._carried)
            if self.config.input_noise:
                latents = latents + self.config.input_noise * torch.randn_like(latents)
        with self.device.autocast():
            mixture, after = self.network(latents, before)
        loss = negative_log_likelihood(mixture, following).mean()
        value = float(loss.detach())
        if np.isfinite(value):
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
        self._carried = tuple((hidden.detach(), cell.detach()) for hidden, cell in after)
        return {"loss": value}

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Mean negative log likelihood of the held-out latents, in nats a latent.

        The state is carried through each clip's part; the reference, like the original, sees one
        latent at a time and keeps no state.
        """
        return held_out_loss(self.network, self.held_out, self.device, remember=not self.reference)

    @torch.no_grad()
    def preview(self) -> NDArray[np.uint8]:
        """Six pictures in a row of a dance dreamt now, uint8 `(H, W, 3)` RGB."""
        warm_up = self._first[:8]
        self.network.eval()
        dreamt = dream(self.network, warm_up, self.device, temperature=1.0, seed=self.seed)
        latents = np.stack(list(islice(dreamt, 0, 24, 4)))
        self.network.train()
        return np.zeros((8, 8, 3), np.uint8) if self.show is None else self.show(latents)

    def state(self) -> TrainingState:
        """Weights, the optimiser's moments, and where the windows are."""
        tensors = {
            **prefixed("network", self.network.state_dict()),
            **prefixed("optimizer", optimizer_tensors(self.optimizer)),
        }
        values: dict[str, Any] = {"seed": self.seed}
        if not self.reference:
            values["begun"] = self.streams.begun
            values["places"] = [list(place) for place in self.streams.places]
            for number, (hidden, cell) in enumerate(self._carried):
                tensors |= {f"carried.{number}.hidden": hidden, f"carried.{number}.cell": cell}
        return TrainingState(tensors, values)

    def restore(self, state: TrainingState, where: Path) -> None:
        """Resume from a state that was read from the folder `where`.

        Raises:
            InputError: it belongs to another network.
        """
        restore_module(self.network, unprefixed("network", state.tensors), where)
        restore_optimizer(self.optimizer, unprefixed("optimizer", state.tensors))
        if not self.reference:
            self.streams.begun = int(state.values["begun"])
            self.streams.places = [(clip, start) for clip, start in state.values["places"]]
            kind = self.device.torch
            self._carried = tuple(
                (
                    state.tensors[f"carried.{number}.hidden"].to(kind),
                    state.tensors[f"carried.{number}.cell"].to(kind),
                )
                for number in range(self.config.layers)
            )

    def close(self) -> None:
        """Nothing to close: it has no threads."""


class _Pairs:
    """Each latent and the next, in order, 1024 at a time, as in the original."""

    def __init__(self, clips: list[Latents], batch: int = _PAIRS) -> None:
        self.before = torch.from_numpy(np.concatenate([clip[:-1] for clip in clips]))
        self.after = torch.from_numpy(np.concatenate([clip[1:] for clip in clips]))
        self.size = min(batch, len(self.before))

    def batch(self, number: int) -> tuple[Tensor, Tensor]:
        start = number % -(-len(self.before) // self.size) * self.size
        chosen = slice(start, start + self.size)
        return self.before[chosen, None], self.after[chosen, None]


def hold_out(latents: Latents, part: float) -> tuple[Latents, Latents]:
    """The first latents, to learn from, and the last `part` of them, to measure with."""
    cut = len(latents) - round(part * len(latents))
    return latents[:cut], latents[cut:]


@torch.no_grad()
def held_out_loss(
    network: DanceSequence, clips: list[Latents], device: Device, *, remember: bool = True
) -> float:
    """Mean negative log likelihood of every next latent of clips `(T, D)`, in nats a latent."""
    training = network.training
    network.eval()
    total, count = 0.0, 0
    for clip in clips:
        if len(clip) < 2:
            continue
        latents = torch.from_numpy(clip).to(device.torch)
        state = network.start(1)
        pieces = (torch.split(part, _MEASURED) for part in (latents[:-1], latents[1:]))
        for before, after in zip(*pieces, strict=True):
            with device.autocast():
                if remember:
                    mixture, state = network(before[None], state)
                else:
                    mixture, _ = network(before[:, None], network.start(len(before)))
            target = after[None] if remember else after[:, None]
            total += float(negative_log_likelihood(mixture, target).sum())
        count += len(clip) - 1
    network.train(training)
    return total / count if count else float("nan")
