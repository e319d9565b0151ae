"""Dances and models of motion that have learned nothing, for tests of all that surrounds them."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from dancenow.choreographer.motion.choreographer import LearnedMoves, PoseChoreographer
from dancenow.choreographer.motion.codec import PoseCodec
from dancenow.choreographer.motion.config import PRESETS, MotionConfig
from dancenow.choreographer.motion.diffusion import MotionDenoiser
from dancenow.choreographer.motion.scaler import MoveScaler
from dancenow.pose import PoseTrack
from dancenow.sample import dance_track
from dancenow.training import Device

CPU = Device("cpu", "32-true")
SMALL = MotionConfig(window=24, width=16, heads=2, layers=1, batch=4, warmup_steps=2)


@lru_cache
def dancing(
    dancer: str = "zola",
    dance: str = "groove",
    seconds: float = 10,
    fps: float = 20,
    size: tuple[int, int] = (160, 120),
) -> PoseTrack:
    """The true poses of a sample performer; the same track every time, not to be written into."""
    return dance_track(dancer, dance, seconds=seconds, size=size, fps=fps)


def without(track: PoseTrack, *keypoints: int | slice, frames: slice = slice(None)) -> PoseTrack:
    """A track in which some keypoints are missing."""
    hidden = track.keypoints.copy()
    for part in keypoints:
        hidden[frames, part] = 0
    return track.with_keypoints(hidden)


class SmoothDance(nn.Module):
    """The exact denoiser of smooth noise: what a network that has learned it all would answer.

    Every value is a Gaussian process of variance 1 whose covariance over d vectors is Matern's of
    order 3/2; what is given, and what is seen through noise, say what is to be expected.
    """

    def __init__(self, window: int = 24, slow: float = 4.0) -> None:
        super().__init__()
        self.window = window
        self.asked: list[float] = []  # the energies
        apart = (torch.arange(window)[:, None] - torch.arange(window)[None]).abs() / slow
        self.covariance = ((1 + apart) * torch.exp(-apart)).double()

    def forward(self, noisy: Tensor, level: Tensor, energy: Tensor, known: Tensor) -> Tensor:
        self.asked += energy.tolist()
        count = noisy.shape[1]
        prior = self.covariance[:count, :count]
        noise = torch.diag_embed(level.double()[:, None] ** 2 * (1 - known.double()) + 1e-6)
        return (prior @ torch.linalg.solve(prior + noise, noisy.double())).float()


def untrained_choreographer(
    track: PoseTrack, motion: MotionConfig = SMALL, *, smooth: bool = False
) -> PoseChoreographer:
    """A choreographer that knows a track's body, with weights by chance.

    Args:
        track: what it would have learned.
        motion: its size.
        smooth: let it compose smooth noise; it cannot be saved then.
    """
    codec = PoseCodec.fit([track])
    pieces = codec.encode(track)
    scaler = MoveScaler.fit(pieces, motion.window)
    torch.manual_seed(0)
    network = MotionDenoiser(codec.dimensions, motion)
    with torch.no_grad():  # it would begin with nothing
        network.exit.weight.normal_(0, 0.05)
    config = PRESETS["tiny"].model_copy(update={"motion": motion})
    fps = Fraction(track.fps).limit_denominator(1001)
    return PoseChoreographer(
        config,
        codec,
        SmoothDance(motion.window) if smooth else network,  # type: ignore[arg-type]
        LearnedMoves(tuple(pieces), scaler, fps),
        CPU,
        {"steps": 0},
    )


def steps_of(values: np.ndarray) -> np.ndarray:
    """How far each frame of `(T, ...)` lies from the one before, on average, `(T - 1,)`."""
    change = np.diff(values.reshape(len(values), -1), axis=0)
    return np.sqrt((change**2).mean(axis=1))
