"""The cache: where it lies, and names that follow content."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import time
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dancenow.cache import Entry, cache_dir, forget, prune
from dancenow.errors import DanceNowWarning, InputError, OutputError
from dancenow.files import sweep_below, unfinished, write_text
from dancenow.hashing import content_hash


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


def made(entry: Entry, text: str = "x") -> str:
    """What an entry holds; the number of characters tells how often it was made."""

    def make() -> None:
        write_text(entry.path, entry.path.read_text() + text if entry.path.exists() else text)

    return entry.get(make, lambda: str(json.loads(json.dumps(entry.path.read_text("utf-8")))))


def test_an_entry_is_made_once_and_read_by_the_user_alone() -> None:
    entry = Entry.named("rooms", ["a"], 1, suffix=".txt")
    assert [made(entry), made(entry)] == ["x", "x"]
    assert stat.S_IMODE(entry.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(entry.path.parent.stat().st_mode) == 0o700
    assert Entry.named("rooms", ["b"], 1, suffix=".txt").path != entry.path


def test_a_damaged_entry_is_made_anew() -> None:
    entry = Entry.named("rooms", ["a"], suffix=".txt")
    made(entry)
    entry.path.write_bytes(b"\xff\xfe")
    assert made(entry) == "x"


@pytest.mark.parametrize("error", [EOFError("x"), RecursionError("x"), zlib.error("x")])
def test_whatever_a_reader_raises_is_damage(error: Exception) -> None:
    entry, come = Entry.named("rooms", ["a"], suffix=".txt"), [error]

    def read() -> str:
        if come:
            raise come.pop()
        return entry.path.read_text()

    entry.path.write_text("damaged")
    assert entry.get(lambda: write_text(entry.path, "made"), read) == "made"


def test_what_is_told_of_a_clip_is_told_again_of_its_copy(tmp_path: Path) -> None:
    def make(clip: Path) -> Callable[[], None]:
        def warn() -> None:
            warnings.warn(f"{clip}: is cut off.", DanceNowWarning, stacklevel=1)
            warnings.warn("something else.", DanceNowWarning, stacklevel=1)
            write_text(Entry.named("rooms", ["a"]).path, "x")

        return warn

    for name, told in (("a.mp4", 2), ("b.mp4", 1)):
        entry = Entry.named("rooms", ["a"], clip=tmp_path / name)
        with pytest.warns(DanceNowWarning, match=f"{name}: is cut off") as warned:
            entry.get(make(tmp_path / name), lambda: None)
        assert len(warned) == told


def test_two_processes_make_an_entry_once(own_cache: Path) -> None:
    script = (
        "import sys, time; from dancenow.cache import Entry; from pathlib import Path\n"
        "entry = Entry.named('rooms', ['a'])\n"
        "def make():\n"
        "    with Path(sys.argv[1]).open('a') as log: log.write('x')\n"
        "    time.sleep(1); entry.path.write_text('made')\n"
        "entry.get(make, entry.path.read_text)\n"
    )
    log = own_cache / "log"
    both = [subprocess.Popen([sys.executable, "-c", script, str(log)]) for _ in range(2)]
    assert [each.wait() for each in both] == [0, 0] and log.read_text() == "x"


def test_forgetting_a_content_removes_all_that_was_made_of_it(own_cache: Path) -> None:
    mine = [Entry.named(kind, ["me", "you"]) for kind in ("rooms", "tracks")]
    yours = Entry.named("rooms", ["you"])
    for entry in (*mine, yours):
        made(entry)
    old = own_cache / "rooms" / "of-an-older-version"
    old.mkdir()
    assert set(forget(["me"])) == {entry.path for entry in mine} | {old}
    assert made(yours) == "x" and not list(own_cache.glob("*/" + mine[0].path.name + "*"))


def test_the_cache_keeps_below_its_size_and_what_was_learned(own_cache: Path) -> None:
    kinds = ("performers", "rooms", "tracks", "crops", "fetched")
    entries = [Entry.named(kind, [kind]) for kind in kinds]
    for number, entry in enumerate(entries):
        made(entry, "x" * 1000)
        if entry.path.parent.name != "crops":  # that is in use
            for path in (entry.path, entry.beside(".of")):
                os.utime(path, (number, number))
    now = time.time() - 24 * 3600  # what was fetched for a batch stays longer
    os.utime(entries[4].beside(".of"), (now, now))
    (own_cache / "Photos").mkdir()
    (own_cache / "Photos" / "holiday.jpg").write_bytes(b"x" * 5000)
    assert prune(10_000) == []
    assert prune(4_500) == [entries[1].path]
    assert prune(0) == [entries[2].path]
    assert forget(["fetched"]) == [entries[4].path]
    assert [entry.is_there for entry in entries] == [True, False, False, True, False]
    assert (own_cache / "Photos" / "holiday.jpg").exists()


def test_a_performer_of_an_older_version_is_forgotten_by_its_configuration_alone(
    own_cache: Path,
) -> None:
    for name in ("carol", "dave"):
        folder = own_cache / "performers" / name
        folder.mkdir(parents=True)
        learned = {"training": {"learned": {"clip": name}}}
        (folder / "config.json").write_text(json.dumps(learned))
    assert forget(["dave"]) == [own_cache / "performers" / "dave"]
    assert (own_cache / "performers" / "carol").is_dir()


def test_what_the_machine_does_wrong_is_no_damage() -> None:
    entry = Entry.named("rooms", ["a"])
    made(entry)

    def full() -> None:
        raise InputError("x") from OSError(errno.EMFILE, "Too many open files")

    with pytest.raises(InputError):
        entry.get(lambda: None, full)
    assert entry.is_there


def test_what_a_dead_process_left_is_swept(tmp_path: Path) -> None:
    script = (
        "import sys; from dancenow.files import unfinished; from pathlib import Path\n"
        "folder = Path(sys.argv[1]); unfinished(folder / 'a.mp4', '.mp4').touch()\n"
        "left = unfinished(folder / 'b'); left.mkdir(); (left / 'c').touch()\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert len(list(tmp_path.iterdir())) == 2
    ours = unfinished(tmp_path / "d.mp4", ".mp4")
    ours.touch()
    (tmp_path / ".other.part").touch()
    sweep_below(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {ours.name, ".other.part"}
