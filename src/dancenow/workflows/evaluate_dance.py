"""Measuring a choreographer: how its dances move, whether they live, whether they are copies."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer import Choreographer
from dancenow.choreographer.choreographer import check_dream
from dancenow.choreographer.codec import Latents
from dancenow.choreographer.motion.choreographer import (
    Composition,
    PoseChoreographer,
    learned_codec,
)
from dancenow.choreographer.motion.codec import RATE, Moves
from dancenow.errors import InputError
from dancenow.evaluation.dance import DanceScores, dance_scores
from dancenow.evaluation.motion import (
    MotionScores,
    copy_distances,
    longest_stand,
    picture_speeds,
    slowest_part,
)
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
        progress: told about every picture.

    Raises:
        InputError: what was given cannot be used.
    """
    check_dream(seconds, temperature)
    if not isinstance(folder, Choreographer | PoseChoreographer):
        of_poses = learned_codec(Path(folder)) == "pose"
        kind = PoseChoreographer if of_poses else Choreographer
        folder = kind.load(folder, choose_device(device))
    if isinstance(folder, PoseChoreographer):
        if reference:
            raise InputError("--reference: belongs to --codec frame; leave it out.")
        return _evaluate_poses(folder, seconds, temperature, seed, progress)
    choreographer = folder
    learned = choreographer.learned
    reference = choreographer.config.reference if reference is None else reference
    rate = float(choreographer.fps(reference=True)) if reference else learned.rate
    count = max(2, round(seconds * rate))
    composed = choreographer.compose_latents(
        seed=seed, temperature=temperature, reference=reference
    )
    latents = np.stack(list(islice(composed, count)))

    def pictures(of: Latents, stage: str) -> Iterator[NDArray[np.uint8]]:
        for done, picture in enumerate(choreographer.codec.decode(of), start=1):
            yield picture
            progress(Progress(stage, done, len(of), "pictures"))

    # Changes a second, since the original's pictures come at another rate.
    danced = rate * picture_speeds(pictures(latents, "dancing"))
    real = learned.rate * np.concatenate(
        [picture_speeds(pictures(clip, "the learned dance")) for clip in learned.clips()]
    )
    usual = float(real.mean()) or float("nan")  # nothing to compare with where nothing moves
    scaler = learned.scaler
    scaled = scaler.scale(latents)
    like_learned = np.arange(0, len(scaled), rate / learned.rate).astype(int)
    copies = copy_distances(
        scaled[like_learned], [scaler.scale(c) for c in learned.clips()], learned.rate
    )
    nothing = float("nan")
    return MotionScores(
        seconds=count / rate,
        speed_ratio=float(danced.mean()) / usual,
        slowest_ratio=slowest_part(danced) / usual,
        freeze=longest_stand(danced, usual, rate),
        learned_freeze=longest_stand(real, usual, learned.rate),
        outside=float(((scaled < 0) | (scaled > 1)).mean()),
        copy_distance=float(np.median(copies)) if len(copies) else nothing,
        nearest=float(copies.min()) if len(copies) else nothing,
    )


def _evaluate_poses(
    choreographer: PoseChoreographer,
    seconds: float,
    temperature: float | None,
    seed: int,
    progress: ProgressCallback,
) -> DanceScores:
    wanted = Composition(seconds, seed, 1.0 if temperature is None else temperature)

    def tell(done: int) -> None:
        progress(Progress("composing", done, wanted.count, "vectors"))

    return score_moves(choreographer, choreographer.compose_moves(wanted, tell))


def score_moves(choreographer: PoseChoreographer, moves: Moves) -> DanceScores:
    """Measure a dance, `(T, D)` vectors, against what a choreographer learned."""
    learned, scale = choreographer.learned, choreographer.learned.scaler.scale
    copies = copy_distances(scale(moves), [scale(piece) for piece in learned.pieces], RATE)
    return dance_scores(
        choreographer.danced(moves),
        [choreographer.danced(piece) for piece in learned.pieces],
        [choreographer.danced(piece) for piece in learned.held_out],
        copies,
    )
