"""`View`: where a virtual camera stands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from dancenow.errors import InputError

ORBIT: Final = "orbit"
_ROUND: Final = 24.0  # seconds of a slow orbit


@dataclass(frozen=True)
class View:
    """Where a camera stands.

    Attributes:
        azimuth: degrees; 0 is in front of the body at the start of a motion capture, or where the
            camera of a clip stood; 90 is to the left of a body that faces it.
        turning: degrees a second by which it goes on around the body.
    """

    azimuth: float = 0.0
    turning: float = 0.0

    def __post_init__(self) -> None:
        for angle in (self.azimuth, self.turning):
            if not math.isfinite(angle):
                raise InputError(f"`camera` must be an angle in degrees, not {angle:g}.")

    @property
    def moved(self) -> bool:
        """Whether it stands anywhere but in front."""
        return bool(self.azimuth or self.turning)

    def closed(self, seconds: float) -> View:
        """The view whose camera, in a loop of this length, comes back to where it began."""
        if not self.turning:
            return self
        turns = max(1, round(self.turning * seconds / 360))
        return View(self.azimuth, 360 * turns / seconds)

    @staticmethod
    def parse(text: str, *names: str) -> View:
        """The view that an option's text means: an angle in degrees, or "orbit".

        Args:
            text: the text.
            names: what else the option can be, for the message.

        Raises:
            InputError: it is neither.
        """
        if text == ORBIT:
            return View(turning=360 / _ROUND)
        try:
            return View(float(text))
        except ValueError:
            choices = ", ".join((*names, ORBIT))
            raise InputError(
                f"`camera={text}`: unknown; choose {choices}, or an angle in degrees."
            ) from None


FRONT: Final = View()
