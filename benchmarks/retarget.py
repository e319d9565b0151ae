"""How near a normalised motion comes to the truth, with the body as a whole and limb by limb.

    python benchmarks/retarget.py [--seconds 12]

Every sample performer's dance is given to every other one; what the other one's true poses are in
that dance is known.  Prints the mean distance of body, face and hands in % of the target's height,
and the limbs' lengths: how far they are from the target's, in %.
"""

from __future__ import annotations

import argparse
from itertools import permutations
from statistics import mean

from dancenow.evaluation import pose_scores
from dancenow.pose import PoseTrack
from dancenow.pose.normalize import normalize, pose_statistics
from dancenow.pose.retarget import body_shape, retarget_limbs
from dancenow.sample import PERFORMERS, dance_track
from figures import keep_figures

_SIZE = 256
_LEARNED, _DANCED = "house", "groove"  # by the target, by the source


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=12.0)
    seconds = parser.parse_args().seconds
    print("| source | target | way | body % | face % | hands % | limbs % |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    totals: dict[str, list[tuple[float, ...]]] = {}
    for source, target in permutations(PERFORMERS, 2):
        motion, truth = (
            dance_track(who, _DANCED, seconds=seconds, size=_SIZE) for who in (source, target)
        )
        learned = dance_track(target, _LEARNED, seconds=seconds, size=_SIZE)
        whole = normalize(motion, pose_statistics(motion), pose_statistics(learned), learned.size)
        limbs = retarget_limbs(whole, body_shape(motion), body_shape(learned))
        for way, made in (("global", whole), ("limbs", limbs)):
            distance = pose_scores(made, truth).distance_percent
            parts = [distance[part] or 0.0 for part in ("body", "face", "hands")]
            off = _limbs_off(made, truth)
            totals.setdefault(way, []).append((*parts, off))
            cells = [*(f"{part:.2f}" for part in parts), f"{off:.1f}"]
            print(f"| {source} | {target} | {way} | {' | '.join(cells)} |")
    found = {
        way: dict(zip(("body", "face", "hands", "limbs"), map(mean, zip(*rows, strict=True)),
                      strict=True))
        for way, rows in totals.items()
    }  # fmt: skip
    print(found)
    keep_figures("poses", "retarget", found)


def _limbs_off(made: PoseTrack, truth: PoseTrack) -> float:
    """Mean relative error of the limbs' lengths, %."""
    ours, theirs = body_shape(made).limbs, body_shape(truth).limbs
    return 100 * mean(abs(ours[name] / theirs[name] - 1) for name in theirs if name in ours)


if __name__ == "__main__":
    main()
