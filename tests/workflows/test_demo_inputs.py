"""What the demo starts from is made once, and made anew where it would be another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from dancenow.evaluation.pictures import picture_scores
from dancenow.pose import PoseTrack
from dancenow.progress import Progress, silent
from dancenow.sample import PERFORMERS, SampleStage
from dancenow.sample.shipped import shipped_clip
from dancenow.video import read_frames
from dancenow.workflows._demo_inputs import FULL, QUICK, capture_moves, cut_clips

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
    cut_clips(tmp_path, SMALL, silent)
    cut_clips(tmp_path, SMALL, events.append)
    assert not events
    tracks = {n: PoseTrack.load(tmp_path / f"{n}.pose.npz") for n in ("source", "target", "truth")}
    assert {name: len(track) for name, track in tracks.items()} == {
        "source": 3, "target": 2, "truth": 3,
    }  # fmt: skip


def test_a_shortened_clip_shows_what_its_track_says(tmp_path: Path) -> None:
    size = replace(QUICK, px=128, source_seconds=1, target_seconds=0.4)
    cut_clips(tmp_path, size, silent)
    frames = list(read_frames(tmp_path / "truth.mp4"))
    track = PoseTrack.load(tmp_path / "truth.pose.npz")
    assert (len(frames), track.size, track.fps) == (len(track), (128, 128), size.fps)
    stage = SampleStage(PERFORMERS["zola"], 128)
    pose = list(stage.poses("groove", seconds=1, fps=size.fps))[7]
    assert np.abs(track.keypoints[7] - stage.keypoints(pose)).max() < 0.02
    assert picture_scores(frames[7], stage.draw(pose)).psnr > 28


def test_the_whole_demo_takes_the_shipped_clips_as_they_are(tmp_path: Path) -> None:
    cut_clips(tmp_path, FULL, silent)
    shipped = shipped_clip("mika", "groove")
    assert shipped is not None
    assert (tmp_path / "source.mp4").read_bytes() == shipped.read_bytes()


def test_the_commands_of_the_page_say_how_long_is_learned() -> None:
    commands = SMALL.commands(7)
    assert commands[0].endswith("zola source.mp4 -o first.mp4")
    assert commands[1] == (
        f"dancenow train performer target.mp4 -o performer-tiny --preset tiny "
        f"--steps {QUICK.performer.steps} --seed 7"
    )
    assert all("--seed 7" in line for line in commands if "train" in line or "generate" in line)
