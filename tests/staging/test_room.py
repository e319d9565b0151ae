"""Where a performance takes place: tracks, cameras that move, rooms that are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.options import Camera, Retarget, ShowOptions
from dancenow.performer.fast.performer import FastPerformer
from dancenow.pose import PoseTrack
from dancenow.progress import Progress
from dancenow.sample import dance_track
from dancenow.sources.camera import find_camera
from dancenow.sources.load import Source
from dancenow.staging.room import performable, stage
from dancenow.video import open_writer, probe
from dancenow.video.camera_motion import CameraPath
from untrained import plated, untrained

Frame = NDArray[np.uint8]
Shift = tuple[float, float]  # px, of what the frame shows

ROOM = (240, 180)  # the source's frames
HOME = (160, 120)  # the performer's, of the same shape
COUNT = 12
STILL: list[Shift] = [(0, 0)] * COUNT
PAN: list[Shift] = [(1.5 * t, -0.5 * t) for t in range(COUNT)]
EDGE = 40  # px of wall around the first view


def wall(seed: int) -> Frame:
    """A wall with something to see at every place and scale, larger than the view."""
    shape = (ROOM[1] + 2 * EDGE, ROOM[0] + 2 * EDGE, 3)
    noise = np.random.default_rng(seed).normal(size=shape)
    layers = [cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (2, 6, 18)]
    return np.asarray((128 + 70 * np.sum(layers, axis=0)).clip(0, 255), dtype=np.uint8)


def view(scene: Frame, shift: Shift = (0, 0)) -> Frame:
    """What a camera sees whose picture is moved by that many px."""
    motion = np.array([[1, 0, shift[0] - EDGE], [0, 1, shift[1] - EDGE]], np.float64)
    return np.asarray(cv2.warpAffine(scene, motion, ROOM, flags=cv2.INTER_CUBIC), dtype=np.uint8)


def film(path: Path, scene: Frame, shifts: Sequence[Shift]) -> Path:
    with open_writer(path, fps=12) as writer:
        for shift in shifts:
            writer.write(view(scene, shift))
    return path


def filmed(track: PoseTrack, shifts: Sequence[Shift]) -> PoseTrack:
    """A track as a camera sees it whose picture is moved."""
    keypoints = track.keypoints.copy()
    keypoints[..., :2] += (keypoints[..., 2:] > 0) * np.array(shifts, np.float32)[:, None]
    return track.with_keypoints(keypoints)


def shifts_of(path: CameraPath) -> NDArray[np.float64]:
    """Where each frame shows the picture's middle, `(T, 2)`, px away from it."""
    middle = np.array(path.size) / 2
    return np.asarray(path.moves[:, :, :2] @ middle + path.moves[:, :, 2] - middle)


@pytest.fixture(scope="module")
def dance() -> PoseTrack:
    """The motion, as a still camera sees it."""
    return dance_track("mika", "groove", seconds=COUNT / 12, size=ROOM, fps=12)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("still") / "still.mp4", wall(1), STILL)


@pytest.fixture(scope="module")
def panned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("panned") / "panned.mp4", wall(1), PAN)


@pytest.fixture(scope="module")
def performer() -> FastPerformer:
    """Somebody in another room, in smaller frames."""
    own = dance_track("zola", "house", seconds=2, size=HOME, fps=8)
    return untrained(own, plated(own, np.full((*HOME[::-1], 3), 90, np.uint8)))


@pytest.fixture(scope="module")
def at_home() -> FastPerformer:
    """Somebody whose room is the clips'."""
    own = dance_track("zola", "house", seconds=2, size=ROOM, fps=8)
    return untrained(own, plated(own, view(wall(1))))


# --- The camera of a clip ------------------------------------------------------------------------


def test_a_clip_from_a_tripod_has_no_path(still: Path, dance: PoseTrack) -> None:
    path, drift = find_camera(probe(still), dance)
    assert path is None and drift["measured"] == COUNT - 1
    assert max(drift["x"], drift["y"]) < 0.3


