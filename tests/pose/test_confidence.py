"""From which confidence on a keypoint is found, usable, certain: the same wherever it is asked."""

from __future__ import annotations

import numpy as np
import pytest
from dancenow.pose.body import body_height
from dancenow.pose.follow import Person

from dancenow.performer.fast.condition import draw_condition
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.pose.extent import body_extent
from dancenow.pose.filters import clean
from dancenow.pose.framing import keep_in_frame
from dancenow.pose.layout import CERTAIN, FOUND, INDEX, USABLE
from dancenow.pose.retarget import body_shape
from motions import dancing


def believed(track: PoseTrack, confidence: float, *names: str) -> PoseTrack:
    """The same with another confidence, of some keypoints or of all."""
    keypoints = track.keypoints.copy()
    chosen = [INDEX[name] for name in names] or slice(None)
    keypoints[:, chosen, 2] = confidence
    return track.with_keypoints(keypoints)


@pytest.fixture(scope="module")
def track() -> PoseTrack:
    return believed(dancing(seconds=1), 1.0)


def test_what_is_found_is_a_person_stays_and_is_drawn(track: PoseTrack) -> None:
    for confidence, there in ((FOUND, True), (FOUND - 0.01, False)):
        seen = believed(track, confidence)
        assert (Person.of(seen.keypoints[0], seen.size) is not None) == there
        assert draw_pose(seen.keypoints[0], seen.size).any() == there
        if there:
            assert (clean(seen).confidence > 0).all()


def test_what_is_usable_gives_lengths_and_is_painted(track: PoseTrack) -> None:
    usable, unsure = believed(track, USABLE), believed(track, USABLE - 0.01)
    assert np.isfinite(body_height(usable)).all() and np.isnan(body_height(unsure)).all()
    assert draw_condition(usable.keypoints[0], (256, 256), 200).any()
    assert not draw_condition(unsure.keypoints[0], (256, 256), 200).any()
    knees = ("left_knee", "right_knee")
    assert body_shape(believed(track, USABLE, *knees)).limbs == body_shape(track).limbs
    assert "thigh" not in body_shape(believed(track, USABLE - 0.01, *knees)).limbs


def test_only_what_is_certain_is_inside_the_box(track: PoseTrack) -> None:
    assert np.isfinite(body_extent(believed(track, CERTAIN))).all()
    assert np.isnan(body_extent(believed(track, CERTAIN - 0.01))).all()


def test_travel_is_followed_by_hips_that_are_usable(track: PoseTrack) -> None:
    keypoints = track.keypoints.copy()
    keypoints[..., 0] += np.linspace(-200, 200, len(track), dtype=np.float32)[:, None]
    walk = track.with_keypoints(keypoints)
    kept = keep_in_frame(walk)
    assert not np.array_equal(kept.xy, walk.xy)
    assert np.array_equal(keep_in_frame(believed(walk, USABLE, "mid_hip")).xy, kept.xy)
