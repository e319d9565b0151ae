"""Which cleaning brings detected poses closest to the true ones.

    python benchmarks/filters.py DETECTED.npz TRUE.npz [DETECTED.npz TRUE.npz ...]

Each pair shows the same clip: the track that an estimator found in it, and the true one (the
sample performers write it).  For every candidate, over the keypoints that both tracks show
(smoothing moves a keypoint by at most 0.5 % of the body's height, unless another bound is named;
tracks are joined with the flow of the clip that `dancenow sample` wrote beside the true one):

- error: mean distance to the truth, in % of the body's height;
- fast: the same over the 5 % of keypoints and frames that truly move fastest (peak motion);
- jitter: mean distance between the accelerations, in body heights / s², of what is detected and
  what is true;
- shown: keypoints shown, in % of those that are truly there.

Constant differences between what an estimator and the truth call a joint (the hip, say) are no
fault of the filter: the median offset of each keypoint over the clip is taken away first.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from dancenow.pose.body_size import body_height
from dancenow.pose.filters import CleanConfig, SmoothConfig, clean, complete
from dancenow.pose.flow_fusion import flow_height, join_with_flow, measure_flow
from dancenow.pose.layout import BODY, FACE, LEFT_HAND, RIGHT_HAND
from dancenow.pose.track import PoseTrack
from dancenow.video import read_frames
from figures import keep_figures

Way = Callable[[PoseTrack, Path], PoseTrack]  # of a detected track, with the true one's path

PARTS = {
    "body": np.arange(BODY.start, BODY.stop),
    "hands": np.r_[LEFT_HAND, RIGHT_HAND],
    "face": np.arange(FACE.start, FACE.stop),
}
MIN_FRAMES = 10  # a keypoint seen in fewer frames of both tracks is left out


def candidates() -> Iterator[tuple[str, Way]]:
    """The names of what competes, and what each does with a detected track."""
    yield "as detected", lambda found, _: found
    yield "outliers and gaps only", _config(0.0, 0.0)
    for median in (0.0, 0.12):
        for window in (0.0, 0.2, 0.3, 0.4):
            if median or window:
                yield f"median {median} s, parabola {window} s", _config(median, window)
    for bound in (0.01, 0.02, float("inf")):
        for window in (0.2, 0.3):
            label = f"median 0.12 s, parabola {window} s, bound {100 * bound:.1f} %"
            yield label, _config(0.12, window, bound)


def _config(median: float, window: float, bound: float = 0.005) -> Way:
    config = replace(CleanConfig(), smooth=SmoothConfig(median, window, bound))
    return lambda found, _: clean(found, config)


def measure(found: PoseTrack, true: PoseTrack, keypoints: np.ndarray) -> dict[str, float]:
    """The four figures of one track against the truth, for some of the keypoints."""
    height = float(np.nanmedian(body_height(true)))
    a = found.xy[:, keypoints].astype(float) / height
    b = true.xy[:, keypoints].astype(float) / height
    there = true.confidence[:, keypoints] > 0
    both = there & (found.confidence[:, keypoints] > 0)
    both &= both.sum(axis=0) >= MIN_FRAMES
    if not both.any():
        return {"error": np.nan, "fast": np.nan, "jitter": np.nan, "shown": 0.0}
    offset = np.ma.masked_array(a - b, np.repeat(~both[..., None], 2, axis=-1))
    a = a - np.ma.median(offset, axis=0).filled(0.0)
    distance = np.linalg.norm(a - b, axis=-1)
    speed = np.linalg.norm(np.gradient(b, axis=0), axis=-1)
    fast = both & (speed >= np.quantile(speed[both], 0.95))
    acceleration = np.diff(a - b, 2, axis=0) * true.fps**2
    three = both[2:] & both[1:-1] & both[:-2]
    return {
        "error": 100 * float(distance[both].mean()),
        "fast": 100 * float(distance[fast].mean()),
        "jitter": float(np.linalg.norm(acceleration, axis=-1)[three].mean()),
        "shown": 100 * float(both.sum() / max(1, there.sum())),
    }


def load_pairs(paths: list[Path]) -> list[tuple[PoseTrack, PoseTrack]]:
    """Read the pairs and see to it that they fit each other."""
    if not paths or len(paths) % 2:
        sys.exit("give pairs of tracks: DETECTED.npz TRUE.npz")
    tracks = [PoseTrack.load(path) for path in paths]
    pairs = list(zip(tracks[::2], tracks[1::2], strict=True))
    for (found, true), path in zip(pairs, paths[::2], strict=True):
        if (len(found), found.size) != (len(true), true.size):
            sys.exit(f"{path}: {len(found)} frames of {found.size}, the truth has {len(true)} "
                     f"of {true.size}; they must show the same clip")  # fmt: skip
    return pairs


def joined(found: PoseTrack, true: Path) -> PoseTrack:
    """The track as DanceNow uses it; the clip lies beside the true track."""
    clip = true.with_name(true.name.replace(".pose.npz", ".mp4"))
    track = complete(found)
    heights = np.full(len(track) - 1, flow_height(track))
    return join_with_flow(track, measure_flow(track.keypoints, heights, read_frames(clip)))


def measure_all(
    cleaned: list[PoseTrack], pairs: list[tuple[PoseTrack, PoseTrack]]
) -> dict[str, dict[str, float]]:
    """The figures of all parts of the body, means over the clips."""
    found = {}
    for part, keypoints in PARTS.items():
        each = [
            measure(track, true, keypoints) for track, (_, true) in zip(cleaned, pairs, strict=True)
        ]
        found[part] = {k: float(np.nanmean([m[k] for m in each])) for k in each[0]}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tracks", nargs="*", type=Path, metavar="TRACK")
    paths = parser.parse_args().tracks
    pairs = load_pairs(paths)
    frames = sum(len(found) for found, _ in pairs)
    print(f"{len(pairs)} clips, {frames} frames; mean over the clips")
    head = "".join(f" | {part:>5} error   fast jitter shown" for part in PARTS)
    print(f"{'':48}{head} | frames/s")
    table = {}
    for name, way in {"joined with the clip's flow": joined, **dict(candidates())}.items():
        start = time.perf_counter()
        cleaned = [way(found, true) for (found, _), true in zip(pairs, paths[1::2], strict=True)]
        rate = frames / (time.perf_counter() - start)
        parts = measure_all(cleaned, pairs)
        table[name] = {**parts, "frames_a_second": round(rate)}
        row = "".join(
            " |       {error:5.3f} {fast:6.3f} {jitter:6.2f} {shown:5.1f}".format(**figures)
            for figures in parts.values()
        )
        print(f"{name:48}{row} | {rate:8.0f}", flush=True)
    width, height = pairs[0][1].size
    what = f"{len(pairs)} clips of {width} x {height}"
    keep_figures("poses", what, {"frames": frames, **table})


if __name__ == "__main__":
    main()
