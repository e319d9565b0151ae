"""The main path on sample performers: pose, train, resume, transfer, evaluate."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import InputError, OutputError
from dancenow.options import PerformOptions, PoseOptions, SampleOptions, TrainPerformerOptions
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.pose.framing import keep_in_frame
from dancenow.pose.openpose import write_openpose
from dancenow.progress import Progress
from dancenow.sample import dance_track
from dancenow.sources.detection import detect_pose
from dancenow.sources.load import load_source
from dancenow.video import open_writer, probe, read_frames
from dancenow.workflows.evaluate_clip import evaluate_clip
from dancenow.workflows.perform import perform
from dancenow.workflows.pose import write_pose
from dancenow.workflows.sample import write_sample
from dancenow.workflows.train_performer import train_performer
from dancenow.workflows.transfer import transfer

FEW = TrainPerformerOptions(preset="tiny", steps=4, device="cpu")


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source, and a target of another size and rate."""
    folder = tmp_path_factory.mktemp("stage")
    write_sample(
        folder / "source.mp4",
        SampleOptions(performer="mika", dance="groove", seconds=1, size=128, fps=10),
    )
    write_sample(
        folder / "target.mp4",
        SampleOptions(performer="zola", dance="house", seconds=1.5, fps=8),
        frame_size=(160, 144),
    )
    return folder


def test_a_sample_comes_with_its_true_track_and_a_sound(stage: Path) -> None:
    clip, track = probe(stage / "source.mp4"), PoseTrack.load(stage / "source.pose.npz")
    assert clip.frames == len(track) == 10 and clip.has_audio
    assert clip.size == track.size == (128, 128) and track.fps == 10


def test_poses_are_detected_once_and_found_again_by_content(stage: Path, tmp_path: Path) -> None:
    events: list[Progress] = []
    first = detect_pose(stage / "source.mp4", progress=events.append)
    assert len(first) == 10 and events[-1].done == events[-1].total == 10
    copy = tmp_path / "other name.mp4"
    copy.write_bytes((stage / "source.mp4").read_bytes())
    events.clear()
    again = detect_pose(copy, progress=events.append)
    assert not events and np.array_equal(first.keypoints, again.keypoints)
    truth = PoseTrack.load(stage / "source.pose.npz")
    error = np.linalg.norm(first.xy[:, :15] - truth.xy[:, :15], axis=-1)
    assert np.median(error) < 0.04 * 128


def test_a_motion_comes_from_a_clip_a_track_or_openpose_files(stage: Path, tmp_path: Path) -> None:
    track = PoseTrack.load(stage / "source.pose.npz")
    write_openpose(track, tmp_path / "poses")
    assert load_source(stage / "source.pose.npz").track.fps == 10
    assert len(load_source(tmp_path / "poses").track) == 10
    source = load_source(stage / "source.mp4")
    assert source.clip is not None and source.clip.has_audio and len(source.track) == 10


def test_an_empty_track_is_told(tmp_path: Path) -> None:
    PoseTrack(np.zeros((3, 137, 3), np.float32), 10, (64, 64)).save(tmp_path / "t.npz")
    with pytest.raises(InputError, match="no pose"):
        load_source(tmp_path / "t.npz")


def test_poses_are_written_with_an_overlay(stage: Path, tmp_path: Path) -> None:
    made = write_pose(
        stage / "source.mp4", tmp_path / "t.npz", PoseOptions(overlay=tmp_path / "o.mp4")
    )
    assert (
        made.frames == len(PoseTrack.load(tmp_path / "t.npz")) == probe(tmp_path / "o.mp4").frames
    )
    with pytest.raises(InputError, match="npz"):
        write_pose(stage / "source.mp4", tmp_path / "t.txt")


