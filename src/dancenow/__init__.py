"""DanceNow: make a person dance like another, from two ordinary videos.

The public names are loaded when they are first used, so that `import dancenow` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dancenow.version import __version__

if TYPE_CHECKING:
    from dancenow.performer import Performer
    from dancenow.pose import PoseTrack
    from dancenow.workflows.transfer import transfer

__all__ = ["Performer", "PoseTrack", "__version__", "transfer"]

_HOMES = {
    "Performer": "dancenow.performer",
    "PoseTrack": "dancenow.pose",
    "transfer": "dancenow.workflows.transfer",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
