"""Clips as people bring them: HDR, interlaced, with gaps, covers and undecodable sounds."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from media import click_times, clicks, in_yuv, number_of, numbered
from numpy.typing import NDArray
from PIL import Image

from dancenow.errors import DanceNowWarning, InputError
from dancenow.video import open_writer, probe, read_frames
from dancenow.video.animation import scan_animation

MakeClip = Callable[..., Path]
Frame = NDArray[np.uint8]

BARS = ((255, 255, 255), (128, 128, 128), (200, 30, 30), (30, 160, 60))
TO_BT2020 = np.array(
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
)  # ITU-R BT.2087-0, table 1


def told(path: Path) -> tuple[list[Frame], list[str]]:
    """The frames of a clip, and what was said while they were read."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        frames = list(read_frames(path))
    return frames, [str(each.message).removeprefix(f"{path}: ") for each in said]


# Sound


@pytest.mark.parametrize(
    ("name", "sounds"),
    [
        ("sound_undecodable.mp4", False),
        ("sound_second_undecodable.mp4", True),
        ("sound_both_default.mp4", True),
    ],
)
def test_of_several_sounds_the_one_that_can_be_decoded_is_taken(
    cases: Path, tmp_path: Path, name: str, sounds: bool
) -> None:
    clip = cases / name
    assert probe(clip).has_audio == sounds
    said = [note for note in probe(clip).notes if "sound" in note]
    assert said == ([] if sounds else ["has a sound that cannot be decoded here, so it counts as "
                                       "silent"])  # fmt: skip
    with open_writer(tmp_path / "out.mp4", fps=25, audio=clip) as writer:
        for frame in read_frames(clip):
            writer.write(frame)
    assert probe(tmp_path / "out.mp4").has_audio == sounds


# Colours


def hdr_bars(transfer: int) -> Frame:
    """SDR colours as an HDR signal in BT.2020, `(64, 128, 3)`; white is 75 % or 203 cd/m2."""
    linear = np.array(BARS) / 255
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    light = linear @ TO_BT2020.T
    if transfer == 18:
        scene = 0.26496 * light
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        signal = np.where(
            scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
        )
    else:
        power = (203 / 10_000 * light) ** 0.1593017578125
        signal = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    return np.repeat(np.repeat(signal[None], 64, axis=0), 32, axis=1)


