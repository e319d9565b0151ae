"""The interface of the fast method to the rest of DanceNow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from dancenow.errors import InputError
from dancenow.options import PresetOptions
from dancenow.performer.fast.adversary import PoseDiscriminator
from dancenow.performer.fast.condition import POSE_CHANNELS
from dancenow.performer.fast.config import PRESETS, PerformerConfig
from dancenow.performer.fast.networks import FastGenerator
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.prepare import prepare_target
from dancenow.performer.fast.texture import LAYER_CHANNELS, LAYERS
from dancenow.performer.fast.training import FastTraining
from dancenow.performer.method import Method, PreparedTarget, TargetRequest
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.training import Device
from dancenow.training.memory import MemoryNeed, memory_need
from dancenow.training.team import Team
from dancenow.video import probe

_ENOUGH_STEPS = 300  # about two minutes on two idle cores


class FastTarget(PreparedTarget):
    """Crops of the person over a plate."""

    previews = "Above: frames of the clip. Below: what is painted for their poses."

    def __init__(self, config: PerformerConfig, request: TargetRequest) -> None:
        self._config, self._device, self.team = config, request.device, Team()
        self._prepared = prepare_target(config, request)
        self.key, self.learned = self._prepared.key, self._prepared.learned
        self.frames = len(self._prepared.crops)
        self.size = self._prepared.scene.size

    def trainable(self, seed: int) -> FastTraining:
        return FastTraining(self._config, self._prepared.crops, self._device, seed)

    def memory_need(self) -> MemoryNeed:
        crops, config = self._prepared.crops, self._config

        def forward() -> list[nn.Module]:
            (width, height), batch = crops.canvas, config.optimizer.batch
            generator = FastGenerator(POSE_CHANNELS, config.generator.widths, LAYERS)
            discriminator = PoseDiscriminator(POSE_CHANNELS, config.adversary.widths)
            pose = torch.empty(batch, POSE_CHANNELS, height // 2, width // 2)
            plate = torch.empty(batch, 3, height, width)
            texture = torch.empty(batch, LAYERS * LAYER_CHANNELS, height, width)
            picture = generator(pose, plate, texture).over(plate)
            for _ in range(3):  # the real pictures, the painted ones, and again for the generator
                discriminator(picture, pose)
            return [generator, discriminator]

        return memory_need(forward, self._device.precision)

    def performer(self, trainable: FastTraining, figures: dict[str, Any]) -> FastPerformer:
        return FastPerformer(
            self._config,
            self._prepared.scene,
            trainable.average.module,
            trainable.texture,
            self._device,
            figures,
        )


class FastMethod(Method):
    """A person painted over a background plate."""

    presets = PRESETS
    paints_layers = FastPerformer.paints_layers

    def configure(self, preset: str, options: PresetOptions) -> PerformerConfig:
        for name in options.changed():
            raise InputError(
                f"`{name}`: `preset={preset}` does not have it; choose `preset=edn-512` or "
                "edn-1024, or leave it out."
            )
        return self.presets[preset]

    def check_target(self, target: Path, config: PerformerConfig) -> None:
        del config
        if is_authors_folder(target):
            raise InputError(
                f"{target}: holds drawn stick figures; choose `preset=edn-512` or edn-1024."
            )
        probe(target)

    def prepare(self, config: PerformerConfig, request: TargetRequest) -> FastTarget:
        if request.device.devices * request.device.nodes > 1:  # set by torchrun, not by an option
            raise InputError(
                f"`preset={config.preset}`: trains in one process; start it without torchrun."
            )
        return FastTarget(config, request)

    def enough_steps(self, config: PerformerConfig) -> int:
        return _ENOUGH_STEPS if config.preset == "fast" else 0

    def memory_advice(self, config: PerformerConfig, part: float = 0.5) -> str:
        del config, part
        return "use `device=cpu`."

    def load(self, folder: Path, document: dict[str, Any], device: Device) -> FastPerformer:
        return FastPerformer.of_document(folder, document, device)


METHOD = FastMethod()
