"""Photos of a person: one picture, or a folder with a few."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.pose.estimators import make_estimator
from dancenow.pose.track import FloatArray
from dancenow.video import IMAGE_SUFFIXES
from dancenow.video.animation import is_animation
from dancenow.video.images import list_images, read_image, read_rgba, written_rate

Frame = NDArray[np.uint8]

MOST: Final = 12
"""A folder with more pictures is a clip."""

_TRANSPARENT: Final = 0.1  # share of a picture whose transparency cuts the figure out
_LOOKS: Final = 4  # at the same picture; hands and faces are found from the second on
_SHARPEN: Final = (0.4, 0.85)  # mask values that become 0 and 1
_REFINE: Final = 0.006  # of the longer side: radius of the refinement of masks
_CONTRAST: Final = 8.0  # of 255, of edges that masks follow
_THICK, _AROUND = 0.03, 0.12  # of the height: around bones, surely the person; perhaps
_PLAIN, _MOSTLY = 24, 0.95  # of 255, by which paper varies; share of the edge that is paper
_GRABS: Final = 5  # iterations


@dataclass(frozen=True)
class Person:
    """A person in a photo.

    Attributes:
        keypoints: float32 `(137, 3)`, pixels.
        mask: uint8 `(H, W)`, 255 on the person.
    """

    keypoints: FloatArray
    mask: Frame


def photos_of(path: Path) -> list[Path]:
    """The photos of a target: a picture, or those of a folder; empty if it is a clip."""
    if path.is_dir():
        if (path / "config.json").is_file():  # a performer's folder
            return []
        files = list_images(path)
        ours = written_rate(path) is not None
        return files if not ours and 1 <= len(files) <= MOST else []
    named = path.suffix.lower() in IMAGE_SUFFIXES
    return [path] if named and path.is_file() and not is_animation(path) else []


def read_photo(path: Path, most_px: int) -> tuple[Frame, Frame | None]:
    """A photo, uint8 `(H, W, 3)` RGB with even sides, and its coverage if it is transparent.

    Args:
        path: the file.
        most_px: it is scaled down to at most this many pixels on its longer side.

    Raises:
        InputError: it cannot be decoded.
    """
    picture, cover = read_rgba(path), None
    if (picture[..., 3] < 128).mean() > _TRANSPARENT:  # more than rounded corners
        cover = picture[..., 3].copy()
        if not (cover >= 128).any():
            raise InputError(f"{path}: is transparent all over.")
    picture = np.ascontiguousarray(picture[..., :3]) if cover is not None else read_image(path)
    height, width = picture.shape[:2]
    scale = min(1.0, most_px / max(height, width))
    size = tuple(max(2, round(side * scale) // 2 * 2) for side in (width, height))
    if min(height, width) < 16:
        raise InputError(f"{path}: is only {width} x {height} pixels.")
    picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    if cover is not None:
        cover = np.asarray(cv2.resize(cover, size, interpolation=cv2.INTER_AREA), np.uint8)
    return picture, cover


def find_person(photo: Frame) -> Person | None:
    """The largest person in a photo; None if nobody is seen."""
    looks = make_estimator("mediapipe").stream(iter([photo] * _LOOKS), masks=True)
    last = list(looks)[-1]
    if not last.candidates or last.mask is None:
        return None
    return Person(last.candidates[0], _refined(photo, last.mask))


def cut_out(photo: Frame, keypoints: FloatArray, lines: list[tuple[int, int]]) -> Frame:
    """A mask of who stands around known bones, uint8 `(H, W)`, by colours.

    On plain paper it is all that is not paper; otherwise what looks like the bones' surroundings
    (Rother, Kolmogorov and Blake, "GrabCut", SIGGRAPH 2004, in OpenCV's implementation).

    Args:
        photo: uint8 `(H, W, 3)` RGB; a drawing, too.
        keypoints: float32 `(137, 3)`, pixels.
        lines: pairs of keypoints that are bones.
    """
    drawn = _on_paper(photo)
    if drawn is not None:
        return drawn
    shown = keypoints[keypoints[:, 2] > 0, :2]
    tall = float(np.ptp(shown[:, 1])) if len(shown) else float(photo.shape[0])
    marks = np.full(photo.shape[:2], cv2.GC_BGD, np.uint8)
    for share, mark in ((_AROUND, cv2.GC_PR_FGD), (_THICK, cv2.GC_FGD)):
        for a, b in lines:
            if min(keypoints[a, 2], keypoints[b, 2]) > 0:
                start, end = (keypoints[i, :2].astype(int).tolist() for i in (a, b))
                cv2.line(marks, start, end, (int(mark),), max(1, round(2 * share * tall)))
    whole = (0, 0, photo.shape[1], photo.shape[0])
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(np.ascontiguousarray(photo), marks, whole, *models, _GRABS, cv2.GC_INIT_WITH_MASK)
    sure = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(255 * sure, (0, 0), 1.0), np.uint8)


def _on_paper(photo: Frame) -> Frame | None:
    """What is drawn on plain paper, uint8 `(H, W)`; None if the picture's edge is not plain."""
    edge = np.concatenate([photo[0], photo[-1], photo[:, 0], photo[:, -1]]).astype(np.int16)
    paper = np.median(edge, axis=0)
    if (np.abs(edge - paper).max(axis=1) < _PLAIN).mean() < _MOSTLY:
        return None
    like = (np.abs(photo.astype(np.int16) - paper).max(axis=-1) < _PLAIN).astype(np.uint8)
    around = cv2.copyMakeBorder(like, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(1,))
    cv2.floodFill(around, None, (0, 0), (2,))  # paper within the figure belongs to it
    drawn = 255 * (around[1:-1, 1:-1] != 2).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 0.7), np.uint8)


def _refined(photo: Frame, mask: FloatArray) -> Frame:
    """A mask that follows the photo's edges (He, Sun and Tang, "Guided image filtering", 2013)."""
    soft: FloatArray = mask.astype(np.float32)
    if hasattr(cv2, "ximgproc"):
        radius = max(2, round(_REFINE * max(mask.shape)))
        soft = np.asarray(cv2.ximgproc.guidedFilter(photo, soft, radius, _CONTRAST**2), np.float32)
    low, high = _SHARPEN
    return np.asarray(np.round(255 * np.clip((soft - low) / (high - low), 0, 1)), np.uint8)
