"""What the page of each kind of training tells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dancenow.performer import PerformerConfig
from dancenow.performer.edn.config import EDNConfig
from dancenow.training import Device
from dancenow.training.page import Stage, Story, said_budget, said_device

if TYPE_CHECKING:
    from dancenow.workflows.recipes import Recipe
    from dancenow.workflows.train import TrainOptions

_PERFORMER_TIMES = {"prepare": "poses, masks, background", "train": "learning the person"}


def performer_story(
    out: Path,
    target: Path,
    config: PerformerConfig | EDNConfig,
    device: Device,
    options: TrainOptions,
    recipe: Recipe,
    seconds: Mapping[str, float],
) -> Story:
    """A performer, of either kind."""
    width, height = recipe.size
    held_out = f"the last {100 * options.hold_out:g} % of the clip" if options.hold_out else ""
    poses = options.estimator if options.poses is None else f"given: {options.poses.name}"
    perceptual = ""
    shows = "Above: frames of the clip. Below: what is painted for their poses."
    if isinstance(config, EDNConfig):
        perceptual = "with" if config.loss.perceptual else "without"
        shows = "From above: stick figures, what is painted for them, the real frames."
    commands = [["dancenow", "perform", out.name, "dancer.mp4", "-o", "out.mp4"]]
    if options.hold_out:
        measure = ["dancenow", "evaluate", "performer", out.name, target.name, "--report", "report"]
        commands.append(measure)
    return Story(
        f"The person of {target.name}",
        "A performer: networks that paint this person in any pose.",
        {
            "clip": target.name,
            "frames learned": f"{recipe.frames:,}",
            "frame": f"{width} x {height} px",
            "held out": held_out,
            "poses": poses,
            "preset": config.preset,
            "perceptual loss": perceptual,
            "budget": said_budget(options.budget()),
            "device": said_device(device),
            "seed": str(options.seed),
        },
        (Stage("The person", out / "checkpoint", shows),),
        _named(seconds, _PERFORMER_TIMES),
        commands,
    )


def _named(seconds: Mapping[str, float], names: Mapping[str, str]) -> dict[str, float]:
    """The stages that belong to the training, in words."""
    return {names[stage]: spent for stage, spent in seconds.items() if stage in names}
