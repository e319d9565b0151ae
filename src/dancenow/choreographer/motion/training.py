"""How motion is learned: noise is added to windows of the dance, and the network removes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dancenow.choreographer.motion.codec import RATE, Moves
from dancenow.choreographer.motion.config import MotionConfig
from dancenow.choreographer.motion.diffusion import MotionDenoiser
from dancenow.choreographer.motion.scaler import MoveScaler
from dancenow.training import Device, TrainingState, WeightAverage
from dancenow.training.budget import cosine_rate
from dancenow.training.checkpoint import averaged_state, restore_averaged

_NO_ENERGY: Final = 0.2  # part of the windows whose energy is not given
_CONTINUE: Final = 0.65  # part of the windows whose beginning is given
_LEAD_BACK: Final = 0.1  # part of the windows of which both ends are given
_MEASURED: Final = (0.1, 0.4, 1.5)  # noise levels at which the held-out loss is measured
_BATCH: Final = 64  # windows at once, when measuring
_STRAY: Final = 0.7  # part of the continued windows whose beginning has strayed from the dance
_RECOVERY: Final = 0.5  # seconds in which a dance that strayed comes back
_LEAST_SPREAD: Final = 0.02  # body heights: what a joint's standard deviation counts at least


@dataclass(frozen=True)
class MotionData:
    """What is learned.

    Attributes:
        pieces: vectors `(T, D)` to learn from, mirrored copies included.
        held_out: vectors that are kept for measuring.
        scaler: scales them.
        weights: how much each value counts, `(D,)`, as the codec says.
        kinematics: the matrix that turns a vector into joints, `(D, J, 2)`, likewise.
    """

    pieces: Sequence[Moves]
    held_out: Sequence[Moves]
    scaler: MoveScaler
    weights: NDArray[np.float32]
    kinematics: NDArray[np.float32]


class MotionTraining:
    """A denoiser and its averaged copy over the scaled vectors of some pieces.

    Args:
        config: its size and training.
        data: what it learns.
        device: where it computes.
        seed: of the weights and of all random draws.
        show: draws a preview of the averaged network.
    """

    def __init__(
        self,
        config: MotionConfig,
        data: MotionData,
        device: Device,
        seed: int,
        *,
        show: Callable[[MotionDenoiser], NDArray[np.uint8]] | None = None,
    ) -> None:
        self.config, self.scaler, self.device, self.seed = config, data.scaler, device, seed
        self._show = show
        torch.manual_seed(seed)
        self.network = MotionDenoiser(data.pieces[0].shape[1], config).to(device.torch)
        self.average = WeightAverage[MotionDenoiser](self.network, config.average_decay)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=config.learning_rate,
            betas=(0.9, 0.99),
            weight_decay=config.weight_decay,
            fused=device.kind != "mps",
        )
        long = [piece for piece in data.pieces if len(piece) >= config.window]
        self._pieces = [data.scaler.scale(piece) for piece in long]
        self._held_out = [data.scaler.scale(piece) for piece in data.held_out]
        room = np.array([len(piece) - config.window + 1 for piece in self._pieces], np.float64)
        self._odds = room / room.sum()
        self._weights = self._tensor(data.weights)
        changes = np.concatenate([np.diff(piece, axis=0) for piece in self._pieces])
        self._pace = self._tensor(np.sqrt((changes**2).mean(axis=0)).clip(0.05))
        kinematics = data.kinematics.reshape(len(data.weights), -1)
        joints = kinematics * data.scaler.deviation[:, None]
        self._joints = self._tensor(joints)
        places = np.concatenate([piece @ joints for piece in self._pieces])
        moved = np.concatenate([np.diff(piece @ joints, axis=0) for piece in self._pieces])
        self._spread = self._tensor(places.std(axis=0).clip(_LEAST_SPREAD))
        self._speed = self._tensor(np.sqrt((moved**2).mean(axis=0)).clip(_LEAST_SPREAD / RATE))

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        """Add noise to some windows, let the network remove it, and improve."""
        config = self.config
        rng = np.random.default_rng((self.seed, number))
        dance, energy = self._windows(rng)
        known = self._known(rng)
        dance += self._strayed(rng, known)
        level = np.exp(config.noise_mean + config.noise_deviation * rng.standard_normal(len(dance)))
        noise = rng.standard_normal(dance.shape, dtype=np.float32)
        for group in self.optimizer.param_groups:
            factor = cosine_rate(fraction, number, warmup_steps=config.warmup_steps)
            group["lr"] = config.learning_rate * factor
        loss, pace, joints = self._losses(
            self.network,
            *map(self._tensor, (dance, noise, level.astype(np.float32), energy, known)),
        )
        total = loss + config.pace * pace + config.joints * joints
        value = float(total.detach())
        if np.isfinite(value):
            self.optimizer.zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimizer.step()
            self.average.update(self.network, number)
        parts = {"vectors": loss, "pace": pace, "joints": joints}
        return {"loss": value, **{name: float(part.detach()) for name, part in parts.items()}}

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Loss of the held-out vectors at fixed noise; NaN where nothing was held out."""
        rng, losses = np.random.default_rng(0), []
        windows = [
            piece[start : start + self.config.window]
            for piece in self._held_out
            for start in range(0, len(piece) - self.config.window + 1, self.config.window // 2)
        ]
        for start in range(0, len(windows), _BATCH):
            dance = np.stack(windows[start : start + _BATCH])
            noise = rng.standard_normal(dance.shape, dtype=np.float32)
            energy = np.full(len(dance), np.nan, np.float32)
            known = np.zeros(dance.shape[:2], np.float32)
            known[:, : self.config.window // 3] = 1
            for level in _MEASURED:
                levels = np.full(len(dance), level, np.float32)
                parts = map(self._tensor, (dance, noise, levels, energy, known))
                losses += [float(self._losses(self.average.module, *parts)[0])] * len(dance)
        return float(np.mean(losses)) if losses else float("nan")

    def state(self) -> TrainingState:
        """Weights, averaged weights and the optimiser's moments."""
        return averaged_state(self.network, self.average.module, self.optimizer, self.seed)

    def restore(self, state: TrainingState, where: Path) -> None:
        """Resume from a state that was read from the folder `where`.

        Raises:
            InputError: it belongs to another network.
        """
        restore_averaged(self.network, self.average.module, self.optimizer, state, where)

    def preview(self) -> NDArray[np.uint8]:
        """Stick figures of a dance composed now, uint8 `(H, W, 3)` RGB."""
        if self._show is None:
            return np.zeros((8, 8, 3), np.uint8)
        return self._show(self.average.module)

    def close(self) -> None:
        """Nothing to close: it has no threads."""

    def _windows(self, rng: np.random.Generator) -> tuple[Moves, NDArray[np.float32]]:
        window = self.config.window
        chosen = rng.choice(len(self._pieces), self.config.batch, p=self._odds)
        cut = []
        for number in chosen.tolist():
            piece = self._pieces[number]
            start = int(rng.integers(len(piece) - window + 1))
            cut.append(piece[start : start + window])
        energy = [self.scaler.energy(self.scaler.unscale(part)) for part in cut]
        given = np.where(rng.uniform(size=len(cut)) < _NO_ENERGY, np.nan, energy)
        return np.stack(cut), given.astype(np.float32)

    def _known(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Which frames of windows are given, float32 `(B, T)`: a beginning, both ends or none."""
        window, batch = self.config.window, self.config.batch
        known = np.zeros((batch, window), np.float32)
        for row, draw in zip(known, rng.uniform(size=batch), strict=True):
            if draw < _CONTINUE + _LEAD_BACK:
                row[: int(rng.integers(1, window * 3 // 4))] = 1
            if draw < _LEAD_BACK:
                row[-int(rng.integers(1, window // 4)) :] = 1
        return known

    def _strayed(self, rng: np.random.Generator, known: NDArray[np.float32]) -> Moves:
        """Offsets `(B, T, D)` that make given beginnings look as if the model had composed them.

        A dance that continues a clip is given what the learned one may never have shown.  So the
        model learns to continue what is slightly off the dance, and to come back to it.
        """
        batch, window = known.shape
        far = self.config.stray * rng.standard_normal(batch).astype(np.float32)
        far[(rng.uniform(size=batch) > _STRAY) | (known[:, 0] == 0) | (known[:, -1] == 1)] = 0
        aside = rng.standard_normal((batch, 1, len(self._weights)), dtype=np.float32)
        since = np.maximum(0, np.arange(window) - known.sum(axis=1)[:, None])
        lasting = far[:, None] * np.exp(-since / (_RECOVERY * RATE)).astype(np.float32)
        return np.asarray(lasting[..., None] * aside, dtype=np.float32)

    def _losses(
        self,
        network: MotionDenoiser,
        dance: Tensor,
        noise: Tensor,
        level: Tensor,
        energy: Tensor,
        known: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Weighted squares of the errors: of the vectors, of their changes, and of the joints.

        The joints' places and speeds are what Tseng et al. add to the loss (EDGE, equations 4 and
        5): small errors of hips, thigh and shin add up at the foot.
        """
        noisy = dance + level[:, None, None] * noise * (1 - known[..., None])
        with self.device.autocast():
            guess = network(noisy, level, energy, known).float()
        worth = ((1 + level.square()) / level.square())[:, None, None]
        error = guess - dance
        vectors = (worth * self._weights * error.square()).mean()
        changes = (error[:, 1:] - error[:, :-1]) / self._pace
        # Changes that the noise hides cannot be asked for: at high levels they no longer count.
        visible = 1 / (1 + level.square())[:, None, None]
        pace = (visible * self._weights * changes.square()).mean()
        joint_error = error @ self._joints
        places = (visible * (joint_error / self._spread).square()).mean()
        speeds = (joint_error[:, 1:] - joint_error[:, :-1]) / self._speed
        return vectors, pace, places + (visible * speeds.square()).mean()

    def _tensor(self, array: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(array).to(self.device.torch)
