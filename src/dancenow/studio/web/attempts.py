"""How often wrong passwords may be tried: by one address, for one account, and in all."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_REMEMBERED: Final = 10_000  # addresses, accounts, and logins that were right


@dataclass(frozen=True)
class Allowance:
    """How many attempts may fail.

    Attributes:
        burst: at once.
        every: seconds until one more may.
    """

    burst: int
    every: float


ADDRESS: Final = Allowance(10, 6.0)
ACCOUNT: Final = Allowance(20, 10.0)
IN_ALL: Final = Allowance(300, 0.25)


class Attempts:
    """Counts failed attempts, and says when none is looked at for a while.

    A login that was right once is looked at always: nobody is locked out by somebody who guesses.

    Args:
        clock: tells the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how many, and when
        self._right: OrderedDict[bytes, None] = OrderedDict()

    def wait(self, address: str, account: str, login: str) -> float:
        """Seconds until a login is looked at; 0: now.  The account is "" where none is named."""
        if _digest(login) in self._right:
            return 0.0
        return max(
            (count - allowed.burst + 1) * allowed.every
            for name, allowed in _kinds(address, account).items()
            for count in [self._count(name, allowed)]
        )

    def failed(self, address: str, account: str) -> None:
        """Count an attempt that failed."""
        for name, allowed in _kinds(address, account).items():
            self._failed[name] = self._count(name, allowed) + 1, self._clock()
            self._failed.move_to_end(name)
        while len(self._failed) > _REMEMBERED:
            self._failed.popitem(last=False)

    def succeeded(self, login: str) -> None:
        """Remember a login that was right, by its hash."""
        self._right[_digest(login)] = None
        while len(self._right) > _REMEMBERED:
            self._right.popitem(last=False)

    def _count(self, name: str, allowed: Allowance) -> float:
        count, when = self._failed.get(name, (0.0, 0.0))
        return max(0.0, count - (self._clock() - when) / allowed.every)


def _kinds(address: str, account: str) -> dict[str, Allowance]:
    account_too = {f"for {account}": ACCOUNT} if account else {}
    return {f"from {address}": ADDRESS, **account_too, "in all": IN_ALL}


def _digest(login: str) -> bytes:
    return hashlib.sha256(login.encode("utf-8", "replace")).digest()
