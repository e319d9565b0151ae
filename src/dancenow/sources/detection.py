"""Detecting the person in a clip: poses and masks, cached by the clip's content."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.cache import cache_dir
from dancenow.errors import DanceNowWarning, NobodyError
from dancenow.files import new_folder, new_pictures
from dancenow.pose import PoseTrack
from dancenow.pose.dancers import LARGEST, choose_dancer, nearest_dancer
from dancenow.pose.estimators import Cast, Detection, Segmenter, make_estimator, pose_model
from dancenow.pose.estimators.base import cast_of
from dancenow.pose.filters import complete
from dancenow.pose.flow_fusion import join_with_flow
from dancenow.pose.shots import shots_of
from dancenow.pose.track import FloatArray
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.sources.clip_hash import clip_hash
from dancenow.video import ClipInfo, read_frames

Frame = NDArray[np.uint8]

_DETECTING = "detecting poses in"
_VERSION = 8  # of what is cached here; increment it when detection changes
_CUTS = "cuts.json"
_MASK_PX = 512  # longer side of a stored mask


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


def detect_people(
    clip: ClipInfo,
    *,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> Cast:
    """All dancers in a clip with their raw poses, and the clip's cuts; cached by content.

    Args:
        clip: the clip.
        estimator: which estimator finds the poses.
        device: where it runs; see `make_estimator`.
        progress: called for every frame.

    Raises:
        InputError: the clip cannot be read, or nobody is seen in it.
    """
    folder = _people_folder(clip, estimator)
    if not folder.is_dir():
        detector = make_estimator(estimator, device=device)
        tell = _frame_progress(_DETECTING, clip, progress)
        with _naming(clip):
            found = detector.estimate_all(read_frames(clip), float(clip.fps), clip.size, tell)
        _save_cast(found, folder)
    cuts = json.loads((folder / _CUTS).read_text("utf-8"))
    count = len(list(folder.glob("*.npz")))
    tracks = (PoseTrack.load(folder / f"{number + 1}.npz") for number in range(count))
    return Cast(tuple(tracks), tuple(map(int, cuts)))


def detect_pose(
    clip: ClipInfo,
    *,
    person: str = LARGEST,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> PoseTrack:
    """The raw poses of one dancer in a clip; cached by the clip's content.

    Args:
        clip: the clip.
        person: who of several persons; see `choose_dancer`.
        estimator: which estimator finds the poses.
        device: where it runs; see `make_estimator`.
        progress: called for every frame.

    Raises:
        InputError: the clip cannot be read, nobody is seen in it, or there is no such person.

    Warns:
        DanceNowWarning: there are several persons, and none was chosen.
    """
    cast = detect_people(clip, estimator=estimator, device=device, progress=progress)
    return cast.tracks[_choose(cast, person, clip, "person")]


def find_pose(
    clip: ClipInfo,
    *,
    person: str = LARGEST,
    option: str = "person",
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> PoseTrack:
    """The poses of a dancer, without outliers and short gaps, joined with the clip's flow; cached.

    Arguments, errors and warnings are those of `detect_pose`; `option` is the one that names the
    person, for messages.
    """
    cast = detect_people(clip, estimator=estimator, device=device, progress=progress)
    chosen = _choose(cast, person, clip, option)
    folder = _people_folder(clip, estimator)
    cached = cache_dir("tracks") / f"{folder.name}-{chosen + 1}.npz"
    if cached.is_file():
        return PoseTrack.load(cached)
    tell = _frame_progress("following the person in", clip, progress)
    frames = _told(read_frames(clip), tell)
    keypoints = []
    for shot in shots_of(cast.cuts, clip.frames):
        found = complete(cast.tracks[chosen][shot])
        keypoints.append(join_with_flow(found, islice(frames, len(found))).keypoints)
    track = cast.tracks[chosen].with_keypoints(np.concatenate(keypoints))
    track.save(cached)
    return track


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
    frames = every if _masks_folder(clip, every).is_dir() else wanted  # found before
    found = _detect(clip, frames, track, person, estimator, device, progress)
    if frames is wanted:
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
    folder = _masks_folder(clip, wanted)
    if not folder.is_dir():
        cast = _segment(clip, wanted, folder, progress)
        if not _people_folder(clip, "mediapipe").is_dir():
            _save_cast(cast, _people_folder(clip, "mediapipe"))
    using = "mediapipe" if track is not None else estimator
    cast = detect_people(clip, estimator=using, device=device, progress=progress)
    if track is None:
        chosen = _choose(cast, person, clip, "target_person")
    else:
        chosen = nearest_dancer(cast.tracks, track)
    if len(cast.tracks) > 1:
        people = _people_folder(clip, using).name
        folder = folder.with_name(f"{folder.name}-{people}-{chosen + 1}")
        if not folder.is_dir():
            _segment_each(clip, wanted, cast.tracks, chosen, folder, progress)
    if track is None:
        track = find_pose(
            clip, person=str(chosen + 1), estimator=estimator, device=device, progress=progress
        )
    masks = np.load(folder / "masks.npy", mmap_mode="r")
    everyone = masks
    if (folder / "everyone.npy").is_file():
        everyone = np.load(folder / "everyone.npy", mmap_mode="r")
    return PersonDetection(track, wanted, masks, everyone, cast.cuts)


def _choose(cast: Cast, person: str, clip: ClipInfo, option: str) -> int:
    """Index of the person that is meant."""
    if person == LARGEST and _together(cast):
        warnings.warn(
            f"{clip.path}: shows {len(cast.tracks)} dancers; the largest and steadiest is taken. "
            f"`{option}=left`, right or a number take another; `dancenow pose CLIP -o TRACK "
            "--people PICTURE` shows their numbers.",
            DanceNowWarning,
            stacklevel=3,
        )
    return choose_dancer(cast.tracks, person, str(clip.path), option)


def _together(cast: Cast) -> bool:
    """Whether several dancers are seen at once."""
    seen = np.stack([(track.confidence > 0).any(axis=1) for track in cast.tracks])
    return bool((seen.sum(axis=0) > 1).any())


def _masks_folder(clip: ClipInfo, wanted: NDArray[np.int64]) -> Path:
    return cache_dir("masks") / clip_hash(clip, _VERSION, wanted.tolist())


def _people_folder(clip: ClipInfo, estimator: str) -> Path:
    model = pose_model() if estimator == "mediapipe" else ""
    return cache_dir("people") / clip_hash(clip, _VERSION, estimator, model)


def _save_cast(cast: Cast, folder: Path) -> None:
    with new_folder(folder) as temporary:
        (temporary / _CUTS).write_text(json.dumps(cast.cuts), "utf-8")
        for number, track in enumerate(cast.tracks, start=1):
            track.save(temporary / f"{number}.npz")


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
    tell = _frame_progress(_DETECTING, clip, progress)
    with new_folder(folder) as temporary:
        masks = new_pictures(temporary / "masks.npy", (len(wanted), size[1], size[0]))

        def kept(detections: Iterable[Detection]) -> Iterator[Detection]:
            for index, detection in enumerate(detections):
                if index in row and detection.mask is not None:
                    masks[row[index]] = _small(detection.mask, size)
                yield replace(detection, mask=None)
                tell(index + 1)

        seen = make_estimator("mediapipe").stream(read_frames(clip), masks=True)
        with _naming(clip):
            cast = cast_of(kept(seen), float(clip.fps), clip.size)
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
    tell = _frame_progress("telling persons apart in", clip, progress)
    with new_folder(folder) as temporary, Segmenter() as segmenter:
        masks = new_pictures(temporary / "masks.npy", shape)
        everyone = new_pictures(temporary / "everyone.npy", shape)
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


@contextmanager
def _naming(clip: ClipInfo) -> Iterator[None]:
    """Tell in which clip nobody was found."""
    try:
        yield
    except NobodyError as error:
        raise NobodyError(f"{clip.path}: {error}") from error


def _frame_progress(
    stage: str, clip: ClipInfo, progress: ProgressCallback
) -> Callable[[int], None]:
    return lambda done: progress(Progress(f"{stage} {clip.path.name}", done, clip.frames))


def _told(frames: Iterable[Frame], tell: Callable[[int], None]) -> Iterator[Frame]:
    for number, frame in enumerate(frames, start=1):
        yield frame
        tell(number)
