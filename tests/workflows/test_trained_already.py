"""What is trained already: options without effect are told, and a longer budget has one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dancenow.choreographer.dancenet import method as dancenet
from dancenow.choreographer.dancenet.config import PRESETS
from dancenow.choreographer.job import TrainingJob
from dancenow.errors import DanceNowWarning
from dancenow.options import TrainChoreographerOptions, TrainPerformerOptions
from dancenow.options.unused import warn_of_unused
from dancenow.performer.plan import TrainingPlan
from untrained import CPU


def test_each_option_without_effect_is_named_and_no_other(
    recwarn: pytest.WarningsRecorder, tmp_path: Path
) -> None:
    warn_of_unused(tmp_path, TrainPerformerOptions(device="cpu", seed=3), "train")
    warn_of_unused(tmp_path, TrainChoreographerOptions(reference=True), "train")  # dreams use it
    assert not recwarn.list
    options = TrainChoreographerOptions(quality="best", stride=2, seed=3)
    with pytest.warns(DanceNowWarning, match="so `quality`, `stride` has no effect"):
        warn_of_unused(tmp_path, options, "train")


def test_another_quality_is_another_budget(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = TrainChoreographerOptions(preset="fast")
    job = TrainingJob([], PRESETS["fast"], asked, CPU)
    made = SimpleNamespace(config=job.config, training={"budget": job.budget})
    monkeypatch.setattr(dancenet.FrameChoreographer, "load", lambda *_: made)
    found: Any = dancenet._up_to_date(tmp_path, job)
    assert found is made
    longer = replace(job, options=replace(asked, quality="best"))
    assert dancenet._up_to_date(tmp_path, longer) is None


def test_a_new_preparation_does_not_find_what_an_older_one_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a clip")
    plan = TrainingPlan.of(TrainPerformerOptions(preset="tiny", device="cpu"))
    folder = plan.cached(clip).path
    assert plan.cached(clip).path == folder
    monkeypatch.setattr(type(plan.method), "version", plan.method.version + 1)
    assert plan.cached(clip).path != folder
