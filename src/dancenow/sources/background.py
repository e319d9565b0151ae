"""The background plate: the target's room without the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

_MAX_BYTES = 400 << 20  # of all frames kept for the median
_MAX_FRAMES = 48
_GROW = 0.012  # of the frame's longer side: the mask's edge is uncertain
_PERSON = 40  # mask value, 0..255, from which a pixel may be the person's
_ROWS = 64  # rows of a frame processed at a time

_COMPLETED_PX = 384  # longer side of the region completed at a time
_AROUND_PX = 16  # border added to a picture whose hole may reach its edge
_ENOUGH_KNOWN = 0.3  # fraction of it that must have been seen

_DIFFERENT = 40  # of 255; more than noise and shadows
_OFTEN = 0.08  # fraction of the frames in which a change must be seen
_FEW_CHANGE = 0.002  # of the frame; smaller changes do not get a state of their own
_COMPARED = 4000  # pixels used to distinguish states
_COMPARED_SIZE = (48, 48)  # of frames that are compared as a whole
_SAME = 24.0  # of 255; maximum mean difference of frames that show one state
_FEWEST = 3  # minimum number of frames of a state, and in which a pixel of it must be seen
_SEEN = 0.15  # fraction of them, too: where a person mostly stands, mask errors would show


def plate_frames(count: int, size: tuple[int, int]) -> NDArray[np.int64]:
    """Which of `count` frames of that size to give to `find_room`, within its memory."""
    fits = max(5, _MAX_BYTES // (3 * size[0] * size[1]))
    return np.unique(np.linspace(0, count - 1, min(_MAX_FRAMES, fits, count)).astype(np.int64))


@dataclass(frozen=True)
class Room:
    """A room without its person, in each state that was seen.

    Captions change, screens and lights go on and off: a median over all states would show none.

    Attributes:
        plates: uint8 `(H, W, 3)` RGB each, the latest state last.
        unseen: the fraction of the room that was never seen and is inpainted, 0..1.
    """

    plates: tuple[Frame, ...]
    unseen: float
    _changing: tuple[NDArray[np.int64], NDArray[np.int64]]

    @property
    def latest(self) -> Frame:
        """The latest state."""
        return self.plates[-1]

    def state_of(self, frame: Frame, mask: Frame) -> int:
        """Index of the state most like a frame; arguments as for one frame of `find_room`."""
        if len(self.plates) == 1:
            return 0
        shown = frame[self._changing].astype(np.int16)
        height, width = frame.shape[:2]
        free = ~_hidden(mask, (width, height))[self._changing]
        if not free.any():
            return len(self.plates) - 1
        far = [np.abs(shown - plate[self._changing])[free].mean() for plate in self.plates]
        return int(np.argmin(far))


def find_room(frames: list[Frame], masks: list[Frame], seen: Sequence[bool] | None = None) -> Room:
    """The room without its person: the median over time; what was never seen is inpainted.

    The room is what stands around the person: of the frames without anybody, those that show
    something else, such as titles and other scenes, do not count.

    If pixels change for long, as captions do, frames that agree there are grouped, and each such
    state gets its own plate.

    Args:
        frames: uint8 `(H, W, 3)` RGB each, spread over the clip, in order.
        masks: uint8 each, of any size with the frames' shape, 255 on the person.
        seen: whether the person is seen in each; by default in all.
    """
    if seen is not None:
        kept = of_one_room(frames, masks, seen)
        frames, masks = [frames[i] for i in kept], [masks[i] for i in kept]
    height, width = frames[0].shape[:2]
    hidden = [_hidden(mask, (width, height)) for mask in masks]
    plate = np.empty((height, width, 3), dtype=np.uint8)
    unseen = np.zeros((height, width), dtype=np.uint8)
    changing = np.zeros((height, width), dtype=np.uint8)
    for top in range(0, height, _ROWS):
        rows = slice(top, top + _ROWS)
        strip = np.stack([frame[rows] for frame in frames])
        off = np.stack([mask[rows] for mask in hidden])
        plate[rows] = _masked_median(strip, off)
        unseen[rows] = off.all(axis=0)
        changing[rows] = _changes(strip, off, plate[rows])
    if unseen.any():
        plate = _inpaint(plate, unseen)
        if len(frames) == 1:
            plate = _in_its_light(plate, frames[0], hidden[0])
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    opened = cv2.morphologyEx(changing, cv2.MORPH_OPEN, kernel).astype(bool)
    if opened.mean() < _FEW_CHANGE:
        return Room((plate,), float(unseen.mean()), _some(opened))
    where = _some(opened)
    groups = _states(frames, hidden, where)
    region = cv2.dilate(opened.astype(np.uint8), kernel, iterations=3).astype(bool)
    plates = [_plate_of(plate, frames, hidden, group, region) for group in groups]
    return Room(tuple(plates) or (plate,), float(unseen.mean()), where)


def of_one_room(frames: list[Frame], masks: list[Frame], seen: Sequence[bool]) -> list[int]:
    """Which frames show the room around the person: those with the person, and others like them."""
    with_person = [index for index, there in enumerate(seen) if there]
    if not with_person or len(with_person) == len(frames):
        return list(range(len(frames)))
    small = np.stack([_small(frame) for frame in frames])
    off = np.stack([_small(mask) >= _PERSON for mask in masks])
    plate = _masked_median(small[with_person], off[with_person]).astype(np.int16)
    known = ~off[with_person].all(axis=0)
    kept = set(with_person)
    for index in range(len(frames)):
        free = known & ~off[index]
        if free.any() and np.abs(small[index].astype(np.int16) - plate)[free].mean() < _SAME:
            kept.add(index)
    return sorted(kept)


def _small(picture: Frame) -> Frame:
    small = cv2.resize(picture, _COMPARED_SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _hidden(mask: Frame, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Where the person may be in a frame of that size, bool `(H, W)`."""
    reach = max(3, round(_GROW * max(size)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    full = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.dilate((full >= _PERSON).astype(np.uint8), kernel), dtype=bool)


def _changes(strip: Frame, off: NDArray[np.bool_], plate: Frame) -> NDArray[np.bool_]:
    """Where `(N, h, w, 3)` differs from the plate in many of the frames, `(h, w)`."""
    free = ~off
    differ = np.zeros(plate.shape[:2], np.int64)
    for frame, seen in zip(strip, free, strict=True):
        differ += (cv2.absdiff(frame, plate).max(axis=-1) > _DIFFERENT) & seen
    return np.asarray(differ > _OFTEN * np.maximum(free.sum(axis=0), 1), dtype=np.bool_)


def _some(region: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of some pixels of a region, spread over it."""
    rows, columns = np.nonzero(region)
    step = max(1, len(rows) // _COMPARED)
    return rows[::step], columns[::step]


def _states(
    frames: list[Frame],
    hidden: list[NDArray[np.bool_]],
    where: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> list[list[int]]:
    """Groups of frames that agree in the pixels `where`; the latest frame's group is last."""
    shown = np.stack([frame[where] for frame in frames]).astype(np.float32)
    free = np.stack([~mask[where] for mask in hidden])
    left, groups = list(range(len(frames))), []
    while left:
        latest = left[-1]
        both = free[left] & free[latest]
        apart = np.abs(shown[left] - shown[latest]).mean(axis=-1)
        far = (apart * both).sum(axis=1) / np.maximum(both.sum(axis=1), 1)
        group = [index for index, distance in zip(left, far, strict=True) if distance < _SAME]
        group = group or [latest]
        left = [index for index in left if index not in group]
        if len(group) >= max(_FEWEST, _OFTEN * len(frames)):
            groups.append(group)
    return groups[::-1]


def _plate_of(
    plate: Frame,
    frames: list[Frame],
    hidden: list[NDArray[np.bool_]],
    group: list[int],
    region: NDArray[np.bool_],
) -> Frame:
    """The plate with a region replaced by what a group of frames shows there."""
    made = plate.copy()
    for top in range(0, len(plate), _ROWS):
        rows = slice(top, top + _ROWS)
        off = np.stack([hidden[index][rows] for index in group])
        known = region[rows] & ((~off).sum(axis=0) >= max(_FEWEST, _SEEN * len(group)))
        if known.any():
            strip = np.stack([frames[index][rows] for index in group])
            made[rows][known] = _masked_median(strip, off)[known]
    return made


def _masked_median(values: Frame, off: NDArray[np.bool_]) -> Frame:
    """Median over the first axis of `(N, h, w, 3)` where `off (N, h, w)` is False, or of all."""
    off = off & ~off.all(axis=0)
    # Hidden pixels sort to the end (no colour exceeds 255): the median is in the first `count`.
    filled = np.where(off[..., None], np.uint16(256), values.astype(np.uint16))
    filled.sort(axis=0)
    count = len(values) - off.sum(axis=0)
    low = np.take_along_axis(filled, ((count - 1) // 2)[None, ..., None], axis=0)[0]
    high = np.take_along_axis(filled, (count // 2)[None, ..., None], axis=0)[0]
    median: Frame = ((low + high + 1) // 2).astype(np.uint8)
    return median


def _inpaint(plate: Frame, unseen: Frame) -> Frame:
    """Fill what was never seen from other parts of the room.

    Shifted parts of the room continue its pattern over the hole (He and Sun, "Statistics of patch
    offsets for image completion", ECCV 2012, in OpenCV's implementation), at a resolution that
    takes a second or two.
    """
    height, width = plate.shape[:2]
    hole = cv2.dilate(unseen, np.ones((5, 5), np.uint8))
    rows, columns = (np.flatnonzero(hole.any(axis=axis)) for axis in (1, 0))
    margin = max(16, (int(rows[-1]) - int(rows[0])) // 3, (int(columns[-1]) - int(columns[0])) // 3)
    top, bottom = max(0, int(rows[0]) - margin), min(height, int(rows[-1]) + margin + 1)
    left, right = max(0, int(columns[0]) - margin), min(width, int(columns[-1]) + margin + 1)
    part, gap = plate[top:bottom, left:right], hole[top:bottom, left:right]
    scale = min(1.0, _COMPLETED_PX / max(part.shape[:2]))
    size = (max(8, round(part.shape[1] * scale)), max(8, round(part.shape[0] * scale)))
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    small_gap = cv2.dilate(
        cv2.resize(gap, size, interpolation=cv2.INTER_NEAREST), np.ones((3, 3), np.uint8)
    )
    filled = cv2.resize(
        _completed(small, np.asarray(small_gap, dtype=np.uint8)),
        part.shape[1::-1],
        interpolation=cv2.INTER_CUBIC,
    )
    edge = cv2.GaussianBlur(gap.astype(np.float32), (0, 0), 1.5)[..., None]
    weight = np.maximum(edge, gap[..., None].astype(np.float32))
    mended = plate.copy()
    mended[top:bottom, left:right] = np.round(
        part + weight * (filled.astype(np.float32) - part)
    ).clip(0, 255)
    return mended


def _in_its_light(filled: Frame, frame: Frame, hidden: NDArray[np.bool_]) -> Frame:
    """A filled hole in the colours of what surrounds it, with its own gradients (Perez, Gangnet and
    Blake, "Poisson image editing", SIGGRAPH 2003).

    For a single frame, whose mask is certain: of many, the colours at the edge are the person's,
    where a mask was too small.
    """
    if hidden.all():
        return filled
    # A hole at the edge of the picture needs something around it.
    around = (_AROUND_PX,) * 4
    shown, below = (
        cv2.copyMakeBorder(each, *around, cv2.BORDER_REPLICATE) for each in (filled, frame)
    )
    hole = cv2.dilate(255 * hidden.astype(np.uint8), np.ones((5, 5), np.uint8))
    mask = cv2.copyMakeBorder(hole, *around, cv2.BORDER_CONSTANT, value=(0,))
    x, y, wide, high = cv2.boundingRect(mask)
    centre = (x + wide // 2, y + high // 2)
    smooth = cv2.seamlessClone(shown, below, mask, centre, cv2.NORMAL_CLONE)
    return np.asarray(smooth[_AROUND_PX:-_AROUND_PX, _AROUND_PX:-_AROUND_PX], np.uint8)


def _completed(picture: Frame, hole: Frame) -> Frame:
    """A small picture, uint8 `(H, W, 3)` RGB, with its hole filled."""
    known = hole == 0
    if hasattr(cv2, "xphoto") and known.mean() > _ENOUGH_KNOWN:
        cv2.setRNGSeed(0)
        lab = cv2.cvtColor(picture, cv2.COLOR_RGB2Lab)
        filled = lab.copy()
        try:
            mask = np.where(known, 255, 0).astype(np.uint8)
            cv2.xphoto.inpaint(lab, mask, filled, cv2.xphoto.INPAINT_SHIFTMAP)
            return np.asarray(cv2.cvtColor(filled, cv2.COLOR_Lab2RGB), dtype=np.uint8)
        except cv2.error:  # no shift fits, for example if little is known
            pass
    return np.asarray(cv2.inpaint(picture, hole, 5, cv2.INPAINT_TELEA), dtype=np.uint8)
