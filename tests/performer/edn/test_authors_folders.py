"""Data folders of the authors of "Everybody Dance Now": what is read, refused and written."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError, OutputError
from dancenow.sources.stick_figures import (
    AuthorsFolder,
    is_authors_folder,
    read_authors_folder,
    write_authors_folder,
)

Frame = NDArray[np.uint8]
SIZE = (32, 16)  # width, height in px


def picture(seed: int, size: tuple[int, int] = SIZE) -> Frame:
    """A picture of noise, uint8 `(H, W, 3)` RGB: no two are alike, nor two of its channels."""
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


def save(path: Path, rgb: Frame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rgb[..., ::-1])


def make(folder: Path, numbers: Iterable[int] = (1, 2, 3), part: str = "train") -> Path:
    """A data folder as the authors' scripts leave it, without face texts."""
    for number in numbers:
        save(folder / f"{part}_label" / f"frame{number:06d}.png", picture(number))
        save(folder / f"{part}_img" / f"frame{number:06d}.png", picture(1000 + number))
    return folder


def say(folder: Path, name: str, text: str, part: str = "train") -> None:
    """Write a face text."""
    path = folder / f"{part}_facetexts128" / f"{name}.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def cut(path: Path, keep: float) -> None:
    """Leave only the first part of a file, as a copy that was interrupted does."""
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data))])


def refuses(folder: Path, *fragments: str, part: str = "train") -> None:
    """Reading raises one line that holds all `fragments` and ends as a sentence."""
    with pytest.raises(InputError) as caught:
        read_authors_folder(folder, part)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".")
    for fragment in fragments:
        assert fragment in message


def numbers_of_pairs(folder: AuthorsFolder) -> list[tuple[int, int]]:
    numbers = [int(re.findall(r"\d+", name)[-1]) for name in folder.names]
    return [(numbers[a], numbers[b]) for a, b in folder.pairs]


class TestRecognising:
    @pytest.mark.parametrize("name", ["train_label", "test_label"])
    def test_a_folder_with_labels_is_one_of_the_authors(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).mkdir()
        assert is_authors_folder(tmp_path)

    def test_other_folders_files_and_nothing_are_not(self, tmp_path: Path) -> None:
        (tmp_path / "train_img").mkdir()
        (tmp_path / "test_label").write_text("a file of that name")
        assert not is_authors_folder(tmp_path)
        assert not is_authors_folder(tmp_path / "test_label")
        assert not is_authors_folder(tmp_path / "none")


