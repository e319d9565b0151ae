"""Frame rates and timelines."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dancenow.video.timing import STANDARD_RATES, as_rate, fit_timeline, hold, nearest_slot

MILLISECONDS = Fraction(1, 1000)


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (25, Fraction(25)),
        (23.976, Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (12.5, Fraction(25, 2)),
        (Fraction(17, 3), Fraction(17, 3)),
    ],
)
def test_numbers_stand_for_exact_rates(fps: float, rate: Fraction) -> None:
    assert as_rate(fps) == rate


@given(st.sampled_from(STANDARD_RATES))
def test_a_standard_rate_survives_being_a_float(rate: Fraction) -> None:
    assert as_rate(float(rate)) == rate


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_a_rate_must_be_above_zero(fps: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        as_rate(fps)


@given(rate=st.sampled_from(STANDARD_RATES), frames=st.integers(2, 3000))
@example(rate=Fraction(120000, 1001), frames=14)
def test_times_rounded_to_milliseconds_still_make_a_constant_rate(
    rate: Fraction, frames: int
) -> None:
    stamps = np.array([round(i * 1000 / rate) for i in range(frames)])
    timeline = fit_timeline(stamps, MILLISECONDS, [rate])
    assert (timeline.rate, timeline.frames, timeline.variable) == (rate, frames, False)


@given(
    rate=st.sampled_from([Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30)]),
    frames=st.integers(100, 400),
    wrong=st.sampled_from([Fraction(90000), Fraction(1000), Fraction(15)]),
)
def test_a_rate_wrongly_declared_is_not_believed(
    rate: Fraction, frames: int, wrong: Fraction
) -> None:
    stamps = np.array([round(i * 90000 / rate) for i in range(frames)])
    timeline = fit_timeline(stamps, Fraction(1, 90000), [wrong])
    assert timeline.frames == frames
    assert not timeline.variable
    assert abs(timeline.rate - rate) < rate / 500


@given(missing=st.sets(st.integers(1, 98), min_size=1, max_size=20))
def test_dropped_frames_make_a_variable_rate_of_the_full_length(missing: set[int]) -> None:
    stamps = np.array([i for i in range(100) if i not in missing])
    timeline = fit_timeline(stamps, Fraction(1, 25), [])
    assert timeline.variable
    assert timeline.rate == 25
    assert timeline.frames == 100


@given(
    intervals=st.lists(st.integers(5, 500), min_size=1, max_size=200),
    last=st.integers(0, 500),
)
def test_a_timeline_lasts_as_long_as_its_stream(intervals: list[int], last: int) -> None:
    stamps = np.concatenate([[0], np.cumsum(intervals)])
    timeline = fit_timeline(stamps, MILLISECONDS, [], last)
    seconds = float((stamps[-1] + last) / 1000)
    slack = 1.5 / float(timeline.rate) + (0 if last else max(intervals) / 1000)
    if timeline.variable:
        assert abs(timeline.frames / float(timeline.rate) - seconds) <= slack
    else:
        assert timeline.frames == len(stamps)


def test_one_frame_is_a_clip() -> None:
    assert fit_timeline(np.array([7]), MILLISECONDS, [Fraction(30)]).frames == 1
    assert fit_timeline(np.array([7]), MILLISECONDS, []).rate == 25


@given(
    slots=st.lists(st.integers(0, 50), min_size=1, max_size=60),
    start=st.integers(0, 40),
    length=st.integers(0, 40),
)
def test_each_slot_shows_the_last_frame_that_has_begun(
    slots: list[int], start: int, length: int
) -> None:
    stamped = [(slot, index) for index, slot in enumerate(sorted(slots))]
    shown = list(hold(stamped, start, start + length))
    assert len(shown) == length
    for slot, index in zip(range(start, start + length), shown, strict=True):
        begun = [i for at, i in stamped if at <= slot]
        assert index == (begun[-1] if begun else index)
        if not begun:  # before the first frame: the first that comes, the last of its slot
            assert stamped[index][0] == stamped[0][0] or index == 0


@given(
    frames=st.integers(1, 200),
    rate=st.sampled_from(STANDARD_RATES),
    other=st.sampled_from(STANDARD_RATES),
)
def test_resampled_frames_lie_within_half_a_frame_of_their_time(
    frames: int, rate: Fraction, other: Fraction
) -> None:
    stamped = [(nearest_slot(i / rate, other), i) for i in range(frames)]
    count = max(1, nearest_slot(frames / rate, other))
    held = list(hold(stamped, 0, count))
    assert len(held) == count
    for slot, index in enumerate(held):
        shown = index / rate
        assert shown <= (slot + Fraction(1, 2)) / other
        following = (index + 1) / rate
        assert index == frames - 1 or following >= (slot + Fraction(1, 2)) / other