def colours_of(frame: Frame) -> NDArray[np.int64]:
    width = frame.shape[1]
    return frame[32, [(2 * i + 1) * width // 8 for i in range(4)]].astype(int)


@pytest.mark.parametrize(("transfer", "name"), [(18, "HLG"), (16, "PQ")])
def test_hdr_is_shown_as_an_ordinary_screen_shows_it(
    tmp_path: Path, transfer: int, name: str
) -> None:
    path = tmp_path / "hdr.mov"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx265", rate=30, options={"x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = 128, 64, "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = 9, 9, transfer
        context.color_range = 1
        for index in range(3):
            picture = in_yuv(255 * hdr_bars(transfer), "yuv420p10le", 9, 1)
            picture.pts = index
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    frames, said = told(path)
    found = colours_of(frames[0])
    assert said == [f"is HDR ({name}); it is read as an ordinary screen shows it."]
    assert found[0].min() >= 235 and np.ptp(found[0]) <= 2
    assert np.abs(found[1:] - np.array(BARS[1:])).max() <= 12


def test_hdr_of_a_phone(cases: Path) -> None:
    frames, _ = told(cases / "hdr_hlg.mov")
    found = colours_of(frames[0])
    assert found[0].min() >= 235
    assert np.abs(found[1:] - np.array(BARS[1:])).max() <= 12


def test_highlights_keep_their_order_and_what_is_white_is_not_brighter() -> None:
    from dancenow.video.convert import FilterChain
    from dancenow.video.dynamic_range import standard_range

    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    picture = np.repeat(np.repeat(ramp[None, :, None], 16, axis=0), 3, axis=2)
    chain = FilterChain((*standard_range(18, 9), ("format", "rgb24")), 256, 16, "rgb48le")
    shown = chain(av.VideoFrame.from_ndarray(picture, format="rgb48le")).to_ndarray()[8]
    assert (np.diff(shown.astype(int), axis=0) >= 0).all()
    assert shown[0].max() == 0 and shown[-1].min() >= 254
    assert shown[225].min() > shown[200].min() > shown[191].min()  # above white, details are left


def test_wide_colours_are_brought_back(tmp_path: Path) -> None:
    """Display P3 as it is, a red of a phone's screen, comes out redder."""
    path = tmp_path / "p3.mov"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=30, options={"crf": "0"})
        stream.width, stream.height, stream.pix_fmt = 128, 64, "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = 1, 12, 1
        context.color_range = 1
        bars = np.repeat(np.repeat(np.array(BARS, np.uint8)[None], 64, axis=0), 32, axis=1)
        picture = in_yuv(bars, "yuv420p", 1, 1)
        picture.pts = 0
        output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    frames, said = told(path)
    white, grey, red, green = colours_of(frames[0])
    assert said == []
    assert np.abs(white - 255).max() <= 3 and np.abs(grey - 128).max() <= 3
    assert red[0] > 212 and green[1] > 160 and green[0] < 10


# Interlacing


def test_interlaced_films_lose_their_comb(cases: Path) -> None:
    frames, said = told(cases / "interlaced.mpg")
    assert said == ["is interlaced; whole frames are made of its halves."]
    assert len(frames) == 10
    for frame in frames[1:-1]:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(int)
        comb = np.abs(grey[1:-1] - (grey[:-2] + grey[2:]) / 2)
        assert np.mean(comb > 60) < 0.001


def test_of_an_interlaced_film_every_frame_keeps_its_place(make_clip: MakeClip) -> None:
    path = make_clip(
        "i.mkv", codec="mpeg2video", options={"flags": "+ildct+ilme", "qscale": "2"}, frames=30
    )
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    frames, _ = told(path)
    assert [number_of(frame) for frame in frames] == list(range(30))
    assert [number_of(frame) for frame in read_frames(path, start=17, stop=20)] == [17, 18, 19]


# Gaps, searching, several streams


def test_an_avi_whose_sound_begins_early(cases: Path) -> None:
    frames, said = told(cases / "avi_mp3.avi")
    assert said == [] and len(frames) == probe(cases / "avi_mp3.avi").frames == 50
    assert all((a != b).any() for a, b in pairwise(frames))


def test_frames_that_an_avi_dropped_are_held(make_clip: MakeClip) -> None:
    stamps = [*range(10), *range(13, 30)]
    path = make_clip("gaps.avi", codec="mpeg4", stamps=stamps, options={"bf": "0"})
    frames, said = told(path)
    assert said == []
    assert [number_of(frame) for frame in frames] == [*range(9), 9, 9, 9, 9, *range(10, 27)]


def test_an_avi_that_is_cut_off_is_told(make_clip: MakeClip, tmp_path: Path) -> None:
    whole = make_clip("whole.avi", codec="mpeg4", frames=60, options={"bf": "0"}).read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    _, said = told(cut)
    assert len(said) == 1 and "cut off or damaged" in said[0]


@pytest.mark.parametrize("name", ["a.mpg", "a.ts", "a.vob"])
def test_streams_without_an_index_are_read_exactly_from_the_middle(
    make_clip: MakeClip, name: str
) -> None:
    form = {"a.vob": "vob"}.get(name)
    path = make_clip(
        name,
        codec="mpeg2video",
        frames=60,
        options={"bf": "2", "g": "12", "qscale": "2"},
        file_options={"format": form} if form else {},
    )
    for start in (1, 11, 12, 30, 47):
        found = [number_of(frame) for frame in read_frames(path, start=start, stop=start + 3)]
        assert found == [start, start + 1, start + 2]


def test_a_cover_is_not_the_clip(cases: Path) -> None:
    info = probe(cases / "cover_first.mov")
    assert (info.size, info.frames) == ((128, 64), 100)


# Animated pictures


def animate(path: Path, durations: list[int], **options: object) -> Path:
    """An animated picture of numbered frames."""
    pictures = [Image.fromarray(numbered(i)) for i in range(len(durations))]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=durations, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("name", ["animated.webp", "animated.apng"])
def test_animated_pictures_have_their_own_rate(cases: Path, name: str) -> None:
    info = probe(cases / name)
    assert (info.fps, info.frames, info.variable_rate) == (16, 8, False)
    frames, said = told(cases / name)
    assert len(frames) == 8 and said == []
    assert all(frame.shape[1::-1] == info.size for frame in frames)


@pytest.mark.parametrize(("name", "options"), [("a.webp", {"lossless": True}), ("a.png", {})])
def test_pictures_of_an_animation_are_shown_as_long_as_it_says(
    tmp_path: Path, name: str, options: dict[str, bool]
) -> None:
    path = animate(tmp_path / name, [100, 100, 300, 100, 200], **options)
    info = probe(path)
    assert (info.fps, info.frames, info.variable_rate) == (10, 8, True)
    assert [number_of(f) for f in read_frames(path)] == [0, 1, 2, 2, 2, 3, 4, 4]
    assert [number_of(f) for f in read_frames(path, start=3, stop=6)] == [2, 2, 3]
    assert [number_of(f) for f in read_frames(path, fps=5)] == [0, 2, 2, 4]


def test_the_picture_for_old_viewers_is_not_part_of_the_animation(tmp_path: Path) -> None:
    path = animate(tmp_path / "a.png", [100] * 5, default_image=True)
    assert [number_of(frame) for frame in read_frames(path)] == [1, 2, 3, 4]


def test_the_times_of_an_animation_are_read_once(tmp_path: Path) -> None:
    path = animate(tmp_path / "a.webp", [100] * 5)
    assert scan_animation(path) is scan_animation(path)
    animate(path, [100] * 7)
    assert len(scan_animation(path).seconds) == 7


def test_a_damaged_animation_is_named(tmp_path: Path) -> None:
    path = animate(tmp_path / "a.webp", [100] * 5)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"a\.webp"):
        probe(path)


