"""Frames a second of DanceNow's pose extraction against a bare MediaPipe loop on the same clip.

    python benchmarks/pose_extraction.py CLIP [--frames N]

Both read the clip from its file.  The bare loop is PyAV's decoder on all cores and
`Holistic.process` on each frame; ours is `read_frames` and `MediaPipeEstimator`, from file to
keypoints.  They take turns by blocks of frames, and the ratio is the median over the pairs of
blocks, so that what else the machine does in the meantime touches both alike.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av

from dancenow.pose.estimators import MediaPipeEstimator, pose_model
from dancenow.video import probe, read_frames
from figures import keep_figures

BLOCK = 20  # frames


def bare(clip: Path) -> Iterator[object]:
    """PyAV + Holistic: one result a frame."""
    from mediapipe.python.solutions.holistic import Holistic

    complexity = 2 if pose_model() == "heavy" else 1
    with av.open(str(clip)) as container, Holistic(model_complexity=complexity) as holistic:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            yield holistic.process(frame.to_ndarray(format="rgb24"))


def ours(clip: Path) -> Iterator[object]:
    """`MediaPipeEstimator` on `read_frames`: one detection a frame."""
    yield from MediaPipeEstimator().stream(read_frames(clip))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int, default=240)
    arguments = parser.parse_args()

    runs = {"bare": bare(arguments.clip), "ours": ours(arguments.clip)}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        next(run)  # loads the models
    for block in range(arguments.frames // BLOCK):
        # Who goes first changes, so that neither always finds the caches warm.
        for name in sorted(runs, reverse=bool(block % 2)):
            start = time.perf_counter()
            done = sum(1 for _ in islice(runs[name], BLOCK))
            if done == BLOCK:
                seconds[name].append(time.perf_counter() - start)
    pairs = list(zip(seconds["bare"], seconds["ours"], strict=True))
    if not pairs:
        parser.error(f"{arguments.clip} has fewer than {BLOCK} frames")

    blocks = f"{len(pairs)} blocks of {BLOCK} frames"
    print(f"{arguments.clip.name}, {pose_model()} model: {blocks}, {os.cpu_count()} cores")
    for name, values in seconds.items():
        print(f"  {name}  {BLOCK / statistics.median(values):6.1f} frames/s")
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"  ours / bare  {ratio:.0%}")
    width, height = probe(arguments.clip).size
    found = {"width": width, "height": height, "model": pose_model(), "of_a_bare_loop": ratio,
             "frames_a_second": BLOCK / statistics.median(seconds["ours"])}  # fmt: skip
    keep_figures("rates", f"poses {arguments.clip.name}", found)


if __name__ == "__main__":
    main()
