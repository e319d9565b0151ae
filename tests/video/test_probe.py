"""What a clip is, and what is no clip."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from media import clicks, numbered, turn

from dancenow.errors import InputError
from dancenow.video import probe, read_frames

MakeClip = Callable[..., Path]


def test_a_plain_clip(make_clip: MakeClip) -> None:
    info = probe(make_clip(frames=30, fps=Fraction(30000, 1001), size=(128, 64)))
    assert info.size == (128, 64)
    assert info.fps == Fraction(30000, 1001)
    assert info.frames == 30
    assert info.duration == pytest.approx(1.001)
    assert (info.has_audio, info.rotation, info.variable_rate) == (False, 0, False)
    assert (info.is_folder, info.start) == (False, 0.0)


def test_sound_is_seen(make_clip: MakeClip) -> None:
    assert probe(make_clip(sound=clicks([0.2], 0.8))).has_audio


@pytest.mark.parametrize(
    ("matrix", "rotation", "size"),
    [
        ((1, 0, 0, 1), 0, (128, 64)),
        ((0, 1, -1, 0), 90, (64, 128)),
        ((-1, 0, 0, -1), 180, (128, 64)),
        ((0, -1, 1, 0), 270, (64, 128)),
    ],
)
def test_the_size_is_that_of_the_upright_frame(
    make_clip: MakeClip, matrix: tuple[int, int, int, int], rotation: int, size: tuple[int, int]
) -> None:
    path = make_clip()
    turn(path, *matrix)
    info = probe(path)
    assert (info.rotation, info.size) == (rotation, size)


@pytest.mark.parametrize(
    ("aspect", "size"),
    [(Fraction(2), (256, 64)), (Fraction(1, 2), (128, 128)), (Fraction(16, 15), (137, 64))],
)
def test_the_size_is_that_of_square_pixels(
    make_clip: MakeClip, aspect: Fraction, size: tuple[int, int]
) -> None:
    assert probe(make_clip(aspect=aspect)).size == size


def test_a_turned_clip_has_its_pixels_squared_before_it_is_turned(make_clip: MakeClip) -> None:
    path = make_clip(aspect=Fraction(2))
    turn(path, 0, 1, -1, 0)
    assert probe(path).size == (64, 256)


def test_a_start_offset_is_told(make_clip: MakeClip) -> None:
    path = make_clip(
        "late.mkv", stamps=range(500, 1300, 40), time_base=Fraction(1, 1000), sound=clicks([], 1.5)
    )
    info = probe(path)
    assert info.start == pytest.approx(0.5)
    assert info.frames == 20
    assert not info.variable_rate


def test_a_variable_rate_is_told(make_clip: MakeClip) -> None:
    stamps = [*range(0, 400, 40), *range(400, 1200, 80)]
    info = probe(make_clip("vfr.mkv", stamps=stamps, time_base=Fraction(1, 1000)))
    assert info.variable_rate
    assert info.duration == pytest.approx(1.2, abs=0.05)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "libx264", "yuv422p10le"),
        ("a.mkv", "libx265", "yuv420p10le"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.ts", "libx264", "yuv420p"),
        ("a.gif", "gif", "rgb8"),
    ],
)
def test_frames_are_counted_in_every_container(
    make_clip: MakeClip, name: str, codec: str, pixels: str
) -> None:
    info = probe(make_clip(name, codec=codec, pixels=pixels, frames=33))
    assert (info.frames, info.fps, info.size) == (33, 25, (128, 64))
    assert not info.variable_rate


def write_folder(folder: Path, names: list[str], size: tuple[int, int] = (60, 40)) -> Path:
    folder.mkdir(exist_ok=True)
    for index, name in enumerate(names):
        cv2.imwrite(str(folder / name), numbered(index, size)[..., ::-1])
    return folder


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "clip", [f"{i}.png" for i in range(1, 13)])
    (folder / "notes.txt").write_text("not a picture")
    (folder / ".hidden.png").write_text("not a picture")
    info = probe(folder)
    assert (info.size, info.frames, info.fps) == ((60, 40), 12, 25)
    assert info.is_folder
    assert not info.has_audio


# --- What is no clip -----------------------------------------------------------------------------


def message(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        probe(path)
    text = str(caught.value)
    assert "\n" not in text
    assert path.name in text
    return text


def test_no_such_file(tmp_path: Path) -> None:
    assert "no such file" in message(tmp_path / "nothing.mp4")


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    assert "empty" in message(path)


def test_text_by_the_name_of_a_video(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("To be, or not to be\n" * 100)
    assert "not a video" in message(path)


@pytest.mark.parametrize("name", ["text.txt", "text.srt", "noise.bin"])
def test_other_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(os.urandom(5000) if name == "noise.bin" else b"1\n00:00:01,000 --> 2\nhi\n")
    message(path)


def test_a_single_picture(tmp_path: Path) -> None:
    write_folder(tmp_path, ["photo.jpg"])
    assert "is one picture; give a video" in message(tmp_path / "photo.jpg")


def test_a_recording_cut_before_its_index_was_written(make_clip: MakeClip) -> None:
    path = make_clip()  # the index comes last
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])
    assert "moov" in message(path)


def test_a_clip_cut_before_its_first_frame(make_clip: MakeClip) -> None:
    path = make_clip(file_options={"movflags": "+faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 8])
    assert "no frames" in message(path)


def test_a_clip_whose_frames_are_noise(make_clip: MakeClip) -> None:
    path = make_clip(file_options={"movflags": "+faststart"}, frames=3)
    data = bytearray(path.read_bytes())
    begin = data.index(b"mdat") + 4
    data[begin:] = np.random.default_rng(0).bytes(len(data) - begin)
    path.write_bytes(bytes(data))
    assert "no frames that can be decoded" in message(path)


def test_only_sound(tmp_path: Path) -> None:
    path = tmp_path / "sound.m4a"
    with av.open(str(path), "w") as output:
        track = output.add_stream("aac", rate=48000)
        piece = av.AudioFrame.from_ndarray(np.zeros((2, 48000), np.float32), "fltp", "stereo")
        piece.sample_rate = 48000
        output.mux(track.encode(piece))
        output.mux(track.encode(None))
    assert "only sound" in message(path)


def test_a_file_without_frames(tmp_path: Path) -> None:
    path = tmp_path / "nothing.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        output.start_encoding()
    message(path)


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    assert "without pictures" in message(tmp_path)


def test_a_folder_of_mixed_sizes_names_the_first_odd_one(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "clip", ["1.png", "2.png", "10.png"])
    write_folder(folder, ["9.png"], (50, 40))
    with pytest.raises(InputError, match=r"9\.png: is 50 x 40, but 1\.png is 60 x 40"):
        probe(folder)


def test_a_folder_with_something_else_by_the_name_of_a_picture(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "clip", ["1.png", "2.png"])
    (folder / "2.png").write_text("not a picture")
    with pytest.raises(InputError, match=r"2\.png: is not a picture"):
        probe(folder)


def test_frames_that_all_claim_the_same_time_are_counted_and_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "zero.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mjpeg", rate=20)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuvj420p"
        for shade in range(0, 200, 10):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), shade, np.uint8), "rgb24")
            for packet in stream.encode(frame):
                packet.pts = packet.dts = 0
                output.mux(packet)
    info = probe(path)
    assert info.frames == 20 and not info.variable_rate
    assert info.notes == ("says of no frame when it is shown; 20 a second are taken",)
    shades = [int(frame.mean()) for frame in read_frames(path)]
    assert len(shades) == 20 and shades == sorted(shades) and shades[-1] > 180
