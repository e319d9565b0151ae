"""Frames made in a thread while those before them are encoded."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

THREAD_NAME: Final = "prefetching frames"
_AHEAD: Final = 8  # frames that may wait to be encoded


def prefetch(frames: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """The same frames, made a few ahead in a thread, so that performing and encoding overlap.

    An error in `frames` is raised here, after the frames before it.  The thread ends with the
    iterator.
    """
    waiting: queue.Queue[NDArray[np.uint8] | BaseException | None] = queue.Queue(_AHEAD)
    stopped = threading.Event()

    def offer(item: NDArray[np.uint8] | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        try:
            for frame in frames:
                offer(frame)
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
