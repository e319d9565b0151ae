"""Measuring a choreographer: how its dances move, whether they stall, whether they are copies."""

from __future__ import annotations

from pathlib import Path

from dancenow.choreographer import Choreographer, find_method
from dancenow.choreographer.choreographer import DanceRequest
from dancenow.evaluation.dance import DanceScores
from dancenow.evaluation.motion import MotionScores
from dancenow.evaluation.page import check_report
from dancenow.options import EvaluateDanceOptions
from dancenow.progress import ProgressCallback, silent
from dancenow.training.device import choose_device


def evaluate_dance(
    dance: str | Path | Choreographer,
    options: EvaluateDanceOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> MotionScores | DanceScores:
    """Generate a dance and compare it with the one that was learned.

    Pictures are compared as decoded, at the rate of the latents; poses by their joints.

    Args:
        dance: a trained choreographer, or its folder.
        options: see `EvaluateDanceOptions`.
        progress: called for every picture.

    Raises:
        InputError: an input or option cannot be used.
    """
    options = options or EvaluateDanceOptions()
    request = DanceRequest(options.seconds, seed=options.seed, temperature=options.temperature)
    request.check()
    if options.report is not None:
        check_report(options.report)
    if isinstance(dance, str | Path):
        dance = Choreographer.load(dance, choose_device(options.device))
    return find_method(dance.codec_name).evaluate(
        dance,
        request,
        reference=options.reference or None,
        report=options.report,
        progress=progress,
    )
