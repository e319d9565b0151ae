"""The largest of everything that is taken from a file or an option.

Whoever reads a size, a rate, a length or a number from a file asks here before anything of that
size is made.  The limits are far above what anyone films, and far below what would take the
machine down.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
from numpy.typing import NDArray

from dancenow.errors import InputError, OutputError

SIDE: Final = 32_768
"""Pixels of a picture's side."""
PIXELS: Final = 120_000_000
"""Pixels of a picture: more than the largest photo of a phone, and three times 8K."""
FARTHEST: Final = 10 * SIDE
"""Pixels that a keypoint may lie from a picture's corner."""
SLOWEST: Final = 0.01
"""Frames a second."""
FASTEST: Final = 1000.0
"""Frames a second."""
SECONDS: Final = 6 * 3600.0
"""Of a clip or a sound."""
DANCE_SECONDS: Final = 3600.0
"""Of a dance that is composed."""
FRAMES: Final = 1_500_000
"""Of a clip or a motion: six hours at 60 a second."""
PEOPLE: Final = 200
"""In a frame of a pose file."""
DOCUMENT: Final = 256 << 20
"""Bytes of a text: a configuration, a plan, a file of poses."""
PACKED: Final = 60
"""How many times its size a file may unpack to, beyond `UNPACKED`."""
UNPACKED: Final = 256 << 20
"""Bytes that any file may unpack to."""
MEMORY_SHARE: Final = 0.8
"""Of the machine's memory, for one thing read from a file."""


def check_picture(where: object, width: float, height: float) -> None:
    """Raise `InputError` if a picture has no pixel, or too many."""
    if not (min(width, height) >= 1 and max(width, height) <= SIDE and width * height <= PIXELS):
        raise InputError(
            f"{where}: has pictures of {width:.6g} x {height:.6g} pixels; at most {SIDE:,} a side "
            f"and {PIXELS // 1_000_000} million in all are taken; make it smaller first."
        )


def check_rate(where: object, fps: float) -> None:
    """Raise `InputError` if nothing is filmed at that many frames a second."""
    if not SLOWEST <= fps <= FASTEST:
        raise InputError(
            f"{where}: has {fps:.4g} frames a second; {SLOWEST:g} to {FASTEST:,.0f} are taken."
        )


def check_length(where: object, frames: float, seconds: float) -> None:
    """Raise `InputError` if a clip, a motion or a sound is too long."""
    if not (frames <= FRAMES and seconds <= SECONDS):
        raise InputError(
            f"{where}: is {seconds / 3600:,.1f} hours long ({frames:,.0f} frames); at most "
            f"{SECONDS / 3600:.0f} hours and {FRAMES:,} frames are taken; cut out a part."
        )


def check_places(where: object, places: NDArray[Any]) -> None:
    """Raise `InputError` if places in pixels lie far outside any picture."""
    if places.size and not np.abs(places).max() <= FARTHEST:
        raise InputError(
            f"{where}: holds places more than {FARTHEST:,} pixels away; make it again."
        )


def check_memory(where: object, count: float) -> None:
    """Raise `InputError` if something of `count` bytes does not fit into this machine's memory."""
    if count > MEMORY_SHARE * psutil.virtual_memory().total:
        raise InputError(
            f"{where}: needs {count / 2**30:,.1f} GiB of memory, more than this machine has; give "
            "something smaller."
        )


def check_packed(path: Path, count: int) -> None:
    """Raise `InputError` if a packed file would unpack to far more than data of its kind do."""
    if count > max(UNPACKED, PACKED * path.stat().st_size):
        raise InputError(
            f"{path}: would unpack to {count / 2**20:,.0f} MB, far more than its size tells; make "
            "it again."
        )
    check_memory(path, count)


def check_space(path: Path, count: int) -> None:
    """Raise `OutputError` if the disk that will hold `path` has no room for `count` bytes."""
    free = shutil.disk_usage(path.parent).free
    if count > free:
        raise OutputError(
            f"{path}: needs {count / 2**20:,.0f} MB, and {free / 2**20:,.0f} MB are free; free "
            "some space first."
        ) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
