"""Measuring a choreographer: how its dances move, whether they live, whether they are copies."""

from __future__ import annotations

from pathlib import Path

from dancenow.choreographer import Choreographer, find_method
from dancenow.choreographer.choreographer import DanceRequest
from dancenow.evaluation.dance import DanceScores
from dancenow.evaluation.motion import MotionScores
from dancenow.evaluation.page import check_report
from dancenow.progress import ProgressCallback, silent
from dancenow.training.device import choose_device


def evaluate_dance(
    dance: str | Path | Choreographer,
    *,
    seconds: float = 600.0,
    temperature: float | None = None,
    seed: int = 0,
    reference: bool | None = None,
    device: str = "auto",
    report: Path | None = None,
    progress: ProgressCallback = silent,
) -> MotionScores | DanceScores:
    """Let a choreographer dance and measure the dance against the one it learned.

    Pictures are compared as they are decoded, at the rate of the latents; poses by their joints.

    Args:
        dance: a trained choreographer, or its folder.
        seconds: length of the dance.
        temperature: as for `generate`.
        seed: likewise.
        reference: dance as the original does; None: if it was trained so.
        device: where the networks compute.
        report: a folder to leave a page with the figures in.
        progress: told about every picture.

    Raises:
        InputError: what was given cannot be used.
    """
    request = DanceRequest(seconds, seed=seed, temperature=temperature)
    request.check()
    if report is not None:
        check_report(report)
    if isinstance(dance, str | Path):
        dance = Choreographer.load(dance, choose_device(device))
    method = find_method(dance.codec_name)
    return method.evaluate(dance, request, reference=reference, report=report, progress=progress)
