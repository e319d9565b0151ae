"""Data folders in the layout of the authors of "Everybody Dance Now" (Chan et al., ICCV 2019).

    train_label/frame020001.png          the drawn stick figure
    train_img/frame020001.png            the frame, of the label's size
    train_facetexts128/frame020001.txt   "min_y max_y min_x max_x" of the face's box, in pixels

Files of one frame share a name.  For performing there are `test_label` and, optionally, `test_img`
and `test_facetexts128`.  Frame numbers may have a stride and gaps; they determine which frames
follow each other.
"""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dancenow import limits
from dancenow.errors import DanceNowWarning, InputError
from dancenow.files import atomic_folder, check_can_write, check_folder
from dancenow.reading import read_text, reading
from dancenow.video.images import list_images, read_image
from dancenow.video.png import encode_png

Frame = NDArray[np.uint8]
Part = Literal["train", "test"]

_FACE_TEXTS: Final = "facetexts128"  # whatever the side: the authors' loader knows no other name
_NUMBERED: Final = re.compile(r"(.*?)(\d+)(\D*)")  # prefix, last number, suffix
# How complete PNG and JPEG files end.
_ENDS: Final = (b"\0\0\0\0IEND\xaeB`\x82", b"\xff\xd9")


@dataclass(frozen=True, eq=False)
class AuthorsFolder:
    """The N frames of a data folder, ordered by number; pictures are read on demand.

    Attributes:
        labels: the drawn stick figures.
        images: the frames; None if a test set has none.
        size: width and height of all labels and images in pixels.
        corners: int64 `(N, 2)`, left and top of the face's box in pixels; 0, 0 where there is none.
        has_face: bool `(N,)`, whether the frame has a box.
        face_side: side of the boxes in pixels; None if there are no face texts.
        pairs: int64 `(P, 2)`, the rows `(t-1, t)` of frames that follow each other.
        names: what the files of a frame are called, without the suffix.
    """

    labels: tuple[Path, ...]
    images: tuple[Path, ...] | None
    size: tuple[int, int]
    corners: NDArray[np.int64]
    has_face: NDArray[np.bool_]
    face_side: int | None
    pairs: NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def label(self, row: int) -> Frame:
        """The stick figure of a frame, uint8 `(H, W, 3)` RGB.

        Raises:
            InputError: the file is damaged, or its size has changed since the folder was read.
        """
        return self._read(self.labels[row])

    def image(self, row: int) -> Frame:
        """The picture of a frame, uint8 `(H, W, 3)` RGB.

        Raises:
            InputError: the file is damaged, or its size has changed since the folder was read.
            ValueError: the set has no pictures.
        """
        if self.images is None:
            raise ValueError("a test set without pictures has only labels")
        return self._read(self.images[row])

    def _read(self, path: Path) -> Frame:
        picture = read_image(path)
        _check_same_size(path, (picture.shape[1], picture.shape[0]), self.labels[0], self.size)
        return picture


def is_authors_folder(path: Path) -> bool:
    """Whether `path` is a data folder in the authors' layout."""
    return any((path / f"{part}_label").is_dir() for part in ("train", "test"))


def read_authors_folder(path: Path, part: Part = "train") -> AuthorsFolder:
    """Read and check a data folder; of the pictures only the headers.

    Two frames follow each other if they are neighbours by number and their numbers differ by the
    most common difference (the smallest in a tie).  Names that differ in more than the last number
    belong to different clips.  Empty optional folders count as absent.

    Args:
        path: the data folder.
        part: which part of it; pictures (`test_img`) are optional in "test".

    Warns:
        DanceNowWarning: some frames lack their label or picture and are left out.

    Raises:
        InputError: a folder is missing or empty; a picture is damaged or differs in size; no label
            has a picture; no two frames follow each other; or a face text is not a square box
            inside the picture with the same side as all others.
    """
    labels, images = _match(path, part)
    size = _common_size([*labels.values(), *(images or {}).values()])
    names, files = tuple(labels), tuple(labels.values())
    corners, has_face, side = _read_faces(path / f"{part}_{_FACE_TEXTS}", names, size)
    return AuthorsFolder(
        labels=files,
        images=None if images is None else tuple(images[name] for name in names),
        size=size,
        corners=corners,
        has_face=has_face,
        face_side=side,
        pairs=_pair(path / f"{part}_label", files),
        names=names,
    )


