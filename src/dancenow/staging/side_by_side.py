"""Clips and poses side by side, in one clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.credentials import Claim, Made, Origin
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.staging.result import open_result
from dancenow.video import probe, read_frames

Frame = NDArray[np.uint8]

_TALLEST: Final = 720  # pixels


def write_beside(
    panels: Sequence[Path | PoseTrack],
    output: Path,
    *,
    sound: Path | None = None,
    credentials: bool = True,
    progress: ProgressCallback = silent,
) -> int:
    """Write clips and drawn poses side by side, scaled to the last one's height.

    Returns the number of frames.  The clip is marked as synthetic like any result.

    Args:
        panels: from left to right; the last one is a clip that sets the rate and the height.  The
            shortest one ends the result.
        output: the clip to write.
        sound: a clip or sound file whose sound is added.
        credentials: sign the clip with Content Credentials.
        progress: called for every frame.

    Raises:
        InputError: a clip cannot be read.
        OutputError: the output cannot be written.
    """
    made = panels[-1]
    assert isinstance(made, Path)
    info = probe(made)
    height = min(_TALLEST, info.size[1]) // 2 * 2
    rows = zip(*(_frames(panel, height, float(info.fps)) for panel in panels), strict=False)
    clips = [panel for panel in panels if isinstance(panel, Path)]
    claim = Claim.of(Made.comparison, Origin.composite, *clips) if credentials else None
    with open_result(output, claim, fps=info.fps, audio_from=sound) as result:
        for row in rows:
            result.write(np.hstack(row))
            progress(Progress("putting everything side by side", result.frames, info.frames))
    return result.frames


def _frames(panel: Path | PoseTrack, height: int, fps: float) -> Iterator[Frame]:
    """Frames scaled to a height, uint8 `(height, W, 3)` RGB, with an even width."""
    size = panel.size if isinstance(panel, PoseTrack) else probe(panel).size
    width = max(2, round(size[0] * height / size[1]) // 2 * 2)
    if isinstance(panel, Path):
        yield from read_frames(panel, fps=fps, size=(width, height))
        return
    for keypoints in panel.keypoints:
        drawn = cv2.resize(
            draw_pose(keypoints, size), (width, height), interpolation=cv2.INTER_AREA
        )
        yield np.asarray(drawn, np.uint8)
