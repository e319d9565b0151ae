"""Writing results: every synthetic video is written here, and marked as synthetic."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from dancenow.credentials import SIGNABLE, Claim, sign
from dancenow.errors import CredentialsError, DanceNowWarning, OutputError
from dancenow.options.groups import CredentialsOptions
from dancenow.staging.watermark import Watermark
from dancenow.version import __version__
from dancenow.video import VideoWriter, open_writer
from dancenow.video.convert import Frame

NOTE: Final = f"Synthetic video made with DanceNow {__version__}"
"""Metadata comment of every result, signed or not."""


@dataclass
class ResultWriter:
    """Writes the frames of a result one by one; made by `open_result`.

    Attributes:
        size: width and height of the frames in pixels; None until the first one is written.
        credentials: whether Content Credentials were embedded; known when the result is finished.
    """

    _writer: VideoWriter
    size: tuple[int, int] | None = None
    credentials: bool = False
    _visible: bool = False
    _watermark: Watermark | None = None

    @property
    def frames(self) -> int:
        """Number of frames written."""
        return self._writer.frames

    def write(self, frame: Frame) -> None:
        """Append one frame; see `VideoWriter.write`."""
        self.size = (int(frame.shape[1]), int(frame.shape[0]))
        if self._visible:
            self._watermark = self._watermark or Watermark(self.size)
            frame = self._watermark.drawn(frame)
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

    When the block ends, formats that can carry Content Credentials are signed before the file gets
    its final name; others carry only the note.

    Args:
        path: the output.
        claim: the statement of its credentials, and whether it is drawn into the picture, too; None
            for the note alone.
        fps: frames per second.
        size: `(width, height)` of the frames in pixels; by default the first frame's.
        alpha: frames have an alpha channel.
        audio_from: a clip or a sound file whose sound is added.

    Raises:
        InputError: as `open_writer` does.

    Warns:
        DanceNowWarning: it could not be signed and was kept unsigned.
    """
    result: ResultWriter

    def finish(finished: Path) -> None:
        if claim is not None and claim.signed and path.suffix.lower() in SIGNABLE:
            result.credentials = _signed(finished, claim, path)

    with open_writer(
        path, fps=fps, size=size, alpha=alpha, audio=audio_from, comment=NOTE, finish=finish
    ) as writer:
        result = ResultWriter(writer, _visible=claim is not None and claim.visible)
        yield result


def _signed(finished: Path, claim: Claim, path: Path) -> bool:
    """Sign a finished video; on failure, warn and keep it unsigned."""
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


def marked(claim: Claim, options: CredentialsOptions) -> Claim | None:
    """How a result is marked beyond its note: signed, visibly, both, or (None) not at all."""
    if not (options.credentials or options.watermark):
        return None
    return replace(claim, signed=options.credentials, visible=options.watermark)
