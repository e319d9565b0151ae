"""Clips with coverage, and WebM: written, and decoded again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media import click_times, clicks, number_of, numbered
from numpy.typing import NDArray
from PIL import Image

from dancenow.errors import InputError
from dancenow.video import check_output, open_writer, probe, read_frames

Frame = NDArray[np.uint8]
MakeClip = Callable[..., Path]
KINDS = ["out.mov", "out.webm", "out"]
TIMES = [0.3, 0.85, 1.4]
EXACT = 0.003  # seconds; a codec smears the beginning of a click


def shape(index: int, size: tuple[int, int] = (128, 64)) -> Frame:
    """One colour with four coverages side by side, before nothing; a bar that moves below."""
    width, height = size
    frame = np.zeros((height, width, 4), np.uint8)
    frame[:32] = (200, 60, 30, 0)
    for part, cover in enumerate((40, 128, 215, 255)):
        frame[:32, part * width // 4 : (part + 1) * width // 4, 3] = cover
    frame[48:, 8 * index : 8 * index + 8] = (20, 20, 220, 255)
    return frame


def write(path: Path, frames: int = 10, **arguments: object) -> Path:
    with open_writer(path, fps=25, alpha=True, **arguments) as writer:  # type: ignore[arg-type]
        for index in range(frames):
            writer.write(shape(index))
    return path


def decoded(path: Path) -> Iterator[Frame]:
    """The frames with their coverage, as other programs get them."""
    if path.is_dir():
        yield from (np.array(Image.open(file)) for file in sorted(path.glob("*.png")))
        return
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        if context.name == "vp9":  # FFmpeg's own decoder leaves coverage out
            context = av.CodecContext.create("libvpx-vp9", "r")
            context.extradata = stream.codec_context.extradata
        for packet in container.demux(stream):
            for frame in context.decode(packet):
                # One thread: with several, FFmpeg's path to RGBA writes past its rows, into those
                # of the next thread.
                picture = frame.reformat(format="rgba", threads=1)
                yield np.asarray(picture.to_ndarray(), np.uint8)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", KINDS)
def test_coverage_and_the_colours_below_it_survive(tmp_path: Path, name: str) -> None:
    frames = list(decoded(write(tmp_path / name)))
    assert len(frames) == 10
    for index, frame in enumerate(frames):
        error = np.abs(frame.astype(int) - shape(index))
        assert error[4:28, 4::8].max() <= 4  # inside, colours are not multiplied by coverage
        assert error[..., 3].mean() < 1.5
        assert frame[56, 8 * index + 4, 3] > 245 and frame[56, (8 * index + 68) % 128, 3] < 10


def test_pictures_keep_every_px(tmp_path: Path) -> None:
    frames = list(decoded(write(tmp_path / "out", 3)))
    assert len(frames) == 3
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(frame, shape(index))


@pytest.mark.parametrize("name", KINDS)
def test_a_transparent_clip_is_a_clip(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name)
    info = probe(path)
    assert (info.frames, info.size) == (10, (128, 64)) and info.fps == 25
    assert not info.has_audio and not info.variable_rate and info.start == 0
    frames = list(read_frames(path))
    assert len(frames) == 10 and frames[0].shape == (64, 128, 3)
    assert names(tmp_path) == [name]


def test_editors_get_prores_4444_and_browsers_vp9(tmp_path: Path) -> None:
    with av.open(str(write(tmp_path / "out.mov"))) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.codec_tag) == ("prores", "ap4h")
        assert int(context.colorspace) == 1, "BT.709"
    with av.open(str(write(tmp_path / "out.webm"))) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "vp9" and stream.metadata["alpha_mode"] == "1"
        assert int(stream.codec_context.colorspace) == 1, "BT.709"


@pytest.mark.parametrize("name", ["out.mov", "out.webm"])
def test_odd_sizes_grow_with_their_coverage(tmp_path: Path, name: str) -> None:
    frame = np.full((55, 103, 4), (90, 160, 40, 200), np.uint8)
    with open_writer(tmp_path / name, fps=25, alpha=True) as writer:
        writer.write(frame)
    assert probe(tmp_path / name).size == (104, 56)
    (read,) = decoded(tmp_path / name)
    assert np.abs(read.astype(int) - frame[0, 0]).max() <= 4


# --- What holds no coverage ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.gif"])
def test_what_holds_no_coverage_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    said = r"cannot be transparent; choose .*\.mov or \.webm, or .* folder of pictures"
    with pytest.raises(InputError, match=said) as early:
        check_output(path, alpha=True)
    with pytest.raises(InputError, match=said) as late:
        write(path)
    assert str(early.value) == str(late.value) and "\n" not in str(late.value)
    assert str(path) in str(late.value) and names(tmp_path) == []


@pytest.mark.parametrize("name", [*KINDS, "OUT.MOV"])
def test_what_holds_coverage_passes(tmp_path: Path, name: str) -> None:
    check_output(tmp_path / name, alpha=True)
    assert names(tmp_path) == []


def test_webm_is_among_the_outputs(tmp_path: Path) -> None:
    check_output(tmp_path / "out.webm")
    with pytest.raises(InputError, match=r"\.mp4, \.mov, \.mkv, \.webm or \.gif"):
        check_output(tmp_path / "out.avi", alpha=True)


@pytest.mark.parametrize("name", KINDS)
def test_frames_have_coverage_where_the_clip_has_it(tmp_path: Path, name: str) -> None:
    said = r"uint8 \(H, W, 4\)"
    with (
        pytest.raises(ValueError, match=said),
        open_writer(tmp_path / name, fps=25, alpha=True) as w,
    ):
        w.write(numbered(0))
    with pytest.raises(ValueError, match=r"\(H, W, 3\)"), open_writer(tmp_path / name, fps=25) as w:
        w.write(shape(0))
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", KINDS)
def test_an_error_leaves_the_old_clip(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, 3)
    with (
        pytest.raises(KeyboardInterrupt),
        open_writer(tmp_path / name, fps=25, alpha=True) as writer,
    ):
        writer.write(shape(0))
        raise KeyboardInterrupt
    assert names(tmp_path) == [name] and probe(tmp_path / name).frames == 3


# --- WebM without coverage -----------------------------------------------------------------------


@pytest.mark.parametrize("fps", [25, Fraction(24000, 1001), 30])
def test_an_opaque_webm_can_be_read(tmp_path: Path, fps: Fraction | int) -> None:
    path = tmp_path / "out.webm"
    with open_writer(path, fps=fps) as writer:
        for index in range(40):
            writer.write(numbered(index))
    info = probe(path)
    assert (info.frames, info.size, info.fps) == (40, (128, 64), fps)
    assert [number_of(frame) for frame in read_frames(path)] == list(range(40))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("vp9", "yuv420p")
        assert "alpha_mode" not in stream.metadata


@pytest.mark.parametrize(("name", "alpha"), [("a.webm", False), ("a.webm", True), ("a.mov", True)])
def test_colours_survive(tmp_path: Path, name: str, alpha: bool) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 120, 60)]
    with open_writer(tmp_path / name, fps=25, alpha=alpha) as writer:
        for colour in colours:
            pixel = (*colour, 255) if alpha else colour
            writer.write(np.full((64, 128, len(pixel)), pixel, np.uint8))
    for frame, colour in zip(read_frames(tmp_path / name), colours, strict=True):
        assert np.abs(frame[32, 64].astype(int) - colour).max() <= 4


@pytest.mark.parametrize("alpha", [False, True])
def test_crf_sets_the_quality_of_a_webm(tmp_path: Path, alpha: bool) -> None:
    channels = 4 if alpha else 3
    noise = np.random.default_rng(0).integers(0, 256, (64, 128, channels)).astype(np.uint8)
    sizes = []
    for crf in (10, 45):
        with open_writer(tmp_path / f"{crf}.webm", fps=25, crf=crf, alpha=alpha) as writer:
            writer.write(noise)
        sizes.append((tmp_path / f"{crf}.webm").stat().st_size)
    assert sizes[0] > 1.5 * sizes[1]


# --- Sound ---------------------------------------------------------------------------------------


def codec_of(path: Path) -> str:
    with av.open(str(path)) as container:
        return str(container.streams.audio[0].codec_context.name)


def packets_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("rate", [48000, 44100, 22050])
def test_the_sound_of_a_webm_is_opus(tmp_path: Path, rate: int) -> None:
    path = write(tmp_path / "out.webm", 50, audio=(clicks(TIMES, 2, rate), rate))
    assert codec_of(path) == "opus" and probe(path).has_audio
    assert click_times(path) == pytest.approx(TIMES, abs=EXACT)


@pytest.mark.parametrize("name", ["out.webm", "out.mov"])
def test_a_transparent_clip_takes_the_sound_of_another(
    make_clip: MakeClip, tmp_path: Path, name: str
) -> None:
    source = make_clip(frames=50, sound=clicks(TIMES, 2))
    path = write(tmp_path / name, 40, audio=source)
    assert codec_of(path) == ("opus" if name == "out.webm" else "aac")
    assert click_times(path) == pytest.approx(TIMES, abs=EXACT)
    assert probe(path).start == 0


def test_opus_is_copied_into_a_webm(tmp_path: Path) -> None:
    source = write(tmp_path / "source.webm", 50, audio=(clicks(TIMES, 2), 48000))
    path = write(tmp_path / "out.webm", 50, audio=source)
    assert set(packets_of(path)) <= set(packets_of(source)) and len(packets_of(path)) > 90
    assert click_times(path) == pytest.approx(TIMES, abs=EXACT)


def test_pictures_have_no_sound(make_clip: MakeClip, tmp_path: Path) -> None:
    source = make_clip(frames=50, sound=clicks(TIMES, 2))
    assert not probe(write(tmp_path / "out", 3, audio=source)).has_audio
