"""Frames that are kept without loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.video.lossless import read_lossless, write_lossless


@pytest.mark.parametrize("channels", [3, 4])
def test_frames_come_back_as_they_were_and_the_same_make_the_same_file(
    channels: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (47, 61, channels), dtype=np.uint8) for _ in range(5)]
    files = [tmp_path / "a.mkv", tmp_path / "b.mkv"]
    for file in files:
        write_lossless(file, frames, 29.97)
    assert files[0].read_bytes() == files[1].read_bytes()
    back = list(read_lossless(files))
    assert len(back) == 10
    np.testing.assert_array_equal(back, frames * 2)


def test_a_file_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(b"no film")
    with pytest.raises(InputError, match=r"a\.mkv: is missing or damaged"):
        list(read_lossless([tmp_path / "a.mkv"]))
