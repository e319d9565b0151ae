"""How near each estimator comes to the true poses of the shipped sample clips, and how fast.

    python benchmarks/estimators.py [--estimators mediapipe litert]

What an estimator finds is compared as it is, without cleaning: mean distance of body, face and
hands from the truth, in % of the body's height, and frames a second from file to keypoints, without
loading the models.  The estimators take turns, clip by clip.
"""

from __future__ import annotations

import argparse
import time
from importlib.resources import files
from pathlib import Path
from statistics import median

from dancenow.evaluation import pose_scores
from dancenow.pose import PoseTrack
from dancenow.pose.estimators import make_estimator
from dancenow.pose.estimators.base import cast_of
from dancenow.video import probe, read_frames
from figures import keep_figures

CLIPS = Path(str(files("dancenow") / "sample" / "shipped" / "clips"))


def looked_at(clip: Path, estimator: str) -> tuple[PoseTrack, float]:
    """What an estimator finds in a clip, and how many frames a second after the first."""
    info = probe(clip)
    stream = make_estimator(estimator).stream(read_frames(clip))
    seen = [next(stream)]
    start = time.perf_counter()
    seen.extend(stream)
    rate = (len(seen) - 1) / (time.perf_counter() - start)
    return cast_of(seen, float(info.fps), info.size).tracks[0], rate


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--estimators", nargs="+", default=["mediapipe", "litert"])
    names = parser.parse_args().estimators
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for clip in sorted(CLIPS.glob("*.mp4")):
        truth = PoseTrack.load(clip.with_suffix(".pose.npz"))
        for name in names:
            track, rate = looked_at(clip, name)
            off = pose_scores(track, truth).distance_percent
            one = {"frames_a_second": rate, **{part: off[part] or float("nan") for part in off}}
            found[name].append(one)
            print(f"{clip.stem:12} {name:10}", {key: round(each, 2) for key, each in one.items()})
    for name, each in found.items():
        medians = {key: median(one[key] for one in each) for key in each[0]}
        keep_figures("poses", name, {"clips": len(each), **medians})


if __name__ == "__main__":
    main()
