"""Hearing music: beats that are known, sounds without any, and files that are no music."""

from __future__ import annotations

import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.music import Music, analyze_music, write_wav
from dancenow.music.analysis import RATE, load_samples
from dancenow.sample import DANCES, click_track

pytestmark = pytest.mark.filterwarnings("error:::dancenow")

Sound = NDArray[np.float32]

NATIVE = 44100  # samples a second of what is written here
CODECS = {".wav": "pcm_f32le", ".mp3": "libmp3lame", ".m4a": "aac", ".flac": "flac"}
LAYOUTS = {1: "mono", 2: "stereo"}
NEAR = 0.03  # seconds; onsets are told apart every 23 ms


def write_media(
    path: Path,
    sound: Sound | None,
    *,
    rate: int = NATIVE,
    frames: int = 0,
    sound_at: float = 0.0,
    picture_at: float = 0.0,
) -> Path:
    """A sound file, or a clip of grey frames at 25 a second, with PyAV alone.

    Args:
        path: its suffix chooses the codec.
        sound: `(N,)` or `(N, channels)`.
        rate: samples a second.
        frames: how many; 0 is a file of sound alone.
        sound_at: seconds at which the sound begins.
        picture_at: seconds at which the first frame is shown.
    """
    with av.open(str(path), "w") as output:
        picture = track = None
        if frames:
            picture = output.add_stream("libx264", rate=25)
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        channels = np.zeros((1, 0), np.float32)
        if sound is not None:
            channels = sound.reshape(len(sound), -1).T
            track = output.add_stream(CODECS.get(path.suffix, "aac"), rate=rate)
            track.codec_context.layout = LAYOUTS[len(channels)]
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, np.uint8), "rgb24")
            frame.pts, frame.time_base = number + round(25 * picture_at), Fraction(1, 25)
            output.mux(picture.encode(frame))
        for begin in range(0, channels.shape[1], 1024):
            block = np.ascontiguousarray(channels[:, begin : begin + 1024])
            if path.suffix == ".wav":
                block = np.ascontiguousarray(block.T.reshape(1, -1))
            piece = av.AudioFrame.from_ndarray(
                block, "flt" if path.suffix == ".wav" else "fltp", LAYOUTS[len(channels)]
            )
            piece.sample_rate, piece.time_base = rate, Fraction(1, rate)
            piece.pts = begin + round(rate * sound_at)
            output.mux(track.encode(piece))
        for stream in (picture, track):
            if stream is not None:
                output.mux(stream.encode(None))
    return path


