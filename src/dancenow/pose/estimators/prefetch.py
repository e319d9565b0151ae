"""Reading ahead, so that decoding overlaps with the estimator's work."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")


def prefetched(items: Iterable[T], depth: int = 3) -> Generator[T, None, None]:
    """The same items, read in a thread up to `depth` ahead.

    An exception of `items` is raised here, after the items before it.  When the reader stops
    early, `items` (if a generator) is closed in the thread that ran it.
    """
    ahead: queue.Queue[tuple[list[T], BaseException | None]] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def put(item: tuple[list[T], BaseException | None]) -> bool:
        while not stopped.is_set():
            try:
                ahead.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def read() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                if not put(([item], None)):
                    break
            else:
                put(([], None))
        except BaseException as error:
            put(([], error))
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=read, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item, error = ahead.get()
            if error is not None:
                raise error
            if not item:
                return
            yield item[0]
    finally:
        stopped.set()
        thread.join()
