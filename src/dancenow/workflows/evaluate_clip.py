"""Measuring a clip against the true one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError, NobodyError
from dancenow.evaluation.clip import ClipScores, PerFrame, clip_scores
from dancenow.evaluation.page import Compared, check_report, write_clip_page
from dancenow.options import EvaluateClipOptions
from dancenow.pose import PoseTrack
from dancenow.pose.filters import clean
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.sources.detection import detect_pose
from dancenow.video import probe, read_frames


def evaluate_clip(
    made: str | Path,
    truth: str | Path,
    options: EvaluateClipOptions | None = None,
    *,
    true_track: PoseTrack | None = None,
    span: tuple[int, int] | None = None,
    most: int | None = None,
    progress: ProgressCallback = silent,
) -> ClipScores:
    """Compare a clip with the true one, frame by frame.

    Args:
        made: the clip to judge.
        truth: what it should look like; of the same frame size.
        options: see `EvaluateClipOptions`.
        true_track: the true poses of all of `truth`, if known better than by detection.
        span: the frames of `truth` that `made` shows, as in `range(*span)`; by default all.
        most: compare at most so many frames, the first ones.
        progress: called for every frame.

    Raises:
        InputError: a clip cannot be read, their sizes differ, or `report` holds other files.
        ValueError: `span` is empty, or exceeds `truth`.
    """
    made, truth, options = Path(made), Path(truth), options or EvaluateClipOptions()
    report = options.report
    if report is not None:
        check_report(report)
    scores, frames = measure_clip(
        made,
        truth,
        true_track=true_track,
        span=span,
        most=most,
        estimator=options.estimator,
        device=options.device,
        progress=progress,
    )
    if report is not None:
        start = 0 if span is None else span[0]
        entries = {"made": made.name, "truth": truth.name, "frames": f"{scores.frames:,}"}
        write_clip_page(
            report,
            f"{made.name} against {truth.name}",
            entries,
            scores,
            frames,
            Compared(made, truth, start),
            scores.times.seconds,
        )
    return scores


def measure_clip(
    made: Path,
    truth: Path,
    *,
    true_track: PoseTrack | None = None,
    span: tuple[int, int] | None = None,
    most: int | None = None,
    estimator: str = "mediapipe",
    device: str = "auto",
    empty: Callable[[int], NDArray[np.uint8]] | None = None,
    progress: ProgressCallback = silent,
) -> tuple[ClipScores, PerFrame]:
    """As `evaluate_clip`, with the scores of every frame; `empty` is that of `clip_scores`."""
    start, stop, frames = _checked_span(made, truth, span)
    if most is not None:
        frames = min(most, frames)
        stop = start + frames
    times = StageTimes()
    detect = partial(detect_pose, estimator=estimator, device=device, progress=progress)
    with times.stage("detect"):
        reference = (true_track or clean(detect(probe(truth))))[start:stop]
        try:
            detected = detect(probe(made))
            found = clean(detected)
            if most is not None:
                detected, found = detected[:most], found[:most]
        except NobodyError:  # a valid result here: every frame counts as missed
            unseen = reference[:frames]
            detected = found = unseen.with_keypoints(np.zeros_like(unseen.keypoints))
    pairs = zip(read_frames(made), read_frames(truth, start=start, stop=stop), strict=False)
    return clip_scores(
        pairs, reference, found, detected, empty=empty, times=times, progress=progress
    )


def _checked_span(made: Path, truth: Path, span: tuple[int, int] | None) -> tuple[int, int, int]:
    """First frame of `truth` to compare, the one before which to stop, and the length of `made`."""
    a, b = probe(made), probe(truth)
    if a.size != b.size:
        raise InputError(
            f"{made} has frames of {a.size[0]} x {a.size[1]} pixels, {truth} of "
            f"{b.size[0]} x {b.size[1]}; give clips of equal size."
        )
    start, stop = span or (0, b.frames)
    if not 0 <= start < stop <= b.frames:
        raise ValueError(f"{truth} has {b.frames} frames; there is no span {start} to {stop}")
    frames = min(a.frames, stop - start)
    if a.frames != stop - start:
        asked = "" if span is None else f" in frames {start} to {stop - 1}"
        warnings.warn(
            f"{made} has {a.frames} frames, {truth} has {stop - start}{asked}; the first "
            f"{frames} are compared.",
            DanceNowWarning,
            stacklevel=4,
        )
    return start, stop, frames
