"""Real pixels of the person in a new pose: training frames, warped limb by limb.

The body is divided into pieces, such as an upper arm or a shin, whose appearance changes little
when they move.  Each piece of a new pose is taken from the training frame in which the piece and
its neighbours have the most similar pose, then rotated and stretched into place.  The result is
ragged at the joints; the generator gets it as an additional input, corrects it, and copies what is
good.

Moving the limbs of one picture to another pose follows Balakrishnan, Zhao, Dalca, Durand and
Guttag, "Synthesizing images of humans in unseen poses", CVPR 2018, section 3.1.  Taking each limb
from a different frame, and excluding frames near in time during training, are ours.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import cached_property
from threading import RLock
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.performer.fast.faces import Bend
from dancenow.performer.fast.faults import find_faults
from dancenow.performer.fast.pieces import PIECES, Piece
from dancenow.performer.fast.references import References
from dancenow.pose.body_size import body_heights
from dancenow.pose.layout import USABLE
from dancenow.pose.track import FloatArray

Frame = NDArray[np.uint8]
Affine = NDArray[np.float64]  # (2, 3), as cv2.warpAffine takes it

LAYERS: Final = 2  # the body, and the arms, which mostly lie before it
LAYER_CHANNELS: Final = 4  # RGB and coverage

_STRETCH: Final = 1.8  # largest factor by which a limb is stretched or shrunk
_POINT: Final = 1e-3  # squared pixels; closer keypoints have no direction
_NEARER: Final = 1.5  # largest factor between a body's size and its usual size
_OVERLAP: Final = 0.5  # overlap of pieces, in their widths
_REACH: Final = (3.0, 4.5)  # distance, in widths, to which pixels belong to a piece: fully, at all
_INSIDE: Final = 0.7  # what is in front of the torso is nearer than this
_UNSEEN: Final = 0.04  # cost of a missing keypoint, in squared body heights
# The choice for the previous frame is replaced only by a clearly better one: by this factor, and by
# this many squared body heights.
_FAITHFUL: Final = 1.3
_AS_GOOD: Final = 1e-4
_SHRINK: Final = 2  # pixels of the picture for one of the map of pieces
_FADED: Final = 8  # of 255: coverage that does not count
# Of 255: below the first number a mask shows the room, which would surround the person as a halo;
# from the second on, the person alone.
_EDGE: Final = (90, 250)


class _Cover(NamedTuple):
    """The pixels that belong to a piece, on the map of pieces, and their corner."""

    pixels: Frame  # (h, w), 255 where they do
    left: int
    top: int


class _Tile(NamedTuple):
    """A piece of a reference: premultiplied pixels with coverage, and its corner."""

    pixels: Frame  # (h, w, 4)
    left: int
    top: int


class Texture:
    """Warps the pieces of references to new poses.

    Args:
        references: the source of the pixels.
    """

    _room: int = 2**27  # bytes of tiles that are kept

    def __init__(self, references: References) -> None:
        self.references = references
        self._alike = [_descriptor(piece, references.keypoints) for piece in PIECES]
        self._heights = _heights(references.keypoints, references.body_px)
        self._covers: dict[int, list[_Cover | None]] = {}
        self._tiles: OrderedDict[tuple[int, int], _Tile | None] = OrderedDict()
        self._kept = 0  # bytes of them
        self._lock = RLock()  # for a GPU, several threads draw

    def choose(
        self,
        keypoints: FloatArray,
        *,
        time: float = 0.0,
        gap: float = 0.0,
        previous: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        """For each piece, the reference with the most similar pose.

        Args:
            keypoints: float32 `(137, 3)`, the new pose, in pixels of a canvas of the same scale.
            time: seconds; references nearer in time than `gap` are excluded.
            gap: seconds.
            previous: the choice for the previous frame, kept unless another is clearly better.

        Returns:
            int64 `(len(PIECES),)`.
        """
        references = self.references
        excluded = np.abs(references.times - time) < gap
        if excluded.all():
            excluded[:] = False
        chosen = np.empty(len(PIECES), np.int64)
        with self._lock:
            faults = self._faults
        for number, piece in enumerate(PIECES):
            cost = faults[:, number] * self._unlike(number, piece, keypoints)
            cost[excluded] = np.inf
            chosen[number] = best = int(cost.argmin())
            if previous is not None:
                before = int(previous[number])
                if cost[before] < _FAITHFUL * cost[best] + _AS_GOOD:
                    chosen[number] = before
        return chosen

    def _unlike(self, number: int, piece: Piece, keypoints: FloatArray) -> NDArray[np.float64]:
        """How far each reference's pose of a piece is, `(N,)`, in squared body heights."""
        (points, seen), (known, there) = _descriptor(piece, keypoints[None]), self._alike[number]
        weights = np.array([w for _, w in piece.alike], np.float32)
        squared = ((known - points) ** 2).sum(axis=-1) / self.references.body_px**2
        # What the new pose lacks tells nothing; in the sum it would hide all that differs.
        squared = np.where(seen & there, squared, np.where(seen, _UNSEEN, 0.0))
        return np.asarray((squared * weights).sum(axis=-1), dtype=np.float64)

    @cached_property
    def _faults(self) -> FloatArray:
        return find_faults(self.references)

    def layers(
        self, keypoints: FloatArray, chosen: NDArray[np.int64], canvas: tuple[int, int]
    ) -> Frame:
        """The pieces of the chosen references in a new pose.

        Args:
            keypoints: float32 `(137, 3)`, pixels of the canvas.
            chosen: the result of `choose`.
            canvas: width and height in pixels.

        Returns:
            uint8 `(H, W, LAYERS * LAYER_CHANNELS)`: premultiplied RGB, and coverage.
        """
        width, height = canvas
        sums = np.zeros((LAYERS, height, width, 4), np.uint16)
        tall = float(_heights(keypoints[None], self.references.body_px)[0])
        for number, piece in enumerate(PIECES):
            reference = int(chosen[number])
            tile = self._tile(reference, number)
            if tile is None:
                continue
            size = float(self._heights[reference]) / tall
            back = _motion(piece, keypoints, self.references.keypoints[reference], size)
            if back is not None:
                old = self.references.keypoints[reference]
                bend = Bend.of(keypoints, old, back) if piece.name == "head" else None
                _add_warped(sums[piece.layer], tile, back, bend)
        layers = np.empty((height, width, LAYERS), np.uint32)  # all four channels at once
        for number, layer in enumerate(sums):
            flat = layer.reshape(-1, 4)
            thick = np.flatnonzero(flat[:, 3] > 255)
            pixels = flat[thick]
            flat[thick] = np.round(pixels * (255 / pixels[:, 3:].astype(np.float32)))
            layers[..., number] = layer.astype(np.uint8).view(np.uint32)[..., 0]
        return layers.view(np.uint8)

    def cover(self, reference: int, number: int) -> _Cover | None:
        """Which pixels of a reference belong to a piece; None if it is not seen."""
        covers = self._covers.get(reference)
        if covers is None:
            references = self.references
            covers = _cover_pieces(
                references.masks[reference], references.keypoints[reference], references.body_px
            )
            self._covers[reference] = covers
        return covers[number]

    def _tile(self, reference: int, number: int) -> _Tile | None:
        key = reference, number
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
            else:
                cover = self.cover(reference, number)
                self._tiles[key] = tile = None if cover is None else self._cut(reference, cover)
                self._kept += 0 if tile is None else tile.pixels.nbytes
                while self._kept > self._room and len(self._tiles) > 1:
                    _, oldest = self._tiles.popitem(last=False)
                    self._kept -= 0 if oldest is None else oldest.pixels.nbytes
            return self._tiles[key]

    def _cut(self, reference: int, cover: _Cover) -> _Tile:
        return _cut_tile(self.references.frames[reference], cover, _SHRINK)


