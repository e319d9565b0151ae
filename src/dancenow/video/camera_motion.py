"""How the camera of a clip moves, and how a fixed camera would have seen the clip."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Points = NDArray[np.float32]  # (N, 2), pixels of a shrunk frame, the first pixel's centre at 0
Similarity = NDArray[np.float64]  # (3, 3), moves such points
Moves = NDArray[np.float64]  # (T, 2, 3), affine motions of points, pixels with pixel centres at .5

_LONGER_SIDE: Final = 640  # pixels; larger frames are shrunk to it
_GROW: Final = 0.02  # of the frame's longer side: the mask's edge is uncertain
_PERSON: Final = 40  # mask value, 0..255, from which a pixel may be the person's

_TILES: Final = 6  # along each side: every part of the room counts, not only the brightest
_PER_TILE: Final = 12  # features
_CORNER: Final = 0.05  # of a tile's best corner; a weaker one is no feature
_SPACING: Final = 6  # pixels between features
_WINDOW: Final = 21  # pixels, compared around a feature
_LEVELS: Final = 4  # of the pyramid: features are tracked up to about 100 px
_ALIKE: Final = 0.7  # correlation of a feature's surroundings in both frames: noise has none
_AROUND: Final = 5  # pixels to each side that are correlated

_MIRROR: Final = cv2.BORDER_REFLECT_101  # beyond a picture's edge: repeating it shows as stripes

_INLIER: Final = 1.0  # pixels
_FEWEST: Final = 16  # features that must agree
_SHARE: Final = 0.2  # of the tracked features that must agree
_MOTIONS: Final = 2  # to tell apart: the room's and the person's

# Of the frame's longer side.  A still camera measures up to 0.0005, a hand-held one 0.02.
_MOVES: Final = 0.004
_STEADY: Final = 0.0012  # below this, following the camera would blur more than it helps
_FAR: Final = 0.15  # a camera that turns further shows another room
_MEASURED: Final = 0.6  # of the frames must be measured for a path


@dataclass(frozen=True)
class Drift:
    """How far a camera moves within a clip, as far as it could be measured.

    Attributes:
        x: pixels of the full frame, largest distance between two places of the picture's middle
            along the width.
        y: the same along the height.
        zoom: largest relative change of scale; 0.01 is 1 %.
        measured: how many frames could be compared with the first (which does not count).
    """

    x: float
    y: float
    zoom: float
    measured: int

    def moves(self, size: tuple[int, int]) -> bool:
        """Whether it is visible in frames of `(width, height)` px, in the middle or at an edge."""
        return self._share(size) > _MOVES

    def _share(self, size: tuple[int, int]) -> float:
        """The larger of the moves in the middle and at an edge, as a share of the longer side."""
        return max(self.x / max(size), self.y / max(size), self.zoom / 2)

    def worth_following(self, size: tuple[int, int]) -> bool:
        """Whether it is large enough to be worth following, and small enough to follow."""
        furthest = max(self.x / size[0], self.y / size[1], self.zoom)
        return self._share(size) > _STEADY and furthest < _FAR

    def warning(self, clip: str, size: tuple[int, int]) -> str:
        """One line for the user about a clip of this name and size, `(width, height)` pixels."""
        zooms = f" and zooms by {self.zoom:.1%}" if self.zoom >= _MOVES else ""
        return (
            f"{clip}: the camera moves (by up to {self.x:.0f} x {self.y:.0f} px of "
            f"{size[0]} x {size[1]}{zooms}), so the background will blur or shake; use a tripod."
        )


@dataclass(frozen=True)
class CameraPath:
    """Where a camera looked, frame by frame.

    Attributes:
        moves: float64 `(T, 2, 3)`, maps points of the common view, in pixels with pixel centres at
            .5, to where frame t shows them.
        size: width and height of the frames in pixels.
    """

    moves: Moves
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.moves)

    def steadied(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where the common view shows points `(T, K, 2)` of the frames."""
        shifted = points.astype(np.float64) - self.moves[:, None, :, 2]
        back = np.linalg.inv(self.moves[:, :, :2])
        return np.asarray(np.einsum("tij,tkj->tki", back, shifted), dtype=np.float32)

    def steady(self, frame: Frame, index: int) -> Frame:
        """Frame `index`, uint8 `(H, W)` or `(H, W, C)`, warped to the common view."""
        return _warped(frame, self.moves[index], self.size, cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)

    def shown(self, picture: Frame, index: int) -> Frame:
        """A picture of the common view, uint8 RGB or RGBA, warped to frame `index`.

        Beyond the picture's edge it is mirrored.
        """
        move = self.moves[index]
        if picture.shape[2] == 3:
            return _warped(picture, move, self.size, cv2.INTER_CUBIC, _MIRROR)
        # Colours times alpha: transparent pixels must not bleed into opaque ones.
        cover = picture[..., 3:].astype(np.float32) / 255
        weighted = np.dstack([picture[..., :3] * cover, picture[..., 3:]]).round()
        moved = _warped(weighted.astype(np.uint8), move, self.size, cv2.INTER_CUBIC, _MIRROR)
        cover = np.maximum(moved[..., 3:].astype(np.float32), 1) / 255
        moved[..., :3] = (moved[..., :3] / cover).round().clip(0, 255)
        return moved

    def unseen(self, index: int) -> Frame:
        """The part of the common view outside frame `index`: uint8 `(H, W)`, 255 there."""
        inside = np.full(self.size[::-1], 255, np.uint8)
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        seen = _warped(inside, self.moves[index], self.size, flags, cv2.BORDER_CONSTANT)
        return np.asarray(255 - seen, dtype=np.uint8)

    def after(self, first: NDArray[np.float64]) -> CameraPath:
        """The path seen from another view; `first` `(2, 3)` maps its points to this view's."""
        whole = _square(self.moves) @ _square(first[None])
        return CameraPath(whole[:, :2], self.size)

    def before(self, last: NDArray[np.float64]) -> CameraPath:
        """The path whose frames are shown in another view; `last` `(2, 3)` maps them to it."""
        whole = _square(last[None]) @ _square(self.moves)
        return CameraPath(whole[:, :2], self.size)

    def reach(self) -> float:
        """The furthest that any corner of the frame moves, in pixels."""
        width, height = self.size
        corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
        moved = np.einsum("tij,kj->tki", self.moves[:, :, :2], corners) + self.moves[:, None, :, 2]
        return float(np.linalg.norm(moved - corners, axis=-1).max())


