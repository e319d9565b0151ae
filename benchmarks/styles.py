"""Is a style danced that was asked for?  A classifier of styles says.

    python benchmarks/styles.py [--minutes 5] [--seconds 120]

The four sample dances are learned as four styles.  A classifier (regularised linear discriminant
analysis of the kinetic and geometric features of windows of 4 s) learns them from five further
minutes of each, none of which was learned before; it is tested on a sixth, and on what was composed
in one style each.  Printed are the shares of windows that it takes for what they are.
"""

from __future__ import annotations

import argparse
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dance_models import sample_tracks
from dancenow.choreographer.motion.choreographer import LearnedMoves, PoseChoreographer
from dancenow.choreographer.motion.codec import Moves
from dancenow.choreographer.motion.composition import Composition
from dancenow.choreographer.motion.config import PRESETS
from dancenow.choreographer.motion.diffusion import MotionDenoiser
from dancenow.choreographer.motion.prepare import PreparedDance
from dancenow.choreographer.motion.training import MotionTraining
from dancenow.evaluation.features import geometric_features, joints_of, kinetic_features
from dancenow.pose import PoseTrack
from dancenow.training import Budget, Clock
from figures import keep_figures

Array = NDArray[np.float64]


class Classifier:
    """Linear discriminant analysis with a covariance that is drawn towards a diagonal one."""

    def __init__(self, features: Array, labels: list[str], drawn: float = 0.3) -> None:
        self.names = sorted(set(labels))
        self._mean, self._scale = features.mean(axis=0), features.std(axis=0) + 1e-3
        scaled, of = (features - self._mean) / self._scale, np.array(labels)
        means = np.stack([scaled[of == name].mean(axis=0) for name in self.names])
        within = np.concatenate(
            [scaled[of == name] - mean for name, mean in zip(self.names, means, strict=True)]
        )
        covariance = np.cov(within.T)
        covariance = (1 - drawn) * covariance + drawn * np.eye(len(covariance))
        self._weights = np.linalg.solve(covariance, means.T)
        self._bias = -0.5 * (means.T * self._weights).sum(axis=0)

    def share(self, features: Array, name: str) -> float:
        """The share of windows that is taken for a style."""
        scores = (features - self._mean) / self._scale @ self._weights + self._bias
        return float((scores.argmax(axis=1) == self.names.index(name)).mean())


def main() -> None:
    """Learn, compose, classify."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    config = PRESETS["fast"]
    paths = sample_tracks(Path("runs/dances"))
    tracks, names = [PoseTrack.load(path) for path in paths], [style_of(path) for path in paths]
    dance = PreparedDance.of(tracks, paths, config.motion, names)
    learned = LearnedMoves(
        tuple(dance.danced),
        dance.data.scaler,
        Fraction(25),
        tuple(dance.data.held_out),
        tuple(dance.styles),
    )
    network = MotionDenoiser(dance.codec.dimensions, config.motion)
    choreographer = PoseChoreographer(config, dance.codec, network, learned)
    training = MotionTraining(config.motion, dance.data, choreographer.device, 0)
    clock = Clock(Budget(options.minutes))
    while not clock.over:
        training.step(clock.step, clock.fraction)
        clock.step += 1
    choreographer.network = training.average.module
    print(f"{clock.step} steps")

    def features(moves: Moves) -> Array:
        joints = joints_of(choreographer.to_track(moves))
        return np.concatenate([kinetic_features(joints), geometric_features(joints)], axis=1)

    windows = {
        path: features(np.concatenate(dance.codec.encode(PoseTrack.load(path))))
        for path in sample_tracks(Path("runs/dances"), range(5, 11))
    }
    known = [path for path in windows if not path.stem.endswith("10")]
    classifier = Classifier(
        np.concatenate([windows[path] for path in known]),
        [style_of(path) for path in known for _ in windows[path]],
    )
    found: dict[str, dict[str, float]] = {}
    for name in sorted(set(names)):
        (real,) = (
            each for path, each in windows.items() if path not in known and style_of(path) == name
        )
        start = time.monotonic()
        asked = choreographer.compose_moves(Composition(options.seconds, seed=1, style={name: 1.0}))
        spent = time.monotonic() - start
        found[name] = {"real": classifier.share(real, name),
                       "composed": classifier.share(features(asked), name)}  # fmt: skip
        print(
            f"{name}: {100 * found[name]['real']:.0f} % of real windows, "
            f"{100 * found[name]['composed']:.0f} % of composed ones, {spent:.2f} s"
        )
    mean = {kind: sum(of[kind] for of in found.values()) / len(found) for kind in found[name]}
    keep_figures("dances", "styles", {"steps": clock.step, **found, "all": mean})


def style_of(path: Path) -> str:
    """The dance in a sample track's name."""
    return path.stem.split("_")[1]


if __name__ == "__main__":
    main()
