"""Items that are drawn ahead by threads."""

from __future__ import annotations

import threading

import pytest

from dancenow.errors import InputError
from dancenow.training.prefetch import Prefetch


def test_batches_come_in_the_order_they_are_asked_for() -> None:
    batches = Prefetch(lambda number: number**2)
    wanted = [*range(20), 5, 40, 41]
    assert [batches.get(k) for k in wanted] == [k**2 for k in wanted]
    batches.close()


def test_the_next_batches_are_drawn_while_one_is_used() -> None:
    begun = [threading.Event() for _ in range(8)]
    batches = Prefetch(lambda number: begun[number].set(), ahead=4)
    batches.get(0)
    assert all(event.wait(60) for event in begun[:5])
    batches.close()
    assert not any(event.is_set() for event in begun[5:])


def test_what_was_drawn_ahead_is_forgotten_when_other_batches_are_wanted() -> None:
    stage, begun = "global", [threading.Event() for _ in range(8)]

    def draw(number: int) -> tuple[str, int]:
        drawn = (stage, number)
        begun[number].set()
        return drawn

    batches = Prefetch(draw)
    assert batches.get(0) == ("global", 0) and all(event.wait(60) for event in begun[:3])
    stage = "face"
    assert batches.get(1) == ("global", 1)  # drawn ahead
    batches.clear()
    assert batches.get(2) == ("face", 2)
    batches.close()


def test_an_error_while_drawing_is_raised_where_the_batch_is_wanted() -> None:
    def draw(number: int) -> int:
        if number == 2:
            raise InputError("a frame is missing")
        return number

    batches = Prefetch(draw)
    assert [batches.get(0), batches.get(1)] == [0, 1]
    with pytest.raises(InputError, match="a frame is missing"):
        batches.get(2)
    assert batches.get(3) == 3
    batches.close()
