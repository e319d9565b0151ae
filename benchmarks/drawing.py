"""How many stick figures a second one core draws: body, face and both hands.

    python benchmarks/drawing.py [TRACK.npz]

Without a track a standing body is drawn whose every keypoint is seen.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.pose.layout import BODY, FACE, LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND
from figures import keep_figures

SECONDS = 2.0  # how long each size is drawn


def full_body(frames: int = 50) -> PoseTrack:
    """A body with face and hands that moves a little, in a square of 256 px."""
    random = np.random.default_rng(0)
    keypoints = np.ones((frames, NUM_KEYPOINTS, 3))
    body = random.uniform((70, 20), (190, 240), (BODY.stop, 2))
    keypoints[:, BODY, :2] = body
    angle = np.linspace(0, 2 * np.pi, FACE.stop - FACE.start)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    keypoints[:, FACE, :2] = np.array([128, 40]) + 14 * circle
    for hand, x in ((LEFT_HAND, 200), (RIGHT_HAND, 56)):
        keypoints[:, hand, :2] = np.array([x, 120]) + random.uniform(-10, 10, (21, 2))
    keypoints[..., :2] += random.normal(0, 2, keypoints[..., :2].shape)
    return PoseTrack(keypoints, 25, (256, 256))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("track", nargs="?", type=Path)
    path = parser.parse_args().track
    track = PoseTrack.load(path) if path else full_body()
    cv2.setNumThreads(1)
    seen = 100 * float((track.confidence > 0).mean())
    print(f"{path or 'a full body'}: {seen:.0f} % of the keypoints seen; one core")
    found = {}
    for side in (256, 512, 1024):
        drawn, start = 0, time.perf_counter()
        while time.perf_counter() - start < SECONDS:
            for keypoints in track.keypoints:
                draw_pose(keypoints, (side, side), region=(0, 0, *track.size))
            drawn += len(track)
        rate = drawn / (time.perf_counter() - start)
        print(f"{side} x {side}: {rate:6.0f} figures/s")
        found[f"{side} x {side}"] = round(rate)
    keep_figures("rates", "stick figures", found)


if __name__ == "__main__":
    main()
