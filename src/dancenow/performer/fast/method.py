"""The interface of the fast method to the rest of DanceNow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dancenow.errors import InputError
from dancenow.options import PresetOptions
from dancenow.performer.fast.config import PRESETS, PerformerConfig
from dancenow.performer.fast.memory import training_need
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.prepare import VERSION, prepare_target
from dancenow.performer.fast.training import FastTraining
from dancenow.performer.method import Method, PreparedTarget, TargetRequest
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.training import Device
from dancenow.training.memory import MemoryNeed
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
        return training_need(self._config, self._prepared.crops.canvas, self._device.precision)

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
    paints_apart = FastPerformer.paints_apart
    version = VERSION
    shows_untrained = True

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
