"""What a viewer sees: shifts forgiven, sharpness at full size, and what the figures are worth."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.evaluation import picture_scores, shift_tolerant
from dancenow.evaluation.clip import ClipScores, clip_scores
from dancenow.evaluation.pictures import PictureScores, aligned
from dancenow.evaluation.regions import head_boxes, outline, person_boxes
from dancenow.evaluation.shift_tolerant import MISSING, ShiftTolerantLpips, load_st_lpips
from dancenow.evaluation.yardsticks import BLURRED, EMPTY, MOVED
from dancenow.pose import PoseTrack
from dancenow.sample import render_sample

Frame = NDArray[np.uint8]


@pytest.fixture(scope="module")
def clip() -> tuple[list[Frame], PoseTrack]:
    frames, keypoints = zip(
        *render_sample("zola", "house", seconds=0.5, size=256, fps=8), strict=True
    )
    return list(frames), PoseTrack(np.stack(keypoints), 8, (256, 256))


@pytest.fixture(scope="module")
def picture() -> Frame:
    noise = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (200, 256)), np.uint8)


def blurred(picture: Frame, sigma: float = 1.5) -> Frame:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


# --- Alignment -----------------------------------------------------------------------------------


def test_what_lies_a_little_beside_is_moved_into_place(picture: Frame) -> None:
    beside = np.roll(picture, 2, axis=1)
    inside = np.s_[8:-8, 8:-8]
    before = picture_scores(beside[inside], picture[inside]).psnr
    assert picture_scores(aligned(beside, picture)[inside], picture[inside]).psnr > before + 6


def test_nothing_is_moved_by_more_than_a_few_pixels(picture: Frame) -> None:
    beside = np.roll(picture, 8, axis=1)
    inside = np.s_[16:-16, 16:-16]
    moved = picture_scores(aligned(beside, picture)[inside], picture[inside]).psnr
    near = picture_scores(aligned(beside, picture, 10)[inside], picture[inside]).psnr
    assert moved < near - 3


# --- ST-LPIPS ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judge() -> ShiftTolerantLpips:
    found = load_st_lpips()
    assert found is not None, MISSING
    return found


def test_it_gives_what_its_authors_program_gives(judge: ShiftTolerantLpips, picture: Frame) -> None:
    # Of the package's own `LPIPS(net="alex", variant="shift_tolerant")` on these pictures.
    assert judge(picture, picture) == 0
    assert judge(picture, np.roll(picture, 2, 0)) == pytest.approx(0.0176601, rel=1e-4)
    assert judge(picture, blurred(picture)) == pytest.approx(0.0175875, rel=1e-4)
    small = picture[:96, :96], blurred(picture)[:96, :96]
    assert judge(*small) == pytest.approx(0.0186181, rel=1e-4)


def test_a_picture_below_its_smallest_size_is_enlarged(
    judge: ShiftTolerantLpips, picture: Frame
) -> None:
    assert judge(picture[:12, :9], blurred(picture)[:12, :9]) > 0


def test_it_can_be_a_loss(judge: ShiftTolerantLpips) -> None:
    made = torch.zeros(2, 3, 48, 48, requires_grad=True)
    judge.distance(made, torch.rand(2, 3, 48, 48)).sum().backward()
    assert made.grad is not None and made.grad.abs().sum() > 0


def test_weights_that_are_missing_or_damaged_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shift_tolerant, "find_spec", lambda _: None)
    assert load_st_lpips() is None
    spec = ModuleSpec("stlpips_pytorch", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(shift_tolerant, "find_spec", lambda _: spec)
    assert load_st_lpips() is None
    file = tmp_path / "weights/vST0.0/alex_shift_tolerant.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"damaged")
    with pytest.raises(InputError, match="is damaged"):
        load_st_lpips()
    torch.save({"other": torch.zeros(1)}, file)
    with pytest.raises(InputError, match="lack"):
        load_st_lpips()


# --- Regions -------------------------------------------------------------------------------------


def test_the_head_lies_in_the_upper_part_of_the_person(clip: tuple[list[Frame], PoseTrack]) -> None:
    _, track = clip
    for person, head in zip(person_boxes(track), head_boxes(track), strict=True):
        assert person is not None and head is not None
        assert person[1] - 4 <= head[1] and head[3] < (person[1] + person[3]) / 2
        assert 0.08 < (head[3] - head[1]) / (person[3] - person[1]) < 0.3


def test_a_head_from_behind_or_nobody_has_no_box(clip: tuple[list[Frame], PoseTrack]) -> None:
    _, track = clip
    keypoints = np.zeros_like(track.keypoints)
    nobody = track.with_keypoints(keypoints)
    assert head_boxes(nobody) == [None] * len(track)
    assert not outline(keypoints[0], track.size).any()


def test_the_outline_holds_most_of_what_moves(clip: tuple[list[Frame], PoseTrack]) -> None:
    frames, track = clip
    room = np.median(np.stack(frames), axis=0)
    changed = np.abs(frames[0] - room).max(axis=-1) > 60
    assert outline(track.keypoints[0], track.size)[changed].mean() > 0.5


# --- A clip --------------------------------------------------------------------------------------


@pytest.fixture
def scores(clip: tuple[list[Frame], PoseTrack], monkeypatch: pytest.MonkeyPatch) -> ClipScores:
    monkeypatch.setattr("dancenow.evaluation.judge.load_st_lpips", load_st_lpips)
    frames, track = clip
    room = np.full_like(frames[0], 90)
    pairs: Iterator[tuple[Frame, Frame]] = ((blurred(f), f) for f in frames)
    found, _ = clip_scores(pairs, track, track, empty=lambda _: room)
    return found


@pytest.mark.slow
def test_every_region_is_measured_and_known_faults_stand_beside(scores: ClipScores) -> None:
    assert scores.person is not None and scores.native is not None and scores.head is not None
    for region in (scores.person, scores.native, scores.head):
        assert region.st_lpips is not None and region.st_lpips > 0
        assert region.sharpness < 0.8
    assert scores.person.psnr_aligned is not None
    assert scores.person.psnr_aligned >= scores.person.psnr - 0.2
    assert scores.st_lpips_missing is None

    assert set(scores.yardsticks) == {BLURRED, MOVED, EMPTY}
    person = {name: regions["person"] for name, regions in scores.yardsticks.items()}
    assert person[BLURRED].sharpness < 0.9 < person[MOVED].sharpness
    moved = person[MOVED]
    assert moved.psnr_aligned is not None and moved.psnr_aligned > moved.psnr + 3
    far = [person[name].st_lpips for name in (BLURRED, EMPTY)]
    assert far[0] is not None and far[1] is not None and far[0] < far[1]
    text = scores.summary()
    assert f"ST-LPIPS of {EMPTY}: at 256 px" in text and "person at full size" in text


def test_means_leave_out_what_was_not_measured() -> None:
    some = [PictureScores(20, 0.5, 1), None, PictureScores(30, 0.7, 1, st_lpips=0.2)]
    mean = PictureScores.mean(some)
    assert mean is not None and (mean.psnr, mean.st_lpips) == (25, 0.2) and mean.lpips is None
    assert PictureScores.mean([None]) is None
