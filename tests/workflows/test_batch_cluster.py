"""Batches on a cluster: two Ray workers on this machine, one of which is killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from dancenow.errors import InputError
from dancenow.options import BatchEngine, BatchOptions
from dancenow.progress import Progress
from dancenow.workflows import _batch_ray
from dancenow.workflows.batch import batch
from motions import dancing
from untrained import plated, untrained

pytestmark = pytest.mark.slow
ON_RAY = BatchOptions(engine=BatchEngine.ray)
PLAN = """
[options]
credentials = false
device = 'cpu'
[performers]
bo = 'bo'
lin = 'lin'
[sources]
a = '0.npz'
b = '1.npz'
c = '2.npz'
no = 'no.mp4'
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Two workers that live on between two batches."""
    ray = pytest.importorskip("ray")
    passed = {k: os.environ[k] for k in os.environ if k.startswith("DANCENOW_")}
    ray.init(
        num_cpus=2,
        object_store_memory=80_000_000,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": passed},
    )
    yield
    ray.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("bo", "lin"):
        seen = dancing(name, "house", seconds=1, fps=8, size=(64, 64))
        untrained(seen, plated(seen, np.full((64, 64, 3), 90, np.uint8))).save(tmp_path / name)
    for number in range(3):
        track = dancing("bo", "disco", seconds=0.5 + 0.1 * number, fps=8, size=(64, 64))
        track.save(tmp_path / f"{number}.npz")
    (tmp_path / "no.mp4").write_text("no clip")
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path


@pytest.mark.usefixtures("cluster")
def test_one_of_two_workers_is_killed_and_everything_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_batch_ray, "_CORES", 1)
    killed: list[int] = []

    def kill(_: Progress) -> None:
        busy = []
        for each in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # it has just ended
                if "ray::video" in " ".join(each.cmdline()):
                    busy.append(each)
        if busy and not killed:
            killed.append(busy[0].pid)
            busy[0].kill()

    made = batch(folder / "plan.toml", folder / "out", ON_RAY, progress=kill)
    assert killed and len(made.made) == 6
    assert len(made.failed) == 3 and "no.mp4" in next(iter(made.failed.values()))
    again = batch(folder / "plan.toml", folder / "out", ON_RAY)
    assert not again.made and len(again.found) == 6


def test_a_cluster_that_is_not_there_is_told_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_cluster(**_: object) -> None:
        raise ConnectionError("ray.init:\nno cluster at\n10.0.0.1")

    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", no_cluster)
    with pytest.raises(InputError, match=r"no cluster at 10\.0\.0\.1"):
        batch(folder / "plan.toml", folder / "out", ON_RAY)
