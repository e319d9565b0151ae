"""A dance of a bright block that swings from side to side before black."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dancenow.video import open_writer


def write_swinging(path: Path, count: int = 30) -> Path:
    """Write its clip, two frames a second."""
    with open_writer(path, fps=2, crf=10) as writer:
        for turn in np.sin(0.7 * np.arange(count)) / 2 + 0.5:
            frame = np.zeros((32, 40, 3), np.uint8)
            left = 2 + round(turn * 26)
            frame[6:26, left : left + 10] = (200, 180, 160)
            writer.write(frame)
    return path
