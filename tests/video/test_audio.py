"""The sound of what is written."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media import click_times, clicks, heard, numbered

from dancenow.errors import InputError
from dancenow.video import open_writer, probe

MakeClip = Callable[..., Path]
TIMES = [0.3, 0.85, 1.4, 1.95]
EXACT = 0.003  # seconds; a codec smears the beginning of a click


def write(path: Path, seconds: float, **arguments: object) -> Path:
    with open_writer(path, fps=25, **arguments) as writer:  # type: ignore[arg-type]
        for index in range(round(25 * seconds)):
            writer.write(numbered(index % 256))
    return path


def codec_of(path: Path) -> str:
    with av.open(str(path)) as container:
        return container.streams.audio[0].codec_context.name


def packets_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(audio=0) if p.size]


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.mkv"])
def test_sound_is_copied_as_it_is(make_clip: MakeClip, tmp_path: Path, name: str) -> None:
    source = make_clip(frames=63, sound=clicks(TIMES, 2.5))
    out = write(tmp_path / name, 2.5, audio=source)
    assert codec_of(out) == "aac"
    original, copied = packets_of(source), packets_of(out)
    assert len(copied) > 100
    assert set(copied) <= set(original)
    assert click_times(out) == pytest.approx(TIMES, abs=EXACT)
    assert probe(out).start == 0


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_sound_is_cut_to_the_frames_written(make_clip: MakeClip, tmp_path: Path, name: str) -> None:
    source = make_clip(frames=63, sound=clicks(TIMES, 2.5))
    for audio in (source, (clicks(TIMES, 2.5), 48000)):
        out = write(tmp_path / name, 1.2, audio=audio)
        assert probe(out).frames == 30
        assert click_times(out) == pytest.approx([0.3, 0.85], abs=EXACT)
        samples, rate = heard(out)
        assert len(samples) / rate == pytest.approx(1.2, abs=1.5 * 1024 / rate)


def test_sound_shorter_than_the_frames_simply_ends(make_clip: MakeClip, tmp_path: Path) -> None:
    source = make_clip(frames=20, sound=clicks([0.3], 0.6))
    out = write(tmp_path / "out.mp4", 2, audio=source)
    assert probe(out).frames == 50
    assert click_times(out) == pytest.approx([0.3], abs=EXACT)


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.mkv"])
@pytest.mark.parametrize(
    ("picture_at", "sound_at"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.4), (0.25, 0.7)]
)
@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_sound_stays_in_time_with_a_picture_that_starts_late(
    make_clip: MakeClip,
    tmp_path: Path,
    name: str,
    picture_at: float,
    sound_at: float,
    codec: str,
) -> None:
    first = round(picture_at * 1000)
    source = make_clip(
        "late.mkv",
        stamps=range(first, first + 2400, 40),
        time_base=Fraction(1, 1000),
        sound=clicks(TIMES, 2.5),
        sound_codec=codec,
        sound_at=sound_at,
    )
    out = write(tmp_path / name, 2, audio=source)
    expected = [time + sound_at - picture_at for time in TIMES]
    assert click_times(out) == pytest.approx([t for t in expected if 0 < t < 2], abs=EXACT)


@pytest.mark.parametrize("codec", ["flac", "libopus", "pcm_s16le", "libmp3lame", "ac3"])
@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.mkv"])
def test_every_sound_is_taken(make_clip: MakeClip, tmp_path: Path, codec: str, name: str) -> None:
    source = make_clip("source.mkv", frames=50, sound=clicks(TIMES, 2.2), sound_codec=codec)
    out = write(tmp_path / name, 2, audio=source)
    allowed = {"aac", "flac", "opus", "mp3", "mp3float"} if name == "out.mp4" else None
    assert allowed is None or codec_of(out) in allowed
    assert click_times(out) == pytest.approx(TIMES, abs=2 * EXACT)


@pytest.mark.parametrize("rate", [48000, 44100, 22050, 11000, 96000])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_become_sound(tmp_path: Path, rate: int, channels: int) -> None:
    samples = clicks(TIMES, 2.2, rate)
    if channels == 2:
        samples = np.stack([samples, samples], axis=1)
    out = write(tmp_path / "out.mp4", 2, audio=(samples, rate))
    assert codec_of(out) == "aac"
    assert click_times(out) == pytest.approx(TIMES, abs=EXACT)


def test_music_without_a_picture_can_be_the_sound(tmp_path: Path) -> None:
    music = write(tmp_path / "music.mkv", 2, audio=(clicks(TIMES, 2), 48000))
    with av.open(str(music)) as source, av.open(str(tmp_path / "music.m4a"), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    out = write(tmp_path / "out.mp4", 2, audio=tmp_path / "music.m4a")
    assert click_times(out) == pytest.approx(TIMES, abs=EXACT)


def test_a_source_without_sound_gives_none(make_clip: MakeClip, tmp_path: Path) -> None:
    assert not probe(write(tmp_path / "out.mp4", 1, audio=make_clip())).has_audio
    folder = write(tmp_path / "folder", 0.2, audio=make_clip(sound=clicks(TIMES, 1)))
    assert not probe(write(tmp_path / "out.mp4", 1, audio=folder)).has_audio
    gif = write(tmp_path / "out.gif", 0.2, audio=make_clip(sound=clicks(TIMES, 1)))
    assert not probe(gif).has_audio


def test_a_missing_sound_file_is_told_before_any_frame(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        write(tmp_path / "out.mp4", 0, audio=tmp_path / "missing.mp3")
    assert list(tmp_path.iterdir()) == []


def test_an_output_may_replace_the_clip_its_sound_comes_from(make_clip: MakeClip) -> None:
    path = make_clip(frames=63, sound=clicks(TIMES, 2.5))
    write(path, 2, audio=path)
    assert probe(path).frames == 50
    assert click_times(path) == pytest.approx(TIMES, abs=EXACT)
