"""The tasks of jobs, run in the test's own process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.options import SampleOptions
from dancenow.progress import Progress
from dancenow.studio.tasks import (
    FIRST_FILE,
    POSTER_FILE,
    RESULT_FILE,
    SIDE_BY_SIDE_FILE,
    look_ahead,
    new_dance,
    transfer,
)
from dancenow.studio.worker import PREVIEW_FILE, JobReporter
from dancenow.video import probe
from dancenow.workflows.sample import write_sample
from motions import dancing, untrained_choreographer
from untrained import plated, untrained


def test_the_dance_that_is_performed_is_composed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untrained_choreographer(dancing(fps=24)).save(tmp_path / "dance")
    seen = dancing("zola", "house", seconds=1, fps=8, size=(96, 96))
    plate = np.full((96, 96, 3), 90, np.uint8)
    untrained(seen, plated(seen, plate)).save(tmp_path / "person")
    compositions = []
    compose = PoseChoreographer.compose_moves

    def counted(self: PoseChoreographer, *args: Any) -> Any:
        compositions.append(args)
        return compose(self, *args)

    monkeypatch.setattr(PoseChoreographer, "compose_moves", counted)
    learned = {"preset": "tiny", "minutes": None, "steps": 1, "device": "cpu", "seed": 0}
    request = {
        "dance": {
            "folder": str(tmp_path / "dance"),
            "clips": [],
            "samples": [],
            "codec": "pose",
            **learned,
        },
        "person": {"folder": str(tmp_path / "person"), "material": None, **learned},
        "music": None,
        "seconds": 1.0,
        "temperature": 1.0,
        "seed": 0,
        "loop": False,
        "device": "cpu",
    }
    folder = tmp_path / "job"
    folder.mkdir()
    figures = new_dance(request, folder, JobReporter(lambda _: None, folder))
    assert len(compositions) == 1
    assert figures["beside"]
    assert {path.name for path in folder.iterdir()} == {
        RESULT_FILE,
        SIDE_BY_SIDE_FILE,
        POSTER_FILE,
        PREVIEW_FILE,
    }
    result, beside = probe(folder / RESULT_FILE), probe(folder / SIDE_BY_SIDE_FILE)
    assert result.size == (96, 96)
    assert beside.size[0] > 2 * 96  # the poses, which are wide, and the result
    assert beside.frames == result.frames == figures["frames"] == 24


@pytest.mark.slow
def test_someone_new_is_shown_before_any_learning(tmp_path: Path) -> None:
    clip = tmp_path / "zola.mp4"
    write_sample(clip, SampleOptions(performer="zola", dance="house", seconds=2, size=96, fps=8))
    request = {
        "source": str(clip),
        "person": {
            "folder": str(tmp_path / "person"),
            "material": str(clip),
            "preset": "tiny",
            "minutes": None,
            "steps": 1,
            "device": "cpu",
            "seed": 0,
        },
        "retarget": "global",
        "background": "target",
        "device": "cpu",
    }
    folder = tmp_path / "job"
    folder.mkdir()
    events: list[str] = []
    seen: list[int] = []

    def send(event: tuple[str, Any]) -> None:
        events.append(event[0])
        if event[0] == "first_look":
            seen.append(probe(folder / FIRST_FILE).frames)
            assert not (tmp_path / "person").exists()  # nothing is learned yet

    transfer(request, folder, JobReporter(send, folder))
    assert seen == [16]
    assert {path.name for path in folder.iterdir()} >= {FIRST_FILE, RESULT_FILE, SIDE_BY_SIDE_FILE}
    assert not [path for path in folder.iterdir() if path.is_dir()]
    events.clear()
    transfer(request, folder, JobReporter(send, folder))
    assert "first_look" not in events  # who was learned looks better than that


def test_what_is_made_is_seen_while_it_is_made(tmp_path: Path) -> None:
    reporter = JobReporter(lambda event: events.append(event[0]), tmp_path)
    events: list[str] = []
    picture = np.full((40, 2000, 4), 200, np.uint8)
    for done in range(3):
        reporter(Progress("dancing", done, 3, picture=picture))
    assert events.count("preview") == 1  # the others come too soon after it
    with Image.open(tmp_path / PREVIEW_FILE) as shown:
        assert shown.mode == "RGB" and max(shown.size) == 640


def test_what_was_looked_at_ahead_is_not_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "zola.mp4"
    write_sample(clip, SampleOptions(performer="zola", dance="house", seconds=2, size=96, fps=8))
    training = {"preset": "tiny", "minutes": None, "steps": 0, "device": "cpu", "seed": 0}
    request = {"clip": str(clip), "training": training}
    reporter = JobReporter(lambda _: None, tmp_path)
    look_ahead(request, tmp_path, reporter)

    def again(*_: Any, **__: Any) -> None:
        raise AssertionError("the clip was looked at again")

    for name in ("sources.segments", "sources.masks", "performer.fast.prepare"):
        monkeypatch.setattr(f"dancenow.{name}.read_frames", again)
    look_ahead(request, tmp_path, reporter)
    look_ahead(request | {"training": None}, tmp_path, reporter)