def write_pcm(path: Path, seconds: float, *, rate: int = 8000, channels: int = 1) -> Path:
    """A soft noise of 8 bits."""
    rng = np.random.default_rng(0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(1)
        file.setframerate(rate)
        noise = rng.integers(100, 156, (round(seconds * rate), channels), np.uint8)
        file.writeframes(noise.tobytes())
    return path


def clicks(seconds: float, every: float = 0.5, first: float = 0.25) -> Sound:
    """Short bursts."""
    sound = np.zeros(round(seconds * NATIVE), np.float32)
    t = np.arange(NATIVE // 20) / NATIVE
    burst = (0.8 * np.sin(2 * np.pi * 900 * t) * np.exp(-t / 0.01)).astype(np.float32)
    for time in np.arange(first, seconds, every):
        begin = round(time * NATIVE)
        sound[begin : begin + len(burst)] += burst[: len(sound) - begin]
    return sound


def noise(seconds: float, seed: int = 0) -> Sound:
    rng = np.random.default_rng(seed)
    return (0.2 * rng.normal(size=round(seconds * NATIVE))).astype(np.float32)


def distances(music: Music, every: float, first: float = 0.0) -> NDArray[np.float64]:
    """How far the beats lie from those of a steady pulse, in seconds."""
    places = (music.beats - first) / every
    return (places - np.round(places)) * every


def first_loud(samples: Sound) -> float:
    """When it becomes loud, in seconds."""
    return float(np.flatnonzero(np.abs(samples) > 0.3)[0]) / RATE


def drums(
    bpm: float, seconds: float = 20.0, first: float = 0.0, hats: float = 0.4, ands: float = 0.0
) -> Sound:
    """A bass drum on 1 and 3, a snare drum as loud on 2 and 4, hi-hats on every eighth.

    Args:
        bpm: beats a minute.
        seconds: length.
        first: when the first beat is.
        hats: how loud hi-hats are.
        ands: how loud a snare drum is between two beats.
    """
    rng = np.random.default_rng(0)
    t = np.arange(NATIVE // 7) / NATIVE
    hiss = rng.normal(size=len(t))
    bass = np.sin(2 * np.pi * (50 + 80 * np.exp(-40 * t)) * t) * np.exp(-18 * t)
    snare = (0.5 * np.sin(2 * np.pi * 190 * t) + 0.5 * hiss) * np.exp(-25 * t)
    hat = 0.5 * np.diff(hiss, prepend=0) * np.exp(-90 * t)
    sound = np.zeros(round(seconds * NATIVE) + 2 * len(t))
    for number, time in enumerate(np.arange(first, seconds, 60 / bpm)):
        for what, when, loud in (
            (snare if number % 2 else bass, time, 1.0), (hat, time, hats),
            (hat, time + 30 / bpm, hats), (snare, time + 30 / bpm, ands),
        ):  # fmt: skip
            begin = round(when * NATIVE)
            part = sound[begin : begin + len(t)]
            part += loud * what[: len(part)]
    return (sound[: round(seconds * NATIVE)] / np.abs(sound).max()).astype(np.float32)


# Beats


@pytest.mark.parametrize("hats", [0.0, 0.4])
@pytest.mark.parametrize("bpm", [62, 70, 80, 88, 120, 174])
def test_the_tempo_is_that_of_the_drums(tmp_path: Path, bpm: float, hats: float) -> None:
    music = analyze_music(write_media(tmp_path / "a.wav", drums(bpm, first=0.3, hats=hats)))
    assert music.tempo == pytest.approx(bpm, rel=0.02) and music.other_tempo == 0
    assert np.abs(distances(music, 60 / bpm, 0.3)).max() < 0.05


@pytest.mark.parametrize("ands", [1.0, 1.5])
@pytest.mark.parametrize("bpm", [62, 70, 80, 88, 120, 174])
def test_loud_strokes_between_the_beats_are_no_beats_or_it_is_told(
    tmp_path: Path, bpm: float, ands: float
) -> None:
    music = analyze_music(write_media(tmp_path / "a.wav", drums(bpm, ands=ands)))
    assert bpm in [pytest.approx(tempo, rel=0.04) for tempo in (music.tempo, music.other_tempo)]
    if music.tempo == pytest.approx(bpm, rel=0.04):
        assert np.median(np.abs(distances(music, 60 / bpm))) < 0.05


@pytest.mark.parametrize("bpm", [60.0, 100.0, 120.0, 130.0])
def test_a_given_tempo_is_kept_to(tmp_path: Path, bpm: float) -> None:
    path = write_media(tmp_path / "a.wav", drums(120))
    music = analyze_music(path, bpm=bpm)
    assert music.tempo == pytest.approx(bpm, rel=0.04) and music.other_tempo == 0
    assert np.diff(music.beats).mean() == pytest.approx(60 / bpm, rel=0.04)
    if bpm in (60.0, 120.0):
        assert np.median(np.abs(distances(music, 0.5))) < 0.05


@pytest.mark.parametrize("first", [2.0, 18.9])
def test_a_first_beat_that_nothing_follows_is_refused(tmp_path: Path, first: float) -> None:
    kind = noise(20) if first < 10 else drums(120)
    path = write_media(tmp_path / "a.wav", kind)
    with pytest.raises(InputError, match=r"`first_beat.*(add `bpm`|fewer than 4 beats)"):
        analyze_music(path, first_beat=first)


def test_a_given_first_beat_moves_the_others(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.wav", drums(120))
    music = analyze_music(path, first_beat=2.25)
    assert music.beats[0] == pytest.approx(2.25)
    assert np.median(np.abs(distances(music, 0.5, 0.25))) < 0.05
    late = analyze_music(write_media(tmp_path / "b.wav", drums(120, first=5.0)), first_beat=1.0)
    assert late.beats[0] == pytest.approx(1.0)  # it begins before anything is heard
    assert np.diff(late.beats) == pytest.approx(np.full(len(late.beats) - 1, 0.5), abs=0.05)


def test_where_no_beat_is_heard_a_given_one_is_counted(tmp_path: Path) -> None:
    rain = write_media(tmp_path / "rain.wav", noise(6))
    assert len(analyze_music(rain).beats) == 0
    music = analyze_music(rain, bpm=100, first_beat=0.2)
    assert music.beats == pytest.approx(np.arange(0.2, 6, 0.6)) and music.tempo == 100
    short = analyze_music(write_media(tmp_path / "s.wav", drums(120, 3.0)), bpm=120)
    assert len(short.beats) == 6 and short.seconds == pytest.approx(3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bpm": 0.0}, "`bpm=0`"), ({"bpm": 500.0}, "`bpm=500`"), ({"bpm": np.nan}, "`bpm=nan`"),
        ({"first_beat": -1.0}, "`first_beat=-1`"), ({"first_beat": 9.0}, "a.wav lasts 4.0 s"),
        ({"first_beat": np.nan}, "`first_beat=nan`"),
    ],
)  # fmt: skip
def test_impossible_beats_are_refused(
    tmp_path: Path, given: dict[str, float], message: str
) -> None:
    path = write_media(tmp_path / "a.wav", clicks(4))
    with pytest.raises(InputError, match=message):
        analyze_music(path, **given)


def test_silence_before_the_first_beat_has_no_beats(tmp_path: Path) -> None:
    music = analyze_music(write_media(tmp_path / "a.wav", drums(100, first=6.0)))
    assert music.beats[0] == pytest.approx(6.0, abs=0.05)
    assert music.tempo == pytest.approx(100, rel=0.02)


@pytest.mark.parametrize("dance", DANCES)
def test_the_beats_of_clicks_are_where_the_clicks_are(tmp_path: Path, dance: str) -> None:
    beat, seconds = DANCES[dance].beat, 16.0
    write_wav(tmp_path / "clicks.wav", click_track(dance, seconds, rate=NATIVE), NATIVE)
    music = analyze_music(tmp_path / "clicks.wav")
    assert music.seconds == pytest.approx(seconds, abs=0.001)
    assert music.tempo == pytest.approx(60 / beat, rel=0.005)
    assert music.clarity > 0.8
    assert (np.diff(music.beats) > 0.9 * beat).all()
    assert np.abs(distances(music, beat)).max() < NEAR
    assert abs(distances(music, beat).mean()) < 0.005  # neither early nor late
    assert len(music.beats) >= 0.9 * seconds / beat
    assert music.beats[0] >= 0 and music.beats[-1] <= seconds
    np.testing.assert_array_equal(music.energy, 0)  # it has no sections


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".m4a", ".flac", ".mp4", ".mkv"])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_kind_of_file_does_not_move_the_beats(
    tmp_path: Path, suffix: str, channels: int
) -> None:
    sound = clicks(8)
    if channels == 2:
        sound = np.stack([sound, 0.2 * sound], axis=1)
    frames = 200 if suffix in (".mp4", ".mkv") else 0
    music = analyze_music(write_media(tmp_path / f"music{suffix}", sound, frames=frames))
    assert music.seconds == pytest.approx(8, abs=0.05)
    assert music.tempo == pytest.approx(120, rel=0.01)
    assert len(music.beats) >= 13
    assert np.abs(distances(music, 0.5, 0.25)).max() < NEAR


def test_loudness_does_not_matter(tmp_path: Path) -> None:
    soft, loud, usual = (
        analyze_music(write_media(tmp_path / f"{gain}.wav", (gain * clicks(8)).astype(np.float32)))
        for gain in (0.01, 1e20, 1.0)
    )
    np.testing.assert_array_equal(soft.beats, usual.beats)
    np.testing.assert_allclose(distances(loud, 0.5, 0.25), 0, atol=NEAR)


@pytest.mark.parametrize("first", [0.05, 0.31, 0.45])
def test_nothing_is_added_before_the_first_beat_or_after_the_last(
    tmp_path: Path, first: float
) -> None:
    music = analyze_music(write_media(tmp_path / "music.wav", clicks(8, every=0.47, first=first)))
    assert np.abs(distances(music, 0.47, first)).max() < NEAR


def test_a_long_sound_is_heard_as_if_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_media(tmp_path / "music.wav", clicks(6) + noise(6) / 20)
    at_once = analyze_music(path)
    monkeypatch.setattr("dancenow.music.beats._AT_ONCE", 37)
    in_pieces = analyze_music(path)
    np.testing.assert_array_equal(in_pieces.beats, at_once.beats)
    np.testing.assert_allclose(in_pieces.clarity, at_once.clarity, rtol=1e-6)


# No beats


@pytest.mark.parametrize("seconds", [0.6, 12.0])
@pytest.mark.parametrize("kind", ["silence", "noise", "drone", "chord"])
def test_what_has_no_beat_has_none(tmp_path: Path, kind: str, seconds: float) -> None:
    t = np.arange(round(seconds * NATIVE)) / NATIVE
    sounds = {
        "silence": 0 * t,
        "noise": noise(seconds),
        "drone": 0.5 * np.sin(2 * np.pi * 220 * t),
        "chord": sum(0.2 * np.sin(2 * np.pi * f * t) for f in (220.0, 277.2, 329.6)),
    }
    music = analyze_music(write_media(tmp_path / "sound.wav", sounds[kind].astype(np.float32)))
    assert music.seconds == pytest.approx(seconds, abs=0.001)
    assert len(music.beats) == 0 and music.tempo == 0
    assert 0 <= music.clarity < 0.2
    np.testing.assert_array_equal(music.energy, np.zeros(round(seconds)))


@pytest.mark.parametrize("seed", range(5))
def test_a_few_seconds_of_noise_have_no_beat_by_chance(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    brown = np.cumsum(rng.normal(size=4 * NATIVE + 4000))
    brown -= np.convolve(brown, np.full(4001, 1 / 4001), "same")
    sound = (0.1 * brown / brown.std()).astype(np.float32)
    assert len(analyze_music(write_media(tmp_path / "noise.wav", sound)).beats) == 0


@pytest.mark.parametrize("seconds", [0.5, 0.6, 1.0, 2.5])
def test_a_moment_of_music_is_too_short_for_a_beat(tmp_path: Path, seconds: float) -> None:
    music = analyze_music(write_media(tmp_path / "music.wav", clicks(seconds)))
    assert music.seconds == pytest.approx(seconds, abs=0.001)
    assert len(music.beats) == 0 and music.tempo == 0
    assert np.isfinite(music.energy).all() and len(music.energy) >= 1


# Sections


def test_a_loud_and_busy_section_has_more_energy_than_a_quiet_one(tmp_path: Path) -> None:
    quiet, busy = clicks(15, every=1.0) / 10, clicks(15, every=0.25) + noise(15) / 5
    music = analyze_music(write_media(tmp_path / "music.wav", np.concatenate([quiet, busy])))
    assert music.energy.shape == (30,)
    assert music.energy.mean() == pytest.approx(0, abs=1e-9)
    assert music.energy.std() == pytest.approx(1)
    assert music.energy[:13].max() < 0 < music.energy[17:].min()
    middles = np.arange(30) + 0.5
    np.testing.assert_allclose(music.energy_at(middles), music.energy)
    ends = music.energy_at(np.array([-1.0, 0.0, 30.0, 99.0]))
    np.testing.assert_allclose(ends, music.energy[[0, 0, -1, -1]])


@pytest.mark.parametrize("seconds", [8.02, 8.3, 8.5, 8.9])
def test_a_last_second_that_is_cut_off_is_no_quiet_section(tmp_path: Path, seconds: float) -> None:
    music = analyze_music(write_media(tmp_path / "music.wav", clicks(seconds)))
    np.testing.assert_array_equal(music.energy, 0)


# Samples


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".m4a", ".flac"])
@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_samples_are_at_their_times(tmp_path: Path, suffix: str, rate: int) -> None:
    t = np.arange(2 * rate) / rate
    sound = np.where(t >= 1, 0.8 * np.sin(2 * np.pi * 440 * t), 0).astype(np.float32)
    samples = load_samples(write_media(tmp_path / f"sound{suffix}", sound, rate=rate))
    assert samples.dtype == np.float32 and samples.ndim == 1
    assert len(samples) / RATE == pytest.approx(2, abs=0.06)
    assert first_loud(samples) == pytest.approx(1, abs=0.003)


