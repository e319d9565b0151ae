"""Training of the paper's system: one step of each kind, and its stages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dancenow.performer.edn import losses
from dancenow.performer.edn.config import EDNConfig, StageName
from dancenow.performer.edn.dataset import PairBatch, PairSet
from dancenow.performer.edn.faces import cut_faces, paint_faces
from dancenow.performer.edn.layers import one_size
from dancenow.performer.edn.networks import (
    GlobalGenerator,
    LocalEnhancer,
    MultiscaleDiscriminator,
    halved,
    make_discriminator,
    make_face_networks,
    make_generator,
)
from dancenow.performer.edn.perceptual import PerceptualLoss
from dancenow.performer.edn.temporal import TemporalPair
from dancenow.performer.edn.watch import DiscriminatorWatch
from dancenow.training.checkpoint import (
    TrainingState,
    optimizer_tensors,
    prefixed,
    restore_module,
    restore_optimizer,
    unprefixed,
)
from dancenow.training.prefetch import Prefetch
from dancenow.training.preview import picture_sheet
from dancenow.training.team import Team

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_TINY = 1e-9


class EDNTraining:
    """Generator, enhancer, face network and their discriminators, stage after stage.

    The batch of step k depends only on the seed and k: a training that was resumed, or that runs
    in several processes, sees the same pairs.

    Args:
        config: all settings.
        pairs: the training data.
        fabric: Lightning Fabric, launched: the device, the precision, the processes.
        seed: of the weights and the order of the pairs.
        perceptual: the perceptual loss, or None to leave it out.

    Attributes:
        phase: the current stage.
    """

    def __init__(
        self,
        config: EDNConfig,
        pairs: PairSet,
        fabric: Fabric,
        seed: int,
        perceptual: PerceptualLoss | None,
    ) -> None:
        self.config, self.pairs, self.fabric, self.seed = config, pairs, fabric, seed
        self.team = Team(fabric)
        torch.manual_seed(seed)
        self.coarse, self.enhancer = make_generator(config.networks)
        self.judge = make_discriminator(config.networks, temporal=config.temporal)
        self.face, self.face_judge = make_face_networks(config.networks)
        for network in self._networks().values():
            network.to(device=fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.perceptual = None if perceptual is None else perceptual.to(fabric.device)
        self.phase: StageName = "global"
        self._stages = _Schedule(config, has_faces=len(pairs.face_pairs) > 0)
        self._work: _Stage | None = None
        self._saved: dict[str, Tensor] = {}
        self._batches = Prefetch(self._draw)

    @property
    def generator(self) -> GlobalGenerator | LocalEnhancer:
        """The network that paints whole frames."""
        return self.coarse if self.enhancer is None else self.enhancer

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        """Paint a batch of pairs, judge it, update both sides."""
        name, inside = self._stages.at(fraction)
        work = self._enter(name)
        work.set_rate(self.config.optimizer.learning_rate, self._decay(inside))
        batch = self._batches.get(number).to(self.fabric.device)
        with one_size():
            terms = self._face_step(work, batch) if name == "face" else self._main_step(work, batch)
        figures = self.team.means(terms)
        work.watch.update(figures["discriminator"])
        return figures

    def _main_step(self, work: _Stage, batch: PairBatch) -> dict[str, Tensor]:
        """The generator against the discriminator of whole frames (equations 2, 3 and 6)."""
        figures, frames = batch.figures, batch.frames
        if work.halves:
            figures, frames = _halved_pairs(figures), _halved_pairs(frames)
        before, now = work.generator(figures)
        figures = figures[:, -2:]
        painted = torch.stack((before, now), dim=1)
        if self.config.temporal:
            real_pair, painted_pair = _judged(figures, frames), _judged(figures, painted)
        else:  # frame by frame: both are judged separately
            real_pair = torch.cat((figures, frames), dim=2).flatten(0, 1)
            painted_pair = torch.cat((figures, painted), dim=2).flatten(0, 1)
        return self._compete(
            work,
            real_pair,
            painted_pair,
            painted.flatten(0, 1),
            frames.flatten(0, 1),
            2 if self.config.temporal else 1,
        )

    def _face_step(self, work: _Stage, batch: PairBatch) -> dict[str, Tensor]:
        """The face's residual against its own discriminator (section 3.3, equations 4 and 5).

        The paper uses the adversarial and the perceptual term; we add feature matching, as for
        whole frames, so faces can be learned without VGG-19.
        """
        figures = batch.figures[:, -2:]
        corners, side = batch.corners.flatten(0, 1), self.pairs.side
        with torch.no_grad(), self.fabric.autocast():
            painted = torch.stack(work.fixed(batch.figures), dim=1).flatten(0, 1)
        face = cut_faces(painted, corners, side)
        figure = cut_faces(figures.flatten(0, 1), corners, side)
        real = cut_faces(batch.frames.flatten(0, 1), corners, side)
        mended = face + work.generator(torch.cat((figure, face), dim=1))
        return self._compete(
            work,
            torch.cat((figure, real), dim=1),
            torch.cat((figure, mended), dim=1),
            mended,
            real,
            1,
        )

    def _compete(
        self,
        work: _Stage,
        real: Tensor,
        painted: Tensor,
        pictures: Tensor,
        truth: Tensor,
        counted: int,
    ) -> dict[str, Tensor]:
        """Update the generator, then the discriminator.

        Args:
            work: the stage's networks.
            real: what the discriminator should judge as real, `(N, C, H, W)`.
            painted: what it should judge as painted, `(N, C, H, W)`.
            pictures: the painted pictures, RGB, with gradients.
            truth: the real pictures.
            counted: weight of the mean perceptual loss: equation 6 sums it over both frames.
        """
        config = self.config.loss
        verdicts = work.judge(torch.cat((real, painted.detach())))
        on_real, on_painted = losses.split(verdicts)
        against = losses.discriminator_loss(on_real, on_painted)

        # Only the generator's gradients are needed, not the discriminator's.
        work.bare_judge.requires_grad_(False)
        with self.fabric.autocast():
            judged = work.bare_judge(painted)
        work.bare_judge.requires_grad_(True)
        terms = {
            "adversarial": losses.adversarial(judged, real=True),
            "feature_matching": losses.feature_matching(judged, on_real),
        }
        loss = terms["adversarial"] + config.feature_matching * terms["feature_matching"]
        if self.perceptual is not None:
            with self.fabric.autocast():
                terms["perceptual"] = counted * self.perceptual(pictures, truth)
            loss = loss + config.perceptual * terms["perceptual"]

        # All processes must decide alike, or those that step would wait for the others forever.
        sound = self.team.means({"sound": torch.isfinite(loss.detach() + against.detach()).float()})
        if sound["sound"] == 1.0:  # otherwise the loop reports it, and the weights stay unchanged
            work.improve(self.fabric, loss, against)
        with torch.no_grad():
            terms["l1"] = (pictures - truth).abs().mean()
        return {"loss": loss.detach(), **terms, "discriminator": against.detach()}

    def state(self) -> TrainingState:
        """Weights of all networks and the moments of the stage's optimisers."""
        tensors: dict[str, Tensor] = {}
        for name, network in self._networks().items():
            tensors |= prefixed(name, network.state_dict())
        if self._work is not None:
            tensors |= self._work.moments(self.phase)
        else:  # no step was done since the state that was restored
            tensors |= {k: v for k, v in self._saved.items() if "optimizer." in k}
        return TrainingState(tensors, {"seed": self.seed, "stage": self.phase})

    def restore(self, state: TrainingState, where: Path) -> None:
        """Resume from a state that was read from the folder `where`.

        Raises:
            InputError: it is of another network.
        """
        for name, network in self._networks().items():
            restore_module(network, unprefixed(name, state.tensors), where)
        self._saved = state.tensors
        self.phase = state.values["stage"]
        self._work = None

    @torch.no_grad()
    def preview(self) -> NDArray[np.uint8]:
        """Four stick figures above what is painted for them and the real frames."""
        rows = np.linspace(0, len(self.pairs.pairs) - 1, 4).astype(int)
        batch = self.pairs.batch(self.pairs.pairs[rows]).to(self.fabric.device)
        figures, frames = batch.figures, batch.frames
        coarse = self.phase == "global" and self.enhancer is not None
        if coarse:
            figures, frames = _halved_pairs(figures), _halved_pairs(frames)
        pair = TemporalPair(
            self.coarse if coarse else self.generator, temporal=self.config.temporal
        )
        painted = []
        with self.fabric.autocast():
            for figure, corner in zip(figures, batch.corners, strict=True):
                picture = pair(figure[None])[1]
                if self.phase == "face" and not coarse:
                    picture = paint_faces(
                        self.face, figure[None, 1], picture, corner[None, 1], self.pairs.side
                    )
                painted.append(picture)
        return picture_sheet(torch.stack((figures[:, 1], torch.cat(painted), frames[:, 1])))

    def close(self) -> None:
        """Stop the threads that draw batches."""
        self._batches.close()

    def _networks(self) -> dict[str, nn.Module]:
        networks: dict[str, nn.Module] = {"coarse": self.coarse}
        if self.enhancer is not None:
            networks |= {
                "front": self.enhancer.front,
                "back": self.enhancer.back,
                "head": self.enhancer.head,
            }
        return networks | {
            "judge": self.judge,
            "face": self.face,
            "face_judge": self.face_judge,
        }

    def _decay(self, inside: float) -> float:
        start = self.config.optimizer.decay_from
        return min(1.0, (1 - inside) / max(_TINY, 1 - start))

    def _enter(self, name: StageName) -> _Stage:
        """The networks and optimisers of a stage; new optimisers where it begins."""
        if self._work is None or name != self.phase:
            if self._work is not None:
                self._batches.clear()  # the face stage uses other pairs
            self.phase = name
            self._work = _Stage(self, name)
            self._work.restore(name, self._saved)
            self._saved = {}
        return self._work

    def _draw(self, number: int) -> PairBatch:
        """This process's share of the batch of step `number`."""
        rng = np.random.default_rng((self.seed, number))
        pairs = self.pairs.face_pairs if self.phase == "face" else self.pairs.pairs
        here = self.config.optimizer.batch
        rows = rng.integers(0, len(pairs), here * self.team.size)
        mine = slice(here * self.team.rank, here * (self.team.rank + 1))
        rngs = [np.random.default_rng((self.seed, number, k)) for k in range(len(rows))]
        history = int(rng.integers(0, self.config.history + 1)) if self.config.temporal else 0
        batch = self.pairs.batch(pairs[rows[mine]], self.config.augment, rngs[mine], history)
        return batch.pinned() if self.fabric.device.type == "cuda" else batch


