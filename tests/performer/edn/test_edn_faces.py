"""Faces: which square of a picture they are in, cut out and mended."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dancenow.performer.edn.faces import add_to_faces, cut_faces
from dancenow.pose import PoseTrack
from dancenow.pose.face_region import face_corners, face_side
from dancenow.pose.layout import FACE, INDEX
from dancenow.pose.track import FloatArray
from dancenow.sample import dance_track

SIZE = (256, 192)
HEAD = [INDEX[name] for name in ("nose", "right_eye", "left_eye")]

# Regions of pictures of 12 x 20 px (height, width).
SIDE = 6
CORNERS = torch.tensor([[0, 0], [14, 6], [5, 3]])  # two in corners of the picture, one inside


def pictures() -> torch.Tensor:
    return torch.randn(3, 2, 12, 20, generator=torch.Generator().manual_seed(0))


def boxes() -> torch.Tensor:
    """Which px are in the regions, bool `(3, 1, 12, 20)`."""
    inside = torch.zeros(3, 1, 12, 20, dtype=torch.bool)
    for box, (left, top) in zip(inside, CORNERS.tolist(), strict=True):
        box[:, top : top + SIDE, left : left + SIDE] = True
    return inside


def test_every_picture_is_cut_at_its_own_place() -> None:
    whole = pictures()
    faces = cut_faces(whole, CORNERS, SIDE)
    assert faces.shape == (3, 2, SIDE, SIDE)
    for picture, face, (left, top) in zip(whole, faces, CORNERS.tolist(), strict=True):
        assert torch.equal(face, picture[:, top : top + SIDE, left : left + SIDE])


def test_the_gradient_lands_in_the_regions_alone() -> None:
    whole = pictures().requires_grad_()
    weights = torch.rand(3, 2, SIDE, SIDE) + 1
    (weights * cut_faces(whole, CORNERS, SIDE)).sum().backward()
    assert whole.grad is not None
    assert ((whole.grad != 0) == boxes()).all()
    assert torch.equal(cut_faces(whole.grad, CORNERS, SIDE), weights)


def test_a_residual_changes_its_region_and_leaves_the_rest() -> None:
    whole = pictures().clamp(-0.5, 0.5)
    before = whole.clone()
    residuals = torch.rand(3, 2, SIDE, SIDE) - 0.5
    mended = add_to_faces(whole, residuals, CORNERS)
    assert torch.equal(whole, before)
    outside = ~boxes().expand_as(whole)
    assert torch.equal(mended[outside], whole[outside])
    faces = cut_faces(whole, CORNERS, SIDE)
    assert torch.equal(cut_faces(mended, CORNERS, SIDE), faces + residuals)


def test_what_cannot_be_shown_is_clamped_inside_the_region_alone() -> None:
    whole = torch.full((3, 2, 12, 20), 1.5)
    for residual, shown in ((1.0, 1.0), (-4.0, -1.0)):
        mended = add_to_faces(whole, torch.full((3, 2, SIDE, SIDE), residual), CORNERS)
        assert (mended[boxes().expand_as(whole)] == shown).all()
        assert (mended[~boxes().expand_as(whole)] == 1.5).all()


def test_a_picture_keeps_its_precision_when_it_is_mended() -> None:
    residuals = torch.zeros(3, 2, SIDE, SIDE)
    assert add_to_faces(pictures().bfloat16(), residuals, CORNERS).dtype == torch.bfloat16


# Where the face is.


@pytest.mark.parametrize(
    ("size", "side"),
    [((1024, 512), 128), ((512, 1024), 128), ((512, 288), 64), ((64, 64), 16), ((32, 24), 16)],
)
def test_the_region_is_an_eighth_of_the_longer_side(size: tuple[int, int], side: int) -> None:
    assert face_side(size) == side


@given(st.integers(128, 4096), st.integers(16, 4096))
def test_the_regions_side_is_a_multiple_of_8_near_an_eighth(width: int, height: int) -> None:
    side = face_side((width, height))
    assert side % 8 == 0 and abs(side - max(width, height) / 8) <= 4


def face_at(x: float, y: float, *, points: int = 70, head: int = 3) -> FloatArray:
    """One frame that shows so many of the face's keypoints in a ring, and of nose and eyes.

    Nose and eyes lie 20 px to the right of the ring's middle.
    """
    keypoints = np.zeros((1, 137, 3), np.float32)
    angle = 2 * np.pi * np.arange(points) / max(points, 1)
    ring = np.stack([x + 12 * np.cos(angle), y + 15 * np.sin(angle), np.ones(points)], axis=1)
    keypoints[0, FACE][:points] = ring
    keypoints[0, HEAD[:head]] = (x + 20, y, 1.0)
    return keypoints


@given(st.floats(20, 236), st.floats(20, 172))
def test_the_middle_of_the_face_is_the_middle_of_the_region(x: float, y: float) -> None:
    corners, seen = face_corners(face_at(x, y), SIZE, 32)
    assert seen.tolist() == [True] and corners.dtype == np.int64
    assert np.abs(corners[0] + 16 - (x, y)).max() <= 0.51


@pytest.mark.parametrize(
    ("place", "corner"),
    [
        ((3, 100), (0, 84)),
        ((254, 100), (224, 84)),
        ((100, 3), (84, 0)),
        ((100, 190), (84, 160)),
        ((1, 191), (0, 160)),
    ],
)
def test_a_region_that_would_stick_out_is_moved_into_the_frame(
    place: tuple[float, float], corner: tuple[int, int]
) -> None:
    corners, seen = face_corners(face_at(*place), SIZE, 32)
    assert seen.all() and tuple(corners[0]) == corner


@pytest.mark.parametrize("points", [0, 9])
def test_with_too_few_points_of_the_face_nose_and_eyes_tell_where_it_is(points: int) -> None:
    corners, seen = face_corners(face_at(100, 80, points=points), SIZE, 32)
    assert seen.all() and tuple(corners[0]) == (120 - 16, 80 - 16)


@pytest.mark.parametrize(
    "keypoints",
    [
        face_at(100, 80, points=9, head=2),  # the back of a head
        face_at(100, 80) * np.array([1, 1, 0.2], np.float32),  # too uncertain
        face_at(300, 80),  # outside the frame
        np.full((1, 137, 3), np.nan, np.float32),
        np.zeros((1, 137, 3), np.float32),
    ],
)
def test_where_no_face_is_seen_there_is_none(keypoints: FloatArray) -> None:
    corners, seen = face_corners(keypoints, SIZE, 32)
    assert not seen.any() and (corners == 0).all()


def test_what_is_not_seen_does_not_move_the_region() -> None:
    keypoints = face_at(100, 80, points=40)
    keypoints[0, FACE][40:] = (9000.0, np.nan, 0.1)
    corners, seen = face_corners(keypoints, SIZE, 32)
    assert seen.all() and np.abs(corners[0] + 16 - (100, 80)).max() <= 0.51


def test_every_frame_has_its_own_region() -> None:
    frames = np.concatenate([face_at(60, 50), face_at(0, 0, points=0, head=0), face_at(200, 120)])
    corners, seen = face_corners(frames, SIZE, 32)
    assert seen.tolist() == [True, False, True]
    assert corners.tolist() == [[44, 34], [0, 0], [184, 104]]


def test_a_region_larger_than_the_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="200 px in a frame of 256 x 192"):
        face_corners(face_at(100, 80), SIZE, 200)


@pytest.fixture(scope="module")
def dance() -> PoseTrack:
    return dance_track("mika", "disco", seconds=1, size=(512, 512), fps=8)


def test_a_dancers_nose_and_eyes_are_inside_the_region(dance: PoseTrack) -> None:
    side = face_side(dance.size)
    corners, seen = face_corners(dance.keypoints, dance.size, side)
    assert seen.sum() >= 6  # at the end of the turn the face is hidden
    head, corners = dance.keypoints[seen][:, HEAD, :2], corners[seen][:, None]
    assert (head >= corners).all() and (head < corners + side).all()