class TestReading:
    def test_labels_and_images_come_in_rgb_and_in_number_order(self, tmp_path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            folder = read_authors_folder(make(tmp_path, (10, 9, 8)))
        assert folder.names == ("frame000008", "frame000009", "frame000010")
        assert folder.size == SIZE
        assert len(folder) == 3
        for row, number in enumerate((8, 9, 10)):
            np.testing.assert_array_equal(folder.label(row), picture(number))
            np.testing.assert_array_equal(folder.image(row), picture(1000 + number))
            assert folder.label(row).dtype == np.uint8

    def test_numbers_without_leading_zeros_are_ordered_as_numbers(self, tmp_path: Path) -> None:
        for number in (2, 10, 1):
            save(tmp_path / "test_label" / f"f{number}.png", picture(number))
        assert read_authors_folder(tmp_path, "test").names == ("f1", "f2", "f10")

    def test_hidden_and_other_files_are_no_frames(self, tmp_path: Path) -> None:
        make(tmp_path)
        (tmp_path / "train_label" / "._frame000001.png").write_bytes(b"of a Mac")
        (tmp_path / "train_img" / "Thumbs.db").write_bytes(b"of Windows")
        assert len(read_authors_folder(tmp_path)) == 3

    def test_both_parts_may_lie_in_one_folder(self, tmp_path: Path) -> None:
        make(make(tmp_path, (1, 2)), (5, 6, 7), "test")
        assert len(read_authors_folder(tmp_path)) == 2
        assert len(read_authors_folder(tmp_path, "test")) == 3

    def test_a_test_set_may_have_no_pictures(self, tmp_path: Path) -> None:
        for number in (1, 2):
            save(tmp_path / "test_label" / f"frame{number:06d}.png", picture(number))
        folder = read_authors_folder(tmp_path, "test")
        assert folder.images is None
        np.testing.assert_array_equal(folder.label(1), picture(2))
        with pytest.raises(ValueError, match="without pictures"):
            folder.image(0)
        (tmp_path / "test_img").mkdir()
        assert read_authors_folder(tmp_path, "test").images is None

    def test_pictures_of_a_test_set_are_read_where_there_are_some(self, tmp_path: Path) -> None:
        folder = read_authors_folder(make(tmp_path, part="test"), "test")
        np.testing.assert_array_equal(folder.image(2), picture(1003))

    def test_frames_without_label_or_picture_are_left_out_and_counted(self, tmp_path: Path) -> None:
        make(tmp_path, range(1, 7))
        (tmp_path / "train_label" / "frame000001.png").unlink()
        (tmp_path / "train_img" / "frame000004.png").unlink()
        (tmp_path / "train_img" / "frame000005.png").unlink()
        with pytest.warns(DanceNowWarning, match="3 of 6 frames lack") as caught:
            folder = read_authors_folder(tmp_path)
        assert len(caught) == 1
        assert folder.names == ("frame000002", "frame000003", "frame000006")
        assert folder.images is not None
        assert [path.stem for path in folder.images] == list(folder.names)
        assert numbers_of_pairs(folder) == [(2, 3)]


class TestPairs:
    @pytest.mark.parametrize(
        ("numbers", "pairs"),
        [
            ((1, 2, 3), [(1, 2), (2, 3)]),
            ((1, 2, 4, 5), [(1, 2), (4, 5)]),
            ((20001, 20005, 20009, 20017, 20021), [(20001, 20005), (20005, 20009), (20017, 20021)]),
            ((0, 4, 5, 9, 13), [(0, 4), (5, 9), (9, 13)]),
            ((7, 11), [(7, 11)]),
            ((1, 5, 7), [(5, 7)]),
        ],
        ids=["steps of 1", "a gap", "steps of 4 and a gap", "a step cut short", "two", "a tie"],
    )
    def test_neighbours_of_the_commonest_difference_follow_each_other(
        self, tmp_path: Path, numbers: tuple[int, ...], pairs: list[tuple[int, int]]
    ) -> None:
        folder = read_authors_folder(make(tmp_path, numbers))
        assert numbers_of_pairs(folder) == pairs
        assert folder.pairs.dtype == np.int64

    def test_frames_of_different_clips_do_not_follow_each_other(self, tmp_path: Path) -> None:
        for name in ("a1_0001", "a1_0002", "a2_0003", "a2_0004"):
            save(tmp_path / "test_label" / f"{name}.png", picture(0))
        folder = read_authors_folder(tmp_path, "test")
        np.testing.assert_array_equal(folder.pairs, [(0, 1), (2, 3)])

    def test_one_number_written_twice_is_no_step(self, tmp_path: Path) -> None:
        for name in ("f1", "f01", "f2"):
            save(tmp_path / "test_label" / f"{name}.png", picture(0))
        folder = read_authors_folder(tmp_path, "test")
        assert numbers_of_pairs(folder) == [(1, 2)]

    @pytest.mark.parametrize("names", [("frame000007",), ("a1", "b2"), ("f1", "f01")])
    def test_without_any_pair_it_is_refused(self, tmp_path: Path, names: tuple[str, ...]) -> None:
        for name in names:
            save(tmp_path / "test_label" / f"{name}.png", picture(0))
        refuses(tmp_path, "test_label", "no two frames follow", "at least two", part="test")

    def test_a_name_without_a_number_is_refused(self, tmp_path: Path) -> None:
        make(tmp_path)
        save(tmp_path / "train_label" / "plate.png", picture(0))
        save(tmp_path / "train_img" / "plate.png", picture(0))
        refuses(tmp_path, "plate.png", "no frame number", "frame000001.png")


class TestFaces:
    def test_a_text_says_where_the_face_is(self, tmp_path: Path) -> None:
        for number in (1, 2):
            save(tmp_path / "train_label" / f"frame{number:06d}.png", picture(0, (1024, 512)))
            save(tmp_path / "train_img" / f"frame{number:06d}.png", picture(1, (1024, 512)))
        say(tmp_path, "frame000001", "11 139 504 632")
        folder = read_authors_folder(tmp_path)
        assert folder.face_side == 128
        np.testing.assert_array_equal(folder.corners, [(504, 11), (0, 0)])
        np.testing.assert_array_equal(folder.has_face, [True, False])
        assert folder.corners.dtype == np.int64 and folder.has_face.dtype == np.bool_

    def test_a_box_may_touch_every_edge(self, tmp_path: Path) -> None:
        make(tmp_path)
        say(tmp_path, "frame000001", "0 16 0 16\n")
        say(tmp_path, "frame000003", " 0\t16  16 32 ")
        folder = read_authors_folder(tmp_path)
        np.testing.assert_array_equal(folder.corners, [(0, 0), (0, 0), (16, 0)])
        np.testing.assert_array_equal(folder.has_face, [True, False, True])

    def test_texts_of_the_test_part_are_its_own(self, tmp_path: Path) -> None:
        make(make(tmp_path), part="test")
        say(tmp_path, "frame000002", "1 9 2 10", "test")
        assert read_authors_folder(tmp_path).face_side is None
        assert read_authors_folder(tmp_path, "test").face_side == 8

    @pytest.mark.parametrize("empty", [False, True], ids=["no folder", "an empty folder"])
    def test_without_texts_there_is_no_side_and_no_face(self, tmp_path: Path, empty: bool) -> None:
        make(tmp_path)
        if empty:
            (tmp_path / "train_facetexts128").mkdir()
        folder = read_authors_folder(tmp_path)
        assert folder.face_side is None
        np.testing.assert_array_equal(folder.corners, np.zeros((3, 2)))
        assert not folder.has_face.any()

    def test_texts_of_frames_that_are_left_out_are_not_read(self, tmp_path: Path) -> None:
        make(tmp_path)
        say(tmp_path, "frame000001", "1 9 2 10")
        say(tmp_path, "frame000009", "no face")
        assert read_authors_folder(tmp_path).face_side == 8

    @pytest.mark.parametrize(
        "text", ["", "1 9 2", "1 9 2 10 0", "1.0 9.0 2.0 10.0", "a b c d", "\0\x89PNG"]
    )
    def test_what_is_not_four_integers_is_refused(self, tmp_path: Path, text: str) -> None:
        say(make(tmp_path), "frame000002", text)
        refuses(tmp_path, "frame000002.txt", "not four integers", "min_y max_y min_x max_x")

    def test_what_is_no_text_is_refused(self, tmp_path: Path) -> None:
        say(make(tmp_path), "frame000002", "")
        (tmp_path / "train_facetexts128" / "frame000002.txt").write_bytes(b"\xff\xfe1\x00")
        refuses(tmp_path, "frame000002.txt", "not four integers", "correct or remove it")

    @pytest.mark.parametrize(
        ("text", "size"), [("1 9 2 11", "9 x 8"), ("5 5 7 7", "0 x 0"), ("9 1 10 2", "-8 x -8")]
    )
    def test_a_box_that_is_no_square_is_refused(self, tmp_path: Path, text: str, size: str) -> None:
        say(make(tmp_path), "frame000002", text)
        refuses(tmp_path, "frame000002.txt", f"{size} px", "not a square", "correct or remove it")

    def test_boxes_of_two_sizes_are_refused(self, tmp_path: Path) -> None:
        make(tmp_path)
        say(tmp_path, "frame000001", "1 9 2 10")
        say(tmp_path, "frame000003", "1 8 2 9")
        refuses(tmp_path, "frame000003.txt", "7 x 7", "8 x 8", "must have one size")

    @pytest.mark.parametrize(
        "text", ["-1 7 2 10", "9 17 2 10", "1 9 -1 7", "1 9 25 33"], ids=["up", "down", "<", ">"]
    )
    def test_a_box_that_leaves_the_picture_is_refused(self, tmp_path: Path, text: str) -> None:
        say(make(tmp_path), "frame000002", text)
        refuses(tmp_path, "frame000002.txt", "sticks out of the picture of 32 x 16", "remove it")

    def test_texts_of_no_frame_at_all_are_refused(self, tmp_path: Path) -> None:
        say(make(tmp_path), "frame1", "1 9 2 10")
        refuses(tmp_path, "train_facetexts128", "no text has the name", "frame000001.txt")


class TestRefusing:
    @pytest.mark.parametrize("name", ["train_label", "train_img"])
    def test_a_missing_folder(self, tmp_path: Path, name: str) -> None:
        make(tmp_path)
        (tmp_path / name).rename(tmp_path / "away")
        refuses(tmp_path, str(tmp_path), f"no folder {name}", "put the PNG pictures")

    def test_a_missing_folder_of_test_labels(self, tmp_path: Path) -> None:
        refuses(make(tmp_path), "no folder test_label", part="test")

    @pytest.mark.parametrize("name", ["train_label", "train_img"])
    def test_a_folder_without_pictures(self, tmp_path: Path, name: str) -> None:
        make(tmp_path)
        for path in (tmp_path / name).iterdir():
            path.rename(path.with_suffix(".gz"))
        refuses(tmp_path, str(tmp_path / name), "holds no pictures", "put the PNG pictures")

    @pytest.mark.parametrize("part", ["train", "test"])
    def test_no_label_with_a_picture_of_its_name(self, tmp_path: Path, part: str) -> None:
        make(tmp_path, part=part)
        for path in (tmp_path / f"{part}_img").iterdir():
            path.rename(path.with_name(f"image{path.name}"))
        refuses(tmp_path, f"{part}_img", f"{part}_label", "must have the same name", part=part)

    def test_two_pictures_of_one_name(self, tmp_path: Path) -> None:
        make(tmp_path)
        save(tmp_path / "train_img" / "frame000002.bmp", picture(0))
        refuses(tmp_path, "frame000002.png", "frame000002.bmp", "remove one")

    @pytest.mark.parametrize("folder", ["train_label", "train_img"])
    @pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
    def test_what_is_no_picture(self, tmp_path: Path, folder: str, data: bytes) -> None:
        path = make(tmp_path) / folder / "frame000002.png"
        path.write_bytes(data)
        refuses(tmp_path, str(path), "is not a picture that can be read; remove it")

    @pytest.mark.parametrize("folder", ["train_label", "train_img"])
    def test_a_picture_that_is_cut_off(self, tmp_path: Path, folder: str) -> None:
        path = make(tmp_path) / folder / "frame000003.png"
        cut(path, 0.5)
        refuses(tmp_path, str(path), "cannot be decoded; remove it")

    def test_a_jpeg_that_is_cut_off(self, tmp_path: Path) -> None:
        for number in (1, 2):
            save(tmp_path / "test_label" / f"frame{number:06d}.jpg", picture(number))
        assert len(read_authors_folder(tmp_path, "test")) == 2
        cut(tmp_path / "test_label" / "frame000002.jpg", 0.7)
        refuses(tmp_path, "frame000002.jpg", "cannot be decoded", part="test")

    def test_what_follows_a_whole_picture_does_no_harm(self, tmp_path: Path) -> None:
        path = make(tmp_path) / "train_img" / "frame000001.png"
        path.write_bytes(path.read_bytes() + b"of some other program")
        np.testing.assert_array_equal(read_authors_folder(tmp_path).image(0), picture(1001))

    @pytest.mark.parametrize("folder", ["train_label", "train_img"])
    def test_sizes_that_differ_between_frames(self, tmp_path: Path, folder: str) -> None:
        path = make(tmp_path) / folder / "frame000002.png"
        save(path, picture(2, (33, 16)))
        refuses(
            tmp_path,
            f"{path}: is 33 x 16, but train_label/frame000001.png is 32 x 16",
            "must have one size",
        )

    def test_pictures_of_another_size_than_the_labels(self, tmp_path: Path) -> None:
        make(tmp_path)
        for path in (tmp_path / "train_img").iterdir():
            save(path, picture(0, (64, 32)))
        refuses(tmp_path, "frame000001.png: is 64 x 32, but train_label/frame000001.png is 32 x 16")

    def test_a_picture_that_changes_after_the_folder_was_read(self, tmp_path: Path) -> None:
        folder = read_authors_folder(make(tmp_path))
        save(tmp_path / "train_label" / "frame000002.png", picture(2, (16, 32)))
        cut(tmp_path / "train_img" / "frame000002.png", 0.5)
        with pytest.raises(InputError, match=r"is 16 x 32, but .* is 32 x 16"):
            folder.label(1)
        with pytest.raises(InputError, match="cannot be decoded"):
            folder.image(1)


class TestWriting:
    @given(
        numbers=st.lists(st.integers(0, 999_999), min_size=2, max_size=6, unique=True),
        corners=st.lists(
            st.none() | st.tuples(st.integers(0, 24), st.integers(0, 8)), min_size=6, max_size=6
        ),
    )
    def test_what_is_written_is_read_back_exactly(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        numbers: list[int],
        corners: list[tuple[int, int] | None],
    ) -> None:
        numbers.sort()
        corners = corners[: len(numbers)]
        frames = [
            (f"frame{number:06d}", picture(number), picture(number + 1), corner)
            for number, corner in zip(numbers, corners, strict=True)
        ]
        path = tmp_path_factory.mktemp("written") / "set"
        assert write_authors_folder(path, iter(frames), 8) == len(frames)
        folder = read_authors_folder(path)
        assert folder.size == SIZE
        assert folder.face_side == (8 if any(corners) else None)
        assert folder.names == tuple(name for name, _, _, _ in frames)
        np.testing.assert_array_equal(folder.corners, [corner or (0, 0) for corner in corners])
        np.testing.assert_array_equal(folder.has_face, [corner is not None for corner in corners])
        for row, (_, label, image, _) in enumerate(frames):
            np.testing.assert_array_equal(folder.label(row), label)
            np.testing.assert_array_equal(folder.image(row), image)

    def test_a_face_text_is_as_the_authors_write_it(self, tmp_path: Path) -> None:
        wide = picture(0, (1024, 512))
        write_authors_folder(tmp_path / "set", [("frame020001", wide, wide, (504, 11))], 128)
        text = tmp_path / "set" / "train_facetexts128" / "frame020001.txt"
        assert text.read_text() == "11 139 504 632"

    def test_the_folder_of_texts_is_always_there_and_of_one_name(self, tmp_path: Path) -> None:
        write_authors_folder(tmp_path / "set", [("f1", picture(0), picture(1), None)], 8)
        assert sorted(path.name for path in (tmp_path / "set").iterdir()) == [
            "train_facetexts128",
            "train_img",
            "train_label",
        ]

    def test_an_empty_folder_is_filled(self, tmp_path: Path) -> None:
        (tmp_path / "set").mkdir()
        write_authors_folder(tmp_path / "set", [("f1", picture(0), picture(1), (0, 0))], 8)
        assert is_authors_folder(tmp_path / "set")

    def test_a_folder_that_holds_something_is_refused_and_kept(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(OutputError, match=r"holds other files; choose a new or empty folder\."):
            write_authors_folder(tmp_path, [("f1", picture(0), picture(1), None)], 8)
        assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]

    def test_what_appears_in_the_folder_meanwhile_is_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "set"

        def frames() -> Iterable[tuple[str, Frame, Frame, None]]:
            yield "f1", picture(0), picture(1), None
            path.mkdir()
            (path / "notes.txt").write_text("mine")

        with pytest.raises(OutputError, match="holds other files"):
            write_authors_folder(path, frames(), 8)
        assert (path / "notes.txt").read_text() == "mine"

    def test_a_file_in_its_place_and_a_missing_parent_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OutputError, match=r"is a file; a training set needs a folder\."):
            write_authors_folder(tmp_path / "file", [], 8)
        with pytest.raises(OutputError, match="create it first"):
            write_authors_folder(tmp_path / "none" / "set", [], 8)

    def test_nothing_is_left_when_the_frames_break_off(self, tmp_path: Path) -> None:
        def frames() -> Iterable[tuple[str, Frame, Frame, None]]:
            yield "f1", picture(0), picture(1), None
            raise RuntimeError("the clip ends here")

        with pytest.raises(RuntimeError, match="ends here"):
            write_authors_folder(tmp_path / "set", frames(), 8)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("frame", "message"),
        [
            (("plate", picture(0), picture(1), None), "not a frame name"),
            (("../f1", picture(0), picture(1), None), "not a frame name"),
            ((".f1", picture(0), picture(1), None), "not a frame name"),
            (("f0", picture(0), picture(1), None), "comes twice"),
            (("f1", picture(0), picture(1, (33, 16)), None), "not the shape"),
            (("f1", picture(0, (16, 32)), picture(1, (16, 32)), None), "not the shape"),
            (("f1", picture(0), picture(1)[..., 0], None), "not uint8"),
            (("f1", picture(0).astype(np.float32), picture(1), None), "not uint8"),
            (("f1", picture(0), picture(1), (-1, 0)), "not inside the picture"),
            (("f1", picture(0), picture(1), (25, 0)), "not inside the picture"),
            (("f1", picture(0), picture(1), (0, 9)), "not inside the picture"),
        ],
    )
    def test_a_frame_that_could_not_be_read_back_is_refused(
        self,
        tmp_path: Path,
        frame: tuple[str, Frame, Frame, tuple[int, int] | None],
        message: str,
    ) -> None:
        first = ("f0", picture(0), picture(1), None)
        with pytest.raises(ValueError, match=message):
            write_authors_folder(tmp_path / "set", [first, frame], 8)
        assert list(tmp_path.iterdir()) == []

    def test_no_frames_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="no frames"):
            write_authors_folder(tmp_path / "set", [], 8)
        assert list(tmp_path.iterdir()) == []
