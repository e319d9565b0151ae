"""Clips written, and read again."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media import number_of, numbered

from dancenow.errors import InputError, OutputError
from dancenow.files import names_in
from dancenow.video import open_writer, probe, read_frames
from dancenow.video.convert import to_yuv420

MakeClip = Callable[..., Path]
NAMES = ["out.mp4", "out.mov", "out.mkv", "out.gif", "out"]


def write(path: Path, frames: int = 10, fps: float | Fraction = 25, **arguments: object) -> Path:
    with open_writer(path, fps=fps, **arguments) as writer:  # type: ignore[arg-type]
        for index in range(frames):
            writer.write(numbered(index))
    assert writer.frames == frames
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fps", [25, Fraction(24000, 1001), 29.97, 12.5])
def test_what_is_written_can_be_read(tmp_path: Path, name: str, fps: float) -> None:
    path = write(tmp_path / name, 40, fps)
    info = probe(path)
    assert info.frames == 40
    assert float(info.fps) == pytest.approx(float(fps), rel=0.002)  # a GIF counts in 10 ms
    assert info.size == (128, 64)
    assert not info.variable_rate
    assert not info.has_audio
    assert info.start == 0
    assert [number_of(frame) for frame in read_frames(path)] == list(range(40))
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_exact_rates_stay_exact(tmp_path: Path, name: str) -> None:
    assert probe(write(tmp_path / name, 100, 23.976)).fps == Fraction(24000, 1001)


def test_a_fast_gif_leaves_frames_out_rather_than_play_slowly(tmp_path: Path) -> None:
    path = write(tmp_path / "out.gif", 60, 60)
    assert float(probe(path).fps) == pytest.approx(30, rel=0.002)
    assert [number_of(frame) for frame in read_frames(path)] == list(range(0, 60, 2))


COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)]
COLOURS += [(255, 255, 255), (0, 0, 0), (128, 128, 128), (200, 120, 60), (30, 90, 20)]


@pytest.mark.parametrize("name", NAMES)
def test_colours_survive(tmp_path: Path, name: str) -> None:
    with open_writer(tmp_path / name, fps=25) as writer:
        for colour in COLOURS:
            writer.write(np.full((64, 128, 3), colour, np.uint8))
    for frame, colour in zip(read_frames(tmp_path / name), COLOURS, strict=True):
        assert np.abs(frame[32, 64].astype(int) - colour).max() <= 4


def test_colours_are_converted_to_within_a_level() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (54, 98, 3), np.uint8)
    picture = to_yuv420(frame)
    y, u, v = (np.frombuffer(plane, np.uint8).reshape(plane.height, -1) for plane in picture.planes)
    red, green, blue = np.moveaxis(frame.astype(float), -1, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue  # BT.709, section 3
    expected = 16 + 219 / 255 * luma
    assert np.abs(y[:, :98] - expected).max() < 0.7
    for plane, colour, span in ((u, blue, 1.8556), (v, red, 1.5748)):
        apart = 128 + 224 / 255 * (colour - luma) / span
        half = apart.reshape(27, 2, 49, 2).mean(axis=(1, 3))
        assert np.abs(plane[:, :49] - half).max() < 1


def test_an_mp4_plays_in_a_browser(tmp_path: Path) -> None:
    path = write(tmp_path / "out.mp4")
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "the index comes first"
    assert data[data.index(b"colrnclx") + 8 :][:7] == bytes([0, 1, 0, 1, 0, 1, 0]), "BT.709"
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        frame = next(container.decode(stream))
        assert (int(frame.colorspace), int(frame.color_range)) == (1, 1)


def test_crf_sets_the_quality(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 128, 3)).astype(np.uint8)
    sizes = []
    for crf in (10, 40):
        with open_writer(tmp_path / f"{crf}.mp4", fps=25, crf=crf) as writer:
            writer.write(noise)
        sizes.append((tmp_path / f"{crf}.mp4").stat().st_size)
    assert sizes[0] > 2 * sizes[1]


@pytest.mark.parametrize(("name", "size"), [("out.mp4", (100, 52)), ("out.gif", (99, 51))])
def test_odd_sizes_grow_by_their_edge(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (51, 99, 1)).repeat(3, 2).astype(np.uint8)
    with open_writer(tmp_path / name, fps=25, crf=1) as writer:
        writer.write(frame)
    assert probe(tmp_path / name).size == size
    read = next(read_frames(tmp_path / name)).astype(int)
    assert np.abs(read[:51, :99] - frame).mean() < 3
    if name.endswith("mp4"):
        assert np.abs(read[51, :99] - frame[50]).mean() < 3
        assert np.abs(read[:51, 99] - frame[:, 98]).mean() < 3


def test_a_gif_keeps_colours_and_repeats_for_ever(tmp_path: Path) -> None:
    ramp = np.zeros((64, 128, 3), np.uint8)
    ramp[..., 0] = np.arange(128) * 2
    ramp[..., 1] = np.arange(64)[:, None] * 4
    with open_writer(tmp_path / "out.gif", fps=20) as writer:
        for shift in range(10):
            writer.write(np.roll(ramp, 5 * shift, axis=1))
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in (tmp_path / "out.gif").read_bytes()
    errors = [
        np.abs(frame.astype(int) - np.roll(ramp, 5 * shift, axis=1)).mean()
        for shift, frame in enumerate(read_frames(tmp_path / "out.gif"))
    ]
    assert max(errors) < 8


# --- Folders -------------------------------------------------------------------------------------


def test_a_folder_holds_numbered_pictures_without_loss(tmp_path: Path) -> None:
    path = write(tmp_path / "out", 12, 30)
    assert sorted(p.name for p in path.glob("*.png"))[::11] == ["000001.png", "000012.png"]
    for index, frame in enumerate(read_frames(path)):
        np.testing.assert_array_equal(frame, numbered(index))


def test_a_folder_of_ours_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "out", 12)
    write(tmp_path / "out", 3)
    assert probe(tmp_path / "out").frames == 3
    (tmp_path / "empty").mkdir()
    assert probe(write(tmp_path / "empty")).frames == 10
    assert names(tmp_path) == ["empty", "out"]


@pytest.mark.parametrize("more", ["notes.txt", "holiday.png", "mine/"])
def test_a_folder_of_ours_with_files_of_the_users_is_not(more: str, tmp_path: Path) -> None:
    write(tmp_path / "out", 2)
    (tmp_path / "out" / ".DS_Store").touch()
    write(tmp_path / "out", 3)
    place = tmp_path / "out" / more
    place.mkdir() if more.endswith("/") else place.touch()
    with pytest.raises(OutputError, match="more than a clip"):
        write(tmp_path / "out", 4)
    assert place.exists() and len(names(tmp_path / "out")) == 5


def test_a_folder_of_the_users_is_not(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="more than a clip"):
        write(tmp_path / "mine")
    assert names(tmp_path / "mine") == ["letter.txt"]


# --- What goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_nothing_behind_and_the_old_output(
    tmp_path: Path, name: str, error: type[BaseException]
) -> None:
    write(tmp_path / name, 3)
    before = probe(tmp_path / name)
    with pytest.raises(error), open_writer(tmp_path / name, fps=25) as writer:
        for index in range(10):
            writer.write(numbered(index))
        raise error
    assert names(tmp_path) == [name]
    assert probe(tmp_path / name) == before


@pytest.mark.parametrize("name", NAMES)
def test_no_frames_are_no_clip(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no frames"), open_writer(tmp_path / name, fps=25):
        pass
    assert names(tmp_path) == []


def test_an_unknown_suffix_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.avi.*\.mp4, \.mov, \.mkv, \.webm or \.gif"):
        write(tmp_path / "out.avi")


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_output_folder_is_told_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="no such folder"):
        write(tmp_path / "missing" / name, 0)


@pytest.mark.parametrize("name", NAMES)
def test_an_output_folder_without_permission_is_told_at_once(tmp_path: Path, name: str) -> None:
    if os.geteuid() == 0:
        locked = Path("/proc")  # where even root cannot make files
        if not locked.is_dir():
            pytest.skip("root may write everywhere here")
    else:
        locked = tmp_path / "locked"
        locked.mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(OutputError, match=r"cannot be written|no permission"):
        write(locked / name, 0)


def test_a_folder_cannot_take_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="is a file"):
        write(tmp_path / "out")
    (tmp_path / "out.mp4").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write(tmp_path / "out.mp4")


FULL_DISK = """
import resource, sys
import numpy as np
from dancenow.errors import OutputError
from dancenow.video import open_writer

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
random = np.random.default_rng(0)
try:
    with open_writer(sys.argv[1], fps=25) as writer:
        for _ in range(20):
            writer.write(random.integers(0, 256, (96, 128, 3)).astype(np.uint8))
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_leaves_the_old_output(tmp_path: Path, name: str) -> None:
    """Files may not grow beyond a limit, which is what a full disk looks like to a writer."""
    write(tmp_path / name, 3)
    before = probe(tmp_path / name)
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / name), "30000"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no space left" in run.stdout, run.stderr
    assert names(tmp_path) == [name]
    assert probe(tmp_path / name) == before