def still_path(count: int, size: tuple[int, int]) -> CameraPath:
    """The path of a camera that does not move, over `count` frames."""
    return CameraPath(np.tile(np.eye(2, 3), (count, 1, 1)), size)


def _square(moves: Moves) -> NDArray[np.float64]:
    last = np.tile(np.array([[[0.0, 0.0, 1.0]]]), (len(moves), 1, 1))
    return np.concatenate([moves, last], axis=1)


def _warped(
    picture: Frame,
    move: NDArray[np.float64],
    size: tuple[int, int],
    flags: int,
    border: int = cv2.BORDER_REPLICATE,
) -> Frame:
    matrix = move.copy()
    matrix[:, 2] += move[:, :2] @ np.array([0.5, 0.5]) - 0.5  # cv2 has pixel centres at .0
    return np.asarray(
        cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=border), dtype=np.uint8
    )


class CameraTracker:
    """Measures how the camera moves, from frames of a clip added one by one.

    Each frame is compared with the first: corners off the person are tracked from there
    (pyramidal Lucas-Kanade), and the similarity that fits most of the room is the camera's motion
    (RANSAC).  A frame that shares too little with the first, because the camera pans, is compared
    with the last one that was measured.
    """

    def __init__(self) -> None:
        self._first: _ShrunkFrame | None = None
        self._last: tuple[_ShrunkFrame, Similarity] | None = None
        self._shifts = [(0.0, 0.0)]
        self._scales = [1.0]

    def add(self, frame: Frame, mask: Frame | None = None) -> NDArray[np.float64] | None:
        """Measure one more frame.

        Args:
            frame: uint8 `(H, W, 3)` RGB; all of one size, a few dozen from all over the clip.
            mask: uint8, of any size but the frame's aspect ratio, 255 on the person; None if
                unknown.

        Returns:
            The map from points of the first frame to this one, `(2, 3)` as in `CameraPath`; None
            if it could not be measured, as for the first frame itself.
        """
        view = _ShrunkFrame(frame, mask)
        moved = self._compare(view)
        if moved is not None:
            self._last = view, moved
            self._note(moved, view, (frame.shape[1], frame.shape[0]))
            return view.full(moved, (frame.shape[1], frame.shape[0]))
        if self._last is None:  # a black or blank opening shows nothing: start here
            self._first = view
        return None

    def drift(self) -> Drift:
        """The movement so far; all 0 if nothing could be measured."""
        x, y = np.ptp(np.array(self._shifts), axis=0)
        zoom = max(self._scales) / min(self._scales) - 1
        return Drift(float(x), float(y), float(zoom), len(self._shifts) - 1)

    def _compare(self, view: _ShrunkFrame) -> Similarity | None:
        """The map from the first frame's points to this frame's."""
        moved = None if self._first is None else _motion(self._first, view)
        if moved is None and self._last is not None:
            last, before = self._last
            step = _motion(last, view)
            moved = None if step is None else step @ before
        return moved

    def _note(self, moved: Similarity, view: _ShrunkFrame, size: tuple[int, int]) -> None:
        height, width = view.grey.shape
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        shift = moved[:2, :2] @ middle + moved[:2, 2] - middle
        self._shifts.append((shift[0] * size[0] / width, shift[1] * size[1] / height))
        self._scales.append(float(np.hypot(moved[0, 0], moved[1, 0])))