def write_authors_folder(
    folder: Path, frames: Iterable[tuple[str, Frame, Frame, tuple[int, int] | None]], side: int
) -> int:
    """Write a training set in the authors' layout, whole or not at all.

    Args:
        folder: a new or empty folder.
        frames: for each frame its name with its number (`frame000001`), the label and the picture,
            both uint8 `(H, W, 3)` RGB of one size, and left and top of the face's box in pixels or
            None.  Consumed one at a time.
        side: of the face boxes in pixels.  The authors' system expects 128, and the text folder is
            named for that whatever the side.

    Returns:
        The number of frames.

    Raises:
        OutputError: the folder is not empty, or cannot be written.
        ValueError: there are no frames, or one is not as described.
    """
    check_can_write(folder)
    check_folder(folder, "training set", ours=False)
    names: set[str] = set()
    shape: tuple[int, ...] | None = None
    with atomic_folder(folder) as new:
        for kind in ("label", "img", _FACE_TEXTS):
            (new / f"train_{kind}").mkdir()
        for name, label, image, corner in frames:
            _check_name(name, names)
            names.add(name)
            shape = _check_pictures(name, label, image, shape or label.shape)
            (new / "train_label" / f"{name}.png").write_bytes(encode_png(label))
            (new / "train_img" / f"{name}.png").write_bytes(encode_png(image))
            if corner is not None:
                text = _face_text(name, corner, side, shape)
                (new / f"train_{_FACE_TEXTS}" / f"{name}.txt").write_text(text, encoding="ascii")
        if not names:
            raise ValueError("there are no frames to write")
        check_folder(folder, "training set", ours=False)
    return len(names)


def _match(path: Path, part: Part) -> tuple[dict[str, Path], dict[str, Path] | None]:
    """Labels and images by their common names, both in the order of the labels."""
    labels = _pictures(path, f"{part}_label")
    optional = path / f"{part}_img"
    if part == "test" and not (optional.is_dir() and list_images(optional)):
        return labels, None
    images = _pictures(path, f"{part}_img")
    shared = [name for name in labels if name in images]
    if not shared:
        raise InputError(
            f"{path}: no picture in {part}_img has the name of a label in {part}_label; the label "
            "and the picture of a frame must have the same name."
        )
    every = len(labels.keys() | images.keys())
    if len(shared) < every:
        warnings.warn(
            f"{path}: {every - len(shared)} of {every} frames lack their label or their picture; "
            "they are left out.",
            DanceNowWarning,
            stacklevel=3,
        )
    return {name: labels[name] for name in shared}, {name: images[name] for name in shared}


def _pictures(path: Path, name: str) -> dict[str, Path]:
    """The pictures of a subfolder by name, in natural order."""
    folder = path / name
    if not folder.is_dir():
        raise InputError(f"{path}: has no folder {name}; put the PNG pictures of the frames there.")
    files = list_images(folder)
    if not files:
        raise InputError(f"{folder}: holds no pictures; put the PNG pictures of the frames there.")
    found: dict[str, Path] = {}
    for file in files:
        other = found.setdefault(file.stem, file)
        if other is not file:
            raise InputError(f"{file}: is the same frame as {other.name}; remove one of the two.")
    return found


def _common_size(files: list[Path]) -> tuple[int, int]:
    """Width and height in pixels, the same for all."""
    size = _header_size(files[0])
    for file in files[1:]:
        _check_same_size(file, _header_size(file), files[0], size)
    return size


def _check_same_size(
    path: Path, size: tuple[int, int], first: Path, expected: tuple[int, int]
) -> None:
    if size != expected:
        raise InputError(
            f"{path}: is {size[0]} x {size[1]}, but {first.parent.name}/{first.name} is "
            f"{expected[0]} x {expected[1]}; all labels and pictures must have one size."
        )


