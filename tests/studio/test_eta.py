"""The time that a stage will still take."""

from __future__ import annotations

from dancenow.studio.eta import EtaEstimator


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_so_far_tells_the_time_left() -> None:
    clock = Clock()
    eta = EtaEstimator(clock)
    assert eta.seconds_left("learning", 10, 110, "steps") is None
    clock.now = 10.0
    assert eta.seconds_left("learning", 30, 110, "steps") == 40.0


def test_a_resumed_stage_counts_only_what_was_done_since() -> None:
    clock = Clock()
    eta = EtaEstimator(clock)
    eta.seconds_left("learning", 90, 100, "steps")
    clock.now = 5.0
    assert eta.seconds_left("learning", 95, 100, "steps") == 5.0


def test_seconds_need_no_estimate_and_an_unknown_total_gets_none() -> None:
    eta = EtaEstimator(Clock())
    assert eta.seconds_left("learning", 20, 60, "s") == 40.0
    assert eta.seconds_left("looking", 20, None, "frames") is None
    assert eta.seconds_left("dancing", 60, 60, "frames") == 0.0


def test_another_stage_begins_anew() -> None:
    clock = Clock()
    eta = EtaEstimator(clock)
    eta.seconds_left("detecting", 0, 100, "frames")
    clock.now = 100.0
    eta.seconds_left("detecting", 100, 100, "frames")
    assert eta.seconds_left("learning", 0, 10, "steps") is None
    clock.now = 104.0
    assert eta.seconds_left("learning", 2, 10, "steps") == 16.0