def test_a_transfer_has_the_sources_length_rate_and_sound_and_the_targets_size(
    stage: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    made = transfer(str(stage / "source.mp4"), str(stage / "target.mp4"), str(out), FEW)
    clip = probe(out)
    assert (clip.frames, clip.fps, clip.size) == (10, 10, (160, 144)) and clip.has_audio
    assert made.frames == 10 and made.steps == 4
    assert {"detect", "prepare", "train", "perform"} <= made.times.seconds.keys()
    events: list[Progress] = []
    again = transfer(
        stage / "source.mp4", stage / "target.mp4", tmp_path / "b.mp4", FEW, progress=events.append
    )
    assert again.steps == 4
    assert {event.stage for event in events} == {"dancing"}  # nothing else was done twice


def test_a_training_is_resumed_and_gives_what_an_unbroken_one_gives(
    stage: Path, tmp_path: Path
) -> None:
    target = stage / "target.mp4"
    train_performer(
        target, tmp_path / "a", TrainPerformerOptions(preset="tiny", steps=6, device="cpu")
    )
    once = train_performer(
        target, tmp_path / "b", TrainPerformerOptions(preset="tiny", steps=6, device="cpu")
    )
    more = train_performer(
        target, tmp_path / "b", TrainPerformerOptions(preset="tiny", steps=9, device="cpu")
    )
    assert once.steps == 6 and more.steps == 9
    a, b = ((tmp_path / n / "generator.safetensors").read_bytes() for n in "ab")
    assert a != b
    train_performer(
        target, tmp_path / "a", TrainPerformerOptions(preset="tiny", steps=9, device="cpu")
    )
    assert (tmp_path / "a" / "generator.safetensors").read_bytes() == b
    perform(
        tmp_path / "a", stage / "source.pose.npz", tmp_path / "o.gif", PerformOptions(device="cpu")
    )
    assert probe(tmp_path / "o.gif").frames == 10


def test_a_folder_of_another_clip_or_other_files_is_not_touched(
    stage: Path, tmp_path: Path
) -> None:
    train_performer(stage / "target.mp4", tmp_path / "a", FEW)
    with pytest.raises(InputError, match="another clip"):
        train_performer(stage / "source.mp4", tmp_path / "a", FEW)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="other files"):
        train_performer(stage / "target.mp4", tmp_path / "mine", FEW)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_a_target_that_is_too_short_or_empty_is_told(stage: Path, tmp_path: Path) -> None:
    for name, frames in (("short", list(read_frames(stage / "source.mp4"))[:3]), ("nobody", None)):
        with open_writer(tmp_path / f"{name}.mp4", fps=10) as writer:
            for frame in frames or [np.full((96, 96, 3), 90, np.uint8)] * 12:
                writer.write(frame)
    with pytest.raises(InputError, match="3 frames"):
        train_performer(tmp_path / "short.mp4", tmp_path / "p", FEW)
    with pytest.raises(InputError, match="whole body"):
        train_performer(tmp_path / "nobody.mp4", tmp_path / "q", FEW)


def test_a_clip_against_itself_scores_perfectly(stage: Path) -> None:
    scores = evaluate_clip(stage / "source.mp4", stage / "source.mp4")
    assert scores.whole.psnr == 100 and scores.whole.ssim == pytest.approx(1, abs=1e-4)
    assert scores.person is not None and scores.person.sharpness == pytest.approx(1)
    assert scores.pose.distance_px["body"] == 0 and scores.pose.missed == 0
    with pytest.raises(InputError, match="equal"):
        evaluate_clip(stage / "source.mp4", stage / "target.mp4")


def test_a_clip_that_lost_its_dancer_is_scored_as_all_missed(stage: Path, tmp_path: Path) -> None:
    with open_writer(tmp_path / "empty.mp4", fps=10) as writer:
        for _ in range(10):
            writer.write(np.full((128, 128, 3), 90, np.uint8))
    scores = evaluate_clip(tmp_path / "empty.mp4", stage / "source.mp4")
    assert scores.pose.missed == 1 and scores.pose.distance_px["body"] is None
    assert scores.times.seconds.keys() == {"detect", "compare"}


def test_a_finished_performer_without_its_checkpoint_is_not_overwritten(
    stage: Path, tmp_path: Path
) -> None:
    train_performer(stage / "target.mp4", tmp_path / "a", FEW)
    shutil.rmtree(tmp_path / "a" / "checkpoint")
    with pytest.raises(InputError, match="without its checkpoint"):
        train_performer(stage / "target.mp4", tmp_path / "a", FEW)


def test_travel_out_of_the_frame_is_shortened_and_other_tracks_stay() -> None:
    track = dance_track("mika", "groove", seconds=4, size=256, fps=10)
    assert np.array_equal(keep_in_frame(track).keypoints, track.keypoints)
    walk = track.keypoints.copy()
    walk[..., 0] += np.linspace(-200, 200, len(track), dtype=np.float32)[:, None]
    kept = keep_in_frame(track.with_keypoints(walk))
    box = body_extent(kept)
    outside = (box[:, 0] < 0) | (box[:, 2] > 256)
    assert outside.mean() <= 0.05
    assert np.array_equal(kept.xy[..., 1], track.xy[..., 1])