@pytest.mark.parametrize(("sound_at", "picture_at"), [(0, 0), (0.6, 0), (0, 0.4), (0.2, 0.4)])
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_the_sound_of_a_clip_counts_from_its_first_frame(
    tmp_path: Path, name: str, sound_at: float, picture_at: float
) -> None:
    """As it is written to a new clip."""
    sound = clicks(3, first=1.0, every=9)
    path = write_media(tmp_path / name, sound, frames=75, sound_at=sound_at, picture_at=picture_at)
    samples = load_samples(path)
    assert first_loud(samples) == pytest.approx(1 + sound_at - picture_at, abs=0.005)


def test_samples_stay_within_full_scale(tmp_path: Path) -> None:
    samples = load_samples(write_media(tmp_path / "loud.wav", 1e30 * noise(1)))
    assert np.abs(samples).max() == 1


def test_what_follows_a_damaged_place_is_heard_at_its_time(tmp_path: Path) -> None:
    sound = clicks(6, first=5.0, every=9)
    path = write_media(tmp_path / "music.m4a", np.maximum(sound, noise(6) / 100))
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third : third + 2000] = bytes(np.random.default_rng(0).integers(0, 256, 2000, np.uint8))
    path.write_bytes(bytes(data))
    samples = load_samples(path)
    assert len(samples) / RATE == pytest.approx(6, abs=0.1)
    assert first_loud(samples[round(4.5 * RATE) :]) == pytest.approx(0.5, abs=0.05)


