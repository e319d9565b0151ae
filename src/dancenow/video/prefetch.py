"""Items made in a thread while those before them are used: frames, while others are encoded."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Final, TypeVar

Item = TypeVar("Item")

THREAD_NAME: Final = "prefetching frames"
_AHEAD: Final = 8  # items that may wait to be used


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, made a few ahead in a thread, so that performing and encoding overlap.

    An error in `items` is raised here, after the items before it.  The thread ends with the
    iterator.
    """
    waiting: queue.Queue[Item | BaseException | None] = queue.Queue(_AHEAD)
    stopped = threading.Event()

    def offer(item: Item | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in items:
                offer(item)
                if stopped.is_set():
                    return
        except BaseException as error:
            offer(error)
        else:
            offer(None)

    thread = threading.Thread(target=work, name=THREAD_NAME, daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
