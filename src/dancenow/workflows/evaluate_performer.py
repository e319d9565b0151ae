"""Measuring a trained performer on held-out frames, as in the paper."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow import consent
from dancenow.cache import cache_dir
from dancenow.credentials import Made
from dancenow.errors import InputError
from dancenow.evaluation.page import check_report
from dancenow.evaluation.performer import (
    PerformerScores,
    Seen,
    choose_span,
    write_performer_page,
)
from dancenow.files import check_not_read, scratch_folder
from dancenow.options import EvaluatePerformerOptions, ShowOptions
from dancenow.performer import Performer
from dancenow.pose import PoseTrack
from dancenow.pose.dancers import LARGEST
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sources.load import Source, load_poses
from dancenow.staging.backdrop import TARGET
from dancenow.staging.result import ResultWriter, marked, open_result
from dancenow.staging.room import Staged, stage
from dancenow.staging.show import performance_claim
from dancenow.training import choose_device
from dancenow.video import ClipInfo, check_output, open_writer, probe
from dancenow.workflows.evaluate_clip import measure_clip


def evaluate_performer(
    folder: str | Path,
    clip: str | Path,
    options: EvaluatePerformerOptions | None = None,
    *,
    true_poses: Path | None = None,
    progress: ProgressCallback = silent,
) -> PerformerScores:
    """Make a performer repeat a clip of its person, and compare the two.

    As in Chan et al., 2019, section 5: on held-out frames of the same person and camera, without
    normalising the poses, which are the person's own.

    Args:
        folder: a trained performer's.
        clip: the training clip, of which the frames after the learned ones are performed; or
            another one of the same person, camera and size.
        options: see `EvaluatePerformerOptions`.
        true_poses: true poses to compare with, if `options.poses` are not the true ones.
        progress: called for every frame.

    Raises:
        InputError: an input or option cannot be used.

    Warns:
        DanceNowWarning: the frames were learned, or may have been.
    """
    folder, clip, options = Path(folder), Path(clip), options or EvaluatePerformerOptions()
    _check_outputs(folder, clip, options.keep, options.report)
    performer = Performer.load(folder, choose_device(options.device))
    if options.keep is not None:
        consent.tell(folder)
    info = probe(clip)
    _check_size(info, performer)
    learned = performer.training.get("learned")
    span, seen = choose_span(info, learned)
    person = LARGEST
    if learned is not None and seen != "another clip":
        person = learned.get("target_person", LARGEST)
    times = StageTimes()
    with times.stage("detect"):
        given = load_poses(
            info,
            options.poses,
            person=person,
            estimator=options.estimator,
            device=options.device,
            progress=progress,
        )
        as_learned = ShowOptions(normalize=False)
        staged = stage(performer, Source(given, info), as_learned, progress=progress)
        truth = given if true_poses is None else load_poses(info, true_poses, person=person)
    trial = _Trial(folder, performer, info, span, seen, staged, truth, options)
    return _measured(trial, times, progress)


@dataclass(frozen=True)
class _Trial:
    """A performance and its reference."""

    folder: Path
    performer: Performer
    info: ClipInfo
    span: tuple[int, int]
    seen: Seen
    staged: Staged
    truth: PoseTrack
    options: EvaluatePerformerOptions


def _measured(trial: _Trial, times: StageTimes, progress: ProgressCallback) -> PerformerScores:
    """Perform, measure, and write the page."""
    performer, info, clip = trial.performer, trial.info, trial.info.path
    keep, report = trial.options.keep, trial.options.report
    claim = marked(
        performance_claim(Made.performance, [performer], TARGET, clip, trial.folder), trial.options
    )
    also = nullcontext() if keep is None else open_result(keep, claim, fps=info.fps, size=info.size)
    # In the cache, where the user has disk space for pictures.
    with (
        also as kept,
        scratch_folder(cache_dir(), "made") as scratch,
    ):
        made = scratch / "frames"
        with times.stage("perform"):
            fps_performed = _perform(trial, made, kept, progress)
        with times.stage("measure"):
            scores, frames = measure_clip(
                made,
                clip,
                true_track=trial.truth,
                span=trial.span,
                estimator=trial.options.estimator,
                device=trial.options.device,
                empty=None if performer.scene.plate is None else partial(_empty, trial),
                progress=progress,
            )
        measured = PerformerScores(
            folder=trial.folder,
            clip=clip,
            span=trial.span,
            held_out=trial.seen in ("held out", "another clip"),
            seen=trial.seen,
            preset=performer.preset,
            scores=scores,
            fps_performed=fps_performed,
            times=times,
        )
        if report is not None:
            write_performer_page(report, measured, frames, made)
    return measured


def _empty(trial: _Trial, index: int) -> NDArray[np.uint8]:
    """The performer's room as frame `index` of the performance shows it."""
    plate, view = trial.performer.scene.plate, trial.staged.view
    assert plate is not None
    return plate if view is None else view.shown(plate, trial.span[0] + index)


def _check_outputs(folder: Path, clip: Path, keep: Path | None, report: Path | None) -> None:
    """Raise `InputError` now if an output cannot be written later."""
    if keep is not None:
        check_output(keep)
        check_not_read(keep, clip, folder)
    if report is not None:
        check_report(report)


def _check_size(info: ClipInfo, performer: Performer) -> None:
    width, height = performer.scene.size
    if info.size != (width, height):
        raise InputError(
            f"{info.path} has frames of {info.size[0]} x {info.size[1]} pixels, the performer's "
            f"are {width} x {height}; give a clip of the same person, camera and size."
        )


def _perform(
    trial: _Trial, made: Path, kept: ResultWriter | None, progress: ProgressCallback
) -> float:
    """Write the performance to `made` and to `keep`; returns the frames painted per second."""
    info, view = trial.info, trial.staged.view
    track = trial.staged.track[slice(*trial.span)]
    frames, done, spent = trial.performer.perform(track), 0, 0.0
    with open_writer(made, fps=info.fps, size=info.size) as writer:
        while True:
            began = time.perf_counter()
            frame = next(frames, None)
            spent += time.perf_counter() - began
            if frame is None:
                return done / spent
            if view is not None:
                frame = view.shown(frame, trial.span[0] + done)
            writer.write(frame)
            if kept is not None:
                kept.write(frame)
            done += 1
            progress(Progress("dancing", done, len(track)))
