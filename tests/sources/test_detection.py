"""The person in a clip: what is detected once is not detected again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.pose import PoseTrack
from dancenow.pose.estimators import Cast, Detection
from dancenow.pose.estimators.base import PoseEstimator
from dancenow.pose.layout import NUM_KEYPOINTS
from dancenow.sources import detection, masks, segments
from dancenow.sources.detection import detect_people
from dancenow.sources.masks import detect_person
from dancenow.video import ClipInfo, open_writer, probe
from fixture_types import SampleClip
from motions import dancing


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


def test_everybody_keeps_their_own_depth(
    duet: tuple[PoseTrack, PoseTrack], filmed: ClipInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is seen first in the first frames, and not in space in the last ones."""

    class Estimator(PoseEstimator):
        def stream(self, *_: object, **__: object) -> Iterator[Detection]:
            for index, both in enumerate(zip(*(each.keypoints for each in duet), strict=True)):
                order = slice(None, None, -1 if index < 6 else 1)
                depths = [np.full(NUM_KEYPOINTS, number, np.float32) for number in (0, 1)]
                known = depths[order] if index < 15 else [None, None]
                yield Detection(list(both)[order], depths=known)

    monkeypatch.setattr(segments, "make_estimator", lambda *_, **__: Estimator())
    tracks = detect_people(filmed).tracks
    for number, track in enumerate(tracks):
        assert track.depth is not None
        assert (track.depth[:15] == number).all() and np.isnan(track.depth[15:]).all()


def test_masks_of_one_of_several_are_of_the_model_that_told_them_apart(
    duet: tuple[PoseTrack, PoseTrack], filmed: ClipInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def segment(_clip: ClipInfo, wanted: NDArray[np.int64], *rest: object) -> Cast:
        (folder,) = (each for each in rest if isinstance(each, Path))
        made.append(folder)
        folder.mkdir(parents=True)
        width, height = masks._mask_size(filmed)
        for name in ("masks.npy", "everyone.npy"):
            np.save(folder / name, np.zeros((len(wanted), height, width), np.uint8))
        return Cast(duet)

    monkeypatch.setattr(masks, "_segment", segment)
    monkeypatch.setattr(masks, "_segment_each", segment)
    monkeypatch.setattr(masks, "detect_people", lambda *_, **__: Cast(duet))
    for model in ("plain", "plain", "heavy"):
        monkeypatch.setattr(detection, "pose_model", lambda model=model: model)
        detect_person(filmed, np.arange(3), track=duet[1])
    assert len(made) == 3  # of the first person, and twice of the second


def test_masks_of_some_frames_are_taken_from_those_of_all(
    sample_clip: SampleClip, own_cache: Path
) -> None:
    clip, some = probe(sample_clip()), np.array([1, 4])
    fresh = np.array(detect_person(clip, some).masks)
    shutil.rmtree(own_cache / "masks")
    every = detect_person(clip, np.arange(clip.frames))
    again = detect_person(clip, np.arange(clip.frames))
    assert isinstance(again.masks, np.memmap)  # those of a long clip would fill the memory
    found = detect_person(clip, some)
    kept = [each for each in (own_cache / "masks").iterdir() if each.is_dir()]
    assert len(kept) == 1  # nothing was looked for again
    assert found.frames.tolist() == some.tolist()
    np.testing.assert_array_equal(found.masks, every.masks[some])
    np.testing.assert_array_equal(found.masks, fresh)
