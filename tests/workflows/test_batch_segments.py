"""Long clips in a batch: several processes do their segments, and nobody sees the seams."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dancenow.options import BatchOptions
from dancenow.progress import silent
from dancenow.sources import segments
from dancenow.video import probe, read_frames
from dancenow.workflows import _batch_do
from dancenow.workflows import batch as verb
from dancenow.workflows._batch_schedule import Outcome
from dancenow.workflows._batch_tasks import Task
from dancenow.workflows.batch import batch
from fixture_types import SampleClip
from motions import dancing
from untrained import plated, untrained

PLAN = """
[options]
device = 'cpu'
background = 'long.mp4'
[[job]]
performer = 'bo'
source = 'long.mp4'
"""


class InThisProcess:
    """An engine whose tasks see what a test has changed, each after all that it needs."""

    def __init__(self, *_: object) -> None:
        self.doing: dict[str, str] = {}
        self.did: list[Task] = []

    def begin(self, task: Task) -> bool:
        self.doing[task.key] = ""
        self.did.append(task)
        return True

    def ended(self) -> Iterator[Outcome]:
        for task in [each for each in self.did if each.key in self.doing]:
            figures = _batch_do.do(task, silent)
            del self.doing[task.key]
            yield Outcome(task, figures)

    def close(self) -> None: ...


@pytest.fixture
def plan(tmp_path: Path, sample_clip: SampleClip) -> Path:
    seen = dancing("bo", "house", seconds=1, fps=8, size=(96, 96))
    untrained(seen, plated(seen, np.full((96, 96, 3), 90, np.uint8))).save(tmp_path / "bo")
    shutil.copy(sample_clip("zola", "house", seconds=5), tmp_path / "long.mp4")
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path / "plan.toml"


@pytest.mark.slow
def test_segments_are_joined_to_the_same_frames(
    plan: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SEGMENT", 20)
    engines: list[InThisProcess] = []

    def engine(*_: object) -> InThisProcess:
        engines.append(InThisProcess())
        return engines[-1]

    monkeypatch.setattr(verb, "Pool", engine)
    whole = batch(plan, plan.parent / "whole", BatchOptions(jobs=1)).made[0]
    for folder in own_cache.iterdir():
        shutil.rmtree(folder)
    joined = batch(plan, plan.parent / "joined", BatchOptions(jobs=2)).made[0]
    kinds = [task.kind for task in engines[1].did]
    assert [kinds.count(kind) for kind in ("look", "who", "follow", "paint")] == [2, 1, 2, 2]
    assert {task.kind for task in engines[0].did} == {"poses", "perform"}
    a, b = list(read_frames(whole)), list(read_frames(joined))
    assert len(a) == len(b) == 50
    # Not always to the bit: another number of threads adds up in another order.
    squared = (np.stack(a).astype(np.float32) - np.stack(b)) ** 2
    assert squared.max() <= 9 and 10 * np.log10(255**2 / max(squared.mean(), 1e-9)) > 60
    assert probe(joined).has_audio == probe(whole).has_audio
    assert not list((own_cache / "segments").rglob("*.*"))
    assert not (plan.parent / "joined" / ".painted").exists()
    again = batch(plan, plan.parent / "joined", BatchOptions(jobs=1))
    assert not again.made and len(again.found) == 1
