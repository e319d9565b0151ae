"""Following one of several persons: the largest and steadiest over the whole clip."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from dancenow.errors import DanceNowWarning, InputError
from dancenow.pose.layout import BODY, NUM_KEYPOINTS
from dancenow.pose.track import FloatArray
from dancenow.pose.tracking import track_people, track_person

SIZE = (1280, 720)
# A standing figure, 1 high, around its middle: two columns of body keypoints will do.
_FIGURE = np.stack(
    [np.tile([-0.1, 0.1, 0.0, -0.12, 0.12], 5), np.repeat(np.linspace(-0.5, 0.5, 5), 5)], axis=1
)


def person(x: float, y: float, height: float, confidence: float = 0.9) -> FloatArray:
    keypoints = np.zeros((NUM_KEYPOINTS, 3), np.float32)
    keypoints[BODY, :2] = _FIGURE * height + (x, y)
    keypoints[BODY, 2] = confidence
    return keypoints


def follow_and_hear(candidates, size=SIZE):
    """The keypoints of whom is followed, and the warnings."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        return track_person(candidates, size), [str(warning.message) for warning in heard]


def quietly(candidates):
    return follow_and_hear(candidates)[0]


def test_a_person_alone_is_followed_as_seen_and_without_a_warning(recwarn):
    walk = [person(200 + 5 * t, 360, 400) for t in range(30)]
    followed = track_person([[p] for p in walk], SIZE)
    assert_array_equal(followed, np.stack(walk))
    assert not recwarn.list


def test_frames_without_the_person_stay_missing():
    frames = [[person(640, 360, 400)] if t not in (3, 4) else [] for t in range(10)]
    seen = track_person(frames, SIZE)[:, 0, 2] > 0
    assert_array_equal(np.flatnonzero(~seen), [3, 4])


def test_the_dancer_is_followed_past_a_larger_passer_by_who_is_counted():
    dancer = [person(500, 400, 350) for _ in range(60)]
    frames = [[p] for p in dancer]
    for t in range(20, 32):
        frames[t].insert(0, person(100 + 80 * (t - 20), 360, 700))
    with pytest.warns(DanceNowWarning, match="12 of 60 frames"):
        followed = track_person(frames, SIZE)
    assert_array_equal(followed, np.stack(dancer))


def test_the_larger_of_two_who_both_stay_is_followed():
    near, far = person(400, 360, 500), person(900, 330, 250)
    followed = quietly([[far, near]] * 20)
    assert_array_equal(followed, np.stack([near] * 20))


def test_a_large_person_who_soon_leaves_yields_to_the_one_who_stays():
    stays, leaves = person(400, 360, 300), person(900, 360, 600)
    followed = quietly([[stays, leaves] if t < 10 else [stays] for t in range(60)])
    assert_array_equal(followed, np.stack([stays] * 60))


def test_a_passer_by_hides_no_smaller_dancer():
    dancer, small = person(300, 400, 400), person(900, 300, 20)
    frames = [[dancer, small] for _ in range(100)]
    for t in range(40, 48):
        frames[t].append(person(100 + 120 * (t - 40), 360, 700))
    found = track_people(frames, SIZE)
    assert [len(np.unique(np.nonzero(each.keypoints)[0])) for each in found] == [100, 100]
    assert_array_equal(found[1].keypoints[0], small)


def test_what_people_look_like_is_found_out_once(monkeypatch):
    frames = [[person(400, 360, 300)]] * 80
    looks = [[np.full(6, 90, np.float32)]] * 80
    median, found = np.nanmedian, []
    monkeypatch.setattr(np, "nanmedian", lambda *a, **k: found.append(0) or median(*a, **k))
    track_people(frames, SIZE, looks, cuts=range(2, 80, 2))
    assert len(found) < 3 * 80


def test_two_who_cross_are_not_exchanged():
    left = [person(200 + 16 * t, 360, 420) for t in range(50)]
    right = [person(1000 - 16 * t, 360, 400) for t in range(50)]
    followed = quietly(list(zip(left, right, strict=True)))
    assert_array_equal(followed, np.stack(left))


def test_a_detector_that_jumps_to_another_place_for_a_while_is_not_believed():
    dancer = person(300, 360, 400)
    frames = [[person(1000, 360, 380)] if 20 <= t < 30 else [dancer] for t in range(60)]
    with pytest.warns(DanceNowWarning, match="10 of 60 frames"):
        followed = track_person(frames, SIZE)
    seen = followed[:, 0, 2] > 0
    assert_array_equal(np.flatnonzero(~seen), np.arange(20, 30))


def test_someone_who_returns_nearby_after_a_long_gap_is_the_same_person():
    frames = [[] if 20 <= t < 80 else [person(300 if t < 20 else 500, 360, 400)] for t in range(99)]
    followed = track_person(frames, SIZE)
    assert (followed[:, 0, 2] > 0).sum() == 39


def test_what_lies_outside_the_frame_does_not_make_a_person_larger():
    inside = person(400, 360, 500)
    # Its legs, far below the frame, are the estimator's guess.
    guessed = person(900, 360, 300)
    guessed[20:25, 1] += 3000
    followed = quietly([[guessed, inside]] * 10)
    assert_array_equal(followed[0], inside)


@pytest.mark.parametrize(
    "frames",
    [[], [[]], [[np.zeros((NUM_KEYPOINTS, 3), np.float32)]] * 3, [[person(640, 360, 400, 0.01)]]],
    ids=["no frames", "empty frames", "empty persons", "no confidence"],
)
def test_a_clip_without_a_person_is_refused_with_advice(frames):
    with pytest.raises(InputError, match="whole body is visible"):
        track_person(frames, SIZE)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), scale=st.floats(0.2, 4))
def test_the_order_of_candidates_and_the_scale_of_the_picture_do_not_matter(seed, scale):
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 6, (3, 40, 2)).cumsum(axis=1)
    starts, heights = [(250, 360), (640, 350), (1000, 360)], rng.uniform(200, 500, 3)
    people = [
        [person(*(start + step), height) for step in path]
        for start, path, height in zip(starts, steps, heights, strict=True)
    ]
    frames = [[people[i][t] for i in range(3) if rng.random() < 0.9] for t in range(40)]
    expected, heard = follow_and_hear(frames)
    shuffled = [[frame[i] for i in rng.permutation(len(frame))] for frame in frames]
    assert_array_equal(quietly(shuffled), expected)

    zoom = np.array([scale, scale, 1], np.float32)
    larger = [[p * zoom for p in frame] for frame in frames]
    zoomed, heard_of_zoomed = follow_and_hear(larger, (int(1280 * scale), int(720 * scale)))
    assert_array_equal(zoomed, expected * zoom)
    assert heard_of_zoomed == heard
