"""Detecting the person in a clip: poses and masks, cached by the clip's content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.cache import cache_dir
from dancenow.errors import InputError
from dancenow.files import new_folder, new_pictures
from dancenow.mocap import Bvh
from dancenow.mocap.landmarks_to_bvh import LANDMARKS, landmarks_to_bvh
from dancenow.pose import PoseTrack
from dancenow.pose.estimators import make_estimator, pose_model
from dancenow.pose.filters import clean, complete
from dancenow.pose.flow_fusion import join_with_flow
from dancenow.pose.track import FloatArray
from dancenow.pose.tracking import track_person
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.sources.clip_hash import clip_hash
from dancenow.video import ClipInfo, read_frames

Frame = NDArray[np.uint8]

_DETECTING = "detecting poses in"
_VERSION = 3  # of what is cached here; increment it when detection changes
_MASK_PX = 512  # longer side of a stored mask


@dataclass(frozen=True)
class PersonDetection:
    """The person in a clip.

    Attributes:
        track: its poses: as given, or found and cleaned.
        frames: int64 `(N,)`, the frames that have a mask.
        masks: uint8 `(N, h, w)`, 255 on the person, a scaled-down frame.
    """

    track: PoseTrack
    frames: NDArray[np.int64]
    masks: NDArray[np.uint8]


def detect_pose(
    clip: ClipInfo,
    *,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> PoseTrack:
    """The raw poses in a clip; cached by the clip's content.

    Args:
        clip: the clip.
        estimator: which estimator finds the poses.
        device: where it runs; see `make_estimator`.
        progress: called for every frame.

    Raises:
        InputError: the clip cannot be read, or nobody is seen in it.
    """
    cached = _track_file(clip, estimator)
    if cached.is_file():
        return PoseTrack.load(cached)
    detector = make_estimator(estimator, device=device)
    tell = _frame_progress(_DETECTING, clip, progress)
    track = detector.estimate(read_frames(clip), float(clip.fps), clip.size, tell)
    track.save(cached)
    return track


def find_pose(
    clip: ClipInfo,
    *,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> PoseTrack:
    """The poses in a clip, without outliers and short gaps, joined with its flow; cached, too.

    Arguments and errors are those of `detect_pose`.
    """
    cached = _track_file(clip, estimator, joined=True)
    if cached.is_file():
        return PoseTrack.load(cached)
    found = complete(detect_pose(clip, estimator=estimator, device=device, progress=progress))
    tell = _frame_progress("following the person in", clip, progress)
    track = join_with_flow(found, _told(read_frames(clip), tell))
    track.save(cached)
    return track


def detect_person(
    clip: ClipInfo,
    wanted: NDArray[np.int64],
    *,
    track: PoseTrack | None = None,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> PersonDetection:
    """The cleaned poses in a clip, and the person's masks in some frames; cached by its content.

    Args:
        clip: the clip.
        wanted: int64 `(N,)`, ascending: the frames whose masks are wanted.
        track: the clip's poses if known.
        estimator: which estimator finds them otherwise.  Masks always come from MediaPipe.
        device: where it runs; see `make_estimator`.
        progress: called for every frame.

    Raises:
        InputError: the clip cannot be read, or nobody is seen in it.
    """
    folder = cache_dir("masks") / clip_hash(clip, _VERSION, wanted.tolist())
    track_file = _track_file(clip, estimator)
    if not folder.is_dir():
        masks_and_track = _segment(clip, wanted, folder, progress)
        if estimator == "mediapipe" and not track_file.is_file():
            masks_and_track.save(track_file)
    if track is None:
        track = find_pose(clip, estimator=estimator, device=device, progress=progress)
    return PersonDetection(track, wanted, np.load(folder / "masks.npy", mmap_mode="r"))


def record_bvh(clip: ClipInfo, *, progress: ProgressCallback = silent) -> tuple[Bvh, PoseTrack]:
    """A motion capture of the body in a clip, in 3D, and its cleaned poses.

    Raises:
        InputError: the clip cannot be read, or nobody is seen in it.
    """
    tell = _frame_progress(_DETECTING, clip, progress)
    candidates: list[list[FloatArray]] = []
    worlds = []
    for detection in make_estimator("mediapipe").stream(read_frames(clip)):
        candidates.append(detection.candidates)
        world = detection.world
        worlds.append(np.full((LANDMARKS, 4), np.nan, np.float32) if world is None else world)
        tell(len(candidates))
    detected = PoseTrack(track_person(candidates, clip.size), float(clip.fps), clip.size)
    detected.save(_track_file(clip, "mediapipe"))  # a by-product, cached for later
    track = clean(detected)
    try:
        return landmarks_to_bvh(np.stack(worlds), track), track
    except InputError as error:
        raise InputError(f"{clip.path}: {error}") from error


def _segment(
    clip: ClipInfo,
    wanted: NDArray[np.int64],
    folder: Path,
    progress: ProgressCallback,
) -> PoseTrack:
    """Detect poses and masks in one pass; writes the masks into `folder`."""
    width, height = clip.size
    scale = min(1.0, _MASK_PX / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    row = {int(frame): i for i, frame in enumerate(wanted)}
    tell = _frame_progress(_DETECTING, clip, progress)
    candidates: list[list[FloatArray]] = []
    with new_folder(folder) as temporary:
        masks = new_pictures(temporary / "masks.npy", (len(wanted), size[1], size[0]))
        detections = make_estimator("mediapipe").stream(read_frames(clip), masks=True)
        for index, detection in enumerate(detections):
            candidates.append(detection.candidates)
            if index in row and detection.mask is not None:
                small = cv2.resize(detection.mask, size, interpolation=cv2.INTER_AREA)
                masks[row[index]] = np.round(255 * small)
            tell(index + 1)
        masks.flush()
        return PoseTrack(track_person(candidates, clip.size), float(clip.fps), clip.size)


def _track_file(clip: ClipInfo, estimator: str, *, joined: bool = False) -> Path:
    model = pose_model() if estimator == "mediapipe" else ""
    return cache_dir("tracks") / f"{clip_hash(clip, _VERSION, estimator, model, joined)}.npz"


def _frame_progress(
    stage: str, clip: ClipInfo, progress: ProgressCallback
) -> Callable[[int], None]:
    return lambda done: progress(Progress(f"{stage} {clip.path.name}", done, clip.frames))


def _told(frames: Iterable[Frame], tell: Callable[[int], None]) -> Iterator[Frame]:
    for number, frame in enumerate(frames, start=1):
        yield frame
        tell(number)
