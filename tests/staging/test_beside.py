"""Clips and poses side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dancenow.progress import Progress
from dancenow.sample import dance_track
from dancenow.staging.side_by_side import write_beside
from dancenow.video import open_writer, probe, read_frames


def clip(path: Path, colour: int, size: tuple[int, int], frames: int, fps: int) -> Path:
    with open_writer(path, fps=fps, size=size, crf=1) as writer:
        for _ in range(frames):
            writer.write(np.full((size[1], size[0], 3), colour, np.uint8))
    return path


def test_panels_take_the_last_clips_height_and_rate(tmp_path: Path) -> None:
    source = clip(tmp_path / "source.mp4", 200, (120, 60), 20, 20)
    made = clip(tmp_path / "made.mp4", 60, (40, 80), 10, 10)
    track = dance_track("zola", "house", seconds=1, size=64, fps=10)
    output, told = tmp_path / "beside.mp4", list[Progress]()
    frames = write_beside([source, track, made], output, progress=told.append)
    info = probe(output)
    assert frames == info.frames == 10
    assert info.fps == 10
    assert info.size == (160 + 80 + 40, 80)
    shown = next(iter(read_frames(output)))
    assert abs(int(shown[40, 80].mean()) - 200) < 6
    assert abs(int(shown[40, 260].mean()) - 60) < 6
    assert shown[:, 160:240].max() > 100  # the pose
    assert np.median(shown[:, 160:240]) < 6  # on black
    assert told[-1].done == told[-1].total == 10


def test_the_shortest_panel_ends_it(tmp_path: Path) -> None:
    source = clip(tmp_path / "source.mp4", 200, (64, 64), 4, 10)
    made = clip(tmp_path / "made.mp4", 60, (64, 64), 10, 10)
    assert write_beside([source, made], tmp_path / "beside.mp4") == 4
