"""Where results are finished: every synthetic video is written, and marked as one, here."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from dancenow.credentials import SIGNABLE, Claim, sign
from dancenow.errors import CredentialsError, DanceNowWarning, OutputError
from dancenow.version import __version__
from dancenow.video import VideoWriter, open_writer
from dancenow.video.convert import Frame

NOTE: Final = f"Synthetic video made with DanceNow {__version__}"
"""What players show in the details of every result, signed or not."""


@dataclass
class ResultWriter:
    """Takes the frames of a result, one after the other; made by `open_result`.

    Attributes:
        credentials: whether Content Credentials were embedded, once the result is finished.
    """

    _writer: VideoWriter
    credentials: bool = False

    @property
    def frames(self) -> int:
        """How many frames were written."""
        return self._writer.frames

    def write(self, frame: Frame) -> None:
        """Append one frame; see `VideoWriter.write`."""
        self._writer.write(frame)


@contextmanager
def open_result(
    path: Path,
    claim: Claim | None,
    *,
    fps: float | Fraction,
    size: tuple[int, int] | None = None,
    alpha: bool = False,
    audio_from: Path | None = None,
) -> Iterator[ResultWriter]:
    """Write a synthetic video frame by frame; see `open_writer`.

    When the block ends it is signed, before it takes its name, where its kind can carry Content
    Credentials; others carry the note alone.

    Args:
        path: the output.
        claim: what is stated in its credentials; None: it gets none, only the note.
        fps: frames a second.
        size: `(width, height)` px of the frames; by default the first frame decides.
        alpha: frames have coverage.
        audio_from: a clip or a sound file whose sound is added.

    Raises:
        InputError: as `open_writer` does.

    Warns:
        DanceNowWarning: it could not be signed, and was kept unsigned.
    """
    result: ResultWriter

    def finish(finished: Path) -> None:
        if claim is not None and path.suffix.lower() in SIGNABLE:
            result.credentials = _signed(finished, claim, path)

    with open_writer(
        path, fps=fps, size=size, alpha=alpha, audio=audio_from, comment=NOTE, finish=finish
    ) as writer:
        result = ResultWriter(writer)
        yield result


def _signed(finished: Path, claim: Claim, path: Path) -> bool:
    """Sign a finished video; where that fails, tell so and leave it as it is."""
    try:
        sign(finished, claim, title=path.name)
    except (CredentialsError, OutputError, OSError) as error:
        warnings.warn(
            f"{path}: is complete, but carries no Content Credentials: {error}",
            DanceNowWarning,
            stacklevel=2,
        )
        return False
    return True
