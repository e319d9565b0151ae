"""How a choreographer of poses is measured: its dance against the one it learned, by the joints."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dancenow.choreographer.choreographer import DanceRequest
from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.motion.codec import RATE, Moves
from dancenow.choreographer.motion.to_music import composition_of
from dancenow.choreographer.page import evaluation_facts
from dancenow.evaluation.dance import DanceScores, dance_scores
from dancenow.evaluation.features import joint_speed, joints_of
from dancenow.evaluation.motion import copy_distances
from dancenow.evaluation.page import Frame, evenly, write_dance_page
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.progress import Progress, ProgressCallback


def evaluate_moves(
    choreographer: PoseChoreographer,
    request: DanceRequest,
    report: Path | None,
    progress: ProgressCallback,
) -> DanceScores:
    """Compose a dance and measure it; see `Method.evaluate`."""
    composition = composition_of(request)
    moves = choreographer.compose_moves(
        composition,
        lambda done: progress(Progress("composing", done, composition.count, "vectors")),
    )
    scores = score_moves(choreographer, moves)
    if report is not None:
        new, learned = (choreographer.to_track(m) for m in (moves, choreographer.learned.pieces[0]))
        speed, usual = (joint_speed(joints_of(track)) for track in (new, learned))
        rows = {"The new dance": _stick_figures(new), "The learned dance": _stick_figures(learned)}
        ratios = (speed / max(float(usual.mean()), 1e-9)).astype(np.float32)
        write_dance_page(
            report,
            "A composed dance against the learned one",
            evaluation_facts(choreographer, request.seed),
            scores,
            (ratios, new.fps),
            rows,
        )
    return scores


def _stick_figures(track: PoseTrack) -> list[tuple[float, Frame]]:
    """Stick figures spread evenly over a dance, with their times in seconds."""
    return [
        (index / track.fps, draw_pose(track.keypoints[index], track.size))
        for index in evenly(len(track))
    ]


def score_moves(choreographer: PoseChoreographer, moves: Moves) -> DanceScores:
    """Measure a dance, `(T, D)` vectors, against what a choreographer learned."""
    learned, scale = choreographer.learned, choreographer.learned.scaler.scale
    copies = copy_distances(scale(moves), [scale(piece) for piece in learned.pieces], RATE)
    return dance_scores(
        choreographer.to_track(moves),
        [choreographer.to_track(piece) for piece in learned.pieces],
        [choreographer.to_track(piece) for piece in learned.held_out],
        copies,
        [choreographer.to_track(piece, settled=False) for piece in learned.pieces],
    )