class FineTexture(Texture):
    """The same pieces at a finer resolution.

    Args:
        coarse: the texture at the canvas's resolution; its references have `fine`.
    """

    _room = 2**26

    def __init__(self, coarse: Texture) -> None:
        references = coarse.references
        assert references.fine is not None
        self.factor, self._coarse = references.fine.factor, coarse
        self._fine = references.fine
        body_px = references.body_px * self.factor
        keypoints = self._enlarged(references.keypoints)
        super().__init__(replace(references, keypoints=keypoints, body_px=body_px))

    def finer(
        self, keypoints: FloatArray, chosen: NDArray[np.int64], canvas: tuple[int, int]
    ) -> Frame:
        """As `layers`, of a pose and a canvas at the coarse resolution."""
        width, height = (round(self.factor * side) for side in canvas)
        return self.layers(self._enlarged(keypoints), chosen, (width, height))

    def cover(self, reference: int, number: int) -> _Cover | None:
        """See `Texture`; at the coarse resolution."""
        return self._coarse.cover(reference, number)

    def _cut(self, reference: int, cover: _Cover) -> _Tile:
        return _cut_tile(self._fine[reference], cover, _SHRINK * self.factor)

    def _enlarged(self, keypoints: FloatArray) -> FloatArray:
        return keypoints * np.array([self.factor, self.factor, 1], np.float32)


