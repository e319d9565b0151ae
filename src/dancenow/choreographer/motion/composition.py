"""The specification of a new dance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.choreographer import SECONDS
from dancenow.choreographer.motion.body import measure_body
from dancenow.choreographer.motion.codec import RATE
from dancenow.errors import InputError
from dancenow.limits import DANCE_SECONDS
from dancenow.pose import PoseTrack

LONGEST: Final = DANCE_SECONDS
WILDEST: Final = 10.0  # temperature; far above, nothing is left of the dance
LEAD: Final = 1.0  # seconds of what is continued that lead into the new dance


@dataclass(frozen=True)
class Composition:
    """The specification of a new dance.

    Attributes:
        seconds: its length.
        seed: of all random draws.
        temperature: 1 samples as learned; lower is more usual, higher is wilder.
        loop: its end leads back to its beginning.
        continue_from: a pose or a dance that it continues, which is not part of the result.
        energy: how lively it is at every vector, in standard deviations of what was learned,
            `(count,)`; None: any.
        style: shares of learned styles; empty: any.
    """

    seconds: float = SECONDS
    seed: int = 0
    temperature: float = 1.0
    loop: bool = False
    continue_from: PoseTrack | None = None
    energy: NDArray[np.float32] | None = None
    style: Mapping[str, float] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many vectors it has."""
        return max(2, math.ceil(self.seconds * RATE - 1e-6))

    def check(self) -> None:
        """Raise `InputError` if it makes no sense."""
        if not (math.isfinite(self.seconds) and 0 < self.seconds <= LONGEST):
            raise InputError(
                f"`seconds` must be above 0 and at most {LONGEST:g}, not {self.seconds:g}."
            )
        if not 0 <= self.temperature <= WILDEST:
            raise InputError(
                f"`temperature` must be from 0 to {WILDEST:g}, not {self.temperature:g}."
            )
        if self.loop and self.continue_from is not None:
            raise InputError("`loop` and `continue_from`: a loop has no beginning; choose one.")


def check_continued(track: PoseTrack) -> None:
    """Raise `InputError` if no dance can continue a track."""
    try:
        measure_body(track)
        measure_body(track[-max(1, round(LEAD * track.fps)) :])
    except InputError as error:
        raise InputError(
            "`continue_from`: the whole body, from shoulders to ankles, must be seen in its last "
            "second and most of the time; cut it so that it is."
        ) from error
