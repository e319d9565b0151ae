"""What a user can choose by name.  Light to import: the command line reads it to show its help."""

from __future__ import annotations

from enum import Enum


class CameraChoice(str, Enum):
    """Whose camera films a performance."""

    auto = "auto"
    """The source's where it shows the performer's own room and is not normalised; else still."""
    still = "still"
    target = "target"
    source = "source"


def camera_choice(name: str) -> tuple[CameraChoice, float]:
    """A camera by name, or by the angle, in degrees, from which a motion capture is filmed."""
    if name in {choice.value for choice in CameraChoice}:
        return CameraChoice(name), 0.0
    return CameraChoice.auto, float(name)


class Retarget(str, Enum):
    """What takes the target's proportions."""

    whole = "global"
    """The body as a whole."""
    limbs = "limbs"
    """Every limb."""


class Formation(str, Enum):
    """How several performers share a picture."""

    beside = "beside"
    """Each in their own room, side by side."""
    together = "together"
    """All before one background."""
