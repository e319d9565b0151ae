"""A source clip whose poses are known: nobody looks for them, and its sound stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.options import LiveOptions, PerformOptions
from dancenow.video import open_writer, probe
from dancenow.workflows.live import perform_live
from dancenow.workflows.perform import perform
from motions import dancing
from untrained import plated, untrained

TRACK = dancing("mika", "groove", seconds=1, fps=8, size=(96, 96))


@pytest.fixture
def performer(tmp_path: Path) -> Path:
    untrained(TRACK, plated(TRACK, np.full((96, 96, 3), 90, np.uint8))).save(tmp_path / "person")
    return tmp_path / "person"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A clip in which nobody can be found."""
    with open_writer(tmp_path / "a.mp4", fps=8) as writer:
        for _ in TRACK.keypoints:
            writer.write(np.full((96, 96, 3), (200, 40, 40), np.uint8))
    TRACK.save(tmp_path / "a.pose.npz")
    return tmp_path / "a.mp4"


def test_known_poses_are_danced_at_the_sources_rate(performer: Path, source: Path) -> None:
    poses, output = source.with_name("a.pose.npz"), source.with_name("out.mp4")
    with pytest.raises(InputError, match=r"a\.mp4: no person was found"):
        perform(performer, source, output, PerformOptions(device="cpu"))
    made = perform(performer, source, output, PerformOptions(device="cpu", source_poses=poses))
    assert made.frames == len(TRACK)
    assert probe(output).fps == 8  # the clip's


def test_poses_that_do_not_belong_to_the_source_are_refused(performer: Path, source: Path) -> None:
    poses, output = source.with_name("a.pose.npz"), source.with_name("out.mp4")
    TRACK[:4].save(source.with_name("short.npz"))
    options = PerformOptions(device="cpu", source_poses=poses)
    for cast, given, known, line in (
        (performer, poses, options, "holds poses already"),
        ([performer, performer], source, options, "are those of one dancer"),
        (performer, source, PerformOptions(source_poses=source), "is neither a track"),
        (performer, source, PerformOptions(source_poses=source.with_name("short.npz")), "4 poses"),
    ):
        with pytest.raises(InputError, match=line):
            perform(cast, given, output, known)
    assert not output.exists()
    with pytest.raises(InputError, match="a live dance finds its own"):
        perform_live(performer, str(source), output, LiveOptions(source_poses=poses))