class _Stage:
    """The network that one stage trains, its discriminator, and their optimisers."""

    def __init__(self, training: EDNTraining, name: StageName) -> None:
        config, fabric = training.config, training.fabric
        self.halves = name == "global" and training.enhancer is not None
        for network in training._networks().values():
            network.requires_grad_(False)
            network.zero_grad(set_to_none=True)  # gradients of the previous stage waste memory
        main = TemporalPair(
            training.coarse if self.halves else training.generator, temporal=config.temporal
        )
        if name == "face":
            generator: nn.Module = training.face
            self.bare_judge: MultiscaleDiscriminator = training.face_judge
        else:
            generator = main
            self.bare_judge = training.judge.coarser() if self.halves else training.judge
        self.fixed = main
        generator.requires_grad_(True)
        if name == "enhancer":
            assert training.enhancer is not None
            training.enhancer.body.requires_grad_(False)
        self.bare_judge.requires_grad_(True)

        options = config.optimizer
        optimizers = [
            torch.optim.Adam(
                [p for p in network.parameters() if p.requires_grad],
                lr=options.learning_rate,
                betas=options.betas,
                fused=True,
            )
            for network in (generator, self.bare_judge)
        ]
        self.generator, self.optimizer = fabric.setup(generator, optimizers[0])
        self.judge, self.judge_optimizer = fabric.setup(self.bare_judge, optimizers[1])
        what = "discriminator of faces" if name == "face" else "discriminator"
        self.watch = DiscriminatorWatch(what, len(self.bare_judge.scales))

    def set_rate(self, rate: float, factor: float) -> None:
        """Set the learning rate of both optimisers."""
        for optimizer in (self.optimizer, self.judge_optimizer):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor

    def improve(self, fabric: Fabric, loss: Tensor, against: Tensor) -> None:
        """One step of both optimisers."""
        self.optimizer.zero_grad(set_to_none=True)
        fabric.backward(loss)
        self.judge_optimizer.zero_grad(set_to_none=True)
        fabric.backward(against)
        self.optimizer.step()
        self.judge_optimizer.step()

    def moments(self, name: StageName) -> dict[str, Tensor]:
        """The optimisers' state, under the stage's name."""
        return {
            **prefixed(f"optimizer.{name}", optimizer_tensors(self.optimizer)),
            **prefixed(f"judge_optimizer.{name}", optimizer_tensors(self.judge_optimizer)),
        }

    def restore(self, name: StageName, tensors: dict[str, Tensor]) -> None:
        """Restore the optimisers' state if `tensors` holds that of this stage."""
        for optimizer, kind in (
            (self.optimizer, "optimizer"),
            (self.judge_optimizer, "judge_optimizer"),
        ):
            moments = unprefixed(f"{kind}.{name}", tensors)
            if moments:
                restore_optimizer(optimizer, moments)


class _Schedule:
    """Which stage a part of the budget belongs to; the face stage is skipped without faces."""

    def __init__(self, config: EDNConfig, *, has_faces: bool) -> None:
        stages = [s for s in config.stages if has_faces or s.name != "face"]
        total = sum(stage.share for stage in stages)
        self._parts = [(stage.name, stage.share / total) for stage in stages]

    def at(self, fraction: float) -> tuple[StageName, float]:
        """The stage at that fraction of the budget, and the fraction of the stage that is done."""
        start = 0.0
        for name, share in self._parts:
            if fraction < start + share - _TINY:
                return name, (fraction - start) / share
            start += share
        return self._parts[-1][0], 1.0


def _halved_pairs(pictures: Tensor) -> Tensor:
    """`(B, 2, 3, H, W)` at half the resolution."""
    small = halved(pictures.flatten(0, 1))
    return small.reshape(*pictures.shape[:2], *small.shape[1:])


def _judged(figures: Tensor, frames: Tensor) -> Tensor:
    """What the discriminator sees: x[t-1], x[t], y[t-1], y[t], `(B, 12, H, W)` (equation 2)."""
    return torch.cat((figures, frames), dim=1).flatten(1, 2)
