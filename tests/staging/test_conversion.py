"""A result in another form: whole, of the right shape, and still marked as synthetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancenow.credentials import read_credentials
from dancenow.errors import InputError
from dancenow.music import write_wav
from dancenow.music.analysis import RATE, load_samples
from dancenow.staging.conversion import convert_result, cut_clip, cut_sound, suffix_of, tall
from dancenow.video import open_writer, probe, read_frames


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """Two seconds of 400 x 300 with a tone."""
    rate = 16_000
    tone = np.sin(np.arange(2 * rate) / 10).astype(np.float32)
    with open_writer(tmp_path / "result.mp4", fps=20, audio=(tone, rate)) as writer:
        for number in range(40):
            frame = np.full((300, 400, 3), 60, np.uint8)
            frame[100:200, 5 * number : 5 * number + 100] = (200, 40, 40)
            writer.write(frame)
    return tmp_path / "result.mp4"


@pytest.mark.parametrize(
    ("form", "size", "frames", "sound"),
    [
        ("gif", (360, 270), 25, False),
        ("tall", (720, 1280), 40, True),
        ("silent", (400, 300), 40, False),
    ],
)
def test_each_form_is_whole(
    result: Path, form: str, size: tuple[int, int], frames: int, sound: bool
) -> None:
    output = result.with_name(f"{form}{suffix_of(form)}")
    told: list[float] = []
    convert_result(result, output, form, progress=lambda event: told.append(event.done))
    info = probe(output)
    assert (info.size, info.frames, info.has_audio) == (size, frames, sound)
    assert told[-1] == frames
    if output.suffix == ".mp4":
        credentials = read_credentials(output)
        assert credentials is not None and "another form" in str(credentials)


def test_upright_shows_the_whole_picture_before_itself() -> None:
    frame = np.zeros((90, 160, 3), np.uint8)
    frame[:] = (10, 200, 30)
    picture = tall(frame)
    assert picture.shape == (1280, 720, 3)
    assert (picture[640] == frame[0, 0]).all()  # the middle
    assert (picture[5, :, 1] < 140).all() and (picture[5, :, 1] > 90).all()  # dimmed above
    assert tall(np.zeros((200, 20, 3), np.uint8)).shape == (1280, 720, 3)


def test_a_part_has_its_own_frames_and_its_own_sound(tmp_path: Path) -> None:
    rate = 48_000
    loud = np.zeros(3 * rate, np.float32)
    loud[2 * rate :] = np.sin(np.arange(rate) / 10)
    with open_writer(tmp_path / "clip.mp4", fps=20, audio=(loud, rate)) as writer:
        for number in range(60):
            writer.write(np.full((32, 48, 3), 4 * number, np.uint8))
    part = tmp_path / "part.mp4"
    cut_clip(tmp_path / "clip.mp4", part, 1.5, 9)
    shades = [int(frame.mean()) for frame in read_frames(part)]
    assert len(shades) == 30 and abs(shades[0] - 120) <= 3 and abs(shades[-1] - 236) <= 3
    heard = np.abs(load_samples(part))
    begins = np.flatnonzero(heard > 0.3)[0] / RATE
    assert begins == pytest.approx(0.5, abs=0.05)
    with pytest.raises(InputError, match="nothing of it lies between 7 s and 9 s"):
        cut_clip(tmp_path / "clip.mp4", part, 7, 9)


def test_a_part_of_music_sounds_like_it(tmp_path: Path) -> None:
    rate = 48_000
    loud = np.zeros(3 * rate, np.float32)
    loud[2 * rate :] = np.sin(np.arange(rate) / 10)
    write_wav(tmp_path / "song.wav", loud, rate)
    part = tmp_path / "part.m4a"
    cut_sound(tmp_path / "song.wav", part, 1.5, 2.75)
    heard = np.abs(load_samples(part))
    assert len(heard) / RATE == pytest.approx(1.25, abs=0.06)
    assert np.flatnonzero(heard > 0.3)[0] / RATE == pytest.approx(0.5, abs=0.06)
    for begins, ends in ((2, 1), (-1, 1), (1, 1)):
        with pytest.raises(InputError, match="nothing of it lies between"):
            cut_sound(tmp_path / "song.wav", part, begins, ends)


def test_an_unknown_form_is_told(result: Path) -> None:
    with pytest.raises(InputError, match="`avi`: unknown; choose one of gif, tall, silent"):
        convert_result(result, result.with_name("x.avi"), "avi")