def _header_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels from the header; decodes only files that look truncated.

    `open_folder` also reads the orientation, for which Pillow decodes the whole PNG: minutes for
    the thousands of frames of a data set.
    """
    unread = reading(path, "is not a picture that can be read; remove it.")
    with unread, path.open("rb") as file, Image.open(file) as image:
        size = image.size
        limits.check_picture(path, *size)
        file.seek(-len(_ENDS[0]), os.SEEK_END)
        whole = file.read().endswith(_ENDS)
    if not whole:
        read_image(path)
    return size


def _pair(folder: Path, labels: tuple[Path, ...]) -> NDArray[np.int64]:
    """The rows `(t-1, t)` of the frames that follow each other, int64 `(P, 2)`."""
    numbered = [_number(label) for label in labels]
    steps = {
        row: number - numbered[row - 1][1]
        for row, (clip, number) in enumerate(numbered)
        if row and clip == numbered[row - 1][0] and number > numbered[row - 1][1]
    }
    if not steps:
        raise InputError(
            f"{folder}: no two frames follow each other; at least two numbered frames of a clip "
            "are needed, named like frame000001.png and frame000002.png."
        )
    counts = Counter(steps.values())
    commonest = min(counts, key=lambda step: (-counts[step], step))
    rows = [(row - 1, row) for row, step in steps.items() if step == commonest]
    return np.array(rows, np.int64)


def _number(path: Path) -> tuple[tuple[str, str], int]:
    """The clip (the name without its number) and the number of a frame."""
    match = _NUMBERED.fullmatch(path.stem)
    if match is None:
        raise InputError(
            f"{path}: has no frame number in its name; name the frames like frame000001.png."
        )
    return (match[1], match[3]), int(match[2])


def _read_faces(
    folder: Path, names: tuple[str, ...], size: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], int | None]:
    """Corners of the face boxes, which frames have one, and their common side."""
    corners = np.zeros((len(names), 2), np.int64)
    has_face = np.zeros(len(names), np.bool_)
    side: int | None = None
    for row, name in enumerate(names):
        path = folder / f"{name}.txt"
        if not path.is_file():
            continue
        left, top, own_side = _read_box(path, size)
        side = side or own_side
        if own_side != side:
            raise InputError(
                f"{path}: has a box of {own_side} x {own_side} px, but those before it are {side} "
                f"x {side}; all face boxes of a folder must have one size."
            )
        corners[row], has_face[row] = (left, top), True
    if side is None and any(folder.glob("*.txt")):
        raise InputError(
            f"{folder}: no text has the name of a frame; name them like the labels, such as "
            f"{names[0]}.txt, or remove the folder."
        )
    return corners, has_face, side


def _read_box(path: Path, size: tuple[int, int]) -> tuple[int, int, int]:
    """Left, top and side in pixels of the box in a face text."""
    said = (
        'is not four integers "min_y max_y min_x max_x", such as "11 139 504 632"; correct or '
        "remove it."
    )
    text = read_text(path, said)
    with reading(path, said):
        top, bottom, left, right = map(int, text.split())
    width, height = right - left, bottom - top
    if width != height or width <= 0:
        raise InputError(
            f"{path}: has a face box of {width} x {height} px, which is not a square; correct or "
            "remove it."
        )
    if left < 0 or top < 0 or right > size[0] or bottom > size[1]:
        raise InputError(
            f"{path}: has a face box that sticks out of the picture of {size[0]} x {size[1]}; "
            "correct or remove it."
        )
    return left, top, width


def _check_name(name: str, before: set[str]) -> None:
    if Path(name).name != name or name.startswith(".") or not _NUMBERED.fullmatch(name):
        raise ValueError(f"{name!r} is not a frame name such as frame000001")
    if name in before:
        raise ValueError(f"the frame {name} comes twice")


def _check_pictures(
    name: str, label: Frame, image: Frame, shape: tuple[int, ...]
) -> tuple[int, ...]:
    """Check the pictures of a frame and return their common shape."""
    for picture in (label, image):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(f"{name}: {picture.dtype} {picture.shape} is not uint8 (H, W, 3)")
        if picture.shape != shape:
            raise ValueError(f"{name}: {picture.shape} is not the shape {shape} of the first label")
    return shape


def _face_text(name: str, corner: tuple[int, int], side: int, shape: tuple[int, ...]) -> str:
    left, top = (int(value) for value in corner)
    if side < 1 or left < 0 or top < 0 or left + side > shape[1] or top + side > shape[0]:
        raise ValueError(f"{name}: a face of {side} px at {left}, {top} is not inside the picture")
    return f"{top} {top + side} {left} {left + side}"
