"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dancenow import files
from dancenow.errors import InputError, OutputError
from dancenow.files import (
    atomic_folder,
    atomic_path,
    check_can_write,
    check_folder,
    finished_name,
    new_pictures,
    put_in_place,
    sweep_one,
    write_bytes,
    write_text,
)
from dancenow.processes import swap


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_file_appears_whole_under_its_name_alone(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "clip.mp4") as temporary:
        assert temporary.parent == tmp_path and temporary.suffix == ".mp4"
        temporary.write_bytes(b"half")
        assert not (tmp_path / "clip.mp4").exists()
        temporary.write_bytes(b"whole")
    assert contents(tmp_path) == {"clip.mp4": b"whole"}


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyboardInterrupt(), OSError(errno.EIO, "x")])
def test_a_failure_leaves_the_older_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    write_text(tmp_path / "a.json", "older")
    with pytest.raises(type(error)), atomic_path(tmp_path / "a.json") as temporary:
        temporary.write_text("newer")
        raise error
    assert contents(tmp_path) == {"a.json": b"older"}


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no space left"), atomic_path(tmp_path / "a.bin"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert contents(tmp_path) == {}


def test_files_get_the_permissions_that_the_user_set(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_text_is_written_as_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "é → ü")
    assert (tmp_path / "a.txt").read_bytes() == "é → ü".encode()


def test_a_folder_replaces_the_one_before_as_a_whole(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with atomic_folder(tmp_path / "set") as temporary:
            (temporary / name).write_bytes(b"1")
    assert contents(tmp_path) == {"set/second": b"1"}


@pytest.mark.parametrize("at_once", [True, False])
def test_folders_change_places(
    at_once: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not at_once:
        monkeypatch.setattr(files, "swap", lambda _one, _other: False)
    new, old = tmp_path / "new", tmp_path / "old"
    for folder in (new, old):
        folder.mkdir()
        (folder / folder.name).touch()
    put_in_place(new, old)
    assert [path.name for path in old.iterdir()] == ["new"]
    assert [path.name for path in new.iterdir()] == ["old"]


def test_the_system_swaps_at_once_on_linux(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").write_text("file")
    assert swap(tmp_path / "a", tmp_path / "b") == sys.platform.startswith("linux")


def test_what_a_link_stands_for_is_replaced(tmp_path: Path) -> None:
    for name in ("disk", "there"):
        (tmp_path / name).mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "disk" / "real.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "disk" / "real.txt").read_text() == "new"
    (tmp_path / "link").symlink_to(tmp_path / "there")
    with atomic_folder(tmp_path / "link") as folder:
        (folder / "x").touch()
    assert (tmp_path / "link").is_symlink() and (tmp_path / "there" / "x").is_file()


def test_a_folder_may_be_named_by_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with atomic_folder(Path()) as folder:
        (folder / "x").touch()
    assert (tmp_path / "here" / "x").is_file() and len(list(tmp_path.iterdir())) == 1


def test_what_another_machine_left_is_swept_after_two_days(tmp_path: Path) -> None:
    left = tmp_path / ".a.0badb007-12-345-0123abcd.part.txt"
    left.touch()
    assert finished_name(left.name) == "a.txt" and finished_name("a.txt") is None
    assert not sweep_one(left) and left.exists()
    os.utime(left, (0, time.time() - 3 * 24 * 3600))
    assert sweep_one(left) and not left.exists()


def test_a_folder_that_fails_leaves_the_older_one_and_nothing_else(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "set") as temporary:
        (temporary / "older").touch()
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "set") as temporary:
        (temporary / "newer").touch()
        raise KeyboardInterrupt
    assert contents(tmp_path) == {"set/older": b""}
    assert [entry.name for entry in tmp_path.iterdir()] == ["set"]


def test_what_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match="no such folder; create it first"):
        check_can_write(tmp_path / "missing" / "a.mp4")
    with pytest.raises(OutputError, match="is a folder"):
        check_can_write(tmp_path / "folder.mp4")
    check_can_write(tmp_path / "a.mp4")
    assert contents(tmp_path) == {}


def test_what_a_dead_process_left_unfinished_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / ".page.f3a9c0de-12-34567-0123abcd.part.html").touch()
    check_folder(tmp_path, "report", ours=False)
    (tmp_path / ".hidden").touch()
    with pytest.raises(OutputError, match="holds other files"):
        check_folder(tmp_path, "report", ours=False)
    check_folder(tmp_path, "report", ours=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_told_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="no permission"):
            check_can_write(tmp_path / "a.mp4")
    finally:
        tmp_path.chmod(0o700)


def test_a_wrong_output_is_wrong_input_of_the_user() -> None:
    assert issubclass(OutputError, InputError)


def test_pictures_in_a_mapped_file_are_read_back_as_an_array(tmp_path: Path) -> None:
    pictures = new_pictures(tmp_path / "p.npy", (2, 3, 4))
    assert not pictures.any()
    pictures[1] = 7
    pictures.flush()
    again = np.load(tmp_path / "p.npy")
    assert again.dtype == np.uint8 and again[0].max() == 0 and (again[1] == 7).all()
