"""A picture of all dancers of a clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dancenow.pose import PoseTrack
from dancenow.sources.people_picture import draw_people
from dancenow.video import open_writer, probe
from motions import dancing


def black_clip(path: Path, track: PoseTrack) -> None:
    """A black clip as long as a track."""
    with open_writer(path, fps=track.fps) as writer:
        for _ in range(len(track)):
            writer.write(np.zeros((*track.size[::-1], 3), np.uint8))


def test_who_is_hardly_seen_is_drawn_without_a_number(tmp_path: Path) -> None:
    track = dancing(seconds=0.2)
    keypoints = track.keypoints * np.array([1, 1, 0.2], np.float32)
    black_clip(tmp_path / "a.mp4", track)
    people = [PoseTrack(keypoints, track.fps, track.size)]
    picture, boxes = draw_people(probe(tmp_path / "a.mp4"), people)
    assert picture.shape == (*track.size[::-1], 3) and picture.max() > 100
    assert boxes == [None]


def test_where_each_dancer_is(tmp_path: Path) -> None:
    """Two who are never seen in one frame: a panel each, below each other."""
    track = dancing(seconds=0.4)
    half = len(track) // 2
    black_clip(tmp_path / "a.mp4", track)
    first, second = track.keypoints.copy(), track.keypoints.copy()
    first[half:, :, 2], second[:half, :, 2] = 0, 0
    people = [PoseTrack(each, track.fps, track.size) for each in (first, second)]
    picture, boxes = draw_people(probe(tmp_path / "a.mp4"), people)
    assert picture.shape == (2 * track.size[1], track.size[0], 3)
    upper, one = sorted(filter(None, boxes), key=lambda box: box[1])
    assert upper[3] <= 0.5 <= one[1]
    assert 0 <= one[0] < one[2] <= 1
    assert one[3] - one[1] > 0.1
