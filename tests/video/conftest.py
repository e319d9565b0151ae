"""Fixtures of the video tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from media import write_clip


@pytest.fixture
def make_clip(tmp_path: Path) -> Callable[..., Path]:
    """Write a clip of numbered frames into the test's own folder; see `media.write_clip`."""

    def make(name: str = "clip.mp4", **arguments: Any) -> Path:
        return write_clip(tmp_path / name, **arguments)

    return make
