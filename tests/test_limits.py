"""The largest of everything, and the door through which files come in."""

from __future__ import annotations

import errno
import os
import re
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from dancenow import limits
from dancenow.errors import InputError, OutputError
from dancenow.reading import check_file, read_arrays, read_object, read_text, reading

DOCS = Path(__file__).parents[1] / "docs" / "trust.md"


def test_what_people_film_is_taken() -> None:
    for size in ((7680, 4320), (2160, 3840), (8064, 6048), (12_000, 9000), (1, 1), (20_000, 400)):
        limits.check_picture("x", *size)
    for fps in (0.5, 23.976, 240, 960):
        limits.check_rate("x", fps)
    limits.check_length("x", 3 * 3600 * 60, 3 * 3600)
    limits.check_places("x", np.array([-5000.0, 9000.0]))


@pytest.mark.parametrize(
    "size", [(0, 5), (-1, 5), (13_000, 13_000), (64_000, 2), (float("nan"), 5), (5, float("inf"))]
)
def test_other_pictures_are_refused(size: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="make it smaller first"):
        limits.check_picture("x", *size)


def test_rates_lengths_places_and_sizes_are_refused(tmp_path: Path) -> None:
    for fps in (0, -1, 1e9, 1e-5, float("nan")):
        with pytest.raises(InputError, match="frames a second"):
            limits.check_rate("x", fps)
    for frames, seconds in ((86_000_000, 1.0), (10, 10 * 86_400), (float("nan"), 1)):
        with pytest.raises(InputError, match="cut out a part"):
            limits.check_length("x", frames, seconds)
    for value in (1e9, float("nan"), float("inf")):
        with pytest.raises(InputError, match="pixels away"):
            limits.check_places("x", np.array([0.0, value]))
    with pytest.raises(InputError, match="more than this machine has"):
        limits.check_memory("x", 2**60)
    with pytest.raises(OutputError, match="free some space first") as told:
        limits.check_space(tmp_path / "x", 2**60)
    assert isinstance(told.value.__cause__, OSError) and told.value.__cause__.errno == errno.ENOSPC


@pytest.mark.parametrize(
    "error",
    [ValueError(), KeyError(), RecursionError(), OverflowError(), EOFError(), zlib.error(),
     SyntaxError(), AssertionError(), zipfile.BadZipFile(), RuntimeError()],
)  # fmt: skip
def test_whatever_a_parser_raises_becomes_one_line(error: Exception, tmp_path: Path) -> None:
    door = reading(tmp_path / "a.bin", "is odd; mend it.")
    with pytest.raises(InputError, match=r"a\.bin: is odd; mend it\.$") as told, door:
        raise error
    assert told.value.__cause__ is error


def test_the_machine_is_not_the_file(tmp_path: Path) -> None:
    for error, words in (
        (MemoryError(), "more memory than this machine has"),
        (OSError(errno.EMFILE, "Too many open files"), "cannot be read \\(Too many"),
        (PermissionError(errno.EACCES, "x"), "no permission"),
    ):
        with pytest.raises(InputError, match=words), reading(tmp_path, "is odd."):
            raise error
    with pytest.raises(ImportError), reading(tmp_path, "is odd."):
        raise ImportError


def test_our_own_errors_and_ctrl_c_pass(tmp_path: Path) -> None:
    for error in (InputError("mine"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as told, reading(tmp_path, "x"):
            raise error
        assert told.value is error
    with pytest.raises(InputError, match="b: no such file"), reading(tmp_path, "x"):
        (tmp_path / "b").read_bytes()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputError, match="is a pipe or a device"):
            check_file(path)
        with pytest.raises(InputError, match="is a pipe or a device"):
            read_text(path, "x")


def test_json_is_an_object_of_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    for text in ("[" * 5000, "[]", "{", "\ufeff5", '{"a": ' + "9" * 5000 + "}"):
        path.write_text(text, "utf-8")
        with pytest.raises(InputError, match="is odd"):
            read_object(path, "is odd.")
    path.write_text('\ufeff{"a": 1}', "utf-8")
    assert read_object(path, "is odd.") == {"a": 1}
    monkeypatch.setattr(limits, "DOCUMENT", 3)
    with pytest.raises(InputError, match="is a text of"):
        read_object(path, "is odd.")


def test_a_packed_file_does_not_unpack_to_far_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNPACKED", 1 << 20)
    np.savez_compressed(tmp_path / "bomb.npz", a=np.zeros(1 << 22, np.uint8))
    np.savez_compressed(tmp_path / "good.npz", a=np.zeros(1 << 19, np.uint8))
    with pytest.raises(InputError, match="would unpack to 4 MB"):
        read_arrays(tmp_path / "bomb.npz", "is odd.")
    assert read_arrays(tmp_path / "good.npz", "is odd.")["a"].shape == (1 << 19,)


def test_the_docs_tell_the_limits() -> None:
    numbers = set(re.findall(r"\d[\d,.]*", DOCS.read_text("utf-8")))
    told = (
        f"{limits.SIDE:,}", f"{limits.PIXELS // 1_000_000}", f"{limits.SLOWEST}",
        f"{limits.FASTEST:,.0f}", f"{limits.SECONDS / 3600:.0f}", f"{limits.FRAMES:,}",
        f"{limits.DANCE_SECONDS / 3600:.0f}", f"{limits.PEOPLE}", f"{limits.DOCUMENT >> 20}",
        f"{limits.PACKED}", f"{limits.UNPACKED >> 20}", f"{limits.MEMORY_SHARE * 100:.0f}",
    )  # fmt: skip
    assert {number for number in told if number not in numbers} == set()
