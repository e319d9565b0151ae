"""What each idea of the fast preset is worth: the same training with one of them taken out.

    python benchmarks/fast_ablations.py CLIP [--steps 500] [--without texture camera ...]

The clip is cut at 80 %; every version learns the first part for the same number of steps (so that
other work on the machine does not matter) and dances the poses of the last part, which is compared
with the real one as in `benchmarks/quality.py`.  Sheets are left in `--out`.
"""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from torch import nn

from dancenow.options import ShowOptions
from dancenow.performer.fast import prepare
from dancenow.performer.fast.config import PRESETS, PerformerConfig
from dancenow.performer.fast.networks import FastGenerator
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.texture import LAYER_CHANNELS, LAYERS, Texture
from dancenow.performer.fast.training import FastTraining
from dancenow.performer.method import TargetRequest
from dancenow.sources.background import Room, find_room
from dancenow.sources.load import load_source
from dancenow.staging.room import stage
from dancenow.training import choose_device
from dancenow.training.budget import Budget, Clock
from dancenow.video import open_writer, probe
from dancenow.workflows.evaluate_clip import evaluate_clip
from figures import keep_figures
from quality import cut_clip, figures_of, write_sheet

Frame = NDArray[np.uint8]


def _no_texture(_: Texture, __: Any, ___: Any, canvas: tuple[int, int]) -> Frame:
    return np.zeros((canvas[1], canvas[0], LAYERS * LAYER_CHANNELS), np.uint8)


def _one_state(frames: list[Frame], masks: list[Frame]) -> Room:
    with patch("dancenow.sources.background._FEW_CHANGE", 2.0):
        return find_room(frames, masks)


# What stands in the place of an idea: attributes of modules, and values of the configuration.
PATCHES: dict[str, list[tuple[Any, str, Any]]] = {
    "texture": [(Texture, "layers", _no_texture)],
    "batch norm": [
        (nn, "BatchNorm2d", lambda _: nn.Identity()),
        (FastGenerator, "fused", lambda self: deepcopy(self).eval()),
    ],
    "camera": [(prepare, "find_camera", lambda *_, **__: (None, {"x": 0, "y": 0, "zoom": 0,
                                                               "measured": 1}))],
    "state plates": [(prepare, "find_room", _one_state)],
}  # fmt: skip
CHANGES: dict[str, dict[str, dict[str, Any]]] = {
    "discriminator": {"adversary": {"start": 1.0}},
    "focus": {"loss": {"focus": 0.0}},
    "structure": {"loss": {"structure": 0.0}},
    "gap": {"augment": {"gap": (1e-3, 2e-3)}},
}
IDEAS = (*PATCHES, *CHANGES)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--without", nargs="*", choices=IDEAS, default=IDEAS)
    parser.add_argument("--out", type=Path, default=Path("runs/ablations"))
    options = parser.parse_args()
    folder = options.out / options.clip.stem
    first, last = cut_clip(options.clip, folder)
    print(f"{options.clip.stem}, {options.steps} steps")
    for idea in ("nothing", *options.without):
        made = folder / f"{idea}.mp4"
        with ExitStack() as stack:
            # What is prepared in another way must not be found in the cache, nor stay there.
            cache = {"DANCENOW_CACHE": str(folder / f"cache {idea}")}
            stack.enter_context(patch.dict(os.environ, cache))
            for where, name, instead in PATCHES.get(idea, []):
                stack.enter_context(patch.object(where, name, instead))
            _perform(first, last, made, _config(CHANGES.get(idea, {})), options.steps)
        found = figures_of(evaluate_clip(made, last))
        print(idea, found, flush=True)
        keep_figures("quality", f"{options.clip.stem}, {options.steps} steps without {idea}", found)
        write_sheet(made, last, made.with_suffix(".png"))


def _config(changes: dict[str, dict[str, Any]]) -> PerformerConfig:
    values = PRESETS["fast"].model_dump()
    for part, fields in changes.items():
        values[part].update(fields)
    return PerformerConfig.model_validate(values)


def _perform(first: Path, last: Path, made: Path, config: PerformerConfig, steps: int) -> None:
    device = choose_device("auto")
    prepared = prepare.prepare_target(config, TargetRequest(first, device))
    training = FastTraining(config, prepared.crops, device, seed=0)
    clock = Clock(Budget(steps=steps))
    while not clock.over:
        training.step(clock.step, clock.fraction)
        clock.step += 1
    training.close()
    performer = FastPerformer(
        config, prepared.scene, training.average.module, training.texture, device
    )
    staged = stage(performer, load_source(last), ShowOptions(normalize=False))
    with open_writer(made, fps=probe(last).fps) as writer:
        for index, frame in enumerate(performer.perform(staged.track)):
            writer.write(frame if staged.view is None else staged.view.shown(frame, index))


if __name__ == "__main__":
    main()
