"""Where a camera looked, frame by frame: measured, bridged, undone and done again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.video.camera_motion import (
    CameraPath,
    CameraTracker,
    interpolate_path,
    match_views,
    still_path,
)

Frame = NDArray[np.uint8]
Move = NDArray[np.float64]

SIZE = (480, 360)
EDGE = 60  # px of wall around the first view


def wall(size: tuple[int, int] = SIZE, seed: int = 1) -> Frame:
    """A wall with something to see at every place and scale, larger than the view."""
    shape = (size[1] + 2 * EDGE, size[0] + 2 * EDGE, 3)
    noise = np.random.default_rng(seed).normal(size=shape)
    layers = [cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (2, 6, 18)]
    return np.asarray((128 + 70 * np.sum(layers, axis=0)).clip(0, 255), dtype=np.uint8)


def move(
    x: float = 0, y: float = 0, zoom: float = 1, angle: float = 0, size: tuple[int, int] = SIZE
) -> Move:
    """What shifts the picture's middle by x and y px, and zooms and turns (degrees) about it."""
    middle, shift = np.array(size) / 2, np.array([x, y])
    turn = cv2.getRotationMatrix2D((0, 0), angle, zoom)[:, :2]
    return np.column_stack([turn, middle + shift - turn @ middle])


def moved(points: NDArray[np.float64], by: Move) -> NDArray[np.float64]:
    return np.asarray(points @ by[:, :2].T + by[:, 2])


def film(scene: Frame, moves: list[Move], size: tuple[int, int] = SIZE) -> list[Frame]:
    """What a camera sees whose first view is the wall without its edge."""
    frames = []
    for each in moves:
        matrix = each.copy()
        matrix[:, 2] += each[:, :2] @ np.full(2, 0.5 - EDGE) - 0.5  # cv2 has pixel centres at .0
        seen = cv2.warpAffine(scene, matrix, size, flags=cv2.INTER_CUBIC)
        frames.append(np.asarray(seen, dtype=np.uint8))
    return frames


def furthest(found: Move, truth: Move, size: tuple[int, int] = SIZE) -> float:
    """The largest error at a corner of the frame, px."""
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]], size], np.float64)
    return float(np.abs(moved(corners, found) - moved(corners, truth)).max())


HELD = [(3.7, -2.2, 1, 0), (-4.6, 5.5, 1.01, 0), (8.1, 1.3, 0.985, 0.4), (0.4, 0.3, 1.002, -0.2)]


@pytest.mark.parametrize("size", [SIZE, (360, 480), (1280, 720)])
def test_the_moves_of_a_camera_are_found_to_a_part_of_a_px(size: tuple[int, int]) -> None:
    moves = [move(size=size), *(move(*each, size=size) for each in HELD)]
    camera = CameraTracker()
    first, *found = [camera.add(frame) for frame in film(wall(size), moves, size)]
    assert first is None
    for each, truth in zip(found, moves[1:], strict=True):
        assert each is not None and furthest(each, truth, size) < 0.3


def test_a_pan_that_leaves_the_first_view_is_measured_from_there() -> None:
    scene = wall((1400, 360))
    pan = [move(-45.0 * index) for index in range(20)]
    camera = CameraTracker()
    found = [camera.add(frame) for frame in film(scene, pan)]
    for each, truth in zip(found[1:], pan[1:], strict=True):
        assert each is not None and furthest(each, truth) < 1  # errors add up on the way


def test_gaps_in_a_path_are_bridged() -> None:
    known = {index: move(2.0 * index, -index, 1 + 0.01 * index) for index in (0, 1, 4, 5)}
    path = interpolate_path([known.get(index) for index in range(6)], SIZE)
    assert path is not None and len(path) == 6 and path.size == SIZE
    expected = [move(2.0 * index, -index, 1 + 0.01 * index) for index in range(6)]
    np.testing.assert_allclose(path.moves, expected, atol=1e-9)


def test_a_path_stays_where_it_was_last_seen() -> None:
    path = interpolate_path([move(1), move(2), move(3), None, None], SIZE)
    assert path is not None
    np.testing.assert_allclose(path.moves[2:], [move(3)] * 3)


def test_too_few_measured_frames_are_no_path() -> None:
    assert interpolate_path([move(), None, None, None], SIZE) is None
    assert interpolate_path([None] * 5, SIZE) is None
    assert interpolate_path([move(1), None, move(2), None, move(3)], SIZE) is not None


@pytest.mark.parametrize("opening", [0, 2])
def test_the_frame_that_all_are_compared_with_does_not_move(opening: int) -> None:
    black = [np.zeros((*SIZE[::-1], 3), np.uint8)] * opening
    pan = [move(6.0 * index) for index in range(8)]
    camera = CameraTracker()
    path = interpolate_path([camera.add(frame) for frame in [*black, *film(wall(), pan)]], SIZE)
    assert path is not None
    for each, truth in zip(path.moves[opening:], pan, strict=True):
        assert furthest(each, truth) < 0.3


@pytest.fixture(scope="module")
def path() -> CameraPath:
    return CameraPath(np.stack([move(), *(move(*each) for each in HELD)]), SIZE)