def test_a_file_that_changes_its_channels_is_heard_to_its_end(tmp_path: Path) -> None:
    """As when two files were joined."""
    mono, stereo = clicks(2), np.stack([clicks(2)] * 2, axis=1)
    parts = [
        write_media(tmp_path / f"{name}.mp3", sound).read_bytes()
        for name, sound in (("mono", mono), ("stereo", stereo))
    ]
    (tmp_path / "joined.mp3").write_bytes(b"".join(parts))
    samples = load_samples(tmp_path / "joined.mp3")
    assert len(samples) / RATE == pytest.approx(4, abs=0.2)
    assert np.abs(samples[-round(0.9 * RATE) :]).max() > 0.3


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_any_channels_are_mixed_down(tmp_path: Path, channels: int) -> None:
    samples = load_samples(write_pcm(tmp_path / "sound.wav", 1, channels=channels))
    assert samples.shape == (RATE,)


# What cannot be heard


def no_sound(folder: Path) -> Path:
    return write_media(folder / "mute.mp4", None, frames=5)


def no_numbers(folder: Path) -> Path:
    sound = clicks(2)
    sound[500] = np.nan
    return write_media(folder / "nan.wav", sound)


def unknown_codec(folder: Path) -> Path:
    path = write_media(folder / "odd.wav", clicks(2))
    data = bytearray(path.read_bytes())
    begin = data.index(b"fmt ") + 8
    data[begin : begin + 2] = b"\x34\x12"
    path.write_bytes(bytes(data))
    return path


