"""Passages of a clip, cut around the person, and the same after the clip was compressed again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.cache import cache_dir
from dancenow.detector.config import RUN, DetectorConfig
from dancenow.errors import InputError
from dancenow.evaluation.regions import outline
from dancenow.files import new_folder, new_pictures, scratch_folder
from dancenow.hashing import content_hash
from dancenow.pose.extent import body_extent, standing_height
from dancenow.pose.layout import INDEX, USABLE
from dancenow.pose.track import FloatArray, PoseTrack
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.sources.clip_entry import clip_entry
from dancenow.sources.detection import detect_people, find_pose
from dancenow.video import ClipInfo, open_writer, read_frames

Frame = NDArray[np.uint8]

VERSION: Final = 2  # of what is cached here; increment it when the cutting changes
_STRIDE: Final = 16  # pixels of the canvas that share a value in `places`
_LEAD: Final = 6  # frames before a passage, for the encoder to settle
_CRF: Final = (20, 36)
_SCALES: Final = (1.0, 0.75, 0.5)
_LIMBS: Final = 60  # of 255, what limbs and torso count beside the face and the hands
_FACE, _HAND = 0.085, 0.075  # radii in body heights
_BEYOND: Final = 0.35  # forearms from the wrist to the middle of a hand
_FOREARMS: Final = (("right_elbow", "right_wrist"), ("left_elbow", "left_wrist"))


@dataclass(frozen=True)
class Passages:
    """A clip's passages.

    Attributes:
        clip: the file.
        content: a hash of it.
        variants: the pictures as they are, then compressed again; each uint8
            `(P, T, S, S, 3)` RGB.
        places: how much each place counts for the body, uint8 `(P, S / 16, S / 16)`: 255 where face
            and hands are, which performers paint worst, less on limbs and torso, 0 in the room.
    """

    clip: Path
    content: str
    variants: tuple[NDArray[np.uint8], ...]
    places: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.places)


def find_passages(
    info: ClipInfo,
    config: DetectorConfig,
    *,
    recompressed: int,
    estimator: str,
    device: str,
    progress: ProgressCallback,
) -> Passages:
    """Find the person of a clip and cut passages out; cached by content.

    Args:
        info: the clip.
        config: how many, how long, how large.
        recompressed: how many copies that are compressed again.
        estimator: which estimator finds the poses.
        device: where it runs.
        progress: called for every frame.

    Raises:
        InputError: the clip cannot be read, is too short, or shows nobody.
    """
    how = (config.canvas, config.body, config.passages, config.frames, recompressed, estimator)
    entry = clip_entry("passages", info, VERSION, *how)

    def make() -> None:
        track = find_pose(info, estimator=estimator, device=device, progress=progress)
        cuts = detect_people(info, estimator=estimator, device=device).cuts
        cutting = _Cutting(info, track, config, recompressed, cuts)
        with new_folder(entry.path) as temporary:
            cutting.write(temporary, progress)

    return entry.get(make, lambda: _read(info, entry.path, recompressed))


def cut_passages(
    info: ClipInfo, track: PoseTrack, config: DetectorConfig, folder: Path
) -> Passages:
    """Cut passages out of a clip whose poses are known, into a folder that is not cached."""
    _Cutting(info, track, config, 0).write(folder, silent)
    return _read(info, folder, 0)


def _read(info: ClipInfo, folder: Path, recompressed: int) -> Passages:
    kept = [np.load(folder / _name(k), mmap_mode="r") for k in range(recompressed + 1)]
    places = np.load(folder / "places.npy")
    if len({len(places), *map(len, kept)}) != 1:
        raise ValueError("pictures and places differ in number")
    return Passages(info.path, content_hash(info.path), tuple(kept), places)


def _name(variant: int) -> str:
    return f"pictures-{variant}.npy"


@dataclass(frozen=True)
class _Place:
    """Where a passage is cut.

    Attributes:
        start: its first frame.
        x, y: the middle, in pixels of the frame.
    """

    start: int
    x: float
    y: float


class _Cutting:
    """How a clip is cut."""

    def __init__(
        self,
        info: ClipInfo,
        track: PoseTrack,
        config: DetectorConfig,
        recompressed: int,
        cuts: Collection[int] = (),
    ) -> None:
        self.info, self.track, self.config = info, track, config
        self.passages = self._chosen(cuts)
        self.side = standing_height(track) * config.canvas / config.body
        rng = np.random.default_rng(int(content_hash(info.path), 16) % 2**63)
        self.again = [
            (int(rng.integers(*_CRF)), float(rng.choice(_SCALES))) for _ in range(recompressed)
        ]

    def _chosen(self, cuts: Collection[int]) -> list[_Place]:
        """Passages that show the person, spread over the clip, none over another or a cut."""
        length, box = self.config.frames, body_extent(self.track)
        seen = np.isfinite(box).all(axis=1)
        whole = np.convolve(seen, np.ones(length), "valid") > length - 0.5
        for cut in cuts:  # the first frame of a shot
            whole[max(0, cut - length + 1) : cut] = False
        free, starts = 0, []
        for start in np.flatnonzero(whole).tolist():
            if start >= free:
                starts.append(start)
                free = start + length
        if not starts:
            raise InputError(
                f"{self.info.path}: no {length} frames in a row show the whole body of a person."
            )
        which = np.linspace(0, len(starts) - 1, min(self.config.passages, len(starts))).round()
        places = []
        for start in (starts[int(k)] for k in which):
            middle = box[start : start + length].reshape(-1, 2, 2).mean(axis=(0, 1))
            places.append(_Place(start, float(middle[0]), float(middle[1])))
        return places

    def write(self, folder: Path, progress: ProgressCallback) -> None:
        """Write all pictures and places into a folder."""
        config, count = self.config, len(self.passages)
        shape = (count, config.frames, config.canvas, config.canvas, 3)
        kept = [new_pictures(folder / _name(k), shape) for k in range(len(self.again) + 1)]
        with scratch_folder(cache_dir(), "compressed") as scratch, ExitStack() as writers:
            copies = [scratch / f"{k}.mkv" for k in range(len(self.again))]
            outs = [
                writers.enter_context(open_writer(copy, fps=self.info.fps, crf=crf))
                for copy, (crf, _) in zip(copies, self.again, strict=True)
            ]
            lengths = []
            for number, (lead, frames) in enumerate(self._frames(progress)):
                lengths.append(len(frames))
                for k, frame in enumerate(frames[lead:]):
                    kept[0][number, k] = self._cut(frame, self.passages[number], 1.0)
                for out, (_, scale) in zip(outs, self.again, strict=True):
                    for frame in frames:
                        out.write(_scaled(frame, scale))
            writers.close()
            for copy, (_, scale), pictures in zip(copies, self.again, kept[1:], strict=True):
                again = read_frames(copy)
                for number, length in enumerate(lengths):
                    frames = [next(again) for _ in range(length)][-config.frames :]
                    for k, frame in enumerate(frames):
                        pictures[number, k] = self._cut(frame, self.passages[number], scale)
        for pictures in kept:
            pictures.flush()
        np.save(folder / "places.npy", np.stack([self._body(each) for each in self.passages]))

    def _frames(self, progress: ProgressCallback) -> Iterator[tuple[int, list[Frame]]]:
        """Each passage's frames, with those before it, and how many these are."""
        stop = self.passages[-1].start + self.config.frames
        waiting, held, base = iter(self.passages), list[Frame](), 0
        passage = next(waiting, None)
        for index, frame in enumerate(read_frames(self.info, stop=stop)):
            progress(Progress(f"looking at the person in {self.info.path.name}", index + 1, stop))
            if passage is None:
                return
            first = max(base, passage.start - _LEAD)
            if index >= first:
                held.append(frame)
            if index == passage.start + self.config.frames - 1:
                yield passage.start - first, held
                held, base, passage = [], index + 1, next(waiting, None)

    def _cut(self, frame: Frame, place: _Place, scale: float) -> Frame:
        """The square around a place of a frame that is smaller by `scale`."""
        side, size = max(2, round(self.side * scale)), self.config.canvas
        left, top = round(place.x * scale - side / 2), round(place.y * scale - side / 2)
        height, width = frame.shape[:2]
        rows = np.arange(top, top + side).clip(0, height - 1)
        columns = np.arange(left, left + side).clip(0, width - 1)
        part = np.ascontiguousarray(frame[rows][:, columns])
        how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(part, (size, size), interpolation=how), np.uint8)

    def _body(self, place: _Place) -> NDArray[np.uint8]:
        """Where the body is in the middle of a passage, the face and the hands above all."""
        size = self.config.canvas
        keypoints = self.track.keypoints[place.start + self.config.frames // 2].copy()
        keypoints[:, 0] = (keypoints[:, 0] - place.x) * size / self.side + size / 2
        keypoints[:, 1] = (keypoints[:, 1] - place.y) * size / self.side + size / 2
        body = outline(keypoints, (size, size)).astype(np.uint8) * _LIMBS
        for at, reach in _face_and_hands(keypoints):
            x, y = np.round(at).clip(-2 * size, 2 * size).astype(int).tolist()
            cv2.circle(body, (x, y), round(reach * self.config.body), (255.0,), -1)
        small = (size // _STRIDE,) * 2
        return np.asarray(cv2.resize(body, small, interpolation=cv2.INTER_AREA), np.uint8)


def _face_and_hands(keypoints: FloatArray) -> Iterator[tuple[FloatArray, float]]:
    """Middles in pixels, `(2,)`, and radii in body heights; what is not seen is left out."""
    at = {name: keypoints[INDEX[name]] for name in ("nose", *chain(*_FOREARMS))}
    seen = {name for name, point in at.items() if point[2] >= USABLE}
    if "nose" in seen:
        yield at["nose"][:2], _FACE
    for elbow, wrist in _FOREARMS:
        if {elbow, wrist} <= seen:
            yield at[wrist][:2] + _BEYOND * (at[wrist] - at[elbow])[:2], _HAND


def _scaled(frame: Frame, scale: float) -> Frame:
    if scale == 1:
        return frame
    size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def runs_of(count: int) -> range:
    """The first frames of the runs in a passage of `count` frames."""
    return range(count - RUN + 1)
