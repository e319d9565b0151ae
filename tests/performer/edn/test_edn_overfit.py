"""A tiny performer of the paper's kind learns one dance by heart; smoothing keeps it steady."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.evaluation import picture_scores
from dancenow.evaluation.flicker import Flicker
from dancenow.performer.edn.config import EDN_PRESETS
from dancenow.performer.edn.dataset import PairSet
from dancenow.performer.edn.performer import EDNPerformer, FrameScene
from dancenow.performer.edn.training import EDNTraining
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.sample import render_sample
from dancenow.training import Device

PX, FPS, STEPS = 64, 10, 400
JITTER = 1.2  # px, standard deviation, on a figure of about 48 px: a detector's worse moments
Frame = NDArray[np.uint8]
CPU = Device("cpu", "32-true")


class Result(NamedTuple):
    psnr: float  # dB in the person's box, with the true poses
    flicker: float  # of 255, where the true video stands still, with poses that jitter


def learned_by_heart(pairs: PairSet, track: PoseTrack, *, temporal: bool) -> Result:
    base = EDN_PRESETS["edn-tiny"]
    optimizer = base.optimizer.model_copy(update={"batch": 1, "learning_rate": 8e-4})
    smaller = {"blocks": 2, "downsamplings": 2, "discriminator_scales": 1}
    config = base.model_copy(
        update={
            "temporal": temporal,
            "stages": base.stages[:1],
            "optimizer": optimizer,
            "networks": base.networks.model_copy(update=smaller),
        }
    )
    training = EDNTraining(config, pairs, CPU.fabric(), 0, None)
    for step in range(STEPS):
        training.step(step, step / STEPS)
    training.close()
    scene = FrameScene((PX, PX), FPS, None, pairs.side)
    performer = EDNPerformer(config, scene, training.coarse, None, CPU)
    psnr = psnr_of_person(list(performer.perform(track)), pairs.frames, track)
    keypoints = track.keypoints.copy()
    keypoints[..., :2] += np.random.default_rng(0).normal(0, JITTER, keypoints[..., :2].shape)
    flicker = Flicker()
    painted = performer.perform(track.with_keypoints(keypoints))
    for made, true in zip(painted, pairs.frames, strict=True):
        flicker.add(made, true, None)
    scores = flicker.scores()
    assert scores is not None and scores.made is not None
    return Result(psnr, scores.made)


def psnr_of_person(made: Sequence[Frame], true: Sequence[Frame], track: PoseTrack) -> float:
    scores = []
    for box, a, b in zip(body_extent(track), made, true, strict=True):
        left, top, right, bottom = np.clip(np.round(box), 0, PX).astype(int)
        scores.append(picture_scores(a[top:bottom, left:right], b[top:bottom, left:right]).psnr)
    return float(np.mean(scores))


@pytest.mark.slow
def test_a_dance_is_learned_by_heart_and_smoothing_makes_it_flicker_less() -> None:
    frames, keypoints = zip(
        *render_sample("zola", "house", seconds=1, size=PX, fps=FPS), strict=True
    )
    rows = np.arange(1, len(frames))
    track = PoseTrack(np.stack(keypoints), FPS, (PX, PX))
    pairs = PairSet.of_poses(np.stack(frames), track.keypoints, np.stack([rows - 1, rows], axis=1))
    mean = pairs.frames.mean(axis=0).astype(np.uint8)
    still = psnr_of_person([mean] * len(frames), pairs.frames, track)
    smooth = learned_by_heart(pairs, track, temporal=True)
    apart = learned_by_heart(pairs, track, temporal=False)
    assert min(smooth.psnr, apart.psnr) > still + 3
    assert smooth.flicker < 0.8 * apart.flicker