def _descriptor(piece: Piece, keypoints: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The keypoints that describe a piece's pose, `(N, K, 2)` pixels, and which are seen."""
    indices = [index for index, _ in piece.alike]
    origin = keypoints[:, piece.frame[0]]
    points = keypoints[:, indices]
    seen = (points[..., 2] >= USABLE) & (origin[:, None, 2] >= USABLE)
    return points[..., :2] - origin[:, None, :2], seen


def _heights(keypoints: FloatArray, usual: float) -> FloatArray:
    """The body's apparent height in each pose `(N, 137, 3)`, in pixels."""
    heights = np.nan_to_num(body_heights(keypoints), nan=usual)
    return np.asarray(heights.clip(usual / _NEARER, usual * _NEARER), dtype=np.float32)


def _motion(piece: Piece, new: FloatArray, old: FloatArray, size: float) -> Affine | None:
    """The map from pixels of the new pose to the old one, or None if the piece is not seen.

    `size` is the old body's relative size.  Keypoints have pixel centres at .5, cv2 at .0; the map
    accounts for it.
    """
    both = [i for i in piece.frame if new[i, 2] >= USABLE and old[i, 2] >= USABLE]
    if len(both) < 2:
        return None
    start = (new[both, 0] + 1j * new[both, 1]).astype(np.complex128) - (0.5 + 0.5j)
    end = (old[both, 0] + 1j * old[both, 1]).astype(np.complex128) - (0.5 + 0.5j)
    if len(piece.frame) == 2:
        return _along(start, end, size)
    middle, goal = start.mean(), end.mean()
    spread = float((np.abs(start - middle) ** 2).sum())
    if spread < _POINT or float((np.abs(end - goal) ** 2).sum()) < _POINT:
        return None
    turn = complex((np.conj(start - middle) * (end - goal)).sum()) / spread
    flipped = complex(((start - middle) * (end - goal)).sum()) / spread
    # A head from behind has its ears exchanged: it is the mirrored one from in front.
    behind = piece.name == "head" and abs(flipped) > abs(turn)
    turn = flipped if behind else turn
    turn *= float(np.clip(abs(turn), 1 / _STRETCH, _STRETCH)) / max(abs(turn), 1e-9)
    across = -1 if behind else 1
    linear = np.array([[turn.real, -across * turn.imag], [turn.imag, across * turn.real]])
    return _about(linear, middle, goal)


def _along(
    start: NDArray[np.complex128], end: NDArray[np.complex128], size: float
) -> Affine | None:
    """A bone's motion: rotated, stretched along its length, scaled across by the body's size."""
    new, old = complex(start[1] - start[0]), complex(end[1] - end[0])
    if min(abs(new), abs(old)) < 1:
        return None
    stretch = float(np.clip(abs(old) / abs(new), 1 / _STRETCH, _STRETCH))
    a, b = new / abs(new), old / abs(old)
    turn_back = np.array([[a.real, a.imag], [-a.imag, a.real]])
    turn = np.array([[b.real, -b.imag], [b.imag, b.real]])
    linear = turn @ np.diag([stretch, size]) @ turn_back
    return _about(linear, start.mean(), end.mean())


def _about(linear: NDArray[np.float64], middle: complex, goal: complex) -> Affine:
    shift = np.array([goal.real, goal.imag]) - linear @ np.array([middle.real, middle.imag])
    return np.hstack([linear, shift[:, None]])


def _add_warped(layer: NDArray[np.uint16], tile: _Tile, back: Affine, bend: Bend | None) -> None:
    """Add a warped tile to a layer `(H, W, 4)`; `back` maps layer pixels to reference pixels."""
    height, width = tile.pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
    corners += (tile.left - 0.5, tile.top - 0.5)
    forth = cv2.invertAffineTransform(back)
    moved = corners @ forth[:, :2].T + forth[:, 2]
    limits = np.array(layer.shape[1::-1])
    wider = 0.0 if bend is None else bend.farthest * float(np.linalg.norm(forth[:, 0]))
    left, top = np.clip(np.floor(moved.min(axis=0) - wider), 0, limits).astype(int).tolist()
    right, bottom = np.clip(np.ceil(moved.max(axis=0) + wider) + 1, 0, limits).astype(int).tolist()
    if left >= right or top >= bottom:
        return
    shifted = back.copy()
    shifted[:, 2] += back[:, :2] @ np.array([left, top]) - (tile.left, tile.top)
    part = layer[top:bottom, left:right]
    size = (right - left, bottom - top)
    if bend is None:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(tile.pixels, shifted, size, flags=flags)
    else:
        x, y = np.meshgrid(*(np.arange(side, dtype=np.float32) for side in size))
        maps = cv2.transform(np.dstack([x, y]), shifted) + bend.field((left, top), size)
        u, v = np.moveaxis(maps.astype(np.float32), -1, 0)
        warped = cv2.remap(tile.pixels, u, v, cv2.INTER_LINEAR)
    np.add(part, warped, out=part)


def _cover_pieces(mask: Frame, keypoints: FloatArray, body_px: float) -> list[_Cover | None]:
    """Which pixels belong to every piece of a frame; None if it is not seen."""
    height, width = mask.shape
    rows, columns = -(-height // _SHRINK), -(-width // _SHRINK)
    far = _distances(keypoints / np.array([_SHRINK, _SHRINK, 1], np.float32), body_px / _SHRINK,
                     (rows, columns))  # fmt: skip
    shown = cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
    person = np.clip((shown - _EDGE[0]) / (_EDGE[1] - _EDGE[0]), 0, 1)
    order = np.sort(far, axis=0)
    covers: list[_Cover | None] = []
    for distance in far:
        if not np.isfinite(distance).any():
            covers.append(None)
            continue
        others = np.where(distance <= order[0], order[1], order[0])
        own = np.clip(1 + (others - distance) / _OVERLAP, 0, 1)
        own *= np.clip((_REACH[1] - distance) / (_REACH[1] - _REACH[0]), 0, 1) * person
        covers.append(_cropped(np.round(255 * own).astype(np.uint8)))
    return covers


def _cropped(own: Frame) -> _Cover | None:
    covered = own > _FADED
    if not covered.any():
        return None
    lines, files = (np.flatnonzero(covered.any(axis=axis)) for axis in (1, 0))
    top, left = int(lines[0]), int(files[0])
    return _Cover(own[top : int(lines[-1]) + 1, left : int(files[-1]) + 1].copy(), left, top)


def _cut_tile(frame: Frame, cover: _Cover, shrink: float) -> _Tile:
    """The pixels of a piece; `shrink` pixels of the frame lie along one of the map of pieces."""
    rows, columns = cover.pixels.shape
    left, top = round(shrink * cover.left), round(shrink * cover.top)
    right, bottom = round(shrink * (cover.left + columns)), round(shrink * (cover.top + rows))
    part = np.asarray(frame[top:bottom, left:right])
    shown = cv2.resize(cover.pixels, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    colour = np.round(part * (shown[..., None] / np.float32(255)))
    return _Tile(np.dstack([colour, shown]).astype(np.uint8), left, top)


def _distances(keypoints: FloatArray, body_px: float, shape: tuple[int, int]) -> FloatArray:
    """Distance of pixels from each piece, in its widths; inf if the piece is not seen."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) + np.float32(0.5)
    far = np.full((len(PIECES), *shape), np.inf, np.float32)
    for number, piece in enumerate(PIECES):
        for a, b in piece.bones:
            if keypoints[a, 2] < USABLE or keypoints[b, 2] < USABLE:
                continue
            (ax, ay), (dx, dy) = keypoints[a, :2], keypoints[b, :2] - keypoints[a, :2]
            along = ((x - ax) * dx + (y - ay) * dy) / max(float(dx * dx + dy * dy), 1e-3)
            along = np.clip(along, 0, 1)
            distance = np.hypot(x - ax - along * dx, y - ay - along * dy)
            np.minimum(far[number], distance / (piece.width * body_px), out=far[number])
        if piece.name == "torso":
            far[number] += _INSIDE
    return far
