"""Measuring a trained performer on frames that it has not seen, as the paper does."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import torch

from dancenow.cache import cache_dir, content_hash
from dancenow.credentials import Made
from dancenow.errors import DanceNowWarning, InputError
from dancenow.evaluation.clip import PerFrame
from dancenow.evaluation.page import Compared, check_report, write_clip_page
from dancenow.evaluation.performer import SEEN_AS, PerformerScores, Seen
from dancenow.files import check_not_read
from dancenow.performer import Performer
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sources.load import Source, load_poses
from dancenow.staging.result import ResultWriter, open_result
from dancenow.staging.room import Staged, stage
from dancenow.training import choose_device
from dancenow.video import ClipInfo, VideoWriter, check_output, open_writer, probe
from dancenow.workflows.evaluate_clip import measure_clip
from dancenow.workflows.transfer import ShowOptions

_FEWEST: Final = 2  # frames: one has no motion


def evaluate_performer(
    folder: str | Path,
    clip: str | Path,
    *,
    poses: Path | None = None,
    true_poses: Path | None = None,
    estimator: str = "mediapipe",
    device: str = "auto",
    keep: Path | None = None,
    report: Path | None = None,
    seed: int = 0,
    progress: ProgressCallback = silent,
) -> PerformerScores:
    """Let a performer repeat a clip of its person, and compare the two.

    As Chan et al., 2019, measure: on frames of the same person and camera that were not learned
    (section 5), with poses that are not normalised, since they are the person's own.

    Args:
        folder: a trained performer's.
        clip: the clip that was learned, of which the frames behind the learned ones are
            performed; or another of the same person, camera and size.
        poses: the clip's true poses, a track or a folder of OpenPose files; by default they are
            detected.
        true_poses: what the poses of the performed frames are measured against, where `poses` are
            not the true ones.
        estimator: which estimator finds the poses.
        device: where the performer computes.
        keep: also write the performed clip here.
        report: a folder to leave a page with the figures in.
        seed: of what a performer draws at random.
        progress: told about every frame.

    Raises:
        InputError: what was given cannot be used.

    Warns:
        DanceNowWarning: the frames were learned, or nobody knows whether they were.
    """
    folder, clip = Path(folder), Path(clip)
    if keep is not None:
        check_output(keep)
        check_not_read(keep, clip, folder)
    if report is not None:
        check_report(report)
    performer = Performer.load(folder, choose_device(device))
    info = probe(clip)
    _check_size(info, performer)
    span, seen = _choose_span(performer, info)
    times = StageTimes()
    with times.stage("detect"):
        given = load_poses(clip, poses, estimator=estimator, progress=progress)
        staged = stage(performer, Source(given, info), normalized=False, progress=progress)
        truth = given if true_poses is None else load_poses(clip, true_poses)
    torch.manual_seed(seed)
    claim = ShowOptions().claim(Made.performance, performer, clip, folder)
    also = nullcontext() if keep is None else open_result(keep, claim, fps=info.fps, size=info.size)
    # In the cache, since that lies where the user has room for pictures.
    with also as kept, tempfile.TemporaryDirectory(prefix=".made.", dir=cache_dir()) as scratch:
        made = Path(scratch) / "frames"
        with times.stage("perform"), open_writer(made, fps=info.fps, size=info.size) as writer:
            outputs = (writer,) if kept is None else (writer, kept)
            fps_performed = _perform(performer, staged, span, outputs, progress)
        with times.stage("measure"):
            scores, frames = measure_clip(
                made, clip, true_track=truth, span=span, estimator=estimator, progress=progress
            )
        held_out = seen in ("held out", "another clip")
        measured = PerformerScores(
            folder, clip, span, held_out, seen, performer.preset, scores, fps_performed, times
        )
        if report is not None:
            _write_page(report, measured, frames, made)
    return measured


def _write_page(report: Path, measured: PerformerScores, frames: PerFrame, made: Path) -> None:
    start, stop = measured.span
    entries = {
        "performer": measured.folder.name,
        "preset": measured.preset,
        "clip": measured.clip.name,
        "frames": f"{start:,} to {stop - 1:,}, {SEEN_AS[measured.seen]}",
        "painted": f"{measured.fps_performed:.1f} frames a second",
    }
    write_clip_page(
        report,
        f"{measured.folder.name} dances {measured.clip.name}",
        entries,
        measured.scores,
        frames,
        Compared(made, measured.clip, start),
        measured.times.seconds,
    )


def _check_size(info: ClipInfo, performer: Performer) -> None:
    width, height = performer.scene.size
    if info.size != (width, height):
        raise InputError(
            f"{info.path} has frames of {info.size[0]} x {info.size[1]} px, the performer's are "
            f"{width} x {height}; give a clip of the same person, camera and size."
        )


def _choose_span(performer: Performer, info: ClipInfo) -> tuple[tuple[int, int], Seen]:
    """Which frames of a clip are performed, and what they are to the performer."""
    start, seen = 0, _relation(performer, info)
    if seen == "held out":
        start = int(performer.training["learned"]["stop"])
    if seen == "learned":
        warnings.warn(
            f"{info.path}: all of its frames were learned; train with --hold-out 0.2 for a fair "
            "figure.",
            DanceNowWarning,
            stacklevel=3,
        )
    if seen == "unknown":
        warnings.warn(
            f"{info.path}: this performer does not tell which frames it learned; if they are "
            "these, train it again with --hold-out 0.2 for a fair figure.",
            DanceNowWarning,
            stacklevel=3,
        )
    if info.frames - start < _FEWEST:
        raise InputError(
            f"{info.path}: too few frames to measure on ({info.frames - start}, at least "
            f"{_FEWEST} are needed); train with a larger --hold-out, or give a longer clip."
        )
    return (start, info.frames), seen


def _relation(performer: Performer, info: ClipInfo) -> Seen:
    learned = performer.training.get("learned")
    if learned is None:
        return "unknown"
    if learned["clip"] != content_hash(info.path):
        return "another clip"
    return "held out" if learned["stop"] < info.frames else "learned"


def _perform(
    performer: Performer,
    staged: Staged,
    span: tuple[int, int],
    outputs: Sequence[VideoWriter | ResultWriter],
    progress: ProgressCallback,
) -> float:
    """Write the performance of some frames to every output; gives the frames painted a second."""
    track = staged.track[slice(*span)]
    frames, done, spent = performer.perform(track), 0, 0.0
    while True:
        began = time.perf_counter()
        frame = next(frames, None)
        spent += time.perf_counter() - began
        if frame is None:
            return done / spent
        if staged.view is not None:
            frame = staged.view.shown(frame, span[0] + done)
        for output in outputs:
            output.write(frame)
        done += 1
        progress(Progress("dancing", done, len(track)))