def interpolate_path(
    moves: list[NDArray[np.float64] | None], size: tuple[int, int]
) -> CameraPath | None:
    """A path from what `CameraTracker.add` returned for every frame; gaps are interpolated.

    Returns None if too little could be measured.
    """
    moves = list(moves)
    known = [index for index, move in enumerate(moves) if move is not None]
    if not known or len(known) < _MEASURED * len(moves):
        return None
    if known[0] > 0:  # the reference frame
        moves[known[0] - 1] = np.eye(2, 3)
        known.insert(0, known[0] - 1)
    values = np.stack([moves[index] for index in known]).reshape(len(known), 6)  # type: ignore[misc]
    frames = np.arange(len(moves))
    bridged = np.stack([np.interp(frames, known, column) for column in values.T], axis=1)
    return CameraPath(bridged.reshape(-1, 2, 3), size)


def match_views(
    first: Frame, second: Frame, mask: Frame | None = None
) -> NDArray[np.float64] | None:
    """The map from points of one frame to another of the same size and room.

    Args:
        first, second: uint8 `(H, W, 3)` RGB.
        mask: as for `CameraTracker.add`; what is not the room in either frame.

    Returns:
        `(2, 3)` as in `CameraPath`, or None if they do not match.
    """
    before, after = _ShrunkFrame(first, mask), _ShrunkFrame(second, mask)
    moved = _motion(before, after)
    return None if moved is None else after.full(moved, (first.shape[1], first.shape[0]))


