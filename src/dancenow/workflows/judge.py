"""Looking at a clip with a detector."""

from __future__ import annotations

from pathlib import Path

from dancenow.detector import Detector, Verdict
from dancenow.options import JudgeOptions
from dancenow.progress import ProgressCallback, silent
from dancenow.training import choose_device
from dancenow.video import probe


def judge(
    clip: str | Path,
    detector: str | Path | Detector,
    options: JudgeOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> Verdict:
    """Say whether a performer made what a clip shows, as far as a detector sees it.

    Args:
        clip: the clip.
        detector: a trained detector, or its folder.
        options: see `JudgeOptions`.
        progress: called for every frame.

    Raises:
        InputError: the detector or the clip cannot be used, or nobody is seen in it.
    """
    options = options or JudgeOptions()
    if not isinstance(detector, Detector):
        detector = Detector.load(detector, choose_device(options.device))
    return detector.judge(probe(Path(clip)), progress=progress)
