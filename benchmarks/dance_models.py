"""Models of motion on the same vectors, with the same budget: which dances best?

    python benchmarks/dance_models.py [TRACK...] [--minutes 5] [--seconds 600] [--models lstm ...]

Without tracks, twenty minutes of the sample performers' dances are learned.  `diffusion` is the
default of the pose codec; `lstm` is DanceNet's LSTM and mixture density network with memory,
principal axes and an autoregressive start (the fast preset of the frame codec); `dancenet` samples
as DanceNet does: one vector at a time, no memory.  Printed is what `dancenow evaluate dance`
prints.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import asdict
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from dancenow.choreographer.dancenet.codec import LatentScaler
from dancenow.choreographer.dancenet.config import PRESETS as FRAME_PRESETS
from dancenow.choreographer.dancenet.sampling import dream, dream_as_original
from dancenow.choreographer.dancenet.sequence_training import SequenceTraining
from dancenow.choreographer.motion.choreographer import LearnedMoves, PoseChoreographer
from dancenow.choreographer.motion.codec import RATE, Moves
from dancenow.choreographer.motion.composition import Composition
from dancenow.choreographer.motion.config import PRESETS, PoseChoreographerConfig
from dancenow.choreographer.motion.diffusion import MotionDenoiser
from dancenow.choreographer.motion.evaluation import score_moves
from dancenow.choreographer.motion.prepare import PreparedDance
from dancenow.choreographer.motion.training import MotionTraining
from dancenow.pose import PoseTrack
from dancenow.sample import dance_track
from dancenow.training import Budget, Clock, choose_device
from figures import keep_figures

_DANCES = (("zola", "groove"), ("bo", "disco"), ("lin", "wave"), ("mika", "house"))
_MODELS = ("diffusion", "lstm", "dancenet")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tracks", nargs="*", type=Path)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--models", nargs="+", choices=_MODELS, default=list(_MODELS))
    options = parser.parse_args()
    paths = options.tracks or sample_tracks(Path("runs/dances"))
    config = PRESETS["fast"]
    dance = PreparedDance.of([PoseTrack.load(path) for path in paths], paths, config.motion)
    print(f"{sum(map(len, dance.danced)) / RATE:.0f} s of dance, {dance.codec.dimensions} values")
    for model in options.models:
        clock = Clock(Budget(steps=options.steps) if options.steps else Budget(options.minutes))
        base = _base(dance, config)
        if model == "diffusion":
            moves = _diffusion(dance, base, clock, options.seconds)
        else:
            moves = _recurrent(dance, clock, options.seconds, reference=model == "dancenet")
        print(f"\n{model}: {clock.step} steps")
        scores = score_moves(base, moves)
        print("\n".join(scores.lines()), flush=True)
        keep_figures("dances", model, {"steps": clock.step, **asdict(scores)})


def sample_tracks(folder: Path, seeds: Iterable[int] = range(5)) -> list[Path]:
    """Tracks of the sample dances, a minute each, which are made where they are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for seed in seeds:
        for performer, name in _DANCES:
            path = folder / f"{performer}_{name}_{seed}.npz"
            if not path.is_file():
                dance_track(performer, name, seconds=60, seed=seed).save(path)
            paths.append(path)
    return paths


def _base(dance: PreparedDance, config: PoseChoreographerConfig) -> PoseChoreographer:
    network, data = MotionDenoiser(dance.codec.dimensions, config.motion), dance.data
    learned = LearnedMoves(tuple(dance.danced), data.scaler, Fraction(25), tuple(data.held_out))
    return PoseChoreographer(config, dance.codec, network, learned)


def _diffusion(
    dance: PreparedDance, base: PoseChoreographer, clock: Clock, seconds: float
) -> Moves:
    training = MotionTraining(base.config.motion, dance.data, base.device, 0)
    while not clock.over:
        training.step(clock.step, clock.fraction)
        clock.step += 1
        if clock.step % 100 == 0:
            print(f"step {clock.step}: held out {training.held_out_loss():.4f}", flush=True)
    base.network = training.average.module
    start = time.monotonic()
    base.compose_moves(Composition(60.0))
    print(f"one minute composed in {time.monotonic() - start:.2f} s")
    return base.compose_moves(Composition(seconds))


def _recurrent(dance: PreparedDance, clock: Clock, seconds: float, *, reference: bool) -> Moves:
    preset = FRAME_PRESETS["dancenet" if reference else "fast"].sequence
    device = choose_device()
    scaler = LatentScaler.fit(
        np.concatenate(dance.data.pieces), principal_axes=preset.principal_axes
    )
    clips = [scaler.scale(piece) for piece in dance.data.pieces]
    training = SequenceTraining(preset, clips, device, 0, reference=reference)
    while not clock.over:
        training.step(clock.step, clock.fraction)
        clock.step += 1
    training.network.eval()
    count = round(seconds * RATE)
    if reference:
        drawn = dream_as_original(
            training.network, scaler, clips[0][200], device, temperature=0.05, seed=0
        )
        return np.stack(list(islice(drawn, count)))
    dreamt = dream(training.network, clips[0][:64], device, temperature=1.0, seed=0)
    return np.stack([scaler.unscale(vector) for vector in islice(dreamt, count)])


if __name__ == "__main__":
    main()
