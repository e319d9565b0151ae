"""The main path on sample performers: pose, train, resume, transfer, evaluate."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.options import PoseOptions, TrainPerformerOptions, TransferOptions
from dancenow.options.field import narrowed
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
from dancenow.workflows.pose import write_pose
from dancenow.workflows.train_performer import train_performer
from dancenow.workflows.transfer import transfer
from fixture_types import Known, SampleClip, TrainedOn

FEW = TrainPerformerOptions(preset="tiny", steps=4, device="cpu")


@pytest.fixture
def source(sample_clip: SampleClip) -> Path:
    return sample_clip()


@pytest.fixture
def target(sample_clip: SampleClip) -> Path:
    """Of another size and rate."""
    return sample_clip("zola", "house", seconds=1.5, size=(160, 144), fps=8)


@pytest.fixture
def trained(trained_on: TrainedOn, target: Path, tmp_path: Path) -> Path:
    """A performer that learned the target, to be used up."""
    return Path(shutil.copytree(trained_on(target), tmp_path / "a"))


def test_a_sample_comes_with_its_true_track_and_a_sound(source: Path) -> None:
    clip, track = probe(source), PoseTrack.load(source.with_suffix(".pose.npz"))
    assert clip.frames == len(track) == 10 and clip.has_audio
    assert clip.size == track.size == (128, 128) and track.fps == 10


def test_poses_are_detected_once_and_found_again_by_content(source: Path, tmp_path: Path) -> None:
    events: list[Progress] = []
    first = detect_pose(probe(source), progress=events.append)
    assert len(first) == 10 and events[-1].done == events[-1].total == 10
    copy = tmp_path / "other name.mp4"
    copy.write_bytes((source).read_bytes())
    events.clear()
    again = detect_pose(probe(copy), progress=events.append)
    assert not events and np.array_equal(first.keypoints, again.keypoints)
    truth = PoseTrack.load(source.with_suffix(".pose.npz"))
    error = np.linalg.norm(first.xy[:, :15] - truth.xy[:, :15], axis=-1)
    assert np.median(error) < 0.04 * 128


def test_a_motion_comes_from_a_clip_a_track_or_openpose_files(
    source: Path, known: Known, tmp_path: Path
) -> None:
    known(source)
    track = PoseTrack.load(source.with_suffix(".pose.npz"))
    write_openpose(track, tmp_path / "poses")
    assert load_source(source.with_suffix(".pose.npz")).track.fps == 10
    assert len(load_source(tmp_path / "poses").track) == 10
    danced = load_source(source)
    assert danced.clip is not None and danced.clip.has_audio and len(danced.track) == 10


def test_an_empty_track_is_told(tmp_path: Path) -> None:
    PoseTrack(np.zeros((3, 137, 3), np.float32), 10, (64, 64)).save(tmp_path / "t.npz")
    with pytest.raises(InputError, match="no pose"):
        load_source(tmp_path / "t.npz")


def test_poses_are_written_with_an_overlay(source: Path, known: Known, tmp_path: Path) -> None:
    known(source)
    made = write_pose(source, tmp_path / "t.npz", PoseOptions(overlay=tmp_path / "o.mp4"))
    assert (
        made.frames == len(PoseTrack.load(tmp_path / "t.npz")) == probe(tmp_path / "o.mp4").frames
    )
    with pytest.raises(InputError, match=r"ends in \.npz"):
        write_pose(source, tmp_path / "t.txt")


def test_a_transfer_has_the_sources_length_rate_and_sound_and_the_targets_size(
    source: Path, target: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    made = transfer(str(source), str(target), str(out), narrowed(FEW, TransferOptions))
    clip = probe(out)
    assert (clip.frames, clip.fps, clip.size) == (10, 10, (160, 144)) and clip.has_audio
    assert made.frames == 10 and made.steps == 4
    assert {"detect", "prepare", "train", "perform"} <= made.times.seconds.keys()
    events: list[Progress] = []
    again = transfer(
        source, target, tmp_path / "b.mp4", narrowed(FEW, TransferOptions), progress=events.append
    )
    assert again.steps == 4
    assert {event.stage for event in events} == {"dancing"}  # nothing else was done twice


def test_a_training_that_is_stopped_and_resumed_gives_what_an_unbroken_one_gives(
    target: Path, trained: Path, known: Known, tmp_path: Path
) -> None:
    def stop(event: Progress) -> None:
        if event.stage.startswith("learning") and event.done == 2:
            raise KeyboardInterrupt

    known(target)
    with pytest.raises(KeyboardInterrupt):
        train_performer(target, tmp_path / "b", FEW, progress=stop)
    assert not (tmp_path / "b" / "generator.safetensors").exists()
    assert train_performer(target, tmp_path / "b", FEW).steps == 4
    unbroken, resumed = (folder / "generator.safetensors" for folder in (trained, tmp_path / "b"))
    assert resumed.read_bytes() == unbroken.read_bytes()
    more = replace(FEW, steps=6)
    assert train_performer(target, tmp_path / "b", more).steps == 6
    assert resumed.read_bytes() != unbroken.read_bytes()


def test_a_performer_of_another_clip_is_not_touched(
    source: Path, trained: Path, known: Known
) -> None:
    known(source)
    before = (trained / "generator.safetensors").read_bytes()
    with pytest.raises(InputError, match="another clip"):
        train_performer(source, trained, FEW)
    assert (trained / "generator.safetensors").read_bytes() == before


def test_a_target_that_is_too_short_or_empty_is_told(source: Path, tmp_path: Path) -> None:
    for name, frames in (("short", list(read_frames(source))[:3]), ("nobody", None)):
        with open_writer(tmp_path / f"{name}.mp4", fps=10) as writer:
            for frame in frames or [np.full((96, 96, 3), 90, np.uint8)] * 12:
                writer.write(frame)
    with pytest.raises(InputError, match="3 frames"):
        train_performer(tmp_path / "short.mp4", tmp_path / "p", FEW)
    with pytest.raises(InputError, match="whole body"):
        train_performer(tmp_path / "nobody.mp4", tmp_path / "q", FEW)


def test_a_clip_against_itself_scores_perfectly(source: Path, target: Path, known: Known) -> None:
    known(source)
    scores = evaluate_clip(source, source)
    assert scores.whole.psnr == 100 and scores.whole.ssim == pytest.approx(1, abs=1e-4)
    assert scores.person is not None and scores.person.sharpness == pytest.approx(1)
    assert scores.pose.distance_px["body"] == 0 and scores.pose.missed == 0
    with pytest.raises(InputError, match="equal"):
        evaluate_clip(source, target)


def test_a_clip_that_lost_its_dancer_is_scored_as_all_missed(
    source: Path, known: Known, tmp_path: Path
) -> None:
    known(source)
    with open_writer(tmp_path / "empty.mp4", fps=10) as writer:
        for _ in range(10):
            writer.write(np.full((128, 128, 3), 90, np.uint8))
    scores = evaluate_clip(tmp_path / "empty.mp4", source)
    assert scores.pose.missed == 1 and scores.pose.distance_px["body"] is None
    assert scores.times.seconds.keys() == {"detect", "compare"}


def test_a_finished_performer_without_its_checkpoint_is_not_overwritten(
    target: Path, trained: Path
) -> None:
    shutil.rmtree(trained / "checkpoint")
    with pytest.raises(InputError, match="without its checkpoint"):
        train_performer(target, trained, FEW)


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
