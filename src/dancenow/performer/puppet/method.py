"""The interface of puppets to the rest of DanceNow."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from dancenow.errors import InputError
from dancenow.options import PresetOptions
from dancenow.performer.method import Method, PreparedTarget, TargetRequest
from dancenow.performer.puppet.config import PRESETS, PuppetConfig
from dancenow.performer.puppet.performer import Puppet
from dancenow.performer.puppet.prepare import VERSION, make_puppet
from dancenow.sources.photos import MOST, photos_of
from dancenow.training import Device
from dancenow.training.memory import MemoryNeed
from dancenow.training.team import Team


class PuppetTarget(PreparedTarget):
    """A person cut out of photos."""

    previews = ""

    def __init__(self, config: PuppetConfig, request: TargetRequest) -> None:
        self._config, self._device, self.team = config, request.device, Team()
        self._made = make_puppet(config, request)
        self.key, self.learned = "", {}
        self.frames, self.size = len(self._made.views), self._made.scene.size

    def trainable(self, seed: int) -> NoReturn:
        raise NotImplementedError("a puppet learns nothing")

    def memory_need(self) -> MemoryNeed:
        return MemoryNeed(0, 0)

    def performer(self, trainable: None, figures: dict[str, Any]) -> Puppet:
        del trainable
        return Puppet(self._config, self._made.scene, self._made.views, self._device, figures)


class PuppetMethod(Method):
    """A person cut out of photos, whose limbs are moved."""

    presets = PRESETS
    paints_layers = Puppet.paints_layers
    version = VERSION
    shows_untrained = True
    learns = False

    def configure(self, preset: str, options: PresetOptions) -> PuppetConfig:
        for name in options.changed():
            raise InputError(f"`{name}`: photos make a puppet, which does not have it.")
        return self.presets[preset]

    def check_target(self, target: Path, config: PuppetConfig) -> None:
        del config
        if not photos_of(target):
            raise InputError(
                f"{target}: a puppet is made of a photo, or of a folder with at most {MOST}."
            )

    def prepare(self, config: PuppetConfig, request: TargetRequest) -> PuppetTarget:
        return PuppetTarget(config, request)

    def memory_advice(self, config: PuppetConfig, part: float = 0.5) -> str:
        del config, part
        return "use `device=cpu`."

    def load(self, folder: Path, document: dict[str, Any], device: Device) -> Puppet:
        return Puppet.of_document(folder, document, device)


METHOD = PuppetMethod()
