"""The person in a clip: what is detected once is not detected again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.mocap.landmarks_to_bvh import LANDMARKS
from dancenow.options import SampleOptions
from dancenow.pose import PoseTrack
from dancenow.pose.estimators import Cast, Detection
from dancenow.pose.filters import clean
from dancenow.progress import Progress
from dancenow.sources import detection
from dancenow.sources.detection import detect_person, detect_pose, record_bvh
from dancenow.video import ClipInfo, open_writer, probe
from dancenow.workflows.sample import write_sample
from motions import dancing


def test_poses_seen_while_a_motion_is_recorded_are_not_detected_again(tmp_path: Path) -> None:
    clip = tmp_path / "mika.mp4"
    write_sample(
        clip, SampleOptions(performer="mika", dance="disco", seconds=1, size=192, fps=10, seed=77)
    )
    _, recorded = record_bvh(probe(clip))
    events: list[Progress] = []
    track = detect_pose(probe(clip), progress=events.append)
    assert not events and np.array_equal(clean(track).keypoints, recorded.keypoints)


@pytest.fixture
def duet() -> tuple[PoseTrack, PoseTrack]:
    """One dancer, and another one who is smaller and stands to the right."""
    track = dancing(seconds=1, size=(320, 120))
    moved = track.keypoints * np.array([0.8, 0.8, 1], np.float32) + np.array([90, 0, 0], np.float32)
    return track, track.with_keypoints(moved)


@pytest.fixture
def filmed(tmp_path: Path) -> ClipInfo:
    with open_writer(tmp_path / "a.mp4", fps=20) as writer:
        for _ in range(20):
            writer.write(np.zeros((120, 320, 3), np.uint8))
    return probe(tmp_path / "a.mp4")


def test_a_motion_capture_is_of_one_person(
    duet: tuple[PoseTrack, PoseTrack], filmed: ClipInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is seen first, and in space, in the first frames."""
    world = np.zeros((LANDMARKS, 4), np.float32)

    class Estimator:
        def stream(self, *_: object) -> list[Detection]:
            both = [list(pair) for pair in zip(*(each.keypoints for each in duet), strict=True)]
            return [
                Detection(each[:: -1 if index < 6 else 1], world=world, cut=index == 10)
                for index, each in enumerate(both)
            ]

    monkeypatch.setattr(detection, "make_estimator", lambda *_: Estimator())
    monkeypatch.setattr(detection, "landmarks_to_bvh", lambda worlds, _: worlds)
    worlds, track = record_bvh(filmed)
    assert np.flatnonzero(np.isnan(worlds).all(axis=(1, 2))).tolist() == list(range(6))
    shots = [clean(duet[0][:10]).keypoints, clean(duet[0][10:]).keypoints]
    np.testing.assert_array_equal(track.keypoints, np.concatenate(shots))


def test_masks_of_one_of_several_are_of_the_model_that_told_them_apart(
    duet: tuple[PoseTrack, PoseTrack], filmed: ClipInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def segment(_clip: ClipInfo, wanted: NDArray[np.int64], *rest: object) -> Cast:
        (folder,) = (each for each in rest if isinstance(each, Path))
        made.append(folder)
        folder.mkdir(parents=True)
        np.save(folder / "masks.npy", np.zeros((len(wanted), 12, 32), np.uint8))
        return Cast(duet)

    monkeypatch.setattr(detection, "_segment", segment)
    monkeypatch.setattr(detection, "_segment_each", segment)
    monkeypatch.setattr(detection, "detect_people", lambda *_, **__: Cast(duet))
    for model in ("plain", "plain", "heavy"):
        monkeypatch.setattr(detection, "pose_model", lambda model=model: model)
        detect_person(filmed, np.arange(3), track=duet[1])
    assert len(made) == 3  # of the first person, and twice of the second
