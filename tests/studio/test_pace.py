"""The time that a stage still takes."""

from __future__ import annotations

from dancenow.studio.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_pace_so_far_tells_the_time_left() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.left("learning", 10, 110, "steps") is None
    clock.now = 10.0
    assert pace.left("learning", 30, 110, "steps") == 40.0


def test_a_stage_that_goes_on_from_before_counts_what_was_done_now() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.left("learning", 90, 100, "steps")
    clock.now = 5.0
    assert pace.left("learning", 95, 100, "steps") == 5.0


def test_seconds_need_no_guess_and_the_unknown_gets_none() -> None:
    pace = Pace(Clock())
    assert pace.left("learning", 20, 60, "s") == 40.0
    assert pace.left("looking", 20, None, "frames") is None
    assert pace.left("dancing", 60, 60, "frames") == 0.0


def test_another_stage_begins_anew() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.left("detecting", 0, 100, "frames")
    clock.now = 100.0
    pace.left("detecting", 100, 100, "frames")
    assert pace.left("learning", 0, 10, "steps") is None
    clock.now = 104.0
    assert pace.left("learning", 2, 10, "steps") == 16.0