def text(folder: Path, name: str = "text.mp3") -> Path:
    path = folder / name
    path.write_text("This is no music.\n" * 50)
    return path


def empty(folder: Path) -> Path:
    (folder / "empty.mp3").touch()
    return folder / "empty.mp3"


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "nothing": (lambda folder: folder / "nothing.mp3", "no such file"),
    "a folder": (lambda folder: folder, "is a folder"),
    "an empty file": (empty, "is empty"),
    "text called mp3": (text, "FFmpeg"),
    "text called wav": (lambda folder: text(folder, "text.wav"), "FFmpeg"),
    "text": (lambda folder: text(folder, "text.txt"), "has no sound"),
    "a mute clip": (no_sound, "has no sound"),
    "no numbers": (no_numbers, "NaN"),
    "an unknown codec": (unknown_codec, "cannot be decoded"),
    "no samples": (lambda folder: write_pcm(folder / "none.wav", 0), "cannot be decoded"),
    "a moment": (lambda folder: write_pcm(folder / "short.wav", 0.4), "less than half a second"),
    "an age": (lambda folder: write_pcm(folder / "long.wav", 1801, rate=500), "longer than 30 min"),
    "30 channels": (lambda folder: write_pcm(folder / "many.wav", 1, channels=30), "mixed down"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_heard_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    make, why = REFUSED[what]
    path = make(tmp_path)
    with pytest.raises(InputError, match=why) as refused:
        load_samples(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def test_hearing_refuses_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        analyze_music(str(tmp_path / "nothing.mp3"))
    with pytest.raises(InputError, match="has no sound"):
        analyze_music(no_sound(tmp_path))
