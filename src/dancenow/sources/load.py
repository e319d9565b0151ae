"""Seeing clips: poses and person masks, detected once and found again by the clip's content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.cache import cache_dir, content_hash
from dancenow.errors import InputError
from dancenow.files import atomic_folder, new_pictures
from dancenow.mocap import Bvh, film_bvh, read_bvh
from dancenow.mocap.landmarks_to_bvh import LANDMARKS, landmarks_to_bvh
from dancenow.pose import PoseTrack
from dancenow.pose.estimators import make_estimator
from dancenow.pose.filters import clean
from dancenow.pose.openpose import is_openpose_folder, read_openpose
from dancenow.pose.track import FloatArray
from dancenow.pose.tracking import track_person
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.video import ClipInfo, probe, read_frames

_VERSION = 1  # of what is cached here; raise it when detection changes
_MASK_PX = 512  # longer side of a stored mask


@dataclass(frozen=True)
class Source:
    """A motion to be danced.

    Attributes:
        track: its cleaned poses.
        clip: the clip it was seen in, or None where only poses were given.
    """

    track: PoseTrack
    clip: ClipInfo | None


@dataclass(frozen=True)
class Observation:
    """A target clip, seen once.

    Attributes:
        track: its poses, as detected.
        frames: int64 `(N,)`, the frames that have a mask.
        masks: uint8 `(N, h, w)`, 255 on the person, in the frame's shape but smaller.
    """

    track: PoseTrack
    frames: NDArray[np.int64]
    masks: NDArray[np.uint8]


def load_source(
    path: Path,
    *,
    estimator: str = "mediapipe",
    azimuth: float = 0.0,
    progress: ProgressCallback = silent,
) -> Source:
    """The motion in a clip, a track (`.npz`), a motion capture (`.bvh`) or OpenPose files.

    Args:
        path: what holds the motion.
        estimator: which estimator finds the poses in a clip.
        azimuth: from where a motion capture is filmed, in degrees; see `film_bvh`.
        progress: told about every frame.

    Raises:
        InputError: it is none of these, or nobody is seen in it.
    """
    check_azimuth(path, azimuth)
    if path.suffix == ".npz":
        track = PoseTrack.load(path)
        if len(track) == 0 or not (track.confidence > 0).any():
            raise InputError(f"{path}: the track holds no pose.")
        return Source(track, None)
    if path.is_dir() and is_openpose_folder(path):
        return Source(clean(read_openpose(path)), None)
    if path.suffix.lower() == ".bvh":
        return Source(film_bvh(read_bvh(path), path, azimuth=azimuth), None)
    return Source(clean(detect_pose(path, estimator=estimator, progress=progress)), probe(path))


def detect_pose(
    path: Path, *, estimator: str = "mediapipe", progress: ProgressCallback = silent
) -> PoseTrack:
    """The poses in a clip as the estimator gives them, uncleaned; cached by the clip's content.

    Raises:
        InputError: the clip cannot be read, or nobody is seen in it.
    """
    info = probe(path)
    cached = _track_file(path, estimator)
    if cached.is_file():
        return PoseTrack.load(cached)
    detector = make_estimator(estimator)
    tell = _frame_progress(path, info, progress)
    track = detector.estimate(read_frames(path), float(info.fps), info.size, tell)
    track.save(cached)
    return track


def check_azimuth(path: Path, azimuth: float) -> None:
    """Raise `InputError` where an angle is given for what was filmed already."""
    if azimuth and path.suffix.lower() != ".bvh":
        raise InputError(f"--camera {azimuth:g}: {path} is no motion capture (.bvh); leave it out.")


def record_bvh(clip: Path, *, progress: ProgressCallback = silent) -> tuple[Bvh, PoseTrack]:
    """The body of a clip in space, as a motion capture, and its poses, cleaned.

    Raises:
        InputError: the clip cannot be read, or nobody is seen in it.
    """
    info = probe(clip)
    tell = _frame_progress(clip, info, progress)
    candidates: list[list[FloatArray]] = []
    worlds = []
    for detection in make_estimator("mediapipe").stream(read_frames(clip)):
        candidates.append(detection.candidates)
        world = detection.world
        worlds.append(np.full((LANDMARKS, 4), np.nan, np.float32) if world is None else world)
        tell(len(candidates))
    track = clean(PoseTrack(track_person(candidates, info.size), float(info.fps), info.size))
    try:
        return landmarks_to_bvh(np.stack(worlds), track), track
    except InputError as error:
        raise InputError(f"{clip}: {error}") from error


def load_poses(
    clip: Path,
    poses: Path | None,
    *,
    estimator: str = "mediapipe",
    progress: ProgressCallback = silent,
) -> PoseTrack:
    """The cleaned poses of a clip: detected, or known already.

    Args:
        clip: the clip.
        poses: a track (`.npz`) or a folder of OpenPose files of this very clip, or None.
        estimator: which estimator finds the poses where they are not known.
        progress: told about every frame.

    Raises:
        InputError: the poses are of another clip, or nobody is seen.
    """
    if poses is None:
        return clean(detect_pose(clip, estimator=estimator, progress=progress))
    info = probe(clip)
    if poses.suffix == ".npz":
        track = PoseTrack.load(poses)
    elif is_openpose_folder(poses):
        track = clean(read_openpose(poses, fps=float(info.fps), size=info.size))
    else:
        raise InputError(f"{poses}: is neither a track (.npz) nor a folder of OpenPose files.")
    if not (track.confidence > 0).any():
        raise InputError(f"{poses}: holds no pose.")
    if len(track) != info.frames:
        raise InputError(
            f"{poses}: has {len(track)} poses, {clip} has {info.frames} frames; the poses of this "
            "very clip are needed."
        )
    # H.264 adds a row or column to odd sides, at the bottom and on the right: nothing moves.
    if (track.size[0] + track.size[0] % 2, track.size[1] + track.size[1] % 2) == info.size:
        return replace(track, size=info.size)
    if track.size != info.size:
        raise InputError(
            f"{poses}: is for frames of {track.size[0]} x {track.size[1]} px, {clip} has "
            f"{info.size[0]} x {info.size[1]}."
        )
    return track


def observe(
    path: Path,
    wanted: NDArray[np.int64],
    *,
    estimator: str = "mediapipe",
    poses: Path | None = None,
    progress: ProgressCallback = silent,
) -> Observation:
    """The poses in a clip, and the person's masks in some frames; cached by the clip's content.

    Args:
        path: the clip.
        wanted: int64 `(N,)`, ascending: the frames whose masks are wanted.
        estimator: which estimator finds the poses.  Masks always come from MediaPipe.
        poses: poses that are known already (see `load_poses`).
        progress: told about every frame.

    Raises:
        InputError: the clip cannot be read, or nobody is seen in it.
    """
    key = content_hash(path, _VERSION, wanted.tolist())
    folder = cache_dir("masks") / key
    track_file = _track_file(path, estimator)
    if not folder.is_dir():
        info = probe(path)
        masks_and_track = _segment(path, info, wanted, folder, progress)
        if estimator == "mediapipe" and poses is None and not track_file.is_file():
            masks_and_track.save(track_file)
    if poses is not None:
        track = load_poses(path, poses)
    else:
        track = detect_pose(path, estimator=estimator, progress=progress)
    return Observation(track, wanted, np.load(folder / "masks.npy", mmap_mode="r"))


def _segment(
    path: Path,
    info: ClipInfo,
    wanted: NDArray[np.int64],
    folder: Path,
    progress: ProgressCallback,
) -> PoseTrack:
    """Detect poses and masks in one pass; leaves the masks in `folder`."""
    width, height = info.size
    scale = min(1.0, _MASK_PX / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    row = {int(frame): i for i, frame in enumerate(wanted)}
    tell = _frame_progress(path, info, progress)
    candidates: list[list[FloatArray]] = []
    with atomic_folder(folder) as temporary:
        masks = new_pictures(temporary / "masks.npy", (len(wanted), size[1], size[0]))
        detections = make_estimator("mediapipe").stream(read_frames(path), masks=True)
        for index, detection in enumerate(detections):
            candidates.append(detection.candidates)
            if index in row and detection.mask is not None:
                small = cv2.resize(detection.mask, size, interpolation=cv2.INTER_AREA)
                masks[row[index]] = np.round(255 * small)
            tell(index + 1)
        masks.flush()
        return PoseTrack(track_person(candidates, info.size), float(info.fps), info.size)


def _track_file(path: Path, estimator: str) -> Path:
    return cache_dir("tracks") / f"{content_hash(path, _VERSION, estimator)}.npz"


def _frame_progress(
    path: Path, info: ClipInfo, progress: ProgressCallback
) -> Callable[[int], None]:
    stage = f"detecting poses in {path.name}"
    return lambda done: progress(Progress(stage, done, info.frames))
