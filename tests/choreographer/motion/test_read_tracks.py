"""The motions that a choreographer of poses learns from, as its clips show them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dancenow.choreographer.motion import prepare
from dancenow.choreographer.motion.config import PRESETS
from dancenow.choreographer.motion.prepare import PreparedDance
from dancenow.errors import DanceNowWarning, InputError
from dancenow.pose.layout import INDEX
from dancenow.progress import silent
from dancenow.sources import load
from dancenow.sources.load import Source
from dancenow.video import open_writer, probe
from motions import dancing, without


@pytest.fixture
def cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """Eight seconds with cuts after one, four and a half, and five."""
    track = dancing(seconds=8)
    with open_writer(tmp_path / "a.mp4", fps=track.fps) as writer:
        for _ in range(len(track)):
            writer.write(np.zeros((*track.size[::-1], 3), np.uint8))
    source = Source(track, probe(tmp_path / "a.mp4"), (20, 90, 100))
    monkeypatch.setattr(prepare, "load_source", lambda *_, **__: source)
    monkeypatch.setattr(load, "find_camera", lambda *_, **__: pytest.fail("it is followed"))
    return source


def test_no_move_goes_on_from_shot_to_shot(cut: Source, tmp_path: Path) -> None:
    tracks, origins, fps = prepare.read_tracks([tmp_path / "a.mp4"], silent)
    assert origins == [0, 0] and fps == 20
    for track, shot in zip(tracks, (slice(20, 90), slice(100, 160)), strict=True):
        assert np.array_equal(track.keypoints, cut.track.keypoints[shot])


def test_short_shots_are_not_made_one(
    cut: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(cut, cuts=tuple(range(20, 160, 20)))
    monkeypatch.setattr(prepare, "load_source", lambda *_, **__: short)
    tracks, _, _ = prepare.read_tracks([tmp_path / "a.mp4"], silent)
    assert [len(track) for track in tracks] == [20] * 8
    with pytest.raises(InputError, match=r"a\.mp4: the whole body is seen for 1.0 s"):
        PreparedDance.of(tracks, [tmp_path / "a.mp4"] * 8, PRESETS["tiny"].motion)


def test_a_clip_is_left_out_if_none_of_its_shots_shows_a_body(tmp_path: Path) -> None:
    track, nobody = dancing(seconds=40), without(dancing(seconds=5), INDEX["left_ankle"])
    one, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    config = PRESETS["tiny"].motion
    with pytest.warns(DanceNowWarning, match=r"b\.mp4 is left out") as told:
        PreparedDance.of([track, nobody, nobody, nobody], [one, one, other, other], config)
    assert len(told) == 1
