"""What the pages of every method's trainings and evaluations have in common."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dancenow.choreographer.choreographer import Choreographer
from dancenow.choreographer.job import TrainingJob
from dancenow.training.page import format_device, format_options


def page_title(clips: list[Path]) -> str:
    """The heading: what was learned from."""
    others = f" and {len(clips) - 1} more" if len(clips) > 1 else ""
    return f"The dance of {clips[0].name}{others}"


def clip_facts(job: TrainingJob[Any]) -> dict[str, object]:
    """The clips by name."""
    names = ", ".join(clip.name for clip in job.clips)
    return {"clips" if len(job.clips) > 1 else "clip": names}


def training_facts(job: TrainingJob[Any], preset: str) -> dict[str, object]:
    """How it was trained."""
    return {
        "codec": job.config.codec,
        "preset": preset,
        "budget": format_options(job.options, job.config.minutes),
        "device": format_device(job.device),
        "seed": str(job.options.seed),
    }


def named_seconds(seconds: Mapping[str, float], names: Mapping[str, str]) -> dict[str, float]:
    """The seconds of the training's stages, by readable names."""
    return {names[stage]: spent for stage, spent in seconds.items() if stage in names}


def next_commands(folder: Path) -> list[list[str]]:
    """Commands to try with the choreographer."""
    return [
        ["dancenow", "generate", folder.name, "-o", "dance.mp4", "--seconds", "16"],
        ["dancenow", "evaluate", "dance", folder.name, "--report", "report"],
    ]


def evaluation_facts(choreographer: Choreographer, seed: int) -> dict[str, object]:
    """What its evaluation's page says about the choreographer."""
    training = choreographer.training
    return {
        "learned from": ", ".join(map(str, training.get("clips", ()))),
        "codec": choreographer.codec_name,
        "preset": choreographer.preset,
        "steps of training": f"{int(training.get('steps', 0)):,}",
        "seed": str(seed),
    }
