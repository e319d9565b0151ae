"""Reuse of large memory blocks."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from typing import Final

_TRIM_THRESHOLD: Final = -1  # glibc's parameters of mallopt
_MMAP_MAX: Final = -4


@lru_cache(maxsize=1)
def keep_freed_memory() -> bool:
    """Let this process keep freed memory instead of returning large blocks to the system.

    By default glibc maps every block above 32 MB anew and the system clears it page by page, which
    for the gradients of a large network takes longer than computing them.  No effect without glibc.

    Returns:
        Whether anything was changed.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, 2**31 - 1))
