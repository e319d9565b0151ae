"""Measuring a choreographer: how its dances move, whether they live, whether they are copies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer import Choreographer
from dancenow.choreographer.dancenet.choreographer import check_dream
from dancenow.choreographer.dancenet.codec import Latents
from dancenow.choreographer.dancenet.frames import as_rgb
from dancenow.choreographer.motion.choreographer import (
    Composition,
    PoseChoreographer,
    learned_codec,
)
from dancenow.choreographer.motion.codec import RATE, Moves
from dancenow.errors import InputError
from dancenow.evaluation.dance import DanceScores, dance_scores
from dancenow.evaluation.features import joint_speed, joints_of
from dancenow.evaluation.motion import (
    MotionScores,
    copy_distances,
    motion_scores,
    picture_speeds,
    usual_speed,
)
from dancenow.evaluation.page import SHOTS, Frame, check_report, chosen, evenly, write_dance_page
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.training.device import choose_device


def evaluate_dance(
    folder: str | Path | Choreographer | PoseChoreographer,
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
        folder: a trained choreographer, or its folder.
        seconds: length of the dance.
        temperature: as for `Choreographer.compose`.
        seed: likewise.
        reference: likewise.
        device: where the networks compute.
        report: a folder to leave a page with the figures in.
        progress: told about every picture.

    Raises:
        InputError: what was given cannot be used.
    """
    check_dream(seconds, temperature)
    if report is not None:
        check_report(report)
    choreographer = folder
    if not isinstance(choreographer, Choreographer | PoseChoreographer):
        of_poses = learned_codec(Path(choreographer)) == "pose"
        kind = PoseChoreographer if of_poses else Choreographer
        choreographer = kind.load(choreographer, choose_device(device))
    if isinstance(choreographer, PoseChoreographer):
        if reference:
            raise InputError("--reference: belongs to --codec frame; leave it out.")
        return _evaluate_poses(choreographer, seconds, temperature, seed, report, progress)
    reference = choreographer.config.reference if reference is None else reference
    rate = float(choreographer.fps(reference=True)) if reference else choreographer.learned.rate
    composed = choreographer.compose_latents(
        seed=seed, temperature=temperature, reference=reference
    )
    latents = np.stack(list(islice(composed, max(2, round(seconds * rate)))))
    return _evaluate_pictures(choreographer, latents, rate, seed, report, progress)


def _evaluate_pictures(
    choreographer: Choreographer,
    latents: Latents,
    rate: float,
    seed: int,
    report: Path | None,
    progress: ProgressCallback,
) -> MotionScores:
    """Measure a dance of latents, `rate` a second, by its decoded pictures."""
    learned, scale = choreographer.learned, choreographer.learned.scaler.scale
    clips = learned.clips()
    new, danced = _watched(choreographer, [latents], rate, "dancing", progress)
    old, real = _watched(choreographer, clips, learned.rate, "the learned dance", progress)
    scaled = scale(latents)
    like_learned = np.arange(0, len(scaled), rate / learned.rate).astype(int)
    copies = copy_distances(scaled[like_learned], [scale(clip) for clip in clips], learned.rate)
    scores = motion_scores(danced, rate, real, learned.rate, scaled, copies)
    if report is not None:
        rows = {
            "The new dance": [(at, as_rgb(picture)) for at, picture in new],
            "The learned dance": [(at, as_rgb(picture)) for at, picture in old[:SHOTS]],
        }
        entries = _entries(choreographer.training, "frame", choreographer.config.preset, seed)
        title = "A dreamt dance against the learned one"
        speeds = danced / usual_speed(real), rate
        write_dance_page(report, title, entries, scores, speeds, rows)
    return scores


def _watched(
    choreographer: Choreographer,
    clips: Sequence[Latents],
    rate: float,
    stage: str,
    progress: ProgressCallback,
) -> tuple[list[tuple[float, Frame]], NDArray[np.float32]]:
    """Some decoded pictures with their time, and all changes, in parts of full scale a second."""
    kept: list[tuple[float, Frame]] = []

    def pictures(of: Latents) -> Iterator[Frame]:
        for done, picture in enumerate(choreographer.codec.decode(of), start=1):
            yield picture
            progress(Progress(stage, done, len(of), "pictures"))

    # A second, since the original's pictures come at another rate.
    speeds = [rate * picture_speeds(chosen(pictures(of), len(of), rate, kept)) for of in clips]
    return kept, np.concatenate(speeds)


def _entries(training: Mapping[str, Any], codec: str, preset: str, seed: int) -> dict[str, object]:
    return {
        "learned from": ", ".join(map(str, training.get("clips", ()))),
        "codec": codec,
        "preset": preset,
        "steps of training": f"{int(training.get('steps', 0)):,}",
        "seed": str(seed),
    }


def _evaluate_poses(
    choreographer: PoseChoreographer,
    seconds: float,
    temperature: float | None,
    seed: int,
    report: Path | None,
    progress: ProgressCallback,
) -> DanceScores:
    wanted = Composition(seconds, seed, 1.0 if temperature is None else temperature)

    def tell(done: int) -> None:
        progress(Progress("composing", done, wanted.count, "vectors"))

    moves = choreographer.compose_moves(wanted, tell)
    scores = score_moves(choreographer, moves)
    if report is not None:
        new, learned = (choreographer.danced(m) for m in (moves, choreographer.learned.pieces[0]))
        speed, usual = (joint_speed(joints_of(track)) for track in (new, learned))
        rows = {
            "The new dance": _figures(new),
            "The learned dance": _figures(learned),
        }
        entries = _entries(choreographer.training, "pose", choreographer.config.preset, seed)
        ratios = (speed / max(float(usual.mean()), 1e-9)).astype(np.float32)
        title = "A composed dance against the learned one"
        write_dance_page(report, title, entries, scores, (ratios, new.fps), rows)
    return scores


def _figures(track: PoseTrack) -> list[tuple[float, Frame]]:
    """Stick figures of a dance with their time in seconds, evenly over it."""
    return [
        (index / track.fps, draw_pose(track.keypoints[index], track.size))
        for index in evenly(len(track))
    ]


def score_moves(choreographer: PoseChoreographer, moves: Moves) -> DanceScores:
    """Measure a dance, `(T, D)` vectors, against what a choreographer learned."""
    learned, scale = choreographer.learned, choreographer.learned.scaler.scale
    copies = copy_distances(scale(moves), [scale(piece) for piece in learned.pieces], RATE)
    return dance_scores(
        choreographer.danced(moves),
        [choreographer.danced(piece) for piece in learned.pieces],
        [choreographer.danced(piece) for piece in learned.held_out],
        copies,
        [choreographer.danced(piece, settled=False) for piece in learned.pieces],
    )
