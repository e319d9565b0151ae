"""MediaPipe's heavy pose model: fetched whole or not at all."""

from __future__ import annotations

import io
import urllib.request
from http.client import IncompleteRead
from pathlib import Path
from types import SimpleNamespace

import pytest

from dancenow.pose.estimators import heavy_model
from dancenow.pose.estimators.heavy_model import has_heavy_model, pose_model

FOLDER = Path("modules/pose_landmark")
MODEL = b"\x1c\0\0\0TFL3" + bytes(100)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MediaPipe's folder, empty."""
    (tmp_path / FOLDER).mkdir(parents=True)
    package = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(heavy_model, "find_spec", lambda _: package)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("not asked for"))
    has_heavy_model.cache_clear()
    yield tmp_path / FOLDER
    has_heavy_model.cache_clear()


def network(monkeypatch: pytest.MonkeyPatch, answer: object) -> list[str]:
    """A network that answers so; returns the addresses that are asked for."""
    asked: list[str] = []

    def open_address(address: str, timeout: float) -> object:
        asked.append(address)
        assert timeout <= 10
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(urllib.request, "urlopen", open_address)
    return asked


def test_a_model_that_lies_there_is_used(folder: Path):
    (folder / "pose_landmark_heavy.tflite").write_bytes(MODEL)
    assert pose_model() == "heavy"


def test_it_is_fetched_once(folder: Path, monkeypatch: pytest.MonkeyPatch):
    asked = network(monkeypatch, io.BytesIO(MODEL))
    assert [pose_model(), pose_model()] == ["heavy", "heavy"]
    assert len(asked) == 1
    assert (folder / "pose_landmark_heavy.tflite").read_bytes() == MODEL


class BrokenOff(io.BytesIO):
    def read(self, *_: int) -> bytes:
        raise IncompleteRead(MODEL[:50])


@pytest.mark.parametrize(
    "answer",
    [OSError("no network"), BrokenOff(), io.BytesIO(b"<html>Welcome to our hotel!</html>")],
    ids=["no network", "broken off", "another page"],
)
def test_without_it_the_plain_one_is_used_and_nothing_is_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answer: object
):
    asked = network(monkeypatch, answer)
    assert [pose_model(), pose_model()] == ["full", "full"]
    assert len(asked) == 1  # not tried again and again
    assert not list(folder.iterdir())


def test_a_folder_that_cannot_be_written_is_no_error(folder: Path):
    folder.rmdir()
    assert pose_model() == "full"  # and nothing is asked for
