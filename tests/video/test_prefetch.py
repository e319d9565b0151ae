"""Frames made ahead in a thread: in order, a few only, with their errors, and nothing left over."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.video.prefetch import THREAD_NAME, prefetch


def frames_until(
    count: int, error: BaseException | None = None, made: list[int] | None = None
) -> Iterator[NDArray[np.uint8]]:
    for value in range(count):
        if made is not None:
            made.append(value)
        yield np.full((2, 2, 3), value % 256, np.uint8)
    if error is not None:
        raise error


def is_running() -> bool:
    return THREAD_NAME in {thread.name for thread in threading.enumerate()}


def test_frames_come_in_order() -> None:
    assert [int(frame[0, 0, 0]) for frame in prefetch(frames_until(30))] == list(range(30))
    assert list(prefetch(iter([]))) == []


def test_only_a_few_frames_are_made_ahead() -> None:
    made: list[int] = []
    ahead = prefetch(frames_until(200, made=made))
    for _ in range(5):
        next(ahead)
    assert len(made) <= 20
    assert sum(1 for _ in ahead) == 195


@pytest.mark.parametrize("error", [InputError("broken"), KeyboardInterrupt()])
def test_frames_before_an_error_come_first(error: BaseException) -> None:
    ahead = prefetch(frames_until(3, error))
    assert [next(ahead).shape for _ in range(3)] == [(2, 2, 3)] * 3
    with pytest.raises(type(error)):
        next(ahead)
    assert not is_running()


def test_the_thread_ends_with_the_iterator() -> None:
    ahead = prefetch(frames_until(10**6))
    next(ahead)
    assert is_running()
    ahead.close()  # type: ignore[attr-defined]
    assert not is_running()
