"""A person's masks in a clip, cached by its content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.cache import Entry
from dancenow.files import new_folder, new_pictures
from dancenow.pose import PoseTrack
from dancenow.pose.dancers import LARGEST, nearest_dancer
from dancenow.pose.estimators import Cast, Detection, Segmenter
from dancenow.pose.estimators.base import cast_of
from dancenow.pose.track import FloatArray
from dancenow.progress import ProgressCallback, silent
from dancenow.sources.clip_entry import clip_entry
from dancenow.sources.detection import (
    DETECTING,
    VERSION,
    choose,
    detect_people,
    find_pose,
    frame_progress,
    naming,
    people_entry,
    save_cast,
)
from dancenow.sources.segments import joined, look_at, segments_of
from dancenow.video import ClipInfo, read_frames

_MASK_PX = 512  # longer side of a stored mask
_MASKS: Final = "masks.npy"
_EVERYONE: Final = "everyone.npy"


@dataclass(frozen=True)
class PersonDetection:
    """The person in a clip.

    Attributes:
        track: its poses: as given, or found and cleaned.
        frames: int64 `(N,)`, the frames that have a mask.
        masks: uint8 `(N, h, w)`, 255 on the person, a scaled-down frame.
        everyone: the same, 255 on all persons.
        cuts: the frames with which new shots begin, ascending.
    """

    track: PoseTrack
    frames: NDArray[np.int64]
    masks: NDArray[np.uint8]
    everyone: NDArray[np.uint8]
    cuts: tuple[int, ...]


def detect_person(
    clip: ClipInfo,
    wanted: NDArray[np.int64],
    *,
    track: PoseTrack | None = None,
    person: str = LARGEST,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> PersonDetection:
    """The cleaned poses in a clip, and the person's masks in some frames; cached by its content.

    Args:
        clip: the clip.
        wanted: int64 `(N,)`, ascending: the frames whose masks are wanted.
        track: the clip's poses if known; they tell which person is meant.
        person: who of several persons; see `choose_dancer`.
        estimator: which estimator finds them otherwise.  Masks always come from MediaPipe.
        device: where it runs; see `make_estimator`.
        progress: called for every frame.

    Raises:
        InputError: the clip cannot be read, nobody is seen in it, or there is no such person.

    Warns:
        DanceNowWarning: there are several persons, and none was chosen.
    """
    every = np.arange(clip.frames)
    known = len(wanted) < clip.frames and _masks_entry(clip, every).is_there  # found before
    found = _detect(clip, every if known else wanted, track, person, estimator, device, progress)
    if not known:  # and masks of all frames stay in their file, however many
        return found
    masks, everyone = found.masks[wanted], found.everyone[wanted]
    return replace(found, frames=wanted, masks=masks, everyone=everyone)


def _detect(
    clip: ClipInfo,
    wanted: NDArray[np.int64],
    track: PoseTrack | None,
    person: str,
    estimator: str,
    device: str,
    progress: ProgressCallback,
) -> PersonDetection:
    entry = _masks_entry(clip, wanted)

    def look() -> None:
        cast = _segment(clip, wanted, entry.path, progress)
        people_entry(clip, "mediapipe").get(
            lambda: save_cast(cast, people_entry(clip, "mediapipe")), lambda: None
        )

    masks = everyone = entry.get(look, lambda: _read(entry.path / _MASKS, clip, wanted))
    using = "mediapipe" if track is not None else estimator
    cast = detect_people(clip, estimator=using, device=device, progress=progress)
    if track is None:
        chosen = choose(cast, person, clip, "target_person")
    else:
        chosen = nearest_dancer(cast.tracks, track)
    if len(cast.tracks) > 1:
        own = _masks_entry(clip, wanted, people_entry(clip, using).path.name, chosen)
        masks, everyone = own.get(
            lambda: _segment_each(clip, wanted, cast.tracks, chosen, own.path, progress),
            lambda: (
                _read(own.path / _MASKS, clip, wanted),
                _read(own.path / _EVERYONE, clip, wanted),
            ),
        )
    if track is None:
        track = find_pose(
            clip, person=str(chosen + 1), estimator=estimator, device=device, progress=progress
        )
    return PersonDetection(track, wanted, masks, everyone, cast.cuts)


def _masks_entry(clip: ClipInfo, wanted: NDArray[np.int64], *whose: object) -> Entry:
    return clip_entry("masks", clip, VERSION, wanted.tolist(), *whose)


def _read(path: Path, clip: ClipInfo, wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
    width, height = _mask_size(clip)
    masks: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    if masks.shape != (len(wanted), height, width) or masks.dtype != np.uint8:
        raise ValueError(f"the masks have the shape {masks.shape}")
    return masks


def _mask_size(clip: ClipInfo) -> tuple[int, int]:
    width, height = clip.size
    scale = min(1.0, _MASK_PX / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _small(mask: FloatArray, size: tuple[int, int]) -> NDArray[np.uint8]:
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    return np.asarray(np.round(255 * np.asarray(small)), dtype=np.uint8)


def _segment(
    clip: ClipInfo, wanted: NDArray[np.int64], folder: Path, progress: ProgressCallback
) -> Cast:
    """Detect poses and masks in one pass; writes the masks of one person into `folder`."""
    size = _mask_size(clip)
    row = {int(frame): i for i, frame in enumerate(wanted)}
    tell = frame_progress(DETECTING, clip, progress)
    with new_folder(folder) as temporary:
        masks = new_pictures(temporary / _MASKS, (len(wanted), size[1], size[0]))

        def kept(segment: range) -> Iterator[Detection]:
            found = look_at(clip, segment, masks=True)
            for index, detection in enumerate(found, start=segment.start):
                if index in row and detection.mask is not None:
                    masks[row[index]] = _small(detection.mask, size)
                yield replace(detection, mask=None)
                tell(index + 1)

        seen = chain.from_iterable(joined(kept(segment)) for segment in segments_of(clip))
        with naming(clip):
            cast = cast_of(seen, float(clip.fps), clip.size)
        masks.flush()
        return cast


def _segment_each(
    clip: ClipInfo,
    wanted: NDArray[np.int64],
    people: Sequence[PoseTrack],
    chosen: int,
    folder: Path,
    progress: ProgressCallback,
) -> None:
    """Write masks of one of several persons, and of everyone, into `folder`."""
    size = _mask_size(clip)
    row = {int(frame): i for i, frame in enumerate(wanted)}
    shape = (len(wanted), size[1], size[0])
    tell = frame_progress("telling persons apart in", clip, progress)
    with new_folder(folder) as temporary, Segmenter() as segmenter:
        masks = new_pictures(temporary / _MASKS, shape)
        everyone = new_pictures(temporary / _EVERYONE, shape)
        for index, frame in enumerate(read_frames(clip, stop=int(wanted[-1]) + 1)):
            if index in row:
                found = [segmenter.mask(frame, track.keypoints[index]) for track in people]
                each = np.stack([_small(mask, size) for mask in found])
                everyone[row[index]] = each.max(axis=0)
                own = each[chosen]
                masks[row[index]] = np.where(own >= each.max(axis=0), own, 0)
            tell(index + 1)
        masks.flush()
        everyone.flush()
