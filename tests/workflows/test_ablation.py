"""The ablation's inputs: what its seed decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.options import AblationOptions, SampleOptions
from dancenow.pose import PoseTrack
from dancenow.workflows.ablation import run_ablation
from dancenow.workflows.sample import write_sample


class Enough(Exception):
    """The training would begin."""


@pytest.fixture
def errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The errors that the ablation adds to the true poses of both clips, by its seed."""

    def stop(*_: object, **__: object) -> None:
        raise Enough

    monkeypatch.setattr("dancenow.workflows.ablation.train_performer", stop)
    clips = [tmp_path / f"{name}.mp4" for name in ("learned", "danced")]
    for clip in clips:  # they are used again, as those of an earlier run
        write_sample(
            clip, SampleOptions(performer="zola", dance="house", seconds=0.3, size=64, fps=10)
        )

    def of(seed: int) -> list[NDArray[np.float32]]:
        with pytest.raises(Enough):
            run_ablation(tmp_path, AblationOptions(steps=1, device="cpu", seed=seed))
        return [
            PoseTrack.load(clip.with_suffix(".jittered.npz")).xy
            - PoseTrack.load(clip.with_suffix(".pose.npz")).xy
            for clip in clips
        ]

    return of


def test_the_seed_decides_the_error_of_the_poses(errors: Any) -> None:
    first, again, other = errors(0), errors(0), errors(1)
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.abs(a - c).max() > 0.01


def test_the_poses_that_are_learned_and_those_that_are_danced_have_errors_of_their_own(
    errors: Any,
) -> None:
    learned, danced = errors(0)
    assert learned.shape == danced.shape and np.abs(learned - danced).max() > 0.01
