"""Dancers who were filmed together, in one room: their places, and who is in front."""

from __future__ import annotations

import numpy as np
import pytest

from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX
from dancenow.pose.normalize import pose_statistics
from dancenow.staging.group import Group, gather
from motions import dancing

SIZE = (640, 360)
ROOM = (480, 270)


def standing(
    dancer: str, x: float, ground: float, height: float, speed: float = 0.0, count: int = 40
) -> PoseTrack:
    """A dancer as tall as `height`, on a ground at y, who goes sideways in pixels a frame."""
    track = dancing(dancer, "wave", seconds=2, fps=20, size=(160, 120))[:count]
    own = pose_statistics(track)
    scale = height / own.middle_height
    keypoints = track.keypoints.copy()
    travel = x + speed * np.arange(len(track))[:, None]
    keypoints[..., 0] = np.where(
        keypoints[..., 2] > 0, scale * (keypoints[..., 0] - own.x) + travel, 0
    )
    keypoints[..., 1] = np.where(
        keypoints[..., 2] > 0, scale * (keypoints[..., 1] - own.middle) + ground, 0
    )
    return PoseTrack(keypoints.astype(np.float32), track.fps, SIZE)


def in_room(group: Group, number: int, name: str) -> np.ndarray:
    """Where a keypoint of a dancer comes to lie in the shared picture, `(T, 2)`."""
    place = group.places[number]
    own = group.tracks[number].keypoints[:, INDEX[name], :2]
    return place.there + place.scale * (own - place.here)


def homes(*dancers: str) -> list:
    return [pose_statistics(dancing(name, "house", 2, 20, ROOM)) for name in dancers]


def test_dancers_keep_their_places_and_sizes() -> None:
    """Everything is scaled by one number and moved by one vector."""
    pair = [standing("mika", 200, 300, 150, 1.5), standing("zola", 420, 320, 190, -1.5)]
    group = gather(pair, homes("bo", "lin"), ROOM)
    assert group.width == ROOM[0]
    points, moved = [], []
    for number, track in enumerate(pair):
        for name in ("mid_hip", "left_wrist", "right_ankle", "nose"):
            points.append(track.keypoints[:, INDEX[name], :2])
            moved.append(in_room(group, number, name))
    before, after = np.concatenate(points), np.concatenate(moved)
    scale = float(np.std(after[:, 0]) / np.std(before[:, 0]))
    assert np.ptp(after - scale * before, axis=0).max() < 0.5  # pixels
    home = homes("bo")[0]
    assert 0.65 * home.middle_height < scale * 170 <= 1.01 * home.middle_height
    assert after[:, 0].min() > 0 and after[:, 0].max() < group.width
    assert after[:, 1].max() < ROOM[1]


def test_poses_lie_where_their_performers_learned_to_stand() -> None:
    pair = [standing("mika", 60, 300, 150, 6.0), standing("zola", 500, 320, 190, -6.0)]
    own = homes("bo", "lin")
    for track, home in zip(gather(pair, own, ROOM).tracks, own, strict=True):
        hips = track.keypoints[:, INDEX["mid_hip"], 0]
        assert np.abs(hips - home.x).max() < 0.2 * home.middle_height  # though they cross the room
        assert pose_statistics(track).middle_height == pytest.approx(home.middle_height, rel=0.1)


def test_a_group_too_wide_for_a_room_widens_it() -> None:
    row = [standing("mika", x, 300, 300) for x in (100, 500, 900, 1300)]
    group = gather(row, homes("bo", "lin", "zola", "mika"), ROOM)
    assert group.width > ROOM[0]
    for number in range(4):
        hips = in_room(group, number, "mid_hip")[:, 0]
        assert hips.min() > 0 and hips.max() < group.width


def test_who_stands_lower_is_in_front_while_they_cross() -> None:
    pair = [standing("mika", 200, 320, 160, 6), standing("zola", 440, 300, 150, -6)]
    group = gather(pair, homes("bo", "lin"), ROOM)
    assert (group.order == [1, 0]).all()
    assert (gather(pair[::-1], homes("bo", "lin"), ROOM).order == [0, 1]).all()


def test_dancers_on_one_line_do_not_change_places_all_the_time() -> None:
    pair = [standing("mika", 200, 301, 160, 6), standing("zola", 440, 300, 160, -6)]
    order = gather(pair, homes("bo", "lin"), ROOM).order
    assert (np.diff(order[:, 0]) != 0).sum() <= 1
