"""Verbs that detect poses let the estimator run on the device that they are given."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dancenow.options import (
    EvaluateClipOptions,
    EvaluatePerformerOptions,
    ExportEdnOptions,
    LiveOptions,
    PoseOptions,
    SampleOptions,
    TrainPerformerOptions,
)
from dancenow.pose import PoseTrack
from dancenow.sources.load import load_poses, load_source
from dancenow.video import probe
from dancenow.workflows.evaluate_clip import evaluate_clip
from dancenow.workflows.evaluate_performer import evaluate_performer
from dancenow.workflows.export import export_pairs
from dancenow.workflows.live import perform_live
from dancenow.workflows.pose import write_pose
from dancenow.workflows.sample import write_sample
from dancenow.workflows.train_performer import train_performer
from untrained import plated, untrained


class Asked(Exception):
    """An estimator was made, of this name and for this device."""


def ask(name: str, *, device: str = "cpu", **_: object) -> None:
    raise Asked(name, device)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip whose poses were never detected, and an untrained performer of its dancer."""
    folder = tmp_path_factory.mktemp("stage")
    clip = folder / "bo.mp4"
    write_sample(
        clip, SampleOptions(performer="bo", dance="wave", seconds=0.8, size=96, fps=10, seed=5)
    )
    track = PoseTrack.load(clip.with_suffix(".pose.npz"))
    untrained(track, plated(track, np.full((96, 96, 3), 90, np.uint8))).save(folder / "performer")
    return folder


VERBS: dict[str, Callable[[Path, Path, str], object]] = {
    "load_source": lambda at, _, device: load_source(
        at / "bo.mp4", estimator="rtmpose", device=device
    ),
    "load_poses": lambda at, _, device: load_poses(
        probe(at / "bo.mp4"), None, estimator="rtmpose", device=device
    ),
    "pose": lambda at, out, device: write_pose(
        at / "bo.mp4", out / "t.npz", PoseOptions(estimator="rtmpose", device=device)
    ),
    "evaluate clip": lambda at, _, device: evaluate_clip(
        at / "bo.mp4", at / "bo.mp4", EvaluateClipOptions(estimator="rtmpose", device=device)
    ),
    "evaluate performer": lambda at, _, device: evaluate_performer(
        at / "performer",
        at / "bo.mp4",
        EvaluatePerformerOptions(estimator="rtmpose", device=device),
    ),
    "train performer, whole frames": lambda at, out, device: train_performer(
        at / "bo.mp4",
        out / "p",
        TrainPerformerOptions(
            preset="edn-tiny",
            steps=1,
            estimator="rtmpose",
            device=device,
            no_perceptual=True,
        ),
    ),
    "export-edn": lambda at, out, device: export_pairs(
        at / "bo.mp4", out / "pairs", ExportEdnOptions(estimator="rtmpose", device=device)
    ),
    "live": lambda at, out, device: perform_live(
        at / "performer",
        str(at / "bo.mp4"),
        out / "o.mp4",
        LiveOptions(estimator="rtmpose", device=device),
    ),
}


@pytest.mark.parametrize("verb", VERBS)
def test_the_estimator_runs_where_it_is_told(
    verb: str, stage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dancenow.sources.segments.make_estimator", ask)
    monkeypatch.setattr("dancenow.workflows.live.make_estimator", ask)
    with warnings.catch_warnings(), pytest.raises(Asked) as asked:
        warnings.simplefilter("ignore")  # nobody knows what an untrained performer learned
        VERBS[verb](stage, tmp_path, "auto")
    assert asked.value.args == ("rtmpose", "auto")


def test_who_is_painted_over_a_plate_is_detected_there_too(
    stage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object, estimator: str, device: str, **__: object) -> None:
        raise Asked(estimator, device)

    monkeypatch.setattr("dancenow.performer.fast.prepare.detect_person", asked)
    options = TrainPerformerOptions(preset="tiny", steps=1, estimator="rtmpose", device="cpu")
    with pytest.raises(Asked) as made:
        train_performer(stage / "bo.mp4", tmp_path / "p", options)
    assert made.value.args == ("rtmpose", "cpu")
