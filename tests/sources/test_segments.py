"""Segments of long clips: which there are, and what is kept of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from dancenow.pose.estimators import Detection
from dancenow.pose.layout import NUM_KEYPOINTS
from dancenow.sources import segments
from dancenow.sources.segments import detections, joined, segments_of
from dancenow.video import ClipInfo, open_writer, probe


def film(path: Path, frames: int) -> ClipInfo:
    with open_writer(path, fps=30) as writer:
        for number in range(frames):
            writer.write(np.full((16, 16, 3), number % 256, np.uint8))
    return probe(path)


@pytest.mark.parametrize(
    ("frames", "borders"),
    [
        (1, [0, 1]),
        (14, [0, 14]),
        (15, [0, 15]),
        (16, [0, 10, 16]),
        (25, [0, 10, 25]),
        (26, [0, 10, 20, 26]),
    ],
)
def test_segments_cover_a_clip(
    frames: int, borders: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SEGMENT", 10)
    found = segments_of(film(tmp_path / "a.mp4", frames))
    assert [part.start for part in found] + [found[-1].stop] == borders


def test_what_cannot_be_read_from_the_middle_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SEGMENT", 10)
    film(tmp_path / "a.mp4", 30)
    with av.open(str(tmp_path / "a.mp4")) as source, av.open(str(tmp_path / "a.ts"), "w") as goal:
        stream = goal.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                goal.mux(packet)
    for damaged in ("a.ts", "cut.mp4"):
        if damaged == "cut.mp4":
            whole = (tmp_path / "a.mp4").read_bytes()
            (tmp_path / damaged).write_bytes(whole[: len(whole) * 9 // 10])
        clip = probe(tmp_path / damaged)
        assert segments_of(clip) == [range(clip.frames)]


def test_what_was_seen_in_a_segment_is_kept_and_damage_is_mended(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, part, folder = film(tmp_path / "a.mp4", 20), range(10, 13), own_cache / "kept"
    pose = np.random.default_rng(0).random((3, NUM_KEYPOINTS, 3), np.float32)
    depth, look = pose[0, :, 0], pose[0, :6, 0]
    seen = [
        Detection([pose[0], pose[1]], None, [None, depth], [look, look], cut=True),
        Detection([]),
        Detection([pose[2]], None, [depth]),
    ]
    asked = []

    def look_at(*_: object, **__: object) -> list[Detection]:
        asked.append(1)
        return seen

    monkeypatch.setattr(segments, "look_at", look_at)
    told: list[int] = []
    for again in range(3):
        found = list(detections(clip, part, folder, "mediapipe", "cpu", told.append))
        assert [each.cut for each in found] == [True, False, False]
        for made, true in zip(found, seen, strict=True):
            np.testing.assert_array_equal(made.candidates, true.candidates)
            assert [each is None for each in made.depths] == [each is None for each in true.depths]
            np.testing.assert_array_equal(made.looks, true.looks)
        (kept,) = folder.iterdir()
        if again == 1:
            kept.write_bytes(b"damaged")
    assert len(asked) == 2 and told[-1] == 13
    shutil.rmtree(folder)


def test_joined_detections_are_views_of_one_array_without_masks() -> None:
    poses = np.random.default_rng(0).random((3, NUM_KEYPOINTS, 3), np.float32)
    mask = np.ones((4, 4), np.float32)
    seen = [Detection([poses[0].copy(), poses[1].copy()], mask), Detection([poses[2].copy()])]
    found = list(joined(iter(seen)))
    made = [pose for each in found for pose in each.candidates]
    np.testing.assert_array_equal(made, poses)
    assert len({id(pose.base) for pose in made}) == 1 and made[0].base is not None
    assert all(each.mask is None for each in found)