def test_an_animation_in_a_folder_of_pictures_is_named(tmp_path: Path) -> None:
    animate(tmp_path / "a.webp", [100] * 3)
    with pytest.raises(InputError, match=r"a\.webp: is an animation; give it by itself"):
        probe(tmp_path)


# Transparency


def half_seen(height: int = 64) -> Frame:
    """White everywhere, seen on the left half only."""
    frame = np.full((height, 128, 4), 255, np.uint8)
    frame[:, 64:, 3] = 0
    return frame


@pytest.mark.parametrize("name", ["a.mov", "pictures", "a.png", "a.webp"])
def test_black_stands_behind_what_is_transparent_and_it_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix in (".png", ".webp"):
        lossless = {"lossless": True} if path.suffix == ".webp" else {}
        pictures = [Image.fromarray(half_seen()), Image.fromarray(half_seen()[::-1])]
        pictures[1].putpixel((0, 0), (9, 9, 9, 255))  # equal pictures would be joined
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100, **lossless)
    else:
        with open_writer(path, fps=10, alpha=True) as writer:
            for _ in range(2):
                writer.write(half_seen())
    frames, said = told(path)
    assert said == ["is transparent in parts; black is put behind them."]
    assert frames[-1][32, 20].min() >= 250 and frames[-1][32, 100].max() <= 4


def test_a_transparent_webm_is_told(tmp_path: Path) -> None:
    with open_writer(tmp_path / "a.webm", fps=10, alpha=True) as writer:
        writer.write(half_seen())
    _, said = told(tmp_path / "a.webm")
    assert said == ["is transparent in parts; what lies there in the file is shown."]


# Rates


def test_a_fast_clip_is_read_at_60(cases: Path) -> None:
    clip = cases / "240fps.mp4"
    info = probe(clip)
    assert (info.fps, info.frames) == (60, 120)
    frames, said = told(clip)
    assert said == ["has 240 frames a second, of which 60 are used; `fps=240` uses all of them."]
    assert len(frames) == 120
    every = list(read_frames(probe(clip, fps=240)))
    assert len(every) == 480
    assert any((frames[30] == shown).all() for shown in every[118:122])
    assert len(list(read_frames(clip, fps=240))) == 480


def test_a_rate_changes_how_fast_pictures_come_and_resamples_a_video(
    make_clip: MakeClip, tmp_path: Path
) -> None:
    for index in range(6):
        Image.fromarray(numbered(index)).save(tmp_path / f"{index}.png")
    pictures = probe(tmp_path, fps=12)
    assert (pictures.fps, pictures.frames, pictures.duration) == (12, 6, 0.5)
    assert [number_of(frame) for frame in read_frames(pictures)] == list(range(6))
    assert [number_of(frame) for frame in read_frames(pictures, fps=6)] == [0, 2, 4]
    video = probe(make_clip(frames=20, fps=20), fps=10)
    assert (video.fps, video.frames, video.duration) == (10, 10, 1.0)
    assert [number_of(frame) for frame in read_frames(video)] == list(range(0, 20, 2))


def test_a_rate_keeps_the_sound_in_its_place(make_clip: MakeClip, tmp_path: Path) -> None:
    path = make_clip(frames=120, fps=120, sound=clicks([0.25, 0.75], 1.0))
    info = probe(path)
    assert (info.fps, info.duration) == (Fraction(60), 1.0)
    with open_writer(tmp_path / "out.mp4", fps=info.fps, audio=path) as writer:
        for frame in read_frames(info):
            writer.write(frame)
    assert click_times(tmp_path / "out.mp4") == pytest.approx([0.25, 0.75], abs=0.02)


# Names


def test_a_name_that_is_not_utf8(make_clip: MakeClip, tmp_path: Path) -> None:
    named = tmp_path / "caf\udce9.mp4"
    make_clip(frames=5).rename(named)
    assert len(list(read_frames(named))) == 5
    with open_writer(tmp_path / "d\udce9.mp4", fps=10, audio=named) as writer:
        writer.write(numbered(0))
    assert probe(tmp_path / "d\udce9.mp4").frames == 1


def test_whole_clips_say_nothing(make_clip: MakeClip) -> None:
    assert told(make_clip(frames=10))[1] == []
    assert DanceNowWarning.__mro__[1] is UserWarning
