"""The tasks of jobs, run in the test's own process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.studio.tasks import RESULT_FILE, SIDE_BY_SIDE_FILE, new_dance
from dancenow.studio.worker import JobReporter
from dancenow.video import probe
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
    assert {path.name for path in folder.iterdir()} == {RESULT_FILE, SIDE_BY_SIDE_FILE}
    result, beside = probe(folder / RESULT_FILE), probe(folder / SIDE_BY_SIDE_FILE)
    assert result.size == (96, 96)
    assert beside.size[0] > 2 * 96  # the poses, which are wide, and the result
    assert beside.frames == result.frames == figures["frames"] == 24
