"""Several persons in a clip: who dances, who is meant, and who is hidden for a while."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.pose.dancers import bridged, check_person, choose_dancer, dancers, nearest_dancer
from dancenow.pose.estimators import make_estimator
from dancenow.pose.estimators.base import cast_of
from dancenow.pose.estimators.graphs import MediaPipeGraphs
from dancenow.pose.estimators.person_detector import PersonDetector
from dancenow.pose.layout import INDEX, MIRROR
from dancenow.pose.looks import look_of, looks_apart
from dancenow.pose.track import FloatArray, PoseTrack
from dancenow.pose.tracking import Tracked, track_people
from dancenow.video import probe, read_frames
from motions import dancing

HIP = INDEX["mid_hip"]
RED, BLUE = (np.array([*colour, *colour], np.float32) for colour in ((200, 30, 30), (30, 30, 200)))


def at(keypoints: FloatArray, x: float, scale: float = 1.0) -> FloatArray:
    """A dance somewhere else."""
    moved = keypoints.copy()
    moved[..., :2] = (moved[..., :2] * scale + [x, 0]) * (moved[..., 2:] > 0)
    return moved


@pytest.fixture(scope="module")
def dance() -> FloatArray:
    return dancing(seconds=3).keypoints


def people_in(clip: Path) -> list[PoseTrack]:
    info = probe(clip)
    cast = cast_of(make_estimator().stream(read_frames(info)), float(info.fps), info.size)
    return list(cast.tracks)


# From pictures


@pytest.mark.slow
def test_both_dancers_are_found(cases: Path) -> None:
    people = people_in(cases / "two_side_by_side.mp4")
    assert len(people) == 2
    for track, place in zip(people, (180, 455), strict=True):
        seen = (track.confidence > 0).any(axis=1)
        assert seen.mean() > 0.95
        assert np.abs(track.keypoints[seen, HIP, 0] - place).max() < 40


@pytest.mark.slow
def test_dancers_who_cross_keep_their_names(cases: Path) -> None:
    """One goes from 168 to 455 px, the other from 468 to 180."""
    people = people_in(cases / "two_crossing.mp4")
    assert len(people) == 2
    rightwards, leftwards = (track.keypoints[:, HIP, 0] for track in people)
    frames = np.arange(60)
    assert np.abs(rightwards - np.interp(frames, [0, 59], [168, 470])).max() < 45
    assert np.abs(leftwards - np.interp(frames, [0, 59], [468, 168])).max() < 45


@pytest.mark.slow
def test_a_mirror_image_is_no_dancer(cases: Path) -> None:
    people = people_in(cases / "mirror_70_percent.mp4")
    assert len(people) == 1
    assert np.median(people[0].keypoints[:, HIP, 0]) < 200  # not the mirror


def test_a_person_of_a_tenth_of_the_picture_is_found(cases: Path) -> None:
    (person,) = people_in(cases / "person_100px_in_1080p.mp4")
    assert (person.confidence[:, HIP] > 0).mean() > 0.9


def test_the_detector_tells_where_everybody_is(cases: Path) -> None:
    frame = next(iter(read_frames(cases / "two_side_by_side.mp4")))
    with PersonDetector(MediaPipeGraphs()) as detector:
        spots = sorted(detector.find(frame), key=lambda spot: spot.x)
    assert [round(spot.x, -1) for spot in spots] == pytest.approx([180, 460], abs=15)
    assert all(60 < spot.radius < 120 for spot in spots)


def test_a_wall_shows_nobody() -> None:
    wall = np.full((180, 320, 3), 120, np.uint8)
    with PersonDetector(MediaPipeGraphs()) as detector:
        assert detector.find(wall, small=True) == []


# From poses


def test_looks_tell_two_persons_apart_who_change_places(dance: FloatArray) -> None:
    """Where they meet, the nearest one is the wrong one."""
    count = len(dance)
    path = np.linspace(0, 120, count)
    right = np.stack([at(pose, x) for pose, x in zip(dance, path, strict=True)])
    left = np.stack([at(pose, 120 - x) for pose, x in zip(dance, path, strict=True)])
    meeting = slice(count // 2 - 3, count // 2 + 3)
    candidates = [[a, b] for a, b in zip(right, left, strict=True)]
    looks = [[RED, BLUE]] * count
    for index in range(*meeting.indices(count)):
        candidates[index], looks[index] = [right[index]], [RED]
    first, second = track_people(candidates, (320, 120), looks)
    assert np.abs(first.keypoints[:, HIP, 0] - right[:, HIP, 0]).max() < 1
    seen = second.keypoints[:, HIP, 2] > 0
    assert np.abs(second.keypoints[seen, HIP, 0] - left[seen, HIP, 0]).max() < 1
    assert first.look is not None and looks_apart(first.look, RED) == 0


def test_a_look_is_the_colours_of_trunk_and_legs() -> None:
    pose = dancing(size=(320, 320)).keypoints[0]
    frame = np.zeros((320, 320, 3), np.uint8)
    hips = round(float(pose[HIP, 1]))
    frame[:hips], frame[hips:] = (200, 10, 10), (10, 10, 200)
    look = look_of(frame, pose)
    assert looks_apart(look, np.array([200, 10, 10, 10, 10, 200], np.float32)) < 30
    assert np.isnan(look_of(frame, np.zeros_like(pose))).all()
    assert looks_apart(look, None) == looks_apart(look, np.full(6, np.nan, np.float32)) == 0


@pytest.mark.parametrize("flip", [1, -1])
def test_mirror_images_posters_and_statues_are_no_dancers(dance: FloatArray, flip: int) -> None:
    image = dance[:, list(MIRROR)].copy()
    image[..., 0] = np.where(image[..., 2] > 0, 150 + flip * 0.7 * (image[..., 0] - 80), 0)
    image[..., 1] *= 0.7
    poster = np.repeat(at(dance[:1], 60), len(dance), axis=0)
    other = at(dancing("bo", "disco", seconds=3).keypoints, 90, 0.9)
    people = [
        Tracked(dance, RED), Tracked(image, RED), Tracked(poster, BLUE), Tracked(other, RED)
    ]  # fmt: skip
    found = dancers(people)
    assert [id(person) for person in found] == [id(people[0]), id(people[3])]
    # One who dances the same, mirrored, in other clothes is no mirror image.
    assert len(dancers([people[0], Tracked(image, BLUE)])) == 2


def test_persons_are_chosen_by_place_or_number(dance: FloatArray) -> None:
    tracks = [PoseTrack(at(dance, x), 20, (320, 120)) for x in (80, 0, 160)]
    chosen = {who: choose_dancer(tracks, who, "a.mp4") for who in ("largest", "left", "right")}
    assert chosen == {"largest": 0, "left": 1, "right": 2}
    assert choose_dancer(tracks, "2", "a.mp4") == 1
    with pytest.raises(InputError, match=r"`person=4`: 3 persons are seen in a\.mp4"):
        choose_dancer(tracks, "4", "a.mp4")
    for wrong in ("0", "-1", "me", "1.5", ""):
        with pytest.raises(InputError, match="choose largest, left, right, or a number"):
            check_person(wrong)


def test_who_is_hardly_seen_has_a_place_too(dance: FloatArray) -> None:
    tracks = [PoseTrack(at(dance, x), 20, (320, 120)) for x in (80, 0, 160)]
    tracks[0].keypoints[..., 2] *= 0.15
    assert [choose_dancer(tracks, who, "a.mp4") for who in ("left", "right")] == [1, 2]


def test_given_poses_tell_who_is_meant(dance: FloatArray) -> None:
    tracks = [PoseTrack(at(dance, x), 20, (320, 120)) for x in (80, 0, 160)]
    given = PoseTrack(at(dance, 5), 20, (320, 120))
    assert nearest_dancer(tracks, given) == 1
    assert nearest_dancer(tracks, given.with_keypoints(np.zeros_like(dance))) == 0


def test_who_is_hidden_by_another_goes_on(dance: FloatArray) -> None:
    """And who leaves, with nobody near, does not."""
    hidden = at(dance, 10)
    hidden[20:40] = 0
    alone = at(dance, 150)
    alone[20:40] = 0
    near, far = PoseTrack(hidden, 20, (320, 120)), PoseTrack(alone, 20, (320, 120))
    front = PoseTrack(dance, 20, (320, 120))
    _, made, left = bridged([front, near, far])
    assert (made.confidence[20:40, HIP] > 0).all()
    between = made.keypoints[29, HIP, 0]
    assert min(hidden[19, HIP, 0], hidden[40, HIP, 0]) - 1 <= between
    assert between <= max(hidden[19, HIP, 0], hidden[40, HIP, 0]) + 1
    assert (left.confidence[20:40] == 0).all()
    _, cut, _ = bridged([front, near, far], [30])
    assert (cut.confidence[20:40] == 0).all()
