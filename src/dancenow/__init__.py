"""DanceNow: make new dance video from ordinary video of people.

The public names are loaded when they are first used, so that `import dancenow` is quick.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dancenow.version import __version__

# Read once, when PyTorch is loaded: its threads yield the processor while they wait for each other.
# By default they spin, and beside another busy program a training then all but stops.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

if TYPE_CHECKING:
    from dancenow.choreographer import Choreographer
    from dancenow.choreographer.motion.choreographer import PoseChoreographer
    from dancenow.performer import Performer
    from dancenow.pose import PoseTrack
    from dancenow.workflows.generate import generate
    from dancenow.workflows.transfer import transfer

__all__ = [
    "Choreographer",
    "Performer",
    "PoseChoreographer",
    "PoseTrack",
    "__version__",
    "generate",
    "transfer",
]

_HOMES = {
    "Choreographer": "dancenow.choreographer",
    "Performer": "dancenow.performer",
    "PoseChoreographer": "dancenow.choreographer.motion.choreographer",
    "PoseTrack": "dancenow.pose",
    "generate": "dancenow.workflows.generate",
    "transfer": "dancenow.workflows.transfer",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
