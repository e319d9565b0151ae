"""The cache: where it lies, and names that follow content."""

from __future__ import annotations

from pathlib import Path

import pytest

from dancenow.cache import cache_dir, content_hash
from dancenow.errors import OutputError


def test_the_cache_lies_where_the_variable_says(own_cache: Path) -> None:
    folder = cache_dir("tracks", "v1")
    assert folder == own_cache / "tracks" / "v1" and folder.is_dir()
    assert cache_dir("tracks", "v1") == folder


def test_a_cache_that_cannot_be_made_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DANCENOW_CACHE", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="set DANCENOW_CACHE"):
        cache_dir("tracks")


def test_a_file_is_known_by_content_and_details_alone(tmp_path: Path) -> None:
    a, b, c = (tmp_path / name for name in ("a.mp4", "b.mov", "c.mp4"))
    a.write_bytes(b"x" * (3 << 20))  # more than is read at once
    b.write_bytes(a.read_bytes())
    c.write_bytes(b"x" * ((3 << 20) - 1) + b"y")
    assert content_hash(a) == content_hash(b) != content_hash(c)
    assert content_hash(a, 1, "x") == content_hash(b, 1, "x") != content_hash(a, 1, "y")
    assert content_hash(a).isalnum()


def test_a_folder_is_known_by_its_files_and_their_names(tmp_path: Path) -> None:
    for folder, names in (("a", "12"), ("b", "12"), ("c", "21")):
        (tmp_path / folder).mkdir()
        for name, data in zip(names, (b"first", b"second"), strict=True):
            (tmp_path / folder / name).write_bytes(data)
    (tmp_path / "b" / "inner").mkdir()
    hashes = [content_hash(tmp_path / folder) for folder in "abc"]
    assert hashes[0] == hashes[1] != hashes[2]
