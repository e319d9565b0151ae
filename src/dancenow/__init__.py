"""DanceNow: make new dance video from ordinary video of people.

Most commands are functions here, too, each with a class for its options:

    from dancenow import TransferOptions, transfer
    transfer("dancer.mp4", "me.mp4", "me_dancing.mp4", TransferOptions(minutes=2))

Public names are loaded on first use, which keeps `import dancenow` quick.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dancenow.version import __version__

# PyTorch reads these once, when it is loaded: waiting threads spin briefly, then yield the
# processor.  By default they spin for longer, which nearly stalls training beside another busy
# program; without any spinning, training small layers on an idle computer is slower.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # takes precedence where OpenMP is GNU's

if TYPE_CHECKING:
    from dancenow.choreographer import Choreographer
    from dancenow.choreographer.motion.choreographer import PoseChoreographer
    from dancenow.errors import DanceNowError, InputError
    from dancenow.options import (
        BatchOptions,
        ComposeOptions,
        EvaluateClipOptions,
        EvaluateDanceOptions,
        EvaluatePerformerOptions,
        GenerateOptions,
        JudgeOptions,
        LiveOptions,
        PerformOptions,
        PoseOptions,
        SampleOptions,
        TrainChoreographerOptions,
        TrainDetectorOptions,
        TrainPerformerOptions,
        TransferOptions,
    )
    from dancenow.performer import Performer
    from dancenow.pose import PoseTrack
    from dancenow.progress import Progress
    from dancenow.workflows.batch import batch
    from dancenow.workflows.compose import compose
    from dancenow.workflows.evaluate_clip import evaluate_clip
    from dancenow.workflows.evaluate_dance import evaluate_dance
    from dancenow.workflows.evaluate_performer import evaluate_performer
    from dancenow.workflows.generate import generate
    from dancenow.workflows.judge import judge
    from dancenow.workflows.live import perform_live
    from dancenow.workflows.mend import mend
    from dancenow.workflows.perform import perform
    from dancenow.workflows.pose import detect, write_pose
    from dancenow.workflows.sample import write_sample
    from dancenow.workflows.train_choreographer import train_choreographer
    from dancenow.workflows.train_detector import train_detector
    from dancenow.workflows.train_performer import train_performer
    from dancenow.workflows.transfer import transfer
    from dancenow.workflows.verify import verify

__all__ = [
    "BatchOptions",
    "Choreographer",
    "ComposeOptions",
    "DanceNowError",
    "EvaluateClipOptions",
    "EvaluateDanceOptions",
    "EvaluatePerformerOptions",
    "GenerateOptions",
    "InputError",
    "JudgeOptions",
    "LiveOptions",
    "PerformOptions",
    "Performer",
    "PoseChoreographer",
    "PoseOptions",
    "PoseTrack",
    "Progress",
    "SampleOptions",
    "TrainChoreographerOptions",
    "TrainDetectorOptions",
    "TrainPerformerOptions",
    "TransferOptions",
    "__version__",
    "batch",
    "compose",
    "detect",
    "evaluate_clip",
    "evaluate_dance",
    "evaluate_performer",
    "generate",
    "judge",
    "mend",
    "perform",
    "perform_live",
    "train_choreographer",
    "train_detector",
    "train_performer",
    "transfer",
    "verify",
    "write_pose",
    "write_sample",
]

_HOMES = {
    "Choreographer": "choreographer",
    "DanceNowError": "errors",
    "InputError": "errors",
    "Performer": "performer",
    "PoseChoreographer": "choreographer.motion.choreographer",
    "PoseTrack": "pose",
    "Progress": "progress",
    "detect": "workflows.pose",
    "perform_live": "workflows.live",
    "write_pose": "workflows.pose",
    "write_sample": "workflows.sample",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name, "options" if name.endswith("Options") else f"workflows.{name}")
    return getattr(import_module(f"dancenow.{home}"), name)
