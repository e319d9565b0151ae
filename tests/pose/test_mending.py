"""Keypoints put where they belong, and kept there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.pose.filters import clean
from dancenow.pose.layout import INDEX, LEFT_HAND
from dancenow.pose.mending import Edit, with_edits
from motions import dancing, without

WRIST, ANKLE = INDEX["left_wrist"], INDEX["right_ankle"]


def moved(track: PoseTrack, frame: int, keypoint: int, by: float) -> Edit:
    x, y = track.xy[frame, keypoint]
    return Edit(frame, keypoint, float(x) + by, float(y))


def test_a_keypoint_goes_where_it_belongs_and_its_hand_with_it() -> None:
    track = dancing()
    mended = with_edits(track, [moved(track, 50, WRIST, 12)])
    away = mended.xy[..., 0] - track.xy[..., 0]
    assert away[50, WRIST] == pytest.approx(12)
    assert np.allclose(away[50, LEFT_HAND], 12, atol=1e-3)
    assert 0 < away[49, WRIST] < 12 and 0 < away[51, WRIST] < 12
    assert (away[[46, 54], WRIST] == 0).all()
    others = [k for k in range(25) if k != WRIST]
    assert (mended.keypoints[:, others] == track.keypoints[:, others]).all()
    assert mended.edited is not None and mended.edited[50, WRIST] and not mended.edited[49, WRIST]
    assert mended.edited[50, LEFT_HAND].all() and mended.edited.sum() == 22


def test_between_edits_it_is_moved_along_and_far_apart_it_is_not() -> None:
    track = dancing()
    near = with_edits(track, [moved(track, 40, ANKLE, 4), moved(track, 50, ANKLE, 8)])
    away = near.xy[:, ANKLE, 0] - track.xy[:, ANKLE, 0]
    assert away[45] == pytest.approx(6)
    assert near.edited is not None and near.edited[40:51, ANKLE].all()
    toe = near.xy[45, INDEX["right_big_toe"], 0] - track.xy[45, INDEX["right_big_toe"], 0]
    assert toe == pytest.approx(6)
    far = with_edits(track, [moved(track, 40, ANKLE, 4), moved(track, 80, ANKLE, 8)])
    assert (far.xy[60, ANKLE] == track.xy[60, ANKLE]).all()


def test_a_hand_with_an_edit_of_its_own_does_not_go_along() -> None:
    track, thumb = dancing(), LEFT_HAND.start + 4
    mended = with_edits(track, [moved(track, 50, WRIST, 12), moved(track, 50, thumb, -3)])
    assert mended.xy[50, thumb, 0] - track.xy[50, thumb, 0] == pytest.approx(-3)


def test_a_hidden_keypoint_can_be_put_there() -> None:
    track = without(dancing(), WRIST, frames=slice(45, 56))
    edits = [Edit(45, WRIST, 30, 40), Edit(55, WRIST, 50, 60), Edit(55, WRIST, 60, 60)]
    mended = with_edits(track, edits)
    assert (mended.keypoints[55, WRIST] == [60, 60, 1]).all()  # the last counts
    assert np.allclose(mended.keypoints[50, WRIST], [45, 50, 1])
    assert mended.keypoints[44, WRIST, 0] == track.keypoints[44, WRIST, 0]


def test_cleaning_leaves_what_was_edited_alone(tmp_path: Path) -> None:
    track = dancing()
    wild = with_edits(track, [moved(track, 50, WRIST, 60)])  # it would be dropped as an outlier
    assert (clean(wild).keypoints[50, WRIST] == wild.keypoints[50, WRIST]).all()
    plain = clean(PoseTrack(wild.keypoints, wild.fps, wild.size))
    assert abs(plain.xy[50, WRIST, 0] - wild.xy[50, WRIST, 0]) > 0.1
    wild.save(tmp_path / "mended.npz")
    again = PoseTrack.load(tmp_path / "mended.npz")
    assert wild.edited is not None and again.edited is not None
    assert (again.edited == wild.edited).all()
    assert again[40:60].edited is not None and again[40:60].edited[10, WRIST]
    assert again.mirror().edited[50, INDEX["right_wrist"]]  # type: ignore[index]
    assert again.resample(10).edited[25, WRIST]  # type: ignore[index]


@pytest.mark.parametrize("edit", [Edit(999, 4, 0, 0), Edit(-1, 4, 0, 0), Edit(0, 137, 0, 0)])
def test_what_is_not_in_the_track_is_refused(edit: Edit) -> None:
    with pytest.raises(InputError, match="frames"):
        with_edits(dancing(), [edit])
    with pytest.raises(InputError, match="number of pixels"):
        with_edits(dancing(), [Edit(0, 4, float("nan"), 0)])
