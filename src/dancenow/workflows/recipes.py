"""The two kinds of performer, seen from the workflow that trains them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dancenow.performer import FastPerformer, Performer, PerformerConfig
from dancenow.performer.edn.config import EDNConfig
from dancenow.performer.edn.perceptual import PerceptualLoss, load_vgg19
from dancenow.performer.edn.performer import EDNPerformer
from dancenow.performer.edn.prepare import prepare_pairs
from dancenow.performer.edn.training import EDNTraining
from dancenow.performer.fast.prepare import prepare_target
from dancenow.performer.fast.training import FastTraining
from dancenow.progress import ProgressCallback
from dancenow.training import Device, TrainingState
from dancenow.training.team import Team


class Learning(Protocol):
    """A training, seen from its workflow."""

    notes: dict[str, Any]

    def step(self, number: int, fraction: float) -> Mapping[str, float]:
        """See `Trainable`."""

    def state(self) -> TrainingState:
        """See `Trainable`."""

    def preview(self) -> NDArray[np.uint8]:
        """See `Trainable`."""

    def restore(self, state: TrainingState, where: Path) -> None:
        """Go on from a state that lay in the folder `where`."""

    def close(self) -> None:
        """End what runs beside it."""


class Recipe(ABC):
    """How one kind of performer comes out of a prepared target.

    Attributes:
        key: a name for the target's content and its preparation.
        learned: which frames of which clip are learned.
        frames: how many.
        size: width and height of the clip's frames in px.
        team: the processes that train.
    """

    key: str
    learned: dict[str, Any]
    frames: int
    size: tuple[int, int]
    team: Team

    @abstractmethod
    def training(self, seed: int) -> Learning:
        """The networks and optimisers at their beginning."""

    @abstractmethod
    def performer(self, learning: Any, figures: dict[str, Any]) -> Performer:
        """What was learned."""


class FastRecipe(Recipe):
    """Crops of the person over a plate."""

    def __init__(
        self,
        target: Path,
        config: PerformerConfig,
        device: Device,
        *,
        estimator: str,
        poses: Path | None,
        hold_out: float,
        progress: ProgressCallback,
    ) -> None:
        self._config, self._device, self.team = config, device, Team()
        self._prepared = prepare_target(
            target,
            config.crop,
            2 ** len(config.generator.widths),
            estimator=estimator,
            poses=poses,
            hold_out=hold_out,
            progress=progress,
        )
        self.key, self.learned = self._prepared.key, self._prepared.learned
        self.frames = len(self._prepared.crops)
        self.size = self._prepared.scene.size

    def training(self, seed: int) -> FastTraining:
        return FastTraining(self._config, self._prepared.crops, self._device, seed)

    def performer(self, learning: FastTraining, figures: dict[str, Any]) -> FastPerformer:
        return FastPerformer(
            self._config,
            self._prepared.scene,
            learning.average.module,
            learning.texture,
            self._device,
            figures,
        )


class EDNRecipe(Recipe):
    """Pairs of whole frames, learned by one process or several."""

    def __init__(
        self,
        target: Path,
        config: EDNConfig,
        device: Device,
        *,
        estimator: str,
        poses: Path | None,
        hold_out: float,
        vgg_weights: Path | None,
        progress: ProgressCallback,
    ) -> None:
        self._config, self._device = config, device
        self._fabric = device.launched_fabric()
        self.team = Team(self._fabric)
        # The first process of every machine fetches, detects and cuts; the others find it done.
        with self._fabric.rank_zero_first(local=True):
            self._perceptual = (
                PerceptualLoss(load_vgg19(vgg_weights)) if config.loss.perceptual else None
            )
            self._prepared = prepare_pairs(
                target,
                config,
                estimator=estimator,
                poses=poses,
                hold_out=hold_out,
                progress=progress,
            )
        self.key, self.learned = self._prepared.key, self._prepared.learned
        self.frames = len(self._prepared.pairs.frames)
        self.size = self._prepared.scene.size

    def training(self, seed: int) -> EDNTraining:
        return EDNTraining(self._config, self._prepared.pairs, self._fabric, seed, self._perceptual)

    def performer(self, learning: EDNTraining, figures: dict[str, Any]) -> EDNPerformer:
        # A face network that the budget never reached must not paint.
        face = learning.face if learning.phase == "face" else None
        figures = {**figures, "perceptual": self._perceptual is not None}
        return EDNPerformer(
            self._config, self._prepared.scene, learning.generator, face, self._device, figures
        )
