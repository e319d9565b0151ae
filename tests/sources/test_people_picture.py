"""A picture of all dancers of a clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dancenow.pose import PoseTrack
from dancenow.sources.people_picture import draw_people
from dancenow.video import open_writer, probe
from motions import dancing


def test_who_is_hardly_seen_is_drawn_without_a_number(tmp_path: Path) -> None:
    track = dancing(seconds=0.2)
    keypoints = track.keypoints * np.array([1, 1, 0.2], np.float32)
    with open_writer(tmp_path / "a.mp4", fps=track.fps) as writer:
        for _ in range(len(track)):
            writer.write(np.zeros((*track.size[::-1], 3), np.uint8))
    people = [PoseTrack(keypoints, track.fps, track.size)]
    picture = draw_people(probe(tmp_path / "a.mp4"), people)
    assert picture.shape == (*track.size[::-1], 3) and picture.max() > 100