class _ShrunkFrame:
    """A shrunk frame.

    Attributes:
        grey: uint8 `(h, w)`.
        room: uint8 `(h, w)`, 255 where the person is not.
    """

    def __init__(self, frame: Frame, mask: Frame | None) -> None:
        height, width = frame.shape[:2]
        scale = min(1.0, _LONGER_SIDE / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        self.grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        self.room = np.full_like(self.grey, 255) if mask is None else _off_person(mask, size)
        self._features: Points | None = None

    def full(self, moved: Similarity, size: tuple[int, int]) -> NDArray[np.float64]:
        """A motion of points of the shrunk frame, as a motion in the full frame, `(2, 3)`."""
        centre = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        scale = np.diag([self.grey.shape[1] / size[0], self.grey.shape[0] / size[1], 1.0])
        whole = np.linalg.inv(scale) @ centre @ moved @ np.linalg.inv(centre) @ scale
        return np.asarray(whole[:2])

    def features(self) -> Points:
        """The best corners of each tile of the room, found at first use."""
        if self._features is None:
            rows, columns = (_tiles(side) for side in self.grey.shape)
            tiles = [
                _corners(self.grey, self.room, row, column)
                for row, column in product(rows, columns)
            ]
            self._features = np.concatenate(tiles)
        return self._features


def _off_person(mask: Frame, size: tuple[int, int]) -> Frame:
    reach = max(3, round(_GROW * max(size)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    person = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR) >= _PERSON
    return np.asarray(255 * (1 - cv2.dilate(person.astype(np.uint8), kernel)), dtype=np.uint8)


def _tiles(side: int) -> list[slice]:
    bounds = np.linspace(0, side, _TILES + 1).astype(int).tolist()
    return [slice(start, stop) for start, stop in pairwise(bounds)]


def _corners(grey: Frame, room: Frame, rows: slice, columns: slice) -> Points:
    found: NDArray[np.float32] | None = cv2.goodFeaturesToTrack(  # type: ignore[assignment]
        np.ascontiguousarray(grey[rows, columns]),
        _PER_TILE,
        _CORNER,
        _SPACING,
        mask=np.ascontiguousarray(room[rows, columns]),
    )
    if found is None:
        return np.empty((0, 2), np.float32)
    return found.reshape(-1, 2) + np.array([columns.start, rows.start], np.float32)


def _motion(before: _ShrunkFrame, after: _ShrunkFrame) -> Similarity | None:
    """The map from the room's points in one frame to the other, or None if that is unclear.

    Of two motions, the room's is the one that spans the larger area: the room surrounds the
    person and any captions, however many corners these have.
    """
    start, end = _tracked(before, after)
    enough = max(_FEWEST, _SHARE * len(start))
    best, widest = None, 0.0
    for _ in range(_MOTIONS):
        if len(start) < enough:
            break
        moved, agree = cv2.estimateAffinePartial2D(
            start, end, method=cv2.RANSAC, ransacReprojThreshold=_INLIER, confidence=0.999
        )
        inlier = agree.ravel().astype(bool)
        if inlier.sum() < enough:
            break
        reach = cv2.contourArea(cv2.convexHull(start[inlier]))
        if reach > widest:
            best, widest = np.vstack([moved, [0, 0, 1]]), reach
        start, end = start[~inlier], end[~inlier]
    return best


def _tracked(before: _ShrunkFrame, after: _ShrunkFrame) -> tuple[Points, Points]:
    """Where features of one frame are in it and in the other; `(N, 2)` each."""
    start = before.features()
    if len(start) == 0:
        return start, start
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        before.grey,
        after.grey,
        start,
        np.empty_like(start),
        winSize=(_WINDOW, _WINDOW),
        maxLevel=_LEVELS,
    )
    end = np.asarray(found, dtype=np.float32)
    alike = (_around(before.grey, start) * _around(after.grey, end)).sum(axis=1) > _ALIKE
    good = alike & status.ravel().astype(bool)
    return start[good], end[good]


def _around(grey: Frame, points: Points) -> Points:
    """Patches around points `(N, pixels)`, of mean 0 and norm 1: products are correlations."""
    offsets = np.arange(-_AROUND, _AROUND + 1, dtype=np.float32)
    y, x = (grid.ravel() for grid in np.meshgrid(offsets, offsets, indexing="ij"))
    at_x, at_y = points[:, :1] + x, points[:, 1:] + y
    seen = cv2.remap(
        grey.astype(np.float32), at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    contrast = seen - seen.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(contrast, axis=1, keepdims=True)
    return np.asarray(contrast / np.maximum(norm, 1e-6), dtype=np.float32)
