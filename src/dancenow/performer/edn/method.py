"""The interface of the paper's method to the rest of DanceNow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dancenow.options import PresetOptions
from dancenow.performer.edn.config import EDN_PRESETS, EDNConfig, configured
from dancenow.performer.edn.memory import training_need
from dancenow.performer.edn.perceptual import PerceptualLoss, load_vgg19
from dancenow.performer.edn.performer import EDNPerformer
from dancenow.performer.edn.prepare import VERSION, prepare_pairs
from dancenow.performer.edn.training import EDNTraining
from dancenow.performer.method import Method, PreparedTarget, TargetRequest
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.training import Device
from dancenow.training.memory import MemoryNeed
from dancenow.training.team import Team
from dancenow.video import probe


class EDNTarget(PreparedTarget):
    """Pairs of whole frames, learned by one process or several."""

    previews = "From above: stick figures, what is painted for them, the real frames."

    def __init__(self, config: EDNConfig, request: TargetRequest) -> None:
        self._config, self._device = config, request.device
        self._fabric = request.device.launched_fabric()
        self.team = Team(self._fabric)
        # The first process of each machine downloads and prepares; the others find the result.
        with self._fabric.rank_zero_first(local=True):
            self._perceptual = None
            if config.loss.perceptual:
                self._perceptual = PerceptualLoss(load_vgg19(request.options.vgg_weights))
            self._prepared = prepare_pairs(config, request)
        self.key, self.learned = self._prepared.key, self._prepared.learned
        self.frames = len(self._prepared.pairs.frames)
        self.size = self._prepared.scene.size

    def trainable(self, seed: int) -> EDNTraining:
        return EDNTraining(self._config, self._prepared.pairs, self._fabric, seed, self._perceptual)

    def memory_need(self) -> MemoryNeed:
        return training_need(self._config, self._prepared.pairs.canvas, self._device.precision)

    def performer(self, trainable: EDNTraining, figures: dict[str, Any]) -> EDNPerformer:
        # A face network that was never trained must not paint.
        face = trainable.face if trainable.phase == "face" else None
        figures = {**figures, "perceptual": self._perceptual is not None}
        return EDNPerformer(
            self._config, self._prepared.scene, trainable.generator, face, self._device, figures
        )


class EDNMethod(Method):
    """Whole frames from stick figures, with temporal smoothing and a network for the face."""

    presets = EDN_PRESETS
    paints_layers = EDNPerformer.paints_layers
    version = VERSION

    def configure(self, preset: str, options: PresetOptions) -> EDNConfig:
        return configured(self.presets[preset], options)

    def check_target(self, target: Path, config: EDNConfig) -> None:
        if not is_authors_folder(target):
            config.canvas(probe(target).size)

    def contents(self, target: Path) -> list[Path]:
        if not is_authors_folder(target):
            return [target]
        return [path for path in sorted(target.iterdir()) if path.is_dir()]

    def prepare(self, config: EDNConfig, request: TargetRequest) -> EDNTarget:
        return EDNTarget(config, request)

    def memory_advice(self, config: EDNConfig, part: float = 0.5) -> str:
        stride = config.networks.stride
        smaller = max(2 * stride, int(config.size * part**0.5) // stride * stride)
        other = " or `preset=edn-512`" if config.networks.enhancer else " or `device=cpu`"
        fewer = "`batch=1`, " if config.optimizer.batch > 1 else ""
        return f"train in another folder with {fewer}`size={smaller}`{other}."

    def load(self, folder: Path, document: dict[str, Any], device: Device) -> EDNPerformer:
        return EDNPerformer.of_document(folder, document, device)


METHOD = EDNMethod()
