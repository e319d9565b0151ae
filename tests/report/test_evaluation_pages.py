"""The pages of measurements: every figure told and explained, frames shown."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from pages import check, points
from swinging import write_swinging

from dancenow.errors import OutputError
from dancenow.evaluation import PictureScores, PoseScores
from dancenow.evaluation.dance import DanceScores
from dancenow.evaluation.flicker import FlickerScores
from dancenow.evaluation.motion import MotionScores
from dancenow.evaluation.page import check_report, evenly
from dancenow.options import (
    EvaluateClipOptions,
    EvaluateDanceOptions,
    EvaluatePerformerOptions,
    TrainChoreographerOptions,
)
from dancenow.pose import PoseTrack
from dancenow.report import page_kind
from dancenow.report.meanings import DANCE, PICTURES, POSES, STEADINESS
from dancenow.video import open_writer, read_frames
from dancenow.workflows.evaluate_dance import evaluate_dance
from dancenow.workflows.evaluate_performer import evaluate_performer
from dancenow.workflows.train_choreographer import train_choreographer
from fixture_types import Command, SampleClip
from motions import dancing
from untrained import plated, untrained


@pytest.fixture
def clip(sample_clip: SampleClip) -> Path:
    return sample_clip()


def test_every_figure_that_is_measured_has_a_meaning() -> None:
    told = {
        PictureScores: PICTURES, PoseScores: POSES, FlickerScores: STEADINESS,
        MotionScores: DANCE, DanceScores: DANCE,
    }  # fmt: skip
    for scores, meanings in told.items():
        names = {f.name for f in fields(scores) if f.type != "bool"}
        assert {name.removeprefix("learned_") for name in names} <= meanings.keys(), scores
    for meaning in {**PICTURES, **POSES, **STEADINESS, **DANCE}.values():
        assert meaning.name and meaning.what.endswith(".") and meaning.explanation


def test_a_clip_against_the_truth_is_reported(
    dancenow: Command, clip: Path, tmp_path: Path
) -> None:
    made = tmp_path / "worse.mp4"
    with open_writer(made, fps=10) as writer:
        for frame in read_frames(clip):
            writer.write(np.asarray(frame // 2 + 60, np.uint8))
    words = ["evaluate", "clip", made, clip, "--report", tmp_path / "r", "--json"]
    status, out, err = dancenow(*words)
    assert status == 0, err
    figures = json.loads(out.splitlines()[-1])
    assert figures["report"] == str(tmp_path / "r" / "index.html")
    page = check(tmp_path / "r" / "index.html")
    assert f"{figures['whole']['psnr']:.1f} dB" in page.text and "worse.mp4" in page.text
    for meaning in (PICTURES["ssim"], POSES["missed"], STEADINESS["made"]):
        assert meaning.name in page.text and meaning.what in page.text
    assert len(page.all("img")) == len(list((tmp_path / "r" / "pictures").iterdir())) == 8
    assert points(page, "only") == [10, 10]
    check_report(tmp_path / "r")  # a report is replaced by the next one


@pytest.mark.slow
def test_a_performer_on_its_clip_is_reported(clip: Path, tmp_path: Path) -> None:
    track = PoseTrack.load(clip.with_suffix(".pose.npz"))
    plate = np.full((128, 128, 3), 90, np.uint8)
    performer = untrained(track, plated(track, plate))
    performer.save(tmp_path / "me <3")
    with pytest.warns(UserWarning, match="does not tell"):
        poses, report = clip.with_suffix(".pose.npz"), tmp_path / "r"
        options = EvaluatePerformerOptions(poses=poses, device="cpu", report=report)
        made = evaluate_performer(tmp_path / "me <3", clip, options)
    page = check(tmp_path / "r" / "index.html")
    assert "me <3 dances bo.mp4" in page.text and "frames a second" in page.text
    assert f"{made.scores.whole.ssim:.3f}" in page.text and len(page.all("img")) == 8


@pytest.mark.parametrize("codec", ["frame", "pose"])
def test_a_dance_is_reported_for_both_codecs(codec: str, tmp_path: Path) -> None:
    options = TrainChoreographerOptions(preset="tiny", codec=codec, steps=10, device="cpu")
    if codec == "pose":
        dancing(fps=30).save(tmp_path / "d.npz")
        train_choreographer(tmp_path / "d.npz", tmp_path / "c", options)
    else:
        train_choreographer(write_swinging(tmp_path / "d.mp4"), tmp_path / "c", options)
    scores = evaluate_dance(
        tmp_path / "c", EvaluateDanceOptions(seconds=8, device="cpu", report=tmp_path / "r")
    )
    page = check(tmp_path / "r" / "index.html")
    assert f"{scores.speed_ratio:.2f}" in page.text and DANCE["copy_distance"].what in page.text
    assert len(page.all("img")) == 16 and "as learned" in page.text
    assert page_kind(tmp_path / "r" / "index.html") == "evaluation"


def test_a_folder_of_something_else_is_not_written_into(clip: Path, tmp_path: Path) -> None:
    from dancenow.workflows.evaluate_clip import evaluate_clip

    (tmp_path / "index.html").write_text("<p>mine")
    for call in (
        lambda: evaluate_clip(clip, clip, EvaluateClipOptions(report=tmp_path)),
        lambda: evaluate_performer(tmp_path, clip, EvaluatePerformerOptions(report=clip)),
        lambda: evaluate_dance(tmp_path, EvaluateDanceOptions(report=tmp_path)),
    ):
        with pytest.raises((OutputError, Exception), match=r"holds other files|is a file|no perf"):
            call()
    assert (tmp_path / "index.html").read_text() == "<p>mine"


def test_moments_lie_evenly_and_are_never_shown_twice() -> None:
    assert evenly(1) == [0] and evenly(3) == [0, 1, 2]
    assert evenly(100, 5) == [0, 25, 50, 74, 99]
