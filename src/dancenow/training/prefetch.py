"""Batches drawn ahead in threads, so the device never waits for them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Prefetch(Generic[Item]):
    """Draws items k+1, k+2, ... in threads while item k is used.

    Args:
        draw: makes the item of a number; called from several threads.
        workers: number of threads.
        ahead: number of items to draw ahead.
    """

    def __init__(self, draw: Callable[[int], Item], workers: int = 2, ahead: int = 4) -> None:
        self._draw, self._ahead = draw, ahead
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="drawing batches")
        self._waiting: dict[int, Future[Item]] = {}

    def get(self, number: int) -> Item:
        """Return the item of that number, and start drawing the next ones."""
        wanted = range(number, number + self._ahead + 1)
        for old in self._waiting.keys() - set(wanted):
            self._waiting.pop(old).cancel()
        for k in wanted:
            if k not in self._waiting:
                self._waiting[k] = self._pool.submit(self._draw, k)
        return self._waiting.pop(number).result()

    def clear(self) -> None:
        """Discard what was drawn ahead, because `draw` has changed."""
        for item in self._waiting.values():
            item.cancel()
        self._waiting.clear()

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)