@pytest.fixture(scope="module")
def frames(path: CameraPath) -> list[Frame]:
    return film(wall(), list(path.moves))


def test_steadied_points_stay_in_place(path: CameraPath) -> None:
    points = np.random.default_rng(2).uniform(0, 360, (9, 2))
    filmed = np.stack([moved(points, each) for each in path.moves]).astype(np.float32)
    steady = path.steadied(filmed)
    assert steady.dtype == np.float32 and steady.shape == (5, 9, 2)
    np.testing.assert_allclose(steady, np.tile(points, (5, 1, 1)), atol=1e-3)


def test_steadied_frames_show_the_common_view_where_they_saw_it(
    path: CameraPath, frames: list[Frame]
) -> None:
    for index, frame in enumerate(frames):
        there = path.unseen(index) == 0
        inner = cv2.erode(there.astype(np.uint8), np.ones((7, 7)), borderValue=(0,)) > 0
        error = np.abs(path.steady(frame, index).astype(int) - frames[0])[inner]
        assert inner.mean() > 0.8 and error.mean() < 1 and error.max() < 12


def test_the_common_view_is_shown_as_the_camera_saw_it(
    path: CameraPath, frames: list[Frame]
) -> None:
    for index, frame in enumerate(frames):
        error = np.abs(path.shown(frames[0], index).astype(int) - frame)[15:-15, 15:-15]
        assert error.mean() < 1 and error.max() < 12


def test_masks_and_transparent_pictures_are_moved_too(path: CameraPath) -> None:
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[100:200, 100:200] = 255
    layer = np.dstack([mask] * 4)
    assert path.steady(mask, 1).shape == mask.shape
    shown = path.shown(layer, 1)
    assert shown.shape == layer.shape
    rows, columns = np.nonzero(shown[..., 3] > 127)
    middle = np.array([columns.mean(), rows.mean()]) + 0.5
    np.testing.assert_allclose(middle, moved(np.array([[150.0, 150.0]]), path.moves[1])[0], atol=1)


def test_what_lies_outside_of_a_frame_is_unseen() -> None:
    path = CameraPath(np.stack([move(), move(10), move(0, -7)]), SIZE)
    still, right, up = (path.unseen(index) for index in range(3))
    assert not still.any()
    assert (right[:, -10:] == 255).all() and not right[:, :-10].any()
    assert (up[:7] == 255).all() and not up[7:].any()


def test_a_path_seen_from_another_view_goes_by_way_of_its_own(path: CameraPath) -> None:
    first = move(20, -9, 1.1, 3)
    after = path.after(first)
    assert after.size == path.size and len(after) == len(path)
    points = np.array([[0.0, 0.0], [480, 0], [100, 300]])
    for whole, own in zip(after.moves, path.moves, strict=True):
        np.testing.assert_allclose(moved(points, whole), moved(moved(points, first), own))


def test_the_reach_is_how_far_a_corner_moves() -> None:
    assert CameraPath(np.stack([move(), move(3, -4), move(1)]), SIZE).reach() == pytest.approx(5)
    zoomed = CameraPath(move(zoom=1.02)[None], SIZE)
    assert zoomed.reach() == pytest.approx(0.02 * np.hypot(240, 180))


def test_a_still_camera_changes_nothing(frames: list[Frame]) -> None:
    path = still_path(3, SIZE)
    points = np.random.default_rng(3).uniform(0, 360, (3, 4, 2)).astype(np.float32)
    assert len(path) == 3 and path.size == SIZE and path.reach() == 0
    assert np.array_equal(path.steadied(points), points)
    assert np.array_equal(path.steady(frames[1], 2), frames[1])
    assert np.array_equal(path.shown(frames[1], 2), frames[1])
    assert not path.unseen(2).any()


@pytest.mark.parametrize("seen", [(0, 0, 1), (13.4, -8.6, 1), (-6.2, 3.1, 1.06), (40, 25, 0.97)])
def test_two_views_of_one_room_are_matched(seen: tuple[float, float, float]) -> None:
    first, second = film(wall(), [move(), move(*seen)])
    found = match_views(first, second)
    assert found is not None and furthest(found, move(*seen)) < 0.3


def test_views_are_matched_around_a_person_who_moved_otherwise() -> None:
    first, second = film(wall(), [move(), move(9, 4)])
    person = wall(seed=5)[:300, :150]
    masks = []
    for frame, left in ((first, 100), (second, 190)):
        frame[60:, left : left + 150] = person
        mask = np.zeros(SIZE[::-1], np.uint8)
        mask[60:, left : left + 150] = 255
        masks.append(mask)
    found = match_views(first, second, np.maximum(masks[0], masks[1]))
    assert found is not None and furthest(found, move(9, 4)) < 0.3


def test_another_room_does_not_match() -> None:
    here, there = (film(wall(seed=seed), [move()])[0] for seed in (1, 8))
    bare = np.full_like(here, 120)
    assert match_views(here, there) is None
    assert match_views(here, bare) is None
    assert match_views(bare, bare) is None
