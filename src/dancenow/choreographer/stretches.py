"""Stretches of composed motion, kept in the cache, so that what did not change is not made anew."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Collection
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.cache import Entry, cache_dir
from dancenow.files import write_bytes

_VERSION: Final = 1  # raise it when the same request gives other motion

Stretch = NDArray[np.float32]  # vectors (T, D)


class Stretches:
    """The stretches of one choreographer.

    Args:
        key: names the choreographer by its content; None: nothing is kept.
        of: of what it was learned, by which they can be forgotten.

    Attributes:
        asked: how many stretches were asked for.
        reused: how many of them were in the cache.
    """

    def __init__(self, key: str | None, of: Collection[str] = ()) -> None:
        self._key, self.asked, self.reused = key, 0, 0
        self._of = tuple(of)

    def get(self, make: Callable[[], Stretch], *made_of: Any) -> Stretch:
        """A stretch from the cache, or a new one.

        Args:
            make: makes it.
            made_of: everything it depends on: numbers, texts and arrays.
        """
        self.asked += 1
        if self._key is None:
            return make()
        digest = hashlib.blake2b(repr((_VERSION, self._key)).encode(), digest_size=16)
        for part in made_of:
            array = isinstance(part, np.ndarray)
            digest.update(part.tobytes() if array else repr(part).encode())
            digest.update(b"\0")
        entry = Entry(cache_dir("stretches") / f"{digest.hexdigest()}.npy", (self._key, *self._of))
        new = False

        def write() -> None:
            nonlocal new
            new, buffer = True, io.BytesIO()
            np.save(buffer, make(), allow_pickle=False)
            write_bytes(entry.path, buffer.getvalue())

        found: Stretch = entry.get(write, lambda: np.load(entry.path, allow_pickle=False))
        self.reused += not new
        return found
