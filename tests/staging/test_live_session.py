"""Live: a background plays at its own speed."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import pytest

from dancenow.staging.live.session import _in_time


@pytest.mark.parametrize(("shown_fps", "expected"), [(5, [0, 2, 4, 6]), (20, [0, 0, 1, 1, 2])])
def test_a_background_plays_at_its_own_speed(
    monkeypatch: pytest.MonkeyPatch, shown_fps: int, expected: list[int]
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    numbers: Any = count()
    playing = _in_time(numbers, 10)
    seen = []
    for shown in range(len(expected)):
        now = 100.0 + shown / shown_fps + 0.01 * (shown > 0)
        seen.append(next(playing))
    assert seen == expected