def test_a_camera_that_pans_is_followed(panned: Path, dance: PoseTrack) -> None:
    path, drift = find_camera(probe(panned), filmed(dance, PAN))
    assert path is not None and len(path) == COUNT and path.size == ROOM
    np.testing.assert_allclose(shifts_of(path), PAN, atol=0.5)
    assert drift["x"] == pytest.approx(PAN[-1][0], abs=0.5)


def test_only_the_frames_before_the_end_that_is_given_are_followed(
    panned: Path, dance: PoseTrack
) -> None:
    path, _ = find_camera(probe(panned), filmed(dance, PAN), stop=7)
    assert path is not None and len(path) == 7


@pytest.mark.parametrize("shifts", [STILL, PAN], ids=["still", "panned"])
def test_a_camera_is_sought_once(
    still: Path, panned: Path, dance: PoseTrack, shifts: list[Shift]
) -> None:
    events: list[Progress] = []
    clip = still if shifts is STILL else panned
    track = filmed(dance, shifts)
    first, drift = find_camera(probe(clip), track, progress=events.append)
    count = len(events)
    told = {"watching"} if shifts is STILL else {"watching", "following"}
    assert count >= COUNT
    assert {event.stage for event in events} == {
        f"{word} the camera of {clip.name}" for word in told
    }
    again, same = find_camera(probe(clip), track, progress=events.append)
    assert len(events) == count and same == drift
    if first is None:
        assert again is None
    else:
        assert again is not None
        np.testing.assert_array_equal(again.moves, first.moves)


# --- Normalised ----------------------------------------------------------------------------------


@pytest.mark.parametrize("camera", [Camera.auto, Camera.still, Camera.source])
def test_a_track_without_a_clip_is_danced_before_a_still_camera(
    performer: FastPerformer, dance: PoseTrack, camera: Camera
) -> None:
    staged = stage(performer, Source(dance, None), ShowOptions(camera=camera.value))
    assert staged.view is None
    expected = performable(performer, dance)
    assert staged.track.size == HOME and staged.track.fps == 12
    np.testing.assert_array_equal(staged.track.keypoints, expected.keypoints)


def test_limbs_are_retargeted_where_that_is_asked_for(
    performer: FastPerformer, dance: PoseTrack
) -> None:
    whole, limbs = (
        stage(performer, Source(dance, None), ShowOptions(retarget=each)) for each in Retarget
    )
    assert len(limbs.track) == COUNT
    assert not np.allclose(whole.track.xy, limbs.track.xy, atol=0.5)


def test_a_dancer_does_not_sway_because_the_camera_did(
    performer: FastPerformer, panned: Path, dance: PoseTrack
) -> None:
    source = Source(filmed(dance, PAN), probe(panned))
    staged = stage(performer, source, ShowOptions())
    assert staged.view is None
    expected = performable(performer, dance)
    # Statistics of the whole track are taken in the first frame's view.
    np.testing.assert_allclose(staged.track.xy, expected.xy, atol=1)


def test_whole_frames_are_painted_for_poses_as_they_were_learned(
    performer: FastPerformer, panned: Path, dance: PoseTrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(performer), "paints_layers", False)
    source = Source(filmed(dance, PAN), probe(panned))
    staged = stage(performer, source, ShowOptions(normalize=False))
    expected = performable(performer, source.track, normalize=False)
    np.testing.assert_array_equal(staged.track.keypoints, expected.keypoints)


def test_the_sources_camera_films_in_parts_of_the_frame(
    performer: FastPerformer, panned: Path, dance: PoseTrack
) -> None:
    source = Source(filmed(dance, PAN), probe(panned))
    staged = stage(performer, source, ShowOptions(camera="source"))
    assert staged.view is not None and staged.view.size == HOME and len(staged.view) == COUNT
    scale = HOME[1] / ROOM[1]
    np.testing.assert_allclose(shifts_of(staged.view), scale * np.array(PAN), atol=0.4)
    plain = stage(performer, source, ShowOptions())
    np.testing.assert_array_equal(staged.track.keypoints, plain.track.keypoints)


def test_a_tripod_of_the_source_films_like_any_other(
    performer: FastPerformer, still: Path, dance: PoseTrack
) -> None:
    source = Source(dance, probe(still))
    assert stage(performer, source, ShowOptions(camera="source")).view is None


