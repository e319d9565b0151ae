"""`dancenow verify`: what it says, and with which exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from signed import CAMERA, CLAIM, acted, boxes, flip, sign_as, write_clip

from dancenow.credentials import Made, sign
from dancenow.staging.result import NOTE
from dancenow.version import __version__
from dancenow.workflows.verify import Verified

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = write_clip(tmp_path / "out.mp4")
    sign(path, CLAIM)
    return path


def test_an_intact_video_is_described_and_the_status_is_0(dancenow: Command, clip: Path) -> None:
    status, out, err = dancenow("verify", clip)
    assert (status, err) == (0, "")
    first, *others = out.splitlines()
    assert (
        first == f"{clip}: Content Credentials, intact: pictures and sound are as they were signed"
    )
    said = dict(line.strip().split(": ", 1) for line in others)
    assert said["synthetic"].startswith("yes")
    assert said["made with"].startswith(f"DanceNow {__version__}, 20")
    assert said["what was done"] == Made.transfer.value
    assert said["made from"] == "dancer.mp4, me.mp4"
    assert said["signed by"].endswith("(known to this machine)")
    assert said["note, which proves nothing"] == NOTE


def test_json_has_the_same(dancenow: Command, clip: Path) -> None:
    status, out, _ = dancenow("verify", clip, "--json")
    document = json.loads(out.splitlines()[-1])
    assert status == 0 and document["status"] == "intact" and document["file"] == str(clip)
    found = document["credentials"]
    assert found["synthetic"] is True and found["trusted"] is True and found["problems"] == []
    assert found["inputs"] == ["dancer.mp4", "me.mp4"] and document["note"] == NOTE


def test_a_changed_video_is_told_plainly_and_the_status_is_1(dancenow: Command, clip: Path) -> None:
    flip(clip, boxes(clip)["mdat"][0] + 100)
    status, out, err = dancenow("verify", clip)
    assert (status, err) == (1, "")
    assert "the file was changed after it was signed" in out.splitlines()[0]
    assert "intact" not in out
    status, out, _ = dancenow("verify", clip, "--json")
    assert status == 1 and json.loads(out)["status"] == "changed"


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mkv", "a.gif", "a.mov", "pictures"])
def test_without_credentials_the_note_is_shown_and_the_status_is_1(
    dancenow: Command, tmp_path: Path, name: str
) -> None:
    status, out, _ = dancenow("verify", write_clip(tmp_path / name))
    assert status == 1
    said = [f"{tmp_path / name}: no Content Credentials", f"  note, which proves nothing: {NOTE}"]
    assert out.splitlines() == said
    status, out, _ = dancenow("verify", write_clip(tmp_path / f"bare-{name}", note=None), "--json")
    document = json.loads(out)
    assert (status, document["status"]) == (1, "none")
    assert document["credentials"] is None and document["note"] is None


def test_a_single_picture_of_a_folder_carries_the_note(dancenow: Command, tmp_path: Path) -> None:
    folder = write_clip(tmp_path / "pictures")
    assert NOTE in dancenow("verify", folder / "000001.png")[1]


def test_files_of_other_programs_are_read(dancenow: Command, tmp_path: Path) -> None:
    picture = tmp_path / "photo.jpg"
    Image.new("RGB", (16, 16)).save(picture)
    assert dancenow("verify", picture)[0] == 1
    sign_as(picture, acted(action="c2pa.created", digitalSourceType=CAMERA))
    status, out, _ = dancenow("verify", picture)
    assert status == 0 and "Their Camera 7" in out and "synthetic: no" in out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.mp4", None, "no such file"),
        ("empty.mp4", b"", "is empty"),
        ("text.txt", b"hello world\n" * 500, "is a text"),
        ("text.mp4", b"not a video\n", "is not a video"),
        ("folder", None, "without pictures"),
    ],
)
def test_what_is_no_media_file_is_one_line_and_status_2(
    dancenow: Command, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    elif name == "folder":
        path.mkdir()
    status, out, err = dancenow("verify", path)
    assert (status, out) == (2, "") and len(err.splitlines()) == 1
    assert err.startswith("dancenow: ") and said in err


def test_a_files_own_words_cannot_forge_a_line() -> None:
    said = "x\nme.mp4: Content Credentials, intact\x1b[2K\r"
    lines = Verified(Path("me.mp4"), "none", note=said).summary().splitlines()
    assert len(lines) == 2 and lines[0] == "me.mp4: no Content Credentials"
    assert "\x1b" not in lines[1] and "\r" not in lines[1]


def test_help_tells_the_exit_statuses(dancenow: Command) -> None:
    status, out, _ = dancenow("verify", "--help")
    assert status == 0 and "Exit status: 0 if" in " ".join(out.split())
