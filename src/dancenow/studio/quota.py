"""What users may keep: each of them, and all together, with what they are sending just now."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dancenow.errors import InputError
from dancenow.files import size_of
from dancenow.limits import check_space
from dancenow.studio.config import GIGABYTE, MEGABYTE, Limits

LOOKED_EVERY: Final = 10.0  # seconds between two looks at what an owner keeps
_SPARE: Final = 300_000_000  # bytes of the disk that stay free


class Quota:
    """Counts what owners keep, whichever way it comes in.

    Args:
        owners: the folder with a folder of each owner.
        limits: of the studio.
    """

    def __init__(self, owners: Path, limits: Limits) -> None:
        self._owners, self._limits = owners, limits
        self._coming: Counter[str] = Counter()
        self._sizes: dict[str, tuple[int, float]] = {}
        self._counting = threading.Lock()

    def check(self, owner: str, coming: int = 0) -> None:
        """Check that an owner, and all together, may keep some bytes more.

        Raises:
            InputError: it would be more than is allowed.
            OutputError: the disk has no room.
        """
        limits, sending = self._limits, self._coming.total()
        own = self._kept_by(owner) + self._coming[owner] + coming
        if own > limits.user_gigabytes * GIGABYTE:
            raise InputError(
                f"you would keep {own / MEGABYTE:,.0f} MB here, and "
                f"{limits.user_gigabytes * 1000:,.0f} are allowed; delete videos, people or files "
                "first."
            )
        together = sum(self._kept_by(each.name) for each in self._owners.iterdir())
        if together + sending + coming > limits.total_gigabytes * GIGABYTE:
            raise InputError("this studio keeps as much as it may; its users must delete some.")
        check_space(self._owners / "new", sending + coming + _SPARE)

    @contextmanager
    def kept_free(self, owner: str, coming: int) -> Iterator[None]:
        """Keep room for some bytes that an owner is sending; errors as `check`."""
        with self._counting:
            self.check(owner, coming)
            self._coming[owner] += coming
        try:
            yield
        finally:
            with self._counting:
                self._coming[owner] -= coming

    def count_anew(self, owner: str) -> None:
        """Look again at what an owner keeps, before the next check."""
        self._sizes.pop(owner, None)

    def _kept_by(self, owner: str) -> int:
        """Bytes that an owner keeps, as they were a little while ago."""
        size, when = self._sizes.get(owner, (0, -LOOKED_EVERY))
        if time.monotonic() - when >= LOOKED_EVERY:
            size, when = size_of(self._owners / owner), time.monotonic()
            self._sizes[owner] = size, when
        return size