def test_the_targets_camera_is_refused_where_it_is_not_known(
    performer: FastPerformer, dance: PoseTrack
) -> None:
    with pytest.raises(InputError, match=r"`camera=target`: .* leave the option out"):
        stage(performer, Source(dance, None), ShowOptions(camera="target"))


def test_the_targets_camera_goes_forth_and_back(performer: FastPerformer, dance: PoseTrack) -> None:
    moves = np.tile(np.eye(2, 3), (4, 1, 1))
    moves[:, 0, 2] = [0, 3, 5, 9]
    own = performer.scene
    filming = replace(own, camera=CameraPath(moves, HOME), fps=dance.fps)
    moving = FastPerformer(
        performer.config, filming, performer.generator, performer.texture, performer.device
    )
    staged = stage(moving, Source(dance, None), ShowOptions(camera="target"))
    assert staged.view is not None and staged.view.size == HOME
    assert shifts_of(staged.view)[:, 0].tolist() == [0, 3, 5, 9, 5, 3, 0, 3, 5, 9, 5, 3]
    assert stage(moving, Source(dance, None), ShowOptions()).view is None


# --- Not normalised ------------------------------------------------------------------------------

AWAY = (6.0, -4.0)


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """The performer's room, by a camera that stands a little further away."""
    return film(tmp_path / "beside.mp4", wall(1), [AWAY] * COUNT)


@pytest.mark.parametrize("camera", [Camera.auto, Camera.source])
def test_in_the_performers_own_room_the_sources_view_is_kept(
    at_home: FastPerformer, beside: Path, dance: PoseTrack, camera: Camera
) -> None:
    source = Source(filmed(dance, [AWAY] * COUNT), probe(beside))
    staged = stage(at_home, source, ShowOptions(normalize=False, camera=camera.value))
    assert staged.view is not None and len(staged.view) == COUNT and staged.view.size == ROOM
    np.testing.assert_allclose(shifts_of(staged.view), [AWAY] * COUNT, atol=0.5)
    np.testing.assert_allclose(staged.track.xy, dance.xy, atol=0.6)
    np.testing.assert_array_equal(staged.track.confidence, dance.confidence)


def test_in_the_performers_own_room_a_camera_that_pans_is_followed(
    at_home: FastPerformer, panned: Path, dance: PoseTrack
) -> None:
    staged = stage(at_home, Source(filmed(dance, PAN), probe(panned)), ShowOptions(normalize=False))
    assert staged.view is not None
    np.testing.assert_allclose(shifts_of(staged.view), PAN, atol=0.6)
    np.testing.assert_allclose(staged.track.xy, dance.xy, atol=0.8)


def test_a_still_camera_shows_the_plate_as_it_is(
    at_home: FastPerformer, beside: Path, dance: PoseTrack
) -> None:
    source = Source(filmed(dance, [AWAY] * COUNT), probe(beside))
    staged = stage(at_home, source, ShowOptions(normalize=False, camera="still"))
    assert staged.view is None
    np.testing.assert_allclose(staged.track.xy, dance.xy, atol=0.6)


def test_the_very_view_of_the_plate_needs_no_other(
    at_home: FastPerformer, still: Path, dance: PoseTrack
) -> None:
    staged = stage(at_home, Source(dance, probe(still)), ShowOptions(normalize=False))
    assert staged.view is None
    np.testing.assert_allclose(staged.track.xy, dance.xy, atol=0.4)


def test_another_room_is_not_taken_for_the_performers(
    at_home: FastPerformer, dance: PoseTrack, tmp_path: Path
) -> None:
    elsewhere = film(tmp_path / "elsewhere.mp4", wall(2), STILL)
    staged = stage(at_home, Source(dance, probe(elsewhere)), ShowOptions(normalize=False))
    assert staged.view is None
    np.testing.assert_array_equal(staged.track.keypoints, dance.keypoints)


def test_frames_of_another_size_are_fitted_without_a_view(
    performer: FastPerformer, still: Path, dance: PoseTrack
) -> None:
    staged = stage(performer, Source(dance, probe(still)), ShowOptions(normalize=False))
    assert staged.view is None and staged.track.size == HOME
    np.testing.assert_allclose(staged.track.xy, dance.xy * HOME[1] / ROOM[1], atol=0.01)
