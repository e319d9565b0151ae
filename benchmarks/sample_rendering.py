"""How fast the sample performers are drawn, and how well a real detector sees them.

    python benchmarks/sample_rendering.py [--seconds S] [--size PX] [--fps F] [--seed N]

For every performer and dance: frames drawn a second; the share of frames in which MediaPipe
Holistic (tracking, complexity 1) finds the body, the face and each hand; and how far its body
keypoints lie from the true ones, in percent of the body's height (mean over the twelve joints
of arms and legs, and over nose, eyes and ears).
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass, field

import numpy as np

from dancenow.pose.layout import INDEX
from dancenow.sample import DANCES, PERFORMERS, SampleStage
from figures import keep_figures

# MediaPipe's landmark -> ours.
LIMBS = {
    11: "left_shoulder", 12: "right_shoulder", 13: "left_elbow", 14: "right_elbow",
    15: "left_wrist", 16: "right_wrist", 23: "left_hip", 24: "right_hip", 25: "left_knee",
    26: "right_knee", 27: "left_ankle", 28: "right_ankle",
}  # fmt: skip
HEAD = {0: "nose", 2: "left_eye", 5: "right_eye", 7: "left_ear", 8: "right_ear"}


@dataclass
class Score:
    """What was found in the frames of one dance."""

    found: dict[str, list[bool]] = field(default_factory=dict)
    limb_error: list[float] = field(default_factory=list)
    head_error: list[float] = field(default_factory=list)
    draw_seconds: list[float] = field(default_factory=list)

    def share(self, what: str) -> float:
        return 100 * float(np.mean(self.found[what]))


def measure(performer: str, dance: str, seconds: float, size: int, fps: float, seed: int) -> Score:
    import mediapipe as mp

    stage = SampleStage(PERFORMERS[performer], size)
    score = Score()
    height = stage.camera.focal * PERFORMERS[performer].proportions.height / stage.camera.eye[2]
    with mp.solutions.holistic.Holistic(model_complexity=1) as holistic:
        for k, pose in enumerate(stage.poses(dance, seconds=seconds, fps=fps, seed=seed)):
            start = time.perf_counter()
            frame = stage.draw(pose)
            if k:  # the first one paints the room
                score.draw_seconds.append(time.perf_counter() - start)
            truth = stage.keypoints(pose)
            seen = holistic.process(frame)
            for what in ("pose", "face", "left_hand", "right_hand"):
                hit = getattr(seen, f"{what}_landmarks") is not None
                score.found.setdefault(what, []).append(hit)
            if seen.pose_landmarks is None:
                continue
            marks = seen.pose_landmarks.landmark
            for table, errors in ((LIMBS, score.limb_error), (HEAD, score.head_error)):
                for i, name in table.items():
                    x, y, visible = truth[INDEX[name]]
                    if visible:
                        off = np.hypot(marks[i].x * size - x, marks[i].y * size - y)
                        errors.append(100 * float(off) / height)
    return score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--performer", choices=list(PERFORMERS))
    args = parser.parse_args()
    print(f"{args.size} x {args.size}, {args.seconds} s at {args.fps} fps, {os.cpu_count()} cores")
    print("performer dance    frames/s  body %  face %  left %  right %  limbs %h  head %h")
    rates = []
    for performer in [args.performer] if args.performer else PERFORMERS:
        for dance in DANCES:
            s = measure(performer, dance, args.seconds, args.size, args.fps, args.seed)
            rate = 1 / float(np.median(s.draw_seconds))
            rates.append(rate)
            shares = [s.share(w) for w in ("pose", "face", "left_hand", "right_hand")]
            limbs, head = np.mean(s.limb_error), np.mean(s.head_error)
            print(
                f"{performer:9} {dance:8} {rate:8.1f} {shares[0]:7.1f} {shares[1]:7.1f} "
                f"{shares[2]:7.1f} {shares[3]:8.1f} {limbs:9.2f} {head:8.2f}",
                flush=True,
            )
    found = {"slowest": min(rates), "fastest": max(rates), "pixels": args.size}
    keep_figures("rates", args.performer or "sample performers", found)


if __name__ == "__main__":
    main()
