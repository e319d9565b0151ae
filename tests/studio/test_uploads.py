"""Uploads: accepted by their content, within limits, stored under names of the studio's own."""

from __future__ import annotations

import os
import shutil
import time
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from dancenow.errors import InputError
from dancenow.studio.config import Limits
from dancenow.studio.media_types import UploadKind, detect_media_type
from dancenow.studio.uploads import Uploads, _made, inspect, is_id, plain_name
from dancenow.video import open_writer

LIMITS = Limits(megabytes=1, seconds=5, megapixels=0.05)


def clip(path: Path, *, size: tuple[int, int] = (64, 48), frames: int = 6, fps: int = 12) -> Path:
    with open_writer(path, fps=fps, size=size) as writer:
        for number in range(frames):
            writer.write(np.full((size[1], size[0], 3), 40 * (number % 6), np.uint8))
    return path


def sound(path: Path, seconds: float = 1.0) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * round(8000 * seconds)))
    return path


def picture(path: Path, kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> Path:
    Image.new("RGB", size).save(path, kind)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".gif"])
def test_a_clip_is_accepted_whatever_its_name(tmp_path: Path, suffix: str) -> None:
    path = clip(tmp_path / f"clip{suffix}").rename(tmp_path / "holiday.txt")
    media_type, seconds, size = inspect(path, "holiday.txt", UploadKind.clip, LIMITS)
    assert media_type.suffix == {".mov": ".mp4"}.get(suffix, suffix)
    assert seconds == pytest.approx(0.5, abs=0.1)
    assert size == (64, 48)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("words.mp4", b"this is a text, and no film at all\n" * 50),
        ("list.mp4", b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\n/etc/passwd\n"),
        ("join.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n"),
        ("dash.mp4", b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>'),
        ("page.mp4", b"<!doctype html><script>alert(1)</script>"),
        ("vector.mp4", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("program.mp4", b"\x7fELF" + bytes(400)),
        ("zip.mp4", b"PK\x03\x04" + bytes(400)),
        ("nothing.mp4", b""),
    ],
)
def test_what_is_no_clip_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a video") as caught:
        inspect(path, name, UploadKind.clip, LIMITS)
    assert "\n" not in str(caught.value)


def test_a_list_of_files_behind_the_beginning_of_a_film_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    manifest = b'<MPD profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"></MPD>'
    path.write_bytes(b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + manifest + bytes(900))
    with pytest.raises(InputError):
        inspect(path, "film.mp4", UploadKind.clip, LIMITS)


def test_a_clip_cut_in_two_is_refused(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"me\.mp4: "):
        inspect(path, "me.mp4", UploadKind.clip, LIMITS)


def test_limits_hold_before_anything_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dancenow.studio.uploads.probe", lambda _: pytest.fail("was decoded"))
    large = tmp_path / "large.mp4"
    large.write_bytes(bytes(1_000_001))
    with pytest.raises(InputError, match="at most 1 MB is allowed"):
        inspect(large, "large.mp4", UploadKind.clip, LIMITS)
    long = clip(tmp_path / "long.mp4", frames=72)
    with pytest.raises(InputError, match="6 s long; at most 5 s is allowed"):
        inspect(long, "long.mp4", UploadKind.clip, LIMITS)
    wide = clip(tmp_path / "wide.mp4", size=(320, 240))
    with pytest.raises(InputError, match=r"320 x 240 pixels; at most 0\.05 million"):
        inspect(wide, "wide.mp4", UploadKind.clip, LIMITS)


def test_a_picture_is_measured_by_its_head(tmp_path: Path) -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        path = picture(tmp_path / f"picture.{kind}", kind)
        assert inspect(path, "wall", UploadKind.picture, LIMITS)[1:] == (0.0, (40, 30))
    bomb = picture(tmp_path / "bomb.png", size=(4000, 4000))
    with pytest.raises(InputError, match="4000 x 4000 pixels"):
        inspect(bomb, "bomb.png", UploadKind.picture, LIMITS)
    torn = tmp_path / "torn.png"
    torn.write_bytes(bomb.read_bytes()[:20])
    with pytest.raises(InputError, match="damaged"):
        inspect(torn, "torn.png", UploadKind.picture, LIMITS)
    with pytest.raises(InputError, match="is not a video"):
        inspect(bomb, "bomb.png", UploadKind.clip, LIMITS)


def test_music_is_sound_or_a_clip_with_sound(tmp_path: Path) -> None:
    seconds = inspect(sound(tmp_path / "a.wav"), "a.wav", UploadKind.sound, LIMITS)[1]
    assert seconds == pytest.approx(1.0)
    with pytest.raises(InputError, match="has no sound"):
        inspect(clip(tmp_path / "still.mp4"), "still.mp4", UploadKind.sound, LIMITS)
    with pytest.raises(InputError, match="is not music"):
        inspect(picture(tmp_path / "p.png"), "p.png", UploadKind.sound, LIMITS)
    with pytest.raises(InputError, match="5 s is allowed"):
        inspect(sound(tmp_path / "long.wav", 6), "long.wav", UploadKind.sound, LIMITS)
    with pytest.raises(InputError, match="is not a video"):
        inspect(tmp_path / "a.wav", "a.wav", UploadKind.clip, LIMITS)


def test_a_name_never_becomes_a_path(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "mine", LIMITS)
    name = "..\\../../etc/pass\x00wd\n<b>.mp4"
    taken = uploads.add(clip(tmp_path / "clip.mp4"), name, UploadKind.clip)
    assert taken.name == "pass wd <b>.mp4"
    assert is_id(taken.id)
    assert taken.file.is_relative_to(tmp_path / "mine" / taken.id)
    assert "pass" not in str(taken.file)
    assert not (tmp_path / "clip.mp4").exists()
    assert uploads.get(taken.id) == taken


@pytest.mark.parametrize("id", ["", "..", "../other", "a/b", "x" * 500, "abcdefghijklmnop\n"])
def test_nothing_is_found_by_what_is_no_id(tmp_path: Path, id: str) -> None:
    assert Uploads(tmp_path, LIMITS).get(id) is None


def test_what_was_refused_is_gone_and_the_message_names_no_path(tmp_path: Path) -> None:
    path = tmp_path / "temporary" / "upload.mp4"
    path.parent.mkdir()
    clip(path)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(InputError) as caught:
        Uploads(tmp_path / "mine", LIMITS).add(path, "me.mp4", UploadKind.clip)
    assert "temporary" not in str(caught.value)
    assert not path.exists()
    assert list(tmp_path.glob("mine/*")) == []


def test_old_uploads_are_removed_but_those_that_are_needed(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "mine", LIMITS)
    old, needed, new = (
        uploads.add(clip(tmp_path / "clip.mp4"), "clip.mp4", UploadKind.clip) for _ in range(3)
    )
    for upload in (old, needed):
        before = time.time() - 1000
        os.utime(upload.file.parent, (before, before))
    assert uploads.older_than(500, {needed.id}) == [old.id]
    shutil.rmtree(new.file.parent)
    assert {upload.id for upload in uploads.all()} == {old.id, needed.id}
    assert time.time() - _made(new.file.parent) < 60  # which is gone: as if it were new


def test_the_length_of_music_is_not_what_its_header_says(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mp3", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8 * 44100), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        container.mux([*stream.encode(frame), *stream.encode(None)])
    data = path.read_bytes()
    at = max(data.find(b"Xing"), data.find(b"Info"))
    assert at > 0
    path.write_bytes(data[: at + 8] + (10).to_bytes(4, "big") + data[at + 12 :])
    with pytest.raises(InputError, match="is 8 s long; at most 5 s"):
        inspect(path, "a.mp3", UploadKind.sound, LIMITS)


def test_names_are_short_single_lines() -> None:
    assert plain_name("Anna\r\n/ Maria", "x") == "Anna / Maria"
    assert plain_name(" \u202e\t ", "someone") == "someone"
    assert len(plain_name("y" * 500, "x")) == 60


def test_every_type_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    for beginning, suffix in (
        (b"ID3\x04", ".mp3"),
        (b"\xff\xfb\x90\x00", ".mp3"),
        (b"\xff\xf1\x50\x80", ".aac"),
        (b"fLaC", ".flac"),
        (b"OggS", ".ogg"),
        (b"FORM\x00\x00\x00\x00AIFF", ".aiff"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", ".avi"),
        (b"G" + bytes(187) + b"G" + bytes(187), ".ts"),
    ):
        path = tmp_path / "file"
        path.write_bytes(beginning)
        found = detect_media_type(path)
        assert found is not None
        assert found.suffix == suffix


@pytest.mark.parametrize("name", ["animated.webp", "animated.apng"])
def test_an_animated_picture_is_a_clip(cases: Path, name: str) -> None:
    media_type, seconds, size = inspect(cases / name, name, UploadKind.clip, LIMITS)
    assert media_type.kinds == {UploadKind.clip} and media_type.suffix in (".webp", ".png")
    assert (seconds, size) == (0.5, (64, 64))
    with pytest.raises(InputError, match=r"0\.4 s is allowed"):
        inspect(cases / name, name, UploadKind.clip, Limits(1, 0.4, 1))
