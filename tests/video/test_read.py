"""Frames out of clips."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media import clicks, number_of, numbered, turn, write_clip
from PIL import Image

from dancenow.errors import DanceNowWarning, InputError
from dancenow.video import probe, read_frames

MakeClip = Callable[..., Path]


def numbers(path: Path, **arguments: object) -> list[int]:
    return [number_of(frame) for frame in read_frames(path, **arguments)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "options"),
    [
        ("a.mp4", "libx264", "yuv420p", {"bf": "3"}),
        ("a.mp4", "libx264", "yuv444p", {"bf": "0"}),
        ("a.mov", "libx264", "yuv422p10le", {}),
        ("a.mkv", "libx265", "yuv420p10le", {"x265-params": "log-level=none"}),
        ("a.webm", "libvpx-vp9", "yuv420p", {}),
        ("a.avi", "mpeg4", "yuv420p", {"bf": "2"}),
        ("a.avi", "libx264", "yuv420p", {"bf": "2"}),
        ("a.ts", "libx264", "yuv420p", {}),
        ("a.flv", "libx264", "yuv420p", {}),
        ("a.gif", "gif", "rgb8", {}),
        ("a.mkv", "ffv1", "bgr0", {}),
    ],
)
def test_constant_rate_clips_come_through_one_to_one(
    make_clip: MakeClip, name: str, codec: str, pixels: str, options: dict[str, str]
) -> None:
    path = make_clip(name, codec=codec, pixels=pixels, options=options, frames=40)
    frames = list(read_frames(path))
    assert [number_of(frame) for frame in frames] == list(range(40))
    assert all(frame.shape == (64, 128, 3) and frame.dtype == np.uint8 for frame in frames)
    assert all(frame.flags.c_contiguous and frame.flags.writeable for frame in frames)
    assert probe(path).frames == 40


RATES = (Fraction(24000, 1001), Fraction(30), Fraction(60), Fraction(15))


@pytest.mark.parametrize(
    ("name", "fps"),
    [
        (name, fps)
        for name in ("a.mp4", "a.mkv", "a.ts", "a.gif")
        for fps in RATES
        if (name, fps) != ("a.gif", 60)  # a GIF holds 50 frames a second at most
    ],
)
def test_rates_survive_rounded_timestamps(make_clip: MakeClip, name: str, fps: Fraction) -> None:
    codec, pixels = ("gif", "rgb8") if name == "a.gif" else ("libx264", "yuv420p")
    path = make_clip(name, codec=codec, pixels=pixels, fps=fps, frames=50)
    assert float(probe(path).fps) == pytest.approx(float(fps), rel=0.002)
    assert numbers(path) == list(range(50))


def red_side(frame: np.ndarray) -> str:
    width = frame.shape[1]
    sides = {
        "bottom left": frame[-8:, : width // 4],
        "top left": frame[:8, : width // 4],
        "top right": frame[:8, -width // 4 :],
        "bottom right": frame[-8:, -width // 4 :],
    }
    return max(sides, key=lambda s: sides[s].mean((0, 1))[0] - sides[s].mean((0, 1))[1:].max())


@pytest.mark.parametrize(
    ("matrix", "side"),
    [
        ((1, 0, 0, 1), "bottom left"),
        ((0, 1, -1, 0), "top left"),  # a quarter turn clockwise
        ((-1, 0, 0, -1), "top right"),
        ((0, -1, 1, 0), "bottom right"),
        ((-1, 0, 0, 1), "bottom right"),  # mirrored, as front cameras do
        ((1, 0, 0, -1), "top left"),
        ((0, 1, 1, 0), "top right"),
        ((0, -1, -1, 0), "bottom left"),
    ],
)
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le"])
def test_phone_video_comes_out_upright(
    make_clip: MakeClip, matrix: tuple[int, int, int, int], side: str, pixels: str
) -> None:
    path = make_clip(frames=3, pixels=pixels)
    turn(path, *matrix)
    frames = list(read_frames(path))
    assert len(frames) == 3
    assert frames[0].shape[1::-1] == probe(path).size
    assert red_side(frames[0]) == side


def test_pixels_come_out_square(make_clip: MakeClip) -> None:
    frames = list(read_frames(make_clip(aspect=Fraction(3, 2), frames=12)))
    assert frames[0].shape == (64, 192, 3)
    assert [number_of(frame) for frame in frames] == list(range(12))


COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)]
COLOURS += [(255, 255, 255), (0, 0, 0), (128, 128, 128), (200, 120, 60)]


def coloured(index: int, size: tuple[int, int]) -> np.ndarray:
    return np.full((size[1], size[0], 3), COLOURS[index], np.uint8)


@pytest.mark.parametrize("matrix", [1, 5, 9])  # BT.709, BT.601, BT.2020
@pytest.mark.parametrize("levels", [1, 2])  # limited, full
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le"])
def test_the_colour_matrix_and_range_of_the_file_are_honoured(
    make_clip: MakeClip, matrix: int, levels: int, pixels: str
) -> None:
    path = make_clip(
        colours=(matrix, levels),
        draw=coloured,
        frames=len(COLOURS),
        pixels=pixels,
        options={"crf": "1"},
    )
    for frame, colour in zip(read_frames(path), COLOURS, strict=True):
        assert np.abs(frame[32, 64].astype(int) - colour).max() <= 4


# --- Time ----------------------------------------------------------------------------------------


def shown_at(stamps: list[int], time_base: Fraction, time: Fraction, half: Fraction) -> set[int]:
    """The frames on show at a time, give or take half a frame of the result."""
    seconds = [stamp * time_base for stamp in stamps]
    bounds = (time - half, time + half)
    return {
        i
        for i, begin in enumerate(seconds)
        if begin <= bounds[1] and (i + 1 == len(seconds) or seconds[i + 1] >= bounds[0])
    }


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(intervals=st.lists(st.sampled_from([20, 33, 40, 67, 120, 300]), min_size=5, max_size=40))
def test_of_a_variable_rate_the_timestamps_decide(
    tmp_path_factory: pytest.TempPathFactory, intervals: list[int]
) -> None:
    stamps = [0, *itertools.accumulate(intervals)]
    path = tmp_path_factory.mktemp("vfr") / "vfr.mkv"
    base = Fraction(1, 1000)
    info = probe(write_clip(path, stamps=stamps, time_base=base, options={"bf": "0"}))
    shown = numbers(path)
    assert len(shown) == info.frames
    for slot, number in enumerate(shown):
        half = 1 / (2 * info.fps)
        assert number in shown_at(stamps, base, slot / info.fps, half)


@pytest.mark.parametrize("fps", [12, 25, Fraction(30000, 1001), 50, 7.5])
def test_resampling_goes_by_time(make_clip: MakeClip, fps: float) -> None:
    shown = numbers(make_clip(frames=50, fps=25), fps=fps)
    assert len(shown) == round(2 * fps)
    for slot, number in enumerate(shown):
        assert abs(number / 25 - slot / fps) <= 0.5 / fps + 0.5 / 25


def test_a_held_frame_is_a_new_array_each_time(make_clip: MakeClip) -> None:
    frames = []
    for frame in read_frames(make_clip(frames=5), fps=50):
        frames.append(frame.copy())
        frame[:] = 0
    assert [number_of(frame) for frame in frames] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_a_start_offset_takes_no_frame_away(make_clip: MakeClip) -> None:
    stamps = range(700, 700 + 20 * 40, 40)
    path = make_clip("a.mkv", stamps=stamps, time_base=Fraction(1, 1000), sound=clicks([], 1))
    assert numbers(path) == list(range(20))


def test_gif_delays_are_honoured(tmp_path: Path) -> None:
    path = tmp_path / "slow.gif"
    pictures = [Image.fromarray(numbered(i)) for i in range(4)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[100, 100, 300, 100])
    assert probe(path).fps == 10
    assert numbers(path) == [0, 1, 2, 2, 2, 3]


# --- A part of a clip ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "options"),
    [
        ("a.mp4", "libx264", "yuv420p", {"g": "12", "bf": "3"}),
        ("a.mp4", "libx264", "yuv420p", {"g": "12", "bf": "3", "x264-params": "open-gop=1"}),
        ("a.mkv", "libx264", "yuv420p", {"g": "12"}),
        ("a.ts", "libx264", "yuv420p", {"g": "12"}),
        ("a.avi", "mpeg4", "yuv420p", {"g": "12", "bf": "2"}),
        ("a.gif", "gif", "rgb8", {}),
    ],
)
@pytest.mark.parametrize("start", [1, 11, 12, 13, 40, 59])
def test_reading_from_the_middle_gives_the_same_frames(
    make_clip: MakeClip,
    name: str,
    codec: str,
    pixels: str,
    options: dict[str, str],
    start: int,
) -> None:
    path = make_clip(name, codec=codec, pixels=pixels, options=options, frames=60)
    whole = list(read_frames(path))
    part = list(read_frames(path, start=start, stop=start + 5))
    np.testing.assert_array_equal(part, whole[start : start + 5])


def test_start_and_stop_count_at_the_rate_of_the_result(make_clip: MakeClip) -> None:
    path = make_clip(frames=50, fps=25)
    assert numbers(path, fps=50, start=30, stop=40) == numbers(path, fps=50)[30:40]
    assert numbers(path, stop=1000) == numbers(path)
    assert numbers(path, stop=0) == []


def test_a_start_behind_the_end_is_refused(make_clip: MakeClip) -> None:
    path = make_clip(frames=20)
    with pytest.raises(InputError, match="20 frames"):
        read_frames(path, start=20)


def test_resizing_averages_areas(make_clip: MakeClip) -> None:
    path = make_clip(frames=1, codec="ffv1", name="a.mkv", pixels="bgr0")
    whole = next(read_frames(path)).astype(float)
    half = next(read_frames(path, size=(64, 32)))
    means = whole.reshape(32, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(half - means).max() <= 0.5
    assert next(read_frames(path, size=(200, 100))).shape == (100, 200, 3)


# --- Folders -------------------------------------------------------------------------------------


def test_pictures_come_in_natural_order(tmp_path: Path) -> None:
    for i in range(12):
        cv2.imwrite(str(tmp_path / f"{i + 1}.png"), numbered(i)[..., ::-1])
    assert numbers(tmp_path) == list(range(12))
    assert numbers(tmp_path, start=3, stop=6) == [3, 4, 5]
    assert numbers(tmp_path, fps=12.5) == [0, 2, 4, 6, 8, 10]


def test_pictures_of_every_kind_become_rgb(tmp_path: Path) -> None:
    colour = numbered(5)
    for name, mode in [("1.png", "RGB"), ("2.png", "RGBA"), ("3.png", "P"), ("4.bmp", "RGB")]:
        Image.fromarray(colour).convert(mode).save(tmp_path / name)
    Image.fromarray(colour).save(tmp_path / "5.jpg", quality=95)
    Image.fromarray(np.full((64, 128), 40000, np.uint16)).save(tmp_path / "6.png")
    frames = list(read_frames(tmp_path))
    assert all(frame.shape == (64, 128, 3) and frame.dtype == np.uint8 for frame in frames)
    assert [number_of(frame) for frame in frames[:5]] == [5] * 5
    assert np.abs(frames[5].astype(int) - 40000 // 256).max() <= 1


def test_photos_come_out_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise
    Image.fromarray(numbered(0)).save(tmp_path / "1.png", exif=exif)
    assert probe(tmp_path).size == (64, 128)
    assert red_side(next(read_frames(tmp_path))) == "top left"


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    for i in (1, 2):
        cv2.imwrite(str(tmp_path / f"{i}.jpg"), noise)
    whole = (tmp_path / "2.jpg").read_bytes()
    (tmp_path / "2.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"2\.jpg.*damaged"):
        list(read_frames(tmp_path))


# --- Damage --------------------------------------------------------------------------------------


def noisy(index: int, size: tuple[int, int]) -> np.ndarray:
    """Noise in the lower half, so that every frame takes some bytes."""
    frame = numbered(index, size)
    noise = np.random.default_rng(index).integers(0, 256, (size[1] // 2, size[0], 3))
    frame[size[1] // 2 :] = noise
    return frame


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mov", "cut.mkv"])
def test_of_a_cut_clip_what_is_whole_is_read_and_one_warning_counts(
    make_clip: MakeClip, name: str
) -> None:
    options = {} if name.endswith("mkv") else {"movflags": "+faststart"}
    path = make_clip(name, frames=100, draw=noisy, file_options=options, options={"bf": "0"})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        shown = numbers(path)
    assert 40 < len(shown) < 80
    assert shown == list(range(len(shown)))
    assert probe(path).frames == len(shown)
    (warning,) = caught
    assert warning.category is DanceNowWarning
    assert f"{len(shown)} of its 100 frames" in str(warning.message)


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv", "cut.ts", "cut.avi"])
@pytest.mark.parametrize("share", [0.3, 0.55, 0.8])
def test_wherever_a_clip_is_cut_as_many_frames_are_read_as_probed(
    make_clip: MakeClip, name: str, share: float
) -> None:
    options = {"movflags": "+faststart"} if name.endswith("mp4") else {}
    path = make_clip(name, frames=100, draw=noisy, file_options=options)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DanceNowWarning)
        shown = numbers(path)
    assert len(shown) == probe(path).frames
    assert shown == sorted(shown)


def test_a_clip_with_a_damaged_middle_keeps_its_length(make_clip: MakeClip) -> None:
    path = make_clip(frames=100, draw=noisy, options={"g": "10", "bf": "0"})
    data = bytearray(path.read_bytes())
    middle = data.index(b"mdat") + len(data) // 2
    data[middle : middle + 8000] = bytes(8000)
    path.write_bytes(bytes(data))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(numbers(path)) == 100
    assert len(caught) <= 1


def test_whole_clips_are_read_without_a_warning(make_clip: MakeClip) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("a.mp4", "a.mkv", "a.webm", "a.ts", "a.avi"):
            codec = "libvpx-vp9" if name == "a.webm" else "libx264"
            assert len(numbers(make_clip(name, codec=codec, sound=None))) == 20


@pytest.mark.parametrize("name", ["taiji.mp4", "studio_dance.mp4"])
def test_real_clips_come_through_one_to_one(clips: Path, name: str) -> None:
    path = clips / name
    info = probe(path)
    size = (64, round(64 * info.size[1] / info.size[0]))
    frames = {"taiji.mp4": 412, "studio_dance.mp4": 288}[name]
    assert info.frames == frames
    assert info.has_audio
    assert not info.variable_rate
    assert sum(1 for _ in read_frames(path, size=size)) == frames
