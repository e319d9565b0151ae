"""How long the stages of the demo took, on its page."""

from __future__ import annotations

import platform

import torch

from dancenow.progress import StageTimes
from dancenow.report import paragraph, times
from dancenow.version import __version__
from dancenow.workflows.perform import Performed

_STAGES = {
    "clips": "taking the shipped clips",
    "first": "finding the source's poses, and the first dance",
    "detect": "reading the poses again", "load": "loading the performer",
    "prepare": "finding the target's poses, masks and background",
    "train": "learning the target", "perform": "dancing", "evaluate": "measuring against the truth",
    "choreograph": "learning the target's dance", "generate": "dreaming up a new dance",
    "motion capture": "computing the sample performers' motion", "moves": "learning motion",
    "new dance": "composing and performing a dance to clicks",
    "show": "putting the videos side by side",
}  # fmt: skip


def spent_on(spent: StageTimes, performed: Performed) -> tuple[object, ...]:
    """The table of the stages, and what was computed where."""
    stages = {_STAGES.get(name, name): seconds for name, seconds in spent.seconds.items()}
    done = f"{performed.steps:,} steps of training, {performed.frames:,} frames danced"
    return times("Stages", stages), paragraph(f"{done}. {_machine()}.")


def _machine() -> str:
    python, system = platform.python_version(), f"{platform.system()} {platform.machine()}"
    return (
        f"DanceNow {__version__}, PyTorch {torch.__version__}, Python {python}, {system}, "
        f"{torch.get_num_threads()} threads"
    )
