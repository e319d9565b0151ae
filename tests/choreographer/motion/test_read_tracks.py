"""The motions that a choreographer of poses learns from, as its clips show them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancenow.choreographer.motion import prepare
from dancenow.progress import silent
from dancenow.sources.load import Source
from dancenow.video import open_writer, probe
from motions import dancing


def test_a_camera_is_not_followed_from_shot_to_shot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = dancing(seconds=0.5)
    with open_writer(tmp_path / "a.mp4", fps=track.fps) as writer:
        for _ in range(len(track)):
            writer.write(np.zeros((*track.size[::-1], 3), np.uint8))
    source = Source(track, probe(tmp_path / "a.mp4"), (4,))
    monkeypatch.setattr(prepare, "load_source", lambda *_, **__: source)
    monkeypatch.setattr(prepare, "find_camera", lambda *_, **__: pytest.fail("it is followed"))
    tracks, fps = prepare.read_tracks([tmp_path / "a.mp4"], silent)
    assert tracks == [track] and fps == 20