def test_a_full_disk_is_told_even_for_the_last_byte(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK]
    subprocess.run([*command, str(tmp_path / "whole.mp4"), "10000000"], check=True)
    size = (tmp_path / "whole.mp4").stat().st_size
    run = subprocess.run(
        [*command, str(tmp_path / "out.mp4"), str(size - 1)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no space left" in run.stdout
    assert names(tmp_path) == ["whole.mp4"]


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((64, 128, 3), np.float32),
        np.zeros((64, 128), np.uint8),
        np.zeros((64, 128, 4), np.uint8),
        np.zeros((32, 128, 3), np.uint8),
    ],
)
def test_frames_must_be_rgb_bytes_of_one_size(tmp_path: Path, frame: np.ndarray) -> None:
    with pytest.raises(ValueError), open_writer(tmp_path / "out.mp4", fps=25) as writer:
        writer.write(numbered(0))
        writer.write(frame)
    assert names(tmp_path) == []


def test_other_system_errors_are_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OutputError, match="Input/output error") as caught:
        write(tmp_path / "out")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["out.gif", "out.mp4", "out.webm", "out.mov", "pictures"])
def test_what_is_unfinished_says_whose_it_is(tmp_path: Path, name: str) -> None:
    frame = np.zeros((32, 32, 3), np.uint8)
    with open_writer(tmp_path / name, fps=25, comment="by a test") as writer:
        writer.write(frame)
        assert list(tmp_path.iterdir()) and not names_in(tmp_path)
        writer.write(frame)
    assert names_in(tmp_path) == {name} == {path.name for path in tmp_path.iterdir()}
