"""Content of the page of a performer's training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dancenow.performer.method import PreparedTarget, TargetRequest
from dancenow.training.page import TrainingPage, TrainingPart, format_device, format_options

_TIMES = {"prepare": "poses, masks, background", "train": "learning the person"}


def performer_page(
    folder: Path,
    prepared: PreparedTarget,
    request: TargetRequest,
    config: Any,
    seconds: Mapping[str, float],
) -> TrainingPage:
    """The page of a performer's folder.

    Args:
        folder: the performer's.
        prepared: the training data.
        request: how it was prepared and learned.
        config: of the preset.
        seconds: of the stages of the last run.
    """
    target, options = request.target, request.options
    hold_out = options.hold_out
    width, height = prepared.size
    poses = options.estimator if options.poses is None else f"given: {options.poses.name}"
    perceptual = getattr(config.loss, "perceptual", None)
    commands = [["dancenow", "perform", folder.name, "dancer.mp4", "-o", "out.mp4"]]
    if hold_out:
        measure = ["dancenow", "evaluate", "performer", folder.name, target.name]
        commands.append([*measure, "--report", "report"])
    return TrainingPage(
        f"The person of {target.name}",
        "A performer: networks that paint this person in any pose.",
        {
            "clip": target.name,
            "frames learned": f"{prepared.frames:,}",
            "frame": f"{width} x {height} px",
            "held out": f"the last {100 * hold_out:g} % of the clip" if hold_out else "",
            "poses": poses,
            "preset": config.preset,
            "perceptual loss": "" if perceptual is None else "with" if perceptual else "without",
            "budget": format_options(options, config.minutes),
            "device": format_device(request.device),
            "seed": str(options.seed),
        },
        (TrainingPart("The person", folder / "checkpoint", prepared.previews),),
        {_TIMES[stage]: spent for stage, spent in seconds.items() if stage in _TIMES},
        commands,
    )
