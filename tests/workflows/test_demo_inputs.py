"""What the demo starts from is made once, and made anew where it would be another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from dancenow.pose import PoseTrack
from dancenow.progress import Progress, silent
from dancenow.workflows._demo_inputs import QUICK, capture_moves, render_clips

SMALL = replace(QUICK, px=64, fps=5, source_seconds=0.6, target_seconds=0.4, moves_seconds=1)


def test_dances_that_were_captured_are_captured_anew_for_another_size_or_seed(
    tmp_path: Path,
) -> None:
    events: list[Progress] = []
    first = [PoseTrack.load(path) for path in capture_moves(tmp_path, SMALL, 0, silent)]
    capture_moves(tmp_path, SMALL, 0, events.append)
    assert not events and {len(track) for track in first} == {5}
    other = [PoseTrack.load(path) for path in capture_moves(tmp_path, SMALL, 1, silent)]
    assert not np.array_equal(first[0].keypoints, other[0].keypoints)
    longer = replace(SMALL, moves_seconds=2)
    assert {len(PoseTrack.load(p)) for p in capture_moves(tmp_path, longer, 1, silent)} == {10}


def test_the_truth_is_the_target_in_the_sources_dance(tmp_path: Path) -> None:
    events: list[Progress] = []
    render_clips(tmp_path, SMALL, 0, silent)
    render_clips(tmp_path, SMALL, 0, events.append)
    assert not events
    tracks = {n: PoseTrack.load(tmp_path / f"{n}.pose.npz") for n in ("source", "target", "truth")}
    assert {name: len(track) for name, track in tracks.items()} == {
        "source": 3, "target": 2, "truth": 3,
    }  # fmt: skip


def test_the_commands_of_the_page_say_how_long_is_learned() -> None:
    commands = SMALL.commands(7)
    assert commands[0] == (
        "dancenow train performer target.mp4 -o performer-tiny --preset tiny --steps 300 --seed 7"
    )
    assert all("--seed 7" in line for line in commands if "train" in line or "generate" in line)
