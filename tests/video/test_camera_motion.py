"""How far a camera moves: known moves are found again, and nothing else looks like one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.sources.background import plate_frames
from dancenow.video import probe, read_frames
from dancenow.video.camera_motion import CameraTracker, Drift

Frame = NDArray[np.uint8]
Camera = tuple[float, float, float]  # shift of the picture's middle along x and y, px; scale

SIZE = (480, 360)
STILL: list[Camera] = [(0.0, 0.0, 1.0)] * 10
AWAY: list[Camera] = [(0.8 * index, -0.5 * index, 1.0) for index in range(10)]


def texture(size: tuple[int, int], seed: int) -> Frame:
    """A wall with something to see at every place and scale."""
    noise = np.random.default_rng(seed).normal(size=(size[1], size[0], 3))
    layers = [cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (2, 6, 18)]
    return np.asarray((128 + 70 * np.sum(layers, axis=0)).clip(0, 255), dtype=np.uint8)


def film(wall: Frame, cameras: Iterable[Camera], size: tuple[int, int] = SIZE) -> list[Frame]:
    """What cameras see of a wall that is larger than their frames."""
    inner = (np.array(size) - 1) / 2
    outer = (np.array([wall.shape[1], wall.shape[0]]) - 1) / 2
    frames = []
    for x, y, scale in cameras:
        offset = inner + np.array([x, y]) - scale * outer
        seen = cv2.warpAffine(wall, np.array([[scale, 0, offset[0]], [0, scale, offset[1]]]), size)
        frames.append(np.asarray(seen, dtype=np.uint8))
    return frames


def dance_before(
    frames: list[Frame], width: int, places: Iterable[float]
) -> tuple[list[Frame], list[Frame]]:
    """The same frames with a person of that width and the frames' height; and their masks.

    `places` are the person's left edge in each frame, px.
    """
    person = texture((width, frames[0].shape[0]), 5)
    seen, masks = [], []
    for frame, place in zip(frames, places, strict=True):
        left = round(place)
        shown, mask = frame.copy(), np.zeros(frame.shape[:2], np.uint8)
        shown[:, left : left + width] = person
        mask[:, left : left + width] = 255
        seen.append(shown)
        masks.append(mask)
    return seen, masks


def drift_of(frames: Iterable[Frame], masks: Sequence[Frame] | None = None) -> Drift:
    camera = CameraTracker()
    for index, frame in enumerate(frames):
        camera.add(frame, None if masks is None else masks[index])
    return camera.drift()


@pytest.fixture(scope="module")
def wall() -> Frame:
    return texture((900, 700), 1)


@pytest.mark.parametrize("size", [SIZE, (360, 480), (1280, 720), (160, 160)])
def test_known_shifts_are_found_in_px_of_the_full_frame(size: tuple[int, int]) -> None:
    wall = texture((size[0] + 100, size[1] + 100), 2)
    cameras = [(0.0, 0.0, 1.0), (3.7, -2.2, 1.0), (-4.6, 5.5, 1.0), (8.1, 1.3, 1.0)]
    drift = drift_of(film(wall, cameras, size))
    assert drift.x == pytest.approx(8.1 + 4.6, abs=0.5)
    assert drift.y == pytest.approx(5.5 + 2.2, abs=0.5)
    assert drift.zoom < 0.002
    assert drift.measured == 3
    assert drift.moves(size)


def test_a_zoom_about_the_middle_is_no_shift_but_moves_the_edges(wall: Frame) -> None:
    drift = drift_of(film(wall, [(0, 0, 1.0), (0, 0, 1.03), (0, 0, 0.98)]))
    assert drift.zoom == pytest.approx(1.03 / 0.98 - 1, abs=0.001)
    assert max(drift.x, drift.y) < 0.5
    assert drift.moves(SIZE)


def test_the_first_frame_is_one_of_the_extremes(wall: Frame) -> None:
    drift = drift_of(film(wall, [(0, 0, 1), (6, 0, 1.01), (9, 0, 1.02)]))
    assert drift.x == pytest.approx(9, abs=0.5)
    assert drift.zoom == pytest.approx(0.02, abs=0.001)


def test_a_pan_that_leaves_the_first_view_is_followed() -> None:
    cameras = [(-70.0 * index, 0.0, 1.0) for index in range(-7, 8)]
    frames = film(texture((1600, 500), 3), cameras)
    drift = drift_of(frames)
    assert drift.measured == 14
    assert drift.x == pytest.approx(980, abs=2)


def test_noise_moves_nothing_and_hides_no_move(wall: Frame) -> None:
    def grainy(frames: list[Frame]) -> list[Frame]:
        rng = np.random.default_rng(4)
        grain = [rng.normal(0, 10, frame.shape) for frame in frames]
        return [
            (frame + noise).clip(0, 255).astype(np.uint8)
            for frame, noise in zip(frames, grain, strict=True)
        ]

    still = drift_of(grainy(film(wall, STILL)))
    moving = drift_of(grainy(film(wall, [(0, 0, 1), (7.5, -3, 1), (4, -6, 1)])))
    assert max(still.x, still.y) < 0.5 and still.measured == 9
    assert not still.moves(SIZE)
    assert moving.x == pytest.approx(7.5, abs=0.5) and moving.y == pytest.approx(6, abs=0.5)


HALF = SIZE[0] // 2
WALK = 60 + 12 * np.arange(10)  # px
SWAY = HALF / 2 + 40 * np.sin(2 * np.arange(10))  # px


@pytest.mark.parametrize("places", [WALK, SWAY])
def test_a_person_who_covers_half_the_picture_is_not_the_camera(
    wall: Frame, places: NDArray[np.float64]
) -> None:
    still = drift_of(*dance_before(film(wall, STILL), HALF, places))
    assert max(still.x, still.y) < 0.5 and still.zoom < 0.002 and still.measured == 9
    moving = drift_of(*dance_before(film(wall, AWAY), HALF, places))
    assert moving.x == pytest.approx(7.2, abs=0.5) and moving.y == pytest.approx(4.5, abs=0.5)


def test_without_masks_the_room_is_what_lies_around_the_person(wall: Frame) -> None:
    still = drift_of(dance_before(film(wall, STILL), HALF, SWAY)[0])
    assert max(still.x, still.y) < 0.5 and still.zoom < 0.002 and still.measured == 9
    moving = drift_of(dance_before(film(wall, AWAY), HALF, SWAY)[0])
    assert moving.x == pytest.approx(7.2, abs=0.5) and moving.y == pytest.approx(4.5, abs=0.5)


def test_masks_of_another_size_fit_too(wall: Frame) -> None:
    frames, masks = dance_before(film(wall, STILL), 200, WALK)
    small = [cv2.resize(mask, (120, 90), interpolation=cv2.INTER_AREA) for mask in masks]
    drift = drift_of(frames, [np.asarray(mask, dtype=np.uint8) for mask in small])
    assert max(drift.x, drift.y) < 0.5 and drift.measured == 9


def test_captions_that_change_or_run_are_not_the_camera(wall: Frame) -> None:
    frames = film(wall, STILL)
    for index, frame in enumerate(frames):
        place = (20 - 9 * index, SIZE[1] - 30)
        said = ("wash the hands " if index < 5 else "turn, and turn ") * 3
        cv2.putText(frame, said, place, cv2.FONT_HERSHEY_DUPLEX, 2.2, (255, 255, 255), 5)
    drift = drift_of(frames)
    assert max(drift.x, drift.y) < 0.5 and drift.zoom < 0.002 and drift.measured == 9


def test_a_dim_room_is_seen(wall: Frame) -> None:
    dim = [np.asarray(20 + frame // 10, dtype=np.uint8) for frame in film(wall, AWAY)]
    drift = drift_of(dim)
    assert drift.x == pytest.approx(7.2, abs=0.5) and drift.y == pytest.approx(4.5, abs=0.5)


@pytest.mark.parametrize("grain", [0, 2, 10])
def test_a_bare_wall_tells_nothing(grain: float) -> None:
    rng = np.random.default_rng(6)
    shade = np.linspace(90, 180, SIZE[0])[None, :, None]
    bare = [shade + rng.normal(0, grain, (SIZE[1], SIZE[0], 3)) for _ in range(10)]
    drift = drift_of(
        *dance_before([frame.clip(0, 255).astype(np.uint8) for frame in bare], 120, WALK)
    )
    assert drift == Drift(0.0, 0.0, 0.0, 0)
    assert not drift.moves(SIZE)


def test_a_black_opening_is_passed_over(wall: Frame) -> None:
    black = [np.zeros((SIZE[1], SIZE[0], 3), np.uint8)] * 2
    drift = drift_of(black + film(wall, [(0, 0, 1), (6, 2, 1)]))
    assert drift.x == pytest.approx(6, abs=0.5) and drift.measured == 1


@pytest.mark.parametrize("size", [SIZE, (4, 3), (1, 1), (2000, 5)])
def test_one_frame_or_a_tiny_one_tells_nothing(size: tuple[int, int]) -> None:
    assert drift_of([]) == Drift(0.0, 0.0, 0.0, 0)
    assert drift_of([texture(size, 7)]) == Drift(0.0, 0.0, 0.0, 0)
    if size != SIZE:
        assert drift_of([texture(size, 7)] * 3).measured == 0


def test_another_picture_is_not_measured(wall: Frame) -> None:
    frames = film(wall, [(0, 0, 1), (2, 0, 1)]) + film(texture((900, 700), 8), STILL)
    drift = drift_of(frames)
    assert drift.measured == 1 and drift.x == pytest.approx(2, abs=0.5)


def test_the_threshold_goes_with_the_size() -> None:
    drift = Drift(x=3.0, y=4.0, zoom=0.0, measured=20)
    assert not drift.moves((1280, 720)) and not drift.moves((720, 1280))
    assert drift.moves((640, 360))


def test_the_warning_gives_the_figures() -> None:
    drift = Drift(x=9.2, y=21.8, zoom=0.001, measured=40)
    assert drift.warning("taiji.mp4", (1280, 720)) == (
        "taiji.mp4: the camera moves (by up to 9 x 22 px of 1280 x 720), "
        "so the background will blur or shake; use a tripod."
    )
    zooming = Drift(x=1.0, y=0.4, zoom=0.031, measured=40)
    assert "(by up to 1 x 0 px of 1280 x 720 and zooms by 3.1%)" in zooming.warning(
        "a.mp4", (1280, 720)
    )


def spread(clip: Path) -> list[Frame]:
    info = probe(clip)
    wanted = set(plate_frames(info.frames, info.size)[::2].tolist())
    return [frame for index, frame in enumerate(read_frames(clip)) if index in wanted]


def test_a_hand_held_clip_moves_and_a_still_one_with_captions_does_not(clips: Path) -> None:
    size = probe(clips / "taiji.mp4").size
    held = drift_of(spread(clips / "taiji.mp4"))
    assert held.measured >= 20 and held.moves(size)
    assert 12 < held.x < 22 and 22 < held.y < 33  # as an alignment of all px (ECC) says, too

    size = probe(clips / "studio_dance.mp4").size
    still = drift_of(spread(clips / "studio_dance.mp4"))
    assert still.measured >= 20 and not still.moves(size)
