"""What the fixtures of conftest.py are, for annotations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Command = Callable[..., tuple[int, str, str]]
MadeOnce = Callable[[str, Callable[[Path], object]], Path]
SampleClip = Callable[..., Path]
TrainedOn = Callable[[Path], Path]
Known = Callable[[Path], None]
