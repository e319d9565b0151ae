"""The person in a clip: what is detected once is not detected again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dancenow.options import SampleOptions
from dancenow.pose.filters import clean
from dancenow.progress import Progress
from dancenow.sources.detection import detect_pose, record_bvh
from dancenow.video import probe
from dancenow.workflows.sample import write_sample


def test_poses_seen_while_a_motion_is_recorded_are_not_detected_again(tmp_path: Path) -> None:
    clip = tmp_path / "mika.mp4"
    write_sample(
        clip, SampleOptions(performer="mika", dance="disco", seconds=1, size=192, fps=10, seed=77)
    )
    _, recorded = record_bvh(probe(clip))
    events: list[Progress] = []
    track = detect_pose(probe(clip), progress=events.append)
    assert not events and np.array_equal(clean(track).keypoints, recorded.keypoints)
