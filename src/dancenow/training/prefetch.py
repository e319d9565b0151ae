"""Batches drawn ahead in threads, so that the device never waits for them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Prefetch(Generic[Item]):
    """Draws item k+1, k+2, ... in threads while item k is used.

    Args:
        draw: makes the item of a number; called from several threads.
        workers: how many threads.
        ahead: how many items may wait.
    """

    def __init__(self, draw: Callable[[int], Item], workers: int = 2, ahead: int = 4) -> None:
        self._draw, self._ahead = draw, ahead
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="drawing batches")
        self._waiting: dict[int, Future[Item]] = {}

    def get(self, number: int) -> Item:
        """The item of that number; those after it are begun."""
        wanted = range(number, number + self._ahead + 1)
        for old in self._waiting.keys() - set(wanted):
            self._waiting.pop(old).cancel()
        for k in wanted:
            if k not in self._waiting:
                self._waiting[k] = self._pool.submit(self._draw, k)
        return self._waiting.pop(number).result()

    def clear(self) -> None:
        """Forget what was drawn ahead: from now on other items are wanted."""
        for item in self._waiting.values():
            item.cancel()
        self._waiting.clear()

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)
